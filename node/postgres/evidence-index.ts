/** Where the evidence of a round lies: a worker keeps it on its own machine. */
import type { Hotkey } from '../../protocol/names.js';
import type { Sql } from './sql.js';

export interface EvidencePlace {
  readonly host: string;
  readonly directory: string;
}

export async function putEvidence(sql: Sql, round: number, hotkey: Hotkey, { host, directory }: EvidencePlace): Promise<void> {
  await sql.query(
    `INSERT INTO voxd.evidence (round, hotkey, host, directory) VALUES ($1, $2, $3, $4)
     ON CONFLICT (round, hotkey) DO UPDATE SET host = excluded.host, directory = excluded.directory, kept_at = now()`,
    [round, hotkey, host, directory],
  );
}

/** Null: nothing was kept. */
export async function findEvidence(sql: Sql, round: number, hotkey: Hotkey): Promise<EvidencePlace | null> {
  const [row] = await sql.query<{ host: string; directory: string }>(
    'SELECT host, directory FROM voxd.evidence WHERE round = $1 AND hotkey = $2',
    [round, hotkey],
  );
  return row ?? null;
}
