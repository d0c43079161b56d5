/**
 * Hearings for audits, through the scoring queue: whoever takes scoring jobs, here or on another machine, answers them too. The one who asks waits;
 * when it no longer does, nobody needs the answer.
 */
import { hostname } from 'node:os';
import { isFailure } from '../../protocol/failure.js';
import type { Clock } from '../../protocol/ports.js';
import type { PromptScore } from '../../scoring/profile.js';
import type { AuditHearing } from '../audit/ports.js';
import { nodeFailure } from '../failures.js';
import type { HearingHandler } from '../ports.js';
import { parsePromptScore } from './progress-store.js';
import { QUEUE_SCHEMA } from './queue-schema.js';
import type { Sql } from './sql.js';

export const HEARING_TASK = 'hear';
/** How often the one who asked looks for the answer. */
export const HEARING_LOOK_MS = 250;
/** A hearing that killed its worker this often is answered with a failure. */
export const HEARING_ATTEMPTS_MAX = 3;
/** What could not be heard here is left to another worker for so long. */
export const HEARING_REST_MS = 2_000;
/** Before jobs of the round: the time for audits is short. */
const FIRST = -10;

export interface Hearings {
  /** Shape: one score per prompt. Errors: rejects with node.hearing_failed, store.*, the signal's reason. */
  ask(hearing: AuditHearing): Promise<readonly PromptScore[]>;
  /** One job of the queue. Rejects when the worker is cut off before it could answer. */
  answer(id: string, handler: HearingHandler, signal: AbortSignal): Promise<void>;
  /** Nobody could answer. */
  giveUp(id: string, reason: string): Promise<void>;
}

interface HearingRow {
  readonly scores: unknown;
  readonly failure: string | null;
}

export function createHearings({ database, clock }: { readonly database: Sql; readonly clock: Clock }): Hearings {
  async function forget(id: string): Promise<void> {
    await database.query('DELETE FROM voxd.hearings WHERE id = $1', [id]);
    await database.query(`SELECT ${QUEUE_SCHEMA}.remove_job($1)`, [keyOf(id)]);
  }

  async function put(id: string, runAfterMs: number): Promise<void> {
    await database.query(
      `SELECT ${QUEUE_SCHEMA}.add_job($1, json_build_object('id', $2::text), job_key => $3, max_attempts => $4, priority => $5,
         run_at => now() + $6 * interval '1 millisecond')`,
      [HEARING_TASK, id, keyOf(id), HEARING_ATTEMPTS_MAX, FIRST, runAfterMs],
    );
  }

  async function giveUp(id: string, reason: string): Promise<void> {
    await database.query('UPDATE voxd.hearings SET failure = $2, host = $3 WHERE id = $1 AND scores IS NULL', [id, reason, hostname()]);
  }

  return {
    giveUp,
    async ask({ signal, ...request }) {
      const [made] = await database.query<{ id: string }>('INSERT INTO voxd.hearings (request) VALUES ($1) RETURNING id', [
        JSON.stringify(request),
      ]);
      const id = made?.id ?? '';
      try {
        await put(id, 0);
        for (;;) {
          signal.throwIfAborted();
          const [row] = await database.query<HearingRow>('SELECT scores, failure FROM voxd.hearings WHERE id = $1', [id]);
          if (row === undefined || row.failure !== null)
            throw nodeFailure('node.hearing_failed', { model: request.model, reason: row?.failure ?? 'it was deleted' });
          if (Array.isArray(row.scores)) return row.scores.map((score) => parsePromptScore(score, 'hearings'));
          await clock.sleep(HEARING_LOOK_MS, signal);
        }
      } finally {
        await forget(id);
      }
    },
    async answer(id, handler, signal) {
      const [row] = await database.query<{ request: Omit<AuditHearing, 'signal'>; done: boolean }>(
        'SELECT request, scores IS NOT NULL OR failure IS NOT NULL AS done FROM voxd.hearings WHERE id = $1',
        [id],
      );
      // Nobody waits any more.
      if (row === undefined || row.done) return;
      try {
        const heard = await handler({ ...row.request, signal });
        if (heard === 'later') return await put(id, HEARING_REST_MS);
        await database.query('UPDATE voxd.hearings SET scores = $2, host = $3 WHERE id = $1', [id, JSON.stringify(heard), hostname()]);
      } catch (error) {
        if (signal.aborted || !isFailure(error)) throw error;
        await giveUp(id, error.code);
      }
    },
  };
}

function keyOf(id: string): string {
  return `hear/${id}`;
}

/** Shape: the key of a job → the hearing it is for; null: it is a job of another kind. */
export function hearingOf(key: string): string | null {
  return key.startsWith('hear/') ? key.slice('hear/'.length) : null;
}
