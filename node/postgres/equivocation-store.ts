/** Proof against hotkeys that said two things under one sequence number. */

import { invariant } from '../../protocol/failure.js';
import { KINDS, kindOfCode, type MessageKind } from '../../protocol/kinds.js';
import type { Hotkey } from '../../protocol/names.js';
import type { EquivocationStore, StoredEquivocation } from '../network/ports.js';
import { hexOf, type Sql } from './sql.js';

interface EquivocationRow {
  hotkey: Hotkey;
  kind: number;
  sequence: string;
  first_digest: Buffer;
  first_envelope: Buffer | null;
  second_digest: Buffer;
  second_envelope: Buffer;
  block_number: string;
  noticed_at_ms: string;
}

export function createEquivocationStore(sql: Sql): EquivocationStore {
  return {
    async put(of) {
      const rows = await sql.query(
        `INSERT INTO voxd.equivocations
           (hotkey, kind, sequence, first_digest, first_envelope, second_digest, second_envelope, block_number, noticed_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (hotkey, kind, sequence) DO NOTHING RETURNING 1`,
        [
          of.hotkey,
          KINDS[of.kind].code,
          of.sequence.toString(),
          Buffer.from(of.firstDigest, 'hex'),
          of.first === null ? null : Buffer.from(of.first),
          Buffer.from(of.secondDigest, 'hex'),
          Buffer.from(of.second),
          of.block,
          of.noticedAtMs,
        ],
      );
      return rows.length === 1;
    },
    async since(block) {
      const rows = await sql.query<EquivocationRow>('SELECT * FROM voxd.equivocations WHERE block_number >= $1 ORDER BY id', [
        Math.max(0, block),
      ]);
      return rows.map(equivocationOfRow);
    },
    async list(limit, hotkey) {
      const rows = await sql.query<EquivocationRow>(
        'SELECT * FROM voxd.equivocations WHERE $2::text IS NULL OR hotkey = $2 ORDER BY id DESC LIMIT $1',
        [limit, hotkey ?? null],
      );
      return rows.map(equivocationOfRow);
    },
  };
}

function equivocationOfRow(row: EquivocationRow): StoredEquivocation {
  return {
    hotkey: row.hotkey,
    kind: kindOf(row.kind),
    sequence: BigInt(row.sequence),
    firstDigest: hexOf(row.first_digest),
    first: row.first_envelope === null ? null : new Uint8Array(row.first_envelope),
    secondDigest: hexOf(row.second_digest),
    second: new Uint8Array(row.second_envelope),
    block: Number(row.block_number),
    noticedAtMs: Number(row.noticed_at_ms),
  };
}

function kindOf(code: number): MessageKind {
  const kind = kindOfCode(code);
  invariant(kind !== null, `a row of kind ${code}`);
  return kind;
}
