/** Who takes scoring jobs from this database, for people. */
import type { Sql } from './sql.js';

export interface QueueWorker {
  readonly host: string;
  readonly pid: number;
  /** `worker`: a process that only scores. */
  readonly role: 'node' | 'worker';
  readonly startedAt: Date;
  /** Since its last sign of life. */
  readonly silentMs: number;
  readonly running: number;
}

export async function listWorkers(sql: Sql, queueSchema: string): Promise<readonly QueueWorker[]> {
  const rows = await sql.query<{
    host: string;
    pid: number;
    role: 'node' | 'worker';
    started_at: Date;
    silent_ms: number;
    running: number;
  }>(
    `SELECT host, pid, role, started_at, (extract(epoch FROM now() - beat_at) * 1000)::int AS silent_ms,
       (SELECT count(*)::int FROM ${queueSchema}.jobs WHERE locked_by = w.id) AS running
     FROM voxd.queue_workers w ORDER BY started_at`,
  );
  return rows.map(({ started_at: startedAt, silent_ms: silentMs, ...row }) => ({ ...row, startedAt, silentMs }));
}
