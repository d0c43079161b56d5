import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { devGenesis } from '../../chain/devchain/genesis.js';
import { GENERATION_NAMES, type GenerationName, startDevchain } from '../../chain/devchain/server.js';
import { signerFromUri } from '../../chain/wallet/keys.js';
import { EXIT } from '../../protocol/failure.js';
import { scorerOf } from '../compose.js';
import { composeChain } from '../compose-chain.js';
import { composeRunner } from '../compose-scoring.js';
import { castOf } from '../devnet/cast.js';
import { runDevnet } from '../devnet/devnet.js';
import { configPath } from '../devnet/files.js';
import { createProgress } from '../devnet/progress.js';
import { reportText } from '../devnet/report.js';
import { createLogger } from '../logger.js';
import { openDatabase } from '../postgres/database.js';
import { createStores } from '../postgres/stores.js';
import { createClock } from './context.js';
import { createOutput } from './output.js';
import { wholeNumber } from './parsers.js';
import type { Environment } from './program.js';
import { addStdinOption, onStdinEnd } from './stdin.js';

const RUN_TIMEOUT_MS = 15 * 60_000;
/** What the nodes need of our environment: where programs and temporary files are. */
const PASSED_ON = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'XDG_RUNTIME_DIR'] as const;

export function addDevnetCommands(program: Command, env: Environment): void {
  program
    .command('devnet')
    .description('A whole subnet on this machine: a chain, two validators, five miners, each a process of its own')
    .option('--rounds <n>', 'scoring rounds to wait for', count, 2)
    .option('--keep', 'leave it running until Ctrl-C')
    .option('--data-dir <dir>', 'folder of the network; what an earlier run left there is deleted', '.demo')
    .option('--base-port <port>', 'first of 50 ports; the next free range is taken', count, 41_000)
    .option('--block-time-ms <ms>', 'time between blocks', count, 500)
    .option('--tempo <blocks>', 'blocks per epoch', count, 20)
    .option('--cadence <blocks>', 'blocks per scoring round', count, 60)
    .option('--prompts <n>', 'prompts per model and round', count, 5)
    .option('--json', 'print the result as JSON; progress goes to standard error')
    .action(
      async (flags: {
        rounds: number;
        keep?: boolean;
        dataDir: string;
        basePort: number;
        blockTimeMs: number;
        tempo: number;
        cadence: number;
        prompts: number;
        json?: boolean;
      }) => {
        const out = createOutput({ json: flags.json === true });
        const stopping = new AbortController();
        const stop = () => stopping.abort(new Error('stopped'));
        process.once('SIGINT', stop);
        process.once('SIGTERM', stop);
        process.once('SIGHUP', stop);
        const clock = createClock();
        const logger = createLogger({ level: 'silent' });
        const stream = process.stderr;
        const progress = createProgress({
          stream: out.json ? stream : stream.isTTY ? stream : process.stdout,
          startedAtMs: Date.now(),
          live: stream.isTTY === true && !out.json,
        });
        const devnet = await runDevnet(
          {
            clock,
            progress,
            signerOf: signerFromUri,
            scorer: scorerOf(composeRunner('native').engineId),
            connect: async (endpoint, signal) => {
              const client = composeChain({ clock, logger }, { endpoints: [endpoint], genesis: null, beacon: null });
              await client.start(signal);
              return { chain: client.chain, stop: client.stop };
            },
            observe: async (dataDir) => {
              const database = await openDatabase({ clock, logger }, { url: null, dataDir, role: 'guest', poolConnectionsMax: 2 });
              return { stores: createStores(database), stop: database.stop };
            },
          },
          {
            rounds: flags.rounds,
            dataDir: resolve(flags.dataDir),
            basePort: flags.basePort,
            blockTimeMs: flags.blockTimeMs,
            tempo: flags.tempo,
            cadenceBlocks: flags.cadence,
            prompts: flags.prompts,
            timeoutMs: RUN_TIMEOUT_MS,
            entry: fileURLToPath(new URL('./main.js', import.meta.url)),
            env: Object.fromEntries(PASSED_ON.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]))),
          },
          stopping.signal,
        );
        try {
          out.result(devnet.result, () => reportText(devnet.result));
          process.exitCode = devnet.result.ok ? EXIT.ok : EXIT.failure;
          if (flags.keep === true) {
            const validator = castOf(0)[0]!;
            out.note(
              `\nStill running. Try: voxd status --config ${configPath(devnet.folders, validator)}\n            voxd registry --chain ${devnet.endpoint} --netuid 1\nCtrl-C ends it.`,
            );
            if (!stopping.signal.aborted) await once(stopping.signal, 'abort');
          }
        } finally {
          await devnet.stop();
        }
      },
    );

  addStdinOption(program.command('devchain'))
    .description(
      'Only the development chain: a subtensor look-alike for tests, in memory and on disk. It can misbehave: reorganise, upgrade its runtime, refuse or lose transactions, go silent (JSON-RPC dev_*, see docs/devchain.md)',
    )
    .option('--port <port>', 'WebSocket port on loopback; 0: any free one', wholeNumber(0, 65_535), 9944)
    .option('--data-dir <dir>', 'where blocks are kept; none: in memory')
    .option('--block-time-ms <ms>', 'time between blocks', count, 1000)
    .option('--tempo <blocks>', 'blocks per epoch', count, 20)
    .addOption(
      new Option('--generation <name>', 'as which age of the runtime it presents itself: spec 218, 402 or 425')
        .choices([...GENERATION_NAMES])
        .default('clock'),
    )
    .option('--spec-version <n>', "spec version, if not the generation's own", count)
    .option('--fund <address=rao>', 'starting balance beside those of //Alice, //Bob and //Charlie, may be repeated', collect, [])
    .option('--commit-reveal', 'a subnet that takes weights by commit and reveal only')
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
      }) => {
        const logger = createLogger({ level: 'info', format: process.stderr.isTTY ? 'pretty' : 'json' });
        const balances = Object.fromEntries(flags.fund.map((entry) => parseFund(entry)));
        const genesis = devGenesis({ subnet: { tempo: flags.tempo, commitRevealEnabled: flags.commitReveal === true } });
        const devchain = await startDevchain({
          port: flags.port,
          dataDir: flags.dataDir === undefined ? null : join(resolve(flags.dataDir), 'chain'),
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

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('give a whole number above 0');
  return value;
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}

function parseFund(entry: string): readonly [string, bigint] {
  const [address, rao] = entry.split('=');
  if (!address || !rao || !/^\d+$/.test(rao)) throw new InvalidArgumentError(`--fund takes ADDRESS=RAO, not "${entry}"`);
  return [address, BigInt(rao)];
}
