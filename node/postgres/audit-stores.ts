/** Audits of other validators' records, and faults in the exchange of scores. */
import type { Hotkey } from '../../protocol/names.js';
import type { AuditOutcome } from '../../scoring/audit.js';
import type { AuditRow, AuditStore, ExchangeFlag, FlagStore } from '../audit/ports.js';
import { bytesOfDigest, digestOf, hexOf, jsonText, type Sql } from './sql.js';

interface AuditSqlRow {
  round: string;
  validator: Hotkey;
  hotkey: Hotkey;
  model: Buffer;
  record_digest: Buffer;
  cause: AuditRow['cause'];
  verdict: AuditRow['verdict'];
  reason: string;
  ours_wrong: boolean;
  prompts: AuditRow['prompts'];
  audited_at_ms: string;
}

export function createAuditStore(sql: Sql): AuditStore {
  return {
    async put(audit) {
      const rows = await sql.query(
        `INSERT INTO voxd.audits
           (round, validator, hotkey, model, record_digest, cause, verdict, reason, ours_wrong, prompts, audited_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING RETURNING 1`,
        [
          audit.round,
          audit.validator,
          audit.hotkey,
          bytesOfDigest(audit.model),
          bytesOfDigest(audit.recordDigest),
          audit.cause,
          audit.verdict,
          audit.reason,
          audit.oursWrong,
          jsonText(audit.prompts),
          audit.auditedAtMs,
        ],
      );
      return rows.length === 1;
    },
    async ofRound(round) {
      const rows = await sql.query<AuditSqlRow>('SELECT * FROM voxd.audits WHERE round = $1 ORDER BY validator, hotkey, model', [round]);
      return rows.map(auditOfRow);
    },
    async since(round) {
      const rows = await sql.query<Pick<AuditSqlRow, 'round' | 'validator' | 'verdict' | 'reason'>>(
        'SELECT round, validator, verdict, reason FROM voxd.audits WHERE round >= $1 ORDER BY round, validator, hotkey, model',
        [round],
      );
      return rows.map((row): AuditOutcome => ({ ...row, round: Number(row.round) }));
    },
  };
}

function auditOfRow(row: AuditSqlRow): AuditRow {
  return {
    round: Number(row.round),
    validator: row.validator,
    hotkey: row.hotkey,
    model: digestOf(row.model),
    recordDigest: hexOf(row.record_digest),
    cause: row.cause,
    verdict: row.verdict,
    reason: row.reason,
    prompts: row.prompts,
    oursWrong: row.ours_wrong,
    auditedAtMs: Number(row.audited_at_ms),
  };
}

interface FlagSqlRow {
  round: string;
  validator: Hotkey;
  fault: ExchangeFlag['fault'];
  block_number: string;
  reason: string;
  envelope: Buffer;
}

export function createFlagStore(sql: Sql): FlagStore {
  return {
    async put(flag) {
      const rows = await sql.query(
        `INSERT INTO voxd.exchange_flags (round, validator, fault, block_number, reason, envelope) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT DO NOTHING RETURNING 1`,
        [flag.round, flag.validator, flag.fault, flag.block, flag.reason, Buffer.from(flag.envelope)],
      );
      return rows.length === 1;
    },
    async ofRound(round) {
      const rows = await sql.query<FlagSqlRow>('SELECT * FROM voxd.exchange_flags WHERE round = $1 ORDER BY validator, fault', [round]);
      return rows.map((row) => ({
        round: Number(row.round),
        validator: row.validator,
        fault: row.fault,
        block: Number(row.block_number),
        reason: row.reason,
        envelope: new Uint8Array(row.envelope),
      }));
    },
  };
}
