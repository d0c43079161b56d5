/**
 * Where the evidence of a round lies, who reads it, and what is about to go. A worker keeps it on its own machine, so each directory answers for
 * its own rows.
 */
import type { Hotkey } from '../../protocol/names.js';
import type { EvidenceIndex, EvidenceLease } from '../explain/ports.js';
import type { Sql, TransactionalSql } from './sql.js';

/** A reader that died holds a folder no longer than this. */
export const EVIDENCE_LEASE_MS = 120_000;

const KEY = 'round = $1 AND hotkey = $2 AND store = $3';

export interface EvidencePlace {
  /** Identity of the directory, as a uuid. */
  readonly store: () => Promise<string>;
  readonly host: string;
  readonly folderOf: (round: number, hotkey: string) => string;
}

export function createEvidenceIndex(sql: TransactionalSql, own: EvidencePlace): EvidenceIndex {
  const keyOf = async (round: number, hotkey: string) => [round, hotkey, await own.store()];
  const put = async (round: number, hotkey: string, reported: boolean) => {
    await sql.query(
      `INSERT INTO voxd.evidence AS e (round, hotkey, store, host, directory, state, reported) VALUES ($1, $2, $3, $4, $5, 'kept', $6)
       ON CONFLICT (round, hotkey, store) DO UPDATE SET state = 'kept', host = excluded.host, directory = excluded.directory,
         reported = e.reported OR excluded.reported, kept_at = now()`,
      [...(await keyOf(round, hotkey)), own.host, own.folderOf(round, hotkey), reported],
    );
  };
  return {
    begin: (round, hotkey) => put(round, hotkey, false),
    complete: (round, hotkey) => put(round, hotkey, true),
    async mark(round, hotkey) {
      const key = await keyOf(round, hotkey);
      return sql.withTransaction(async (tx) => {
        // Locked first, then looked at in a statement of its own, which sees what a reader that was before us has written.
        await tx.query(`SELECT 1 FROM voxd.evidence WHERE ${KEY} FOR UPDATE`, key);
        await tx.query(`DELETE FROM voxd.evidence_leases WHERE ${KEY} AND ends_at <= now()`, key);
        const leases = await tx.query(`SELECT 1 FROM voxd.evidence_leases WHERE ${KEY} LIMIT 1`, key);
        if (leases.length > 0) return false;
        await tx.query(`UPDATE voxd.evidence SET state = 'going' WHERE ${KEY}`, key);
        return true;
      });
    },
    async forget(round, hotkey) {
      await sql.query(`DELETE FROM voxd.evidence WHERE ${KEY}`, await keyOf(round, hotkey));
    },
    async list() {
      const rows = await sql.query<{ round: string; hotkey: string; state: 'kept' | 'going' }>(
        'SELECT round, hotkey, state FROM voxd.evidence WHERE store = $1 ORDER BY round, hotkey',
        [await own.store()],
      );
      return rows.map(({ round, hotkey, state }) => ({ round: Number(round), hotkey, state }));
    },
  };
}

/** Null: nothing is kept, or it is about to go. Of several machines the one that has the report. Until released, at most EVIDENCE_LEASE_MS, the folder stays. */
export async function leaseEvidence(sql: Sql, round: number, hotkey: Hotkey): Promise<EvidenceLease | null> {
  const [row] = await sql.query<{ id: string; host: string; directory: string }>(
    `WITH found AS (
       SELECT round, hotkey, store, host, directory FROM voxd.evidence
       WHERE round = $1 AND hotkey = $2 AND state = 'kept' ORDER BY reported DESC, kept_at DESC LIMIT 1 FOR UPDATE
     )
     INSERT INTO voxd.evidence_leases (round, hotkey, store, ends_at)
     SELECT round, hotkey, store, now() + make_interval(secs => ${EVIDENCE_LEASE_MS / 1000}) FROM found
     RETURNING id, (SELECT host FROM found) AS host, (SELECT directory FROM found) AS directory`,
    [round, hotkey],
  );
  if (row === undefined) return null;
  return {
    host: row.host,
    directory: row.directory,
    async release() {
      await sql.query('DELETE FROM voxd.evidence_leases WHERE id = $1', [row.id]);
    },
  };
}
