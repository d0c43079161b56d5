/** A worker: takes scoring jobs from a node's database and hears models for it. It has no key and no chain; the node signs what it heard. */
import { join } from 'node:path';
import { isFailure } from '../protocol/failure.js';
import type { Clock } from '../protocol/ports.js';
import type { Secret } from '../protocol/secret.js';
import { verifyPackage } from '../scoring/onnx/package-files.js';
import { auditEars } from './audit/hearing.js';
import { composeJudge, scorerOf } from './compose-judges.js';
import { auditEngines, composeEvidence, composeRunner, composeScorer } from './compose-scoring.js';
import { nodeFailure } from './failures.js';
import { prepareDataDir } from './files/data-dir.js';
import { createModelCache } from './files/model-cache.js';
import { createPackageClient } from './http/package-client.js';
import { createLifecycle, type StopReport } from './lifecycle.js';
import { type Logger, moduleLogger } from './logger.js';
import { NO_METRICS } from './metrics.js';
import type { HearingHandler, JobHandler } from './ports.js';
import { readDaemonIdentity } from './postgres/claim.js';
import { type Database, openDatabase } from './postgres/database.js';
import { createScoringQueue } from './postgres/queue.js';
import { createStores } from './postgres/stores.js';
import { readTerms } from './postgres/terms.js';
import type { JudgeChoice } from './rounds/judges.js';
import type { ScoringTerms } from './rounds/scorer.js';

/** A worker that cannot get a package leaves the job to others and rests. */
export const PACKAGE_REST_MS = 5_000;
const QUEUE_STOP_TIMEOUT_MS = 20_000;

export interface WorkerOptions {
  /** Its own, or the node's where both see one disk: then models are read where they lie. */
  readonly dataDir: string;
  readonly databaseUrl: Secret | null;
  /** Where packages come from that are not in the data directory. */
  readonly node: { readonly url: string; readonly token: Secret } | null;
  /** Models at the same time, given what one may use. */
  readonly concurrency: (terms: ScoringTerms) => number;
  readonly cacheBytesMax: number;
  readonly evidenceBytesMax: number;
  /** The node's profile; its models lie on this machine too. */
  readonly judges: JudgeChoice;
}

export interface ScoringWorker {
  /** Errors: worker.*, scoring.sandbox_unavailable, store.*. */
  start(signal: AbortSignal): Promise<void>;
  stop(): Promise<StopReport>;
  /** Aborts when it cannot go on: the node scores by other terms by now. */
  readonly broken: AbortSignal;
}

export function createWorker(deps: { readonly clock: Clock; readonly logger: Logger }, options: WorkerOptions): ScoringWorker {
  const { clock, logger } = deps;
  const broken = new AbortController();
  const log = (module: string) => moduleLogger(logger, module);
  const { own, stop } = createLifecycle({ clock, logger: log('lifecycle') });

  async function start(signal: AbortSignal): Promise<void> {
    const dataDir = prepareDataDir(options.dataDir);
    const database = own(
      'database',
      await openDatabase({ clock, logger: log('store') }, { url: options.databaseUrl, dataDir, role: 'guest', signal }),
      (db) => db.stop(),
    );
    const identity = await readDaemonIdentity(database);
    const terms = await readTerms(database);
    if (identity === null || terms === null) throw nodeFailure('worker.no_node', { where: database.where });
    const runner = composeRunner(terms.engine);
    const same = (theirs: ScoringTerms) => requireSame(theirs, runner.engineId, options.judges);
    same(terms);
    const cache = createModelCache(
      {
        verify: async (directory, model) => {
          await verifyPackage(directory, model);
        },
        logger: log('cache'),
        clock,
      },
      { directory: join(dataDir, 'models'), budgetBytes: options.cacheBytesMax },
    );
    const packages = options.node === null ? null : createPackageClient(cache, { node: options.node.url, token: options.node.token });
    await packages?.check();
    logger.info({ ...(await runner.sandboxReport()) }, 'foreign models are confined');

    const concurrency = options.concurrency(terms);
    const judge = own('judge', await composeJudge(concurrency, terms.engine, options.judges), (opened) => opened.close());
    const queue = createScoringQueue({ database, clock, logger: log('queue') }, { role: 'worker' });
    const scorer = composeScorer(
      {
        stores: createStores(database),
        runner,
        judge,
        cache,
        fetch: async ({ model, manifest }) => {
          if (packages === null) throw nodeFailure('worker.package_elsewhere', { model, dataDir });
          return manifest === null ? null : packages.fetch(model, manifest);
        },
        untried: queue.untried,
        evidence: composeEvidence(database, dataDir, { folder: 'evidence-worker', bytesMax: options.evidenceBytesMax }),
        clock,
        log: log('scoring'),
        metrics: NO_METRICS,
        finalizedBlock: () => finalizedBlock(database, terms.netuid),
        onScored: () => {},
      },
      terms,
      identity.hotkey,
    );
    const handler: JobHandler = async (job, jobSignal) => {
      try {
        const now = await readTerms(database);
        same(now ?? terms);
        if (JSON.stringify(now) !== JSON.stringify(terms)) throw nodeFailure('worker.terms_changed', {});
        return await scorer.handle(job, jobSignal);
      } catch (error) {
        if (!isFailure(error) || !error.code.startsWith('worker.')) throw error;
        // Our trouble alone: it costs the job no attempt, and another machine may have none.
        if (ENDS_WORKER.has(error.code)) broken.abort(error);
        else {
          log('scoring').warn({ ...job, code: error.code, facts: error.facts, hint: error.hint }, 'left to others');
          await clock.sleep(PACKAGE_REST_MS, jobSignal);
        }
        return 'later';
      }
    };
    const ears = auditEars({
      stores: createStores(database),
      engines: auditEngines(runner, { engine: terms.engine, limits: terms.limits }),
      judge,
      openModel: scorer.openModel,
    });
    const hear: HearingHandler = async (hearing) => {
      try {
        return await ears(hearing);
      } catch (error) {
        // What this machine cannot get another one may have.
        if (!isFailure(error) || !(error.code.startsWith('worker.') || error.code === 'node.model_gone')) throw error;
        log('audit').debug({ model: hearing.model, code: error.code }, 'left to others');
        return 'later';
      }
    };
    own('scoring', await queue.work(handler, concurrency, hear), (worker) => worker.stop(), QUEUE_STOP_TIMEOUT_MS);
    logger.info(
      { for: identity.hotkey, engine: terms.engine, scorer: terms.scorer, concurrency, database: database.where },
      'voxd worker runs',
    );
  }

  return {
    broken: broken.signal,
    async start(signal) {
      try {
        await start(signal);
      } catch (error) {
        await stop();
        throw error;
      }
    },
    stop,
  };
}

const ENDS_WORKER: ReadonlySet<string> = new Set(['worker.other_scorer', 'worker.terms_changed']);

/** Records of another scorer are compared with nobody's. Errors: throws worker.other_scorer. */
export function requireSame(terms: Pick<ScoringTerms, 'engineId' | 'scorer'>, engineId: string, judges: JudgeChoice): void {
  const own = scorerOf(engineId, judges);
  if (terms.engineId === engineId && terms.scorer === own) return;
  throw nodeFailure('worker.other_scorer', {
    nodeScorer: terms.scorer,
    ownScorer: own,
    differs: terms.engineId === engineId ? 'version of voxd, or profile' : 'engine',
    nodeEngine: terms.engineId,
    ownEngine: engineId,
  });
}

/** As far as the node has followed the chain. */
async function finalizedBlock(database: Database, netuid: number): Promise<number> {
  const [row] = await database.query<{ block: string | null }>(
    'SELECT max(block_number) AS block FROM voxd.registry_snapshots WHERE netuid = $1',
    [netuid],
  );
  return Number(row?.block ?? 0);
}
