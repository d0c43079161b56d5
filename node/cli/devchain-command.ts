import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { GenerationName } from '../../chain/devchain/server.js';
import { createLogger } from '../logger.js';
import { sayDryRun } from './dry-run.js';
import { createOutput } from './output.js';
import { positiveNumber as count, wholeNumber } from './parsers.js';
import { addStdinOption, onStdinEnd } from './stdin.js';

/** Kept equal to the chain's own list by a test; it is not worth loading a chain for a line of help. */
export const GENERATIONS: readonly GenerationName[] = ['storage', 'metagraph', 'clock'];

export function generationOption(): Option {
  return new Option('--generation <name>', 'as which age of the runtime the chain presents itself: spec 218, 402 or 425')
    .choices([...GENERATIONS])
    .default('clock');
}

export function addDevchainCommand(program: Command): void {
  addStdinOption(program.command('devchain'))
    .description(
      'Only the development chain: a subtensor look-alike for tests, in memory and on disk. It can misbehave: reorganise, upgrade its runtime, refuse or lose transactions, go silent (JSON-RPC dev_*, see docs/devchain.md)',
    )
    .option('--port <port>', 'WebSocket port on loopback; 0: any free one', wholeNumber(0, 65_535), 9944)
    .option('--data-dir <dir>', 'where blocks are kept; none: in memory')
    .option('--block-time-ms <ms>', 'time between blocks', count, 1000)
    .option('--tempo <blocks>', 'blocks per epoch', count, 20)
    .addOption(generationOption())
    .option('--spec-version <n>', "spec version, if not the generation's own", count)
    .option('--fund <address=rao>', 'starting balance beside those of //Alice, //Bob and //Charlie, may be repeated', collect, [])
    .option('--commit-reveal', 'a subnet that takes weights by commit and reveal only')
    .option('--dry-run', 'say what would be done, do nothing')
    .option('--json', 'print address and genesis as JSON when it runs; the log goes to standard error')
    .action(
      async (flags: {
        port: number;
        dataDir?: string;
        blockTimeMs: number;
        tempo: number;
        generation: GenerationName;
        specVersion?: number;
        fund: readonly string[];
        commitReveal?: boolean;
        json?: boolean;
        untilStdinEnds?: boolean;
        dryRun?: boolean;
      }) => {
        const balances = Object.fromEntries(flags.fund.map((entry) => parseFund(entry)));
        const dataDir = flags.dataDir === undefined ? null : join(resolve(flags.dataDir), 'chain');
        if (flags.dryRun === true) {
          const { generation, blockTimeMs, tempo, port } = flags;
          const begun = dataDir !== null && existsSync(dataDir);
          const said = { port, data_dir: dataDir, begun, generation, block_time_ms: blockTimeMs, tempo, balances };
          return sayDryRun(createOutput({ json: flags.json === true }), said, [
            `a development chain of generation ${generation} would serve ${port === 0 ? 'any free port' : `ws://127.0.0.1:${port}`}`,
            `blocks     one every ${blockTimeMs} ms, ${tempo} per epoch`,
            `kept       ${dataDir === null ? 'in memory' : `in ${dataDir}${begun ? ', where a chain was begun: it would go on' : ''}`}`,
          ]);
        }
        const { devGenesis } = await import('../../chain/devchain/genesis.js');
        const { startDevchain } = await import('../../chain/devchain/server.js');
        const logger = createLogger({ level: 'info', format: process.stderr.isTTY ? 'pretty' : 'json' });
        const genesis = devGenesis({ subnet: { tempo: flags.tempo, commitRevealEnabled: flags.commitReveal === true } });
        const devchain = await startDevchain({
          port: flags.port,
          dataDir,
          blockTimeMs: flags.blockTimeMs,
          generation: flags.generation,
          ...(flags.specVersion === undefined ? {} : { specVersion: flags.specVersion }),
          genesis: { ...genesis, balances: { ...genesis.balances, ...balances } },
          logger: (event, facts) => logger.info(facts, event),
        });
        const { url, genesisHash } = devchain;
        if (flags.json === true) createOutput({ json: true }).result({ ok: true, url, genesis: genesisHash }, () => url);
        logger.info({ url, genesis: genesisHash }, 'development chain runs; it is a tool, not a ledger');
        await new Promise<void>((resolve) => {
          for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
          if (flags.untilStdinEnds === true) onStdinEnd(resolve);
        });
        await devchain.stop();
      },
    );
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}

function parseFund(entry: string): readonly [string, bigint] {
  const [address, rao] = entry.split('=');
  if (!address || !rao || !/^\d+$/.test(rao)) throw new InvalidArgumentError(`--fund takes ADDRESS=RAO, not "${entry}"`);
  return [address, BigInt(rao)];
}
