/**
 * The scoring queue: durable jobs taken by any worker on the same database. The library dispatches and retries; a ledger remembers what
 * became of each job; a heartbeat per worker tells the dead from the slow, and gives their jobs back.
 */
import { EventEmitter } from 'node:events';
import { hostname } from 'node:os';
import { type JobHelpers, runTaskList, type WorkerEvents } from 'graphile-worker';
import { z } from 'zod';
import { type Disposition, isFailure } from '../../protocol/failure.js';
import { parseHotkey, parseModelDigest } from '../../protocol/names.js';
import type { Clock } from '../../protocol/ports.js';
import { unwrap } from '../../protocol/result.js';
import type { Logger } from '../logger.js';
import { runLoop } from '../loop.js';
import { type Metrics, NO_METRICS } from '../metrics.js';
import type { HearingHandler, JobHandler, JobOutcome, ScoringJob, ScoringQueue } from '../ports.js';
import type { Database } from './database.js';
import { createHearings, HEARING_TASK, hearingOf } from './hearings.js';
import { isAlive } from './postmaster.js';
import { QUEUE_SCHEMA, queueLogger } from './queue-schema.js';
import { bytesOfDigest } from './sql.js';

const TASK = 'score';
/** A job that failed this often (or killed its worker this often) is dead. Rests between: e, e², e³ … seconds. */
export const JOB_ATTEMPTS_MAX = 5;
/** Jobs handed to the database in one statement. */
export const JOBS_PER_ADD_MAX = 1_000;
export const HEARTBEAT_MS = 5_000;
/** A worker silent for this long is dead. */
export const WORKER_DEAD_AFTER_MS = 25_000;
/** Back-stop behind LISTEN/NOTIFY. */
export const POLL_MS = 2_000;
/** A job that was given up counts as dead for so long; afterwards it is history, and its round is over. */
export const DEAD_COUNTS_MS = 24 * 3_600_000;
/** How long a running job may go on after `stop()` before its signal aborts, and after that before it is given back. */
export const STOP_GRACE_MS = 5_000;
export const STOP_ABANDON_MS = 15_000;

/** Jobs of a higher number wait for those of a lower one. */
const FIRST_TURN = 0;
const LATER = 10;

export interface QueueOptions {
  /** `worker`: a process that only scores, for a node elsewhere. */
  readonly role?: 'node' | 'worker';
  readonly heartbeatMs?: number;
  readonly workerDeadAfterMs?: number;
  readonly stopGraceMs?: number;
  readonly stopAbandonMs?: number;
}

export interface QueueDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics?: Metrics;
}

const payloadSchema = z.object({
  round: z.number().int().min(0),
  hotkey: z.string().transform((text) => unwrap(asError(parseHotkey(text)))),
  model: z.string().transform((text) => unwrap(asError(parseModelDigest(text)))),
});

const hearingSchema = z.object({ id: z.string().regex(/^\d{1,19}$/) });

function asError<T>(result: { ok: true; value: T } | { ok: false; error: string }) {
  return result.ok ? result : { ok: false as const, error: new Error(result.error) };
}

export function createScoringQueue(deps: QueueDeps, options: QueueOptions = {}): ScoringQueue {
  const { database, logger } = deps;
  const metrics = deps.metrics ?? NO_METRICS;
  const hearings = createHearings(deps);

  async function add(jobs: readonly ScoringJob[]): Promise<void> {
    for (let at = 0; at < jobs.length; at += JOBS_PER_ADD_MAX) await addBatch(jobs.slice(at, at + JOBS_PER_ADD_MAX));
  }

  /** Ledger and queue in one statement: a job is in both or in neither. */
  async function addBatch(jobs: readonly ScoringJob[]): Promise<void> {
    await database.query(
      `WITH wanted AS (
         SELECT * FROM jsonb_to_recordset($1::jsonb) AS r (round bigint, model text, hotkey text)
       ), added AS (
         INSERT INTO voxd.scoring_jobs (round, model, hotkey) SELECT round, decode(model, 'hex'), hotkey FROM wanted
         ON CONFLICT DO NOTHING RETURNING round, model, hotkey
       ), named AS (
         SELECT round, encode(model, 'hex') AS model, hotkey::text AS hotkey FROM added ORDER BY round, hotkey
       )
       SELECT ${QUEUE_SCHEMA}.add_job($2, json_build_object('round', round, 'model', model, 'hotkey', hotkey),
         job_key => round || '/' || model || '/' || hotkey, max_attempts => $3)
       FROM named`,
      [JSON.stringify(jobs.map(({ round, model, hotkey }) => ({ round, model, hotkey }))), TASK, JOB_ATTEMPTS_MAX],
    );
  }

  async function finish(job: ScoringJob, state: 'done' | 'skipped' | 'dead', reason: string | null): Promise<void> {
    await database.query(
      `UPDATE voxd.scoring_jobs SET state = $4, reason = $5, finished_at = now() WHERE round = $1 AND model = $2 AND hotkey = $3`,
      [job.round, bytesOfDigest(job.model), job.hotkey, state, reason],
    );
  }

  async function isSettled(job: ScoringJob): Promise<boolean> {
    const rows = await database.query(
      `SELECT 1 FROM voxd.scoring_jobs WHERE round = $1 AND model = $2 AND hotkey = $3 AND state <> 'pending'`,
      [job.round, bytesOfDigest(job.model), job.hotkey],
    );
    return rows.length > 0;
  }

  /** Throws only where the library is to try again. */
  async function perform(job: ScoringJob, attempt: number, signal: AbortSignal, handler: JobHandler): Promise<void> {
    let outcome: JobOutcome | undefined;
    try {
      outcome = await handler(job, signal);
    } catch (err) {
      const disposition: Disposition = isFailure(err) ? err.disposition : 'retry';
      const reason = isFailure(err) ? err.code : err instanceof Error ? err.message.slice(0, 500) : 'unknown';
      metrics.count('voxd_scoring_jobs_total', { outcome: disposition });
      if (disposition === 'skip') return finish(job, 'skipped', reason);
      // Cut short by our own stopping: it goes back and does not count as the job's failure.
      if (signal.aborted) throw err;
      if (disposition === 'fatal' || attempt >= JOB_ATTEMPTS_MAX) {
        logger.error({ ...job, attempt, err }, 'A scoring job is given up');
        return finish(job, 'dead', reason);
      }
      logger.warn({ ...job, attempt, err }, 'A scoring job failed and will be tried again');
      throw err;
    }
    if (outcome === 'later') return putOff(job);
    await finish(job, 'done', null);
    metrics.count('voxd_scoring_jobs_total', { outcome: 'ok' });
  }

  /** A new job of the same name takes the place of the one that is ending. */
  async function putOff({ round, model, hotkey }: ScoringJob): Promise<void> {
    await database.query(
      `SELECT ${QUEUE_SCHEMA}.add_job($1, json_build_object('round', $2::bigint, 'model', $3::text, 'hotkey', $4::text),
         job_key => $2::bigint || '/' || $3 || '/' || $4, max_attempts => $5, priority => $6)`,
      [TASK, round, model, hotkey, JOB_ATTEMPTS_MAX, LATER],
    );
  }

  async function untried(): Promise<number> {
    const [row] = await database.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM ${QUEUE_SCHEMA}.jobs
       WHERE task_identifier = $1 AND locked_at IS NULL AND priority <= $2 AND run_at <= now() AND attempts < max_attempts`,
      [TASK, FIRST_TURN],
    );
    return row?.count ?? 0;
  }

  async function work(handler: JobHandler, concurrency: number, hear?: HearingHandler): Promise<{ stop(): Promise<void> }> {
    // Safety: the library types its emitter by its own event map; a plain one is what it makes for itself.
    const events = new EventEmitter() as WorkerEvents;
    const grace = options.stopGraceMs ?? STOP_GRACE_MS;
    await buryEarlierSelves();
    const stopping = new AbortController();
    let disowned = new AbortController();
    // Bounded by concurrency.
    const interrupted: { readonly id: string; readonly attempts: number }[] = [];
    /** What our own stopping cuts short goes back as if it had not been begun. */
    const untilStopped = async ({ job }: JobHelpers, go: (signal: AbortSignal) => Promise<void>) => {
      try {
        await go(AbortSignal.any([stopping.signal, disowned.signal]));
      } catch (err) {
        if (stopping.signal.aborted) interrupted.push({ id: job.id, attempts: job.attempts - 1 });
        throw err;
      }
    };
    const pool = runTaskList(
      {
        pgPool: database.pool,
        schema: QUEUE_SCHEMA,
        concurrency,
        pollInterval: POLL_MS,
        noHandleSignals: true,
        logger: queueLogger(logger),
        events,
        preset: { worker: { gracefulShutdownAbortTimeout: grace } },
      },
      {
        [TASK]: async (payload: unknown, helpers: JobHelpers) => {
          const job = payloadSchema.parse(payload);
          // Its outcome was written, but the worker was cut off before the queue could forget it.
          if (await isSettled(job)) return;
          await untilStopped(helpers, (signal) => perform(job, helpers.job.attempts, signal, handler));
        },
        ...(hear === undefined
          ? {}
          : {
              [HEARING_TASK]: async (payload: unknown, helpers: JobHelpers) => {
                const { id } = hearingSchema.parse(payload);
                await untilStopped(helpers, (signal) => hearings.answer(id, hear, signal));
              },
            }),
      },
      database.pool,
    );
    // Handled in stop(); without this a lost database would end the process.
    pool.promise.catch((err: unknown) => logger.error({ err }, 'The queue worker ended'));
    const beat = runLoop(
      { clock: deps.clock, logger },
      {
        name: 'queue heartbeat',
        everyMs: options.heartbeatMs ?? HEARTBEAT_MS,
        async turn() {
          const known = await beatOnce(pool.id);
          if (!known) {
            logger.warn({ worker: pool.id }, 'This worker was taken for dead; its running jobs are dropped');
            disowned.abort(new Error('this worker was taken for dead'));
            disowned = new AbortController();
          }
          await buryDead();
        },
      },
    );
    let registered = false;

    /** False: we were here before and someone has buried us. */
    async function beatOnce(id: string): Promise<boolean> {
      const rows = await database.query<{ fresh: boolean }>(
        `INSERT INTO voxd.queue_workers AS w (id, host, pid, role) VALUES ($1, $2, $3, $4)
         ON CONFLICT (id) DO UPDATE SET beat_at = now() RETURNING (w.beat_at = w.started_at) AS fresh`,
        [id, hostname(), process.pid, options.role ?? 'node'],
      );
      const known = !registered || rows[0]?.fresh !== true;
      registered = true;
      return known;
    }

    let stopped: Promise<void> | null = null;
    async function stop(): Promise<void> {
      const abort = new AbortController();
      const late = deps.clock.sleep(grace, abort.signal).then(
        () => stopping.abort(new Error('the worker stops')),
        () => {},
      );
      const abandoned = deps.clock.sleep(options.stopAbandonMs ?? STOP_ABANDON_MS, abort.signal).then(
        () => 'late' as const,
        () => 'done' as const,
      );
      const gentle = Promise.resolve(pool.gracefulShutdown('the worker stops')).then(
        () => 'done' as const,
        () => 'done' as const,
      );
      const outcome = await Promise.race([gentle, abandoned]);
      if (outcome === 'late') {
        logger.error({ worker: pool.id }, 'Scoring jobs did not stop in time and are given back');
        await Promise.resolve(pool.forcefulShutdown('the worker stops')).catch(() => {});
      }
      abort.abort();
      await late;
      await beat.stop();
      await database.query('DELETE FROM voxd.queue_workers WHERE id = $1', [pool.id]);
      await database.query(`SELECT ${QUEUE_SCHEMA}.force_unlock_workers($1)`, [[pool.id]]);
      // That we stopped is not the job's failure: it costs no attempt and no rest.
      for (const job of interrupted) {
        await database.query(`SELECT ${QUEUE_SCHEMA}.reschedule_jobs($1::bigint[], run_at => now(), attempts => $2)`, [
          [job.id],
          job.attempts,
        ]);
      }
    }
    return { stop: () => (stopped ??= stop()) };
  }

  /** Workers of this machine whose process is gone are dead for certain: a daemon that comes back after a kill does not wait for their heartbeat. */
  async function buryEarlierSelves(): Promise<void> {
    // A container gives the same pid to every start, so one of ours counts only from when we began.
    const workers = await database.query<{ id: string; pid: number; before: boolean }>(
      `SELECT id, pid, started_at < now() - $2 * interval '1 second' AS before FROM voxd.queue_workers WHERE host = $1`,
      [hostname(), process.uptime()],
    );
    const gone = workers.filter(({ pid, before }) => (pid === process.pid ? before : !isAlive(pid))).map(({ id }) => id);
    if (gone.length === 0) return;
    logger.warn({ workers: gone }, 'Workers of this machine ended without a word; their jobs go back to the queue');
    await database.query(`SELECT ${QUEUE_SCHEMA}.force_unlock_workers($1)`, [gone]);
    await database.query('DELETE FROM voxd.queue_workers WHERE id = ANY($1)', [gone]);
  }

  /** Give back what dead workers held; bury jobs that have used up their attempts that way. */
  async function buryDead(): Promise<void> {
    const deadAfterMs = options.workerDeadAfterMs ?? WORKER_DEAD_AFTER_MS;
    const dead = await database.query<{ id: string }>(
      `WITH gone AS (
         DELETE FROM voxd.queue_workers WHERE beat_at < now() - $1 * interval '1 millisecond' RETURNING id
       )
       SELECT id FROM gone UNION
       SELECT DISTINCT locked_by FROM ${QUEUE_SCHEMA}.jobs
       WHERE locked_at < now() - $1 * interval '1 millisecond' AND locked_by NOT IN (SELECT id FROM voxd.queue_workers)`,
      [deadAfterMs],
    );
    if (dead.length > 0) {
      const ids = dead.map((row) => row.id);
      logger.warn({ workers: ids }, 'Workers died; their jobs go back to the queue');
      await database.query(`SELECT ${QUEUE_SCHEMA}.force_unlock_workers($1)`, [ids]);
    }
    const spent = await database.query<{ id: string; key: string | null }>(
      `SELECT id, key FROM ${QUEUE_SCHEMA}.jobs WHERE task_identifier = ANY($1) AND locked_at IS NULL AND attempts >= max_attempts LIMIT 100`,
      [[TASK, HEARING_TASK]],
    );
    for (const { id, key } of spent) {
      // Without its name it has a successor already.
      if (key === null) {
        await database.query(`SELECT ${QUEUE_SCHEMA}.complete_jobs($1::bigint[])`, [[id]]);
        continue;
      }
      const hearing = hearingOf(key);
      if (hearing !== null) {
        await hearings.giveUp(hearing, 'its workers died of it');
        await database.query(`SELECT ${QUEUE_SCHEMA}.complete_jobs($1::bigint[])`, [[id]]);
        continue;
      }
      const [round = '', model = '', hotkey = ''] = key.split('/');
      logger.error({ round, model, hotkey }, 'A scoring job is given up: its workers died of it');
      await database.withTransaction(async (sql) => {
        await sql.query(
          `UPDATE voxd.scoring_jobs SET state = 'dead', reason = 'worker died', finished_at = now()
           WHERE round = $1 AND model = decode($2, 'hex') AND hotkey = $3`,
          [round, model, hotkey],
        );
        await sql.query(`SELECT ${QUEUE_SCHEMA}.complete_jobs($1::bigint[])`, [[id]]);
      });
    }
  }

  async function depth(): Promise<{ waiting: number; running: number; dead: number }> {
    const [row] = await database.query<{ waiting: number; running: number; dead: number }>(
      `SELECT count(*) FILTER (WHERE locked_at IS NULL)::int AS waiting, count(*) FILTER (WHERE locked_at IS NOT NULL)::int AS running,
         (SELECT count(*)::int FROM voxd.scoring_jobs
          WHERE state = 'dead' AND finished_at > now() - $2 * interval '1 millisecond') AS dead
       FROM ${QUEUE_SCHEMA}.jobs WHERE task_identifier = $1`,
      [TASK, DEAD_COUNTS_MS],
    );
    const found = row ?? { waiting: 0, running: 0, dead: 0 };
    for (const state of ['waiting', 'running', 'dead'] as const) metrics.set('voxd_scoring_queue_depth', { state }, found[state]);
    return found;
  }

  return { add, work, untried, depth };
}
