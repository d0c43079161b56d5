import type { PeerRule, PeerSubject } from '../../protocol/peer-rules.js';
import type { PeerRuleStore } from '../network/ports.js';
import type { TransactionalSql } from './sql.js';

interface PeerRuleRow {
  subject_type: PeerSubject['type'];
  subject: string;
  rule: PeerRule['rule'];
  until_ms: string | null;
  reason: string;
  made_by: PeerRule['madeBy'];
  made_at_ms: string;
}

export function createPeerRuleStore(sql: TransactionalSql): PeerRuleStore {
  return {
    put: ({ subject, rule, untilMs, reason, madeBy, madeAtMs }, max) =>
      sql.withTransaction(async (tx) => {
        await tx.query('DELETE FROM voxd.peer_rules WHERE until_ms <= $1', [madeAtMs]);
        // An operator's rule pushes out the oldest of the node's own.
        if (madeBy === 'operator')
          await tx.query(
            `DELETE FROM voxd.peer_rules WHERE (subject_type, subject) IN
               (SELECT subject_type, subject FROM voxd.peer_rules WHERE made_by = 'node'
                ORDER BY made_at_ms LIMIT greatest(0, (SELECT count(*) FROM voxd.peer_rules) - $1))`,
            [max - 1],
          );
        const rows = await tx.query(
          `INSERT INTO voxd.peer_rules AS r (subject_type, subject, rule, until_ms, reason, made_by, made_at_ms)
           SELECT $1, $2, $3, $4::bigint, $5, $6, $7::bigint
           WHERE (SELECT count(*) FROM voxd.peer_rules) < $8
              OR EXISTS (SELECT FROM voxd.peer_rules WHERE subject_type = $1 AND subject = $2)
           ON CONFLICT (subject_type, subject) DO UPDATE SET rule = excluded.rule, until_ms = excluded.until_ms, reason = excluded.reason,
             made_by = excluded.made_by, made_at_ms = excluded.made_at_ms
           WHERE r.made_by = 'node' OR excluded.made_by = 'operator'
           RETURNING 1`,
          [subject.type, subject.value, rule, untilMs, reason, madeBy, madeAtMs, max],
        );
        return rows.length === 1;
      }),
    async remove(subject) {
      const rows = await sql.query('DELETE FROM voxd.peer_rules WHERE subject_type = $1 AND subject = $2 RETURNING 1', [
        subject.type,
        subject.value,
      ]);
      return rows.length === 1;
    },
    async inForce(nowMs) {
      const rows = await sql.query<PeerRuleRow>(
        'SELECT * FROM voxd.peer_rules WHERE until_ms IS NULL OR until_ms > $1 ORDER BY made_at_ms DESC, subject',
        [nowMs],
      );
      return rows.map(ruleOfRow);
    },
  };
}

function ruleOfRow(row: PeerRuleRow): PeerRule {
  return {
    // Safety: written from a subject of this type.
    subject: { type: row.subject_type, value: row.subject } as PeerSubject,
    rule: row.rule,
    untilMs: row.until_ms === null ? null : Number(row.until_ms),
    reason: row.reason,
    madeBy: row.made_by,
    madeAtMs: Number(row.made_at_ms),
  };
}
