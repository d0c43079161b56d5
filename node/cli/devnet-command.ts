import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Command, Option } from 'commander';
import { EXIT } from '../../protocol/failure.js';
import { CASTS, type CastName, castOf } from '../devnet/cast.js';
import { type DevnetOptions, runDevnet } from '../devnet/devnet.js';
import { configPath } from '../devnet/files.js';
import { createProgress } from '../devnet/progress.js';
import { reportText } from '../devnet/report.js';
import type { DevnetResult } from '../devnet/result.js';
import { createLogger } from '../logger.js';
import { createClock } from './context.js';
import { generationOption } from './devchain-command.js';
import { sayDryRun } from './dry-run.js';
import type { Environment } from './environment.js';
import { createOutput, duration, type Output } from './output.js';
import { positiveNumber as count } from './parsers.js';

const RUN_TIMEOUT_MS = 15 * 60_000;
/**
 * Of the gauntlet: cheats that would work for ever are ended soon, and by processor time, which a busy machine does not change. What earns nothing at
 * the first four prompts is not heard further.
 */
const DEFAULTS: Readonly<Record<CastName, Pick<DevnetOptions, 'rounds' | 'cadenceBlocks' | 'scoring'>>> = {
  demo: { rounds: 2, cadenceBlocks: 80, scoring: { prompts: 5 } },
  gauntlet: {
    rounds: 1,
    cadenceBlocks: 240,
    scoring: { prompts: 8, firstPrompts: 4, cpuSeconds: 5, memoryBytes: 1024 ** 3, audits: 1 },
  },
};
/** What the nodes need of our environment: where programs and temporary files are. */
const PASSED_ON = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'XDG_RUNTIME_DIR'] as const;

export function addDevnetCommand(program: Command, env: Environment): void {
  program
    .command('devnet')
    .description('A whole subnet on this machine: a chain, two validators and miners with voices good and bad')
    .addOption(
      new Option(
        '--cast <name>',
        'who plays. demo: five miners. gauntlet: honest voices of every contract and every known cheat, nineteen miners in three processes, and a verdict on each',
      )
        .choices([...CASTS])
        .default('demo'),
    )
    .option('--rounds <n>', 'scoring rounds to wait for (default: 2, gauntlet 1)', count)
    .option('--keep', 'leave it running until Ctrl-C')
    .option('--data-dir <dir>', 'folder of the network; what an earlier run left there is deleted', '.demo')
    .option('--base-port <port>', 'first of 50 ports; the next free range is taken', count, 41_000)
    .option('--block-time-ms <ms>', 'time between blocks', count, 500)
    .option('--tempo <blocks>', 'blocks per epoch', count, 20)
    .option('--cadence <blocks>', 'blocks per scoring round (default: 80, gauntlet 240)', count)
    .option('--prompts <n>', 'prompts per model and round (default: 5, gauntlet 8)', count)
    .addOption(generationOption())
    .option('--commit-reveal', 'the subnet takes weights by commit and reveal only, as most on the public network do')
    .option('--json', 'print the result as JSON; progress goes to standard error')
    .option('--dry-run', 'say what would be done, do nothing')
    .action(
      async (flags: {
        rounds?: number;
        keep?: boolean;
        dataDir: string;
        basePort: number;
        blockTimeMs: number;
        tempo: number;
        cast: CastName;
        cadence?: number;
        prompts?: number;
        generation: string;
        commitReveal?: boolean;
        json?: boolean;
        dryRun?: boolean;
      }) => {
        const out = createOutput({ json: flags.json === true });
        if (flags.dryRun === true) return sayPlan(out, flags);
        const stopping = new AbortController();
        const stop = () => stopping.abort(new Error('stopped'));
        process.once('SIGINT', stop);
        process.once('SIGTERM', stop);
        process.once('SIGHUP', stop);
        const [{ signerFromUri }, { composeChain }, { composeRunner }, { scorerOf }, { openDatabase }, { createStores }] =
          await Promise.all([
            import('../../chain/wallet/keys.js'),
            import('../compose-chain.js'),
            import('../compose-scoring.js'),
            import('../compose-judges.js'),
            import('../postgres/database.js'),
            import('../postgres/stores.js'),
          ]);
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
            rounds: flags.rounds ?? DEFAULTS[flags.cast].rounds,
            dataDir: resolve(flags.dataDir),
            basePort: flags.basePort,
            blockTimeMs: flags.blockTimeMs,
            tempo: flags.tempo,
            cast: flags.cast,
            cadenceBlocks: flags.cadence ?? DEFAULTS[flags.cast].cadenceBlocks,
            scoring: { ...DEFAULTS[flags.cast].scoring, ...(flags.prompts === undefined ? {} : { prompts: flags.prompts }) },
            generation: flags.generation,
            commitReveal: flags.commitReveal === true,
            timeoutMs: RUN_TIMEOUT_MS,
            entry: fileURLToPath(new URL('./main.js', import.meta.url)),
            env: Object.fromEntries(PASSED_ON.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]))),
          },
          stopping.signal,
        );
        const tell = (result: DevnetResult) => {
          out.result(result, () => reportText(result));
          process.exitCode = result.ok ? EXIT.ok : EXIT.failure;
        };
        try {
          if (flags.keep !== true) {
            progress.event('stopping everything');
            tell(withLeftovers(devnet.result, await devnet.stop()));
          } else {
            tell(devnet.result);
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
}

function sayPlan(
  out: Output,
  flags: { dataDir: string; basePort: number; cast: CastName; rounds?: number; cadence?: number; blockTimeMs: number },
) {
  const { rounds, cadenceBlocks } = DEFAULTS[flags.cast];
  const dataDir = resolve(flags.dataDir);
  const members = castOf(flags.basePort, flags.cast).map(({ name, role }) => ({ name, role }));
  const miners = members.filter(({ role }) => role === 'miner').length;
  const deletes = existsSync(dataDir);
  const blocks = (flags.rounds ?? rounds) * (flags.cadence ?? cadenceBlocks);
  sayDryRun(out, { cast: flags.cast, data_dir: dataDir, deletes, base_port: flags.basePort, members, blocks }, [
    `a chain, ${members.length - miners} validators and ${miners} miners (cast ${flags.cast}) would be started`,
    `folder     ${dataDir}${deletes ? ': what is in it now would be deleted' : ''}`,
    `ports      50 on loopback, from ${flags.basePort} on`,
    `length     about ${blocks} blocks of ${flags.blockTimeMs} ms: ${duration(blocks * flags.blockTimeMs)} at least`,
  ]);
}

/** Nothing that the network started may outlive it. */
function withLeftovers(result: DevnetResult, left: readonly { readonly pid: number; readonly command: string }[]): DevnetResult {
  const check = {
    name: 'nothing_left',
    ok: left.length === 0,
    detail: left.length === 0 ? 'no process outlived the network' : left.map(({ pid, command }) => `${pid} ${command}`).join('; '),
  };
  return { ...result, ok: result.ok && check.ok, checks: [...result.checks, check] };
}
