import type { Facts } from '../../protocol/failure.js';
import type { Hotkey } from '../../protocol/names.js';
import type { SubmissionRow, SubmissionState, SubmissionStore } from '../ports.js';
import { reasonOf } from './round-stores.js';
import { bytesOfHash, hashOf, jsonText, type Sql } from './sql.js';

interface Row {
  id: string;
  genesis: Buffer;
  netuid: number;
  mechanism: number;
  hotkey: Hotkey;
  epoch_start: string;
  round: string | null;
  method: string;
  uids: number[];
  hotkeys: Hotkey[];
  weights: number[];
  version_key: string;
  planned_number: string;
  planned_hash: Buffer;
  state: SubmissionState;
  included_number: string | null;
  included_hash: Buffer | null;
  extrinsic_hash: Buffer | null;
  failure_code: string | null;
  failure_facts: Facts | null;
}

export function createSubmissionStore(sql: Sql): SubmissionStore {
  return {
    async plan(submission) {
      const [row] = await sql.query<Row>(
        `INSERT INTO voxd.submissions
           (genesis, netuid, mechanism, hotkey, epoch_start, round, method, uids, hotkeys, weights, version_key, planned_number, planned_hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
         ON CONFLICT (genesis, netuid, mechanism, hotkey, epoch_start) WHERE state NOT IN ('refused', 'abandoned') DO NOTHING
         RETURNING *`,
        [
          bytesOfHash(submission.genesis),
          submission.netuid,
          submission.mechanism,
          submission.hotkey,
          submission.epochStart,
          submission.round,
          submission.method,
          [...submission.uids],
          [...submission.hotkeys],
          [...submission.values],
          submission.versionKey.toString(),
          submission.plannedAt.number,
          bytesOfHash(submission.plannedAt.hash),
        ],
      );
      return row === undefined ? null : submissionOfRow(row);
    },
    async mark(id, state, outcome) {
      await sql.query(
        `UPDATE voxd.submissions SET state = $2, included_number = $3, included_hash = $4, extrinsic_hash = $5, failure_code = $6,
           failure_facts = $7, updated_at = now() WHERE id = $1`,
        [
          id,
          state,
          outcome.included?.number ?? null,
          outcome.included === null ? null : bytesOfHash(outcome.included.hash),
          outcome.extrinsicHash === null ? null : bytesOfHash(outcome.extrinsicHash),
          outcome.failure?.code ?? null,
          outcome.failure === null ? null : jsonText(outcome.failure.facts),
        ],
      );
    },
    async unsettled() {
      const rows = await sql.query<Row>(`SELECT * FROM voxd.submissions WHERE state IN ('planned', 'sent') ORDER BY id`);
      return rows.map(submissionOfRow);
    },
    async list(limit) {
      const rows = await sql.query<Row>('SELECT * FROM voxd.submissions ORDER BY id DESC LIMIT $1', [limit]);
      return rows.map(submissionOfRow);
    },
  };
}

function submissionOfRow(row: Row): SubmissionRow {
  return {
    id: Number(row.id),
    genesis: hashOf(row.genesis),
    netuid: row.netuid,
    mechanism: row.mechanism,
    hotkey: row.hotkey,
    epochStart: Number(row.epoch_start),
    round: row.round === null ? null : Number(row.round),
    method: row.method,
    uids: row.uids,
    hotkeys: row.hotkeys,
    values: row.weights,
    versionKey: BigInt(row.version_key),
    plannedAt: { number: Number(row.planned_number), hash: hashOf(row.planned_hash) },
    state: row.state,
    included:
      row.included_number === null || row.included_hash === null
        ? null
        : { number: Number(row.included_number), hash: hashOf(row.included_hash) },
    extrinsicHash: row.extrinsic_hash === null ? null : hashOf(row.extrinsic_hash),
    failure: reasonOf(row.failure_code, row.failure_facts),
  };
}
