/** History has an end: what is older than its bound is deleted, a little after every round, so that the database stops growing. */
import type { Clock } from '../../protocol/ports.js';
import { type RoundSchedule, roundOf } from '../../scoring/round.js';
import type { Logger } from '../logger.js';
import type { Duty } from '../work.js';
import type { TransactionalSql } from './sql.js';

/** Rounds whose records, standings and decisions are kept: 50 days at the default cadence. A replay reaches as far back. */
export const ROUNDS_KEPT = 1_000;
/** Rounds whose prompts stay as rows of their own, for a worker that goes on, and whose stage times are shown; afterwards the records have what counts. */
export const PROGRESS_ROUNDS_KEPT = 8;
/** Settled weight submissions that are kept, per database. */
export const SUBMISSIONS_KEPT = 5_000;
/** Changes of the registry that are kept, per database. */
export const REGISTRY_CHANGES_KEPT = 100_000;
/** Proofs of equivocation that are kept, per database. */
export const EQUIVOCATIONS_KEPT = 5_000;
/** Who asked for a hearing and was killed never fetches the answer: it goes after this time. */
export const HEARINGS_KEPT_MS = 86_400_000;
/** Announcements and replaced models that nothing points to go after this time. */
export const LEFTOVERS_KEPT_MS = 30 * 86_400_000;
/** Rows of one table that one turn deletes at most; what is left over goes at the next. */
export const ROWS_PER_PRUNING_MAX = 20_000;

const OF_ROUNDS = [
  'score_records',
  'score_commits',
  'score_nonces',
  'audits',
  'exchange_flags',
  'standings',
  'scoring_jobs',
  'evidence',
  'rounds',
] as const;
const OF_PROGRESS = ['prompt_scores', 'scoring_stages'] as const;

/** Shape: the newest round and the time → rows deleted per table. Errors: the `store.*` codes of a statement. */
export async function pruneHistory(
  sql: TransactionalSql,
  of: { readonly newestRound: number; readonly nowMs: number },
): Promise<Readonly<Record<string, number>>> {
  const deleted: Record<string, number> = {};
  const before = of.newestRound - ROUNDS_KEPT;
  await sql.withTransaction(async (tx) => {
    await tx.query(`SELECT set_config('voxd.pruning', 'on', true)`);
    const prune = async (table: string, where: string, values: readonly unknown[]) => {
      const [row] = await tx.query<{ count: number }>(
        `WITH old AS (SELECT ctid FROM voxd.${table} WHERE ${where} LIMIT ${ROWS_PER_PRUNING_MAX}),
         gone AS (DELETE FROM voxd.${table} WHERE ctid IN (SELECT ctid FROM old) RETURNING 1)
         SELECT count(*)::int AS count FROM gone`,
        values,
      );
      if (row !== undefined && row.count > 0) deleted[table] = row.count;
    };
    for (const table of OF_ROUNDS) await prune(table, 'round <= $1', [before]);
    for (const table of OF_PROGRESS) await prune(table, 'round <= $1', [of.newestRound - PROGRESS_ROUNDS_KEPT]);
    await prune(
      'submissions',
      `state NOT IN ('planned', 'sent', 'committed', 'revealing') AND id <= (SELECT id FROM voxd.submissions ORDER BY id DESC OFFSET $1 LIMIT 1)`,
      [SUBMISSIONS_KEPT],
    );
    await prune('registry_changes', 'id <= (SELECT id FROM voxd.registry_changes ORDER BY id DESC OFFSET $1 LIMIT 1)', [
      REGISTRY_CHANGES_KEPT,
    ]);
    await prune('equivocations', 'id <= (SELECT id FROM voxd.equivocations ORDER BY id DESC OFFSET $1 LIMIT 1)', [EQUIVOCATIONS_KEPT]);
    await prune('hearings', 'asked_at < to_timestamp($1::float8 / 1000)', [of.nowMs - HEARINGS_KEPT_MS]);
    const leftBefore = of.nowMs - LEFTOVERS_KEPT_MS;
    await prune('announcements', 'expires_at_ms < $1', [leftBefore]);
    await prune('models', `state IN ('superseded', 'expired') AND updated_at < to_timestamp($1::float8 / 1000)`, [leftBefore]);
  });
  return deleted;
}

/** Prunes once per round. */
export function pruningDuty(
  deps: { readonly sql: TransactionalSql; readonly log: Logger; readonly clock: Clock },
  schedule: RoundSchedule,
): Duty {
  let pruned = -1;
  return {
    name: 'pruning',
    async turn({ head }) {
      const newestRound = roundOf(head.number, schedule);
      if (newestRound <= pruned) return;
      const deleted = await pruneHistory(deps.sql, { newestRound, nowMs: deps.clock.nowMs() });
      pruned = newestRound;
      if (Object.keys(deleted).length > 0) deps.log.debug({ deleted }, 'old history deleted');
    },
  };
}
