import { resolve } from 'node:path';
import type { Command } from 'commander';
import { EXIT } from '../../protocol/failure.js';
import { RUN_LIMITS } from '../../scoring/limits.js';
import { createLogger } from '../logger.js';
import { judgesOf } from '../rounds/judges.js';
import { modelsAtOnce } from './capacity.js';
import { addConfigOptions, createClock, loadSettings, withStores } from './context.js';
import { addDryRun, isDryRun, sayDryRun } from './dry-run.js';
import type { Environment } from './environment.js';
import { createOutput, table } from './output.js';
import { addStdinOption, onStdinEnd } from './stdin.js';

const STOP_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
/** Time that all parts together get to stop, after which the process ends anyway. */
const STOP_BUDGET_MS = 60_000;
const STAGES_SHOWN_MAX = 20;

export function addWorkerCommands(program: Command, env: Environment): void {
  const worker = program
    .command('worker')
    .description('Hear models for a validator on another machine: takes jobs from its database, needs no wallet and no chain')
    .option('--database-url <url>', "PostgreSQL server of the validator's node")
    .option('--node <url>', 'HTTP address of the node, to fetch models from (worker.nodeUrl); not needed in its own data directory')
    .option('--log-level <level>', 'debug, info, warn, error or silent')
    .option('--log-format <form>', 'auto, json or pretty');
  addStdinOption(addConfigOptions(addDryRun(worker)));
  worker.action(async (flags: Record<string, unknown>) => {
    process.exitCode = await runWorker(flags, env);
  });

  const workers = program.command('workers').description('Who takes scoring jobs of this node, and what the last stages of scoring took');
  workers.option('--database-url <url>', 'PostgreSQL server of the node');
  addConfigOptions(workers).action(async (flags: Record<string, unknown>) => {
    const out = createOutput({ json: flags['json'] === true });
    const config = loadSettings(flags, env, 'no chain');
    const { listWorkers } = await import('../postgres/workers.js');
    const { QUEUE_SCHEMA } = await import('../postgres/queue-schema.js');
    await withStores(await config, async ({ database, progress }) => {
      const [found, stages] = [await listWorkers(database, QUEUE_SCHEMA), await progress.stages(STAGES_SHOWN_MAX)];
      out.result({ ok: true, workers: found, stages }, () =>
        [
          found.length === 0
            ? 'Nobody takes scoring jobs.'
            : table(
                ['machine', 'process', 'role', 'last sign of life', 'models in work'],
                found.map(({ host, pid, role, silentMs, running }) => [host, pid, role, `${Math.round(silentMs / 1000)} s ago`, running]),
              ),
          '',
          table(
            ['round', 'hotkey', 'stage', 'prompts', 'load', 'synthesis', 'judge', 'whole', 'machine'],
            stages.map((row) => [
              row.round,
              row.hotkey,
              row.stage,
              row.prompts,
              ...[row.loadMs, row.synthesisMs, row.judgeMs, row.totalMs].map((ms) => `${(ms / 1000).toFixed(1)} s`),
              row.host,
            ]),
          ),
        ].join('\n'),
      );
    });
  });
}

/** Runs until a signal; the second signal does not wait. */
async function runWorker(flags: Record<string, unknown>, env: Environment): Promise<number> {
  const config = await loadSettings(flags, env, 'no chain');
  const logger = createLogger(config.log);
  const { createWorker } = await import('../compose-worker.js');
  const { nodeUrl, token } = config.worker;
  if (isDryRun(flags)) {
    const { composeRunner } = await import('../compose-scoring.js');
    const seats = config.scoring.concurrency ?? modelsAtOnce(RUN_LIMITS[config.scoring.engine]);
    const { engineId } = composeRunner(config.scoring.engine);
    const own = config.database.url === null;
    sayDryRun(
      createOutput({ json: flags['json'] === true }),
      {
        database: own ? resolve(config.dataDir) : 'database.url',
        node: nodeUrl,
        models_at_once: seats,
        engine: engineId,
        profile: config.scoring.profile,
      },
      [
        `jobs would be taken from ${own ? `the database in ${resolve(config.dataDir)}` : 'the database of database.url'}`,
        `models     ${own && nodeUrl === null ? 'from the cache beside it' : (nodeUrl ?? 'worker.nodeUrl is not set: none could be fetched')}`,
        `at once    ${seats}`,
        `engine     ${config.scoring.engine}, profile ${config.scoring.profile}`,
      ],
    );
    return EXIT.ok;
  }
  const worker = createWorker(
    { clock: createClock(), logger },
    {
      dataDir: resolve(config.dataDir),
      databaseUrl: config.database.url,
      node: nodeUrl === null || token === null ? null : { url: nodeUrl, token },
      concurrency: ({ limits }) => config.scoring.concurrency ?? modelsAtOnce(limits),
      cacheBytesMax: config.cache.bytesMax,
      evidenceBytesMax: config.evidence.bytesMax,
      judges: judgesOf(config),
    },
  );
  const stopping = new AbortController();
  const stop = (signal: NodeJS.Signals) => {
    if (stopping.signal.aborted) process.exit(128 + 15);
    logger.info({ signal }, 'stopping; once more to stop at once');
    stopping.abort(new Error(`stopped by ${signal}`));
  };
  for (const signal of STOP_SIGNALS) process.on(signal, stop);
  if (flags['untilStdinEnds'] === true) onStdinEnd(() => stop('SIGHUP'));
  try {
    await worker.start(stopping.signal);
    await new Promise<void>((done) => {
      stopping.signal.addEventListener('abort', () => done(), { once: true });
      worker.broken.addEventListener('abort', () => done(), { once: true });
      if (stopping.signal.aborted || worker.broken.aborted) done();
    });
    if (worker.broken.aborted) throw worker.broken.reason;
    return EXIT.ok;
  } catch (error) {
    if (stopping.signal.aborted) return EXIT.ok;
    throw error;
  } finally {
    setTimeout(() => process.exit(process.exitCode ?? EXIT.failure), STOP_BUDGET_MS).unref();
    await worker.stop();
    for (const signal of STOP_SIGNALS) process.off(signal, stop);
    logger.info({}, 'stopped');
  }
}
