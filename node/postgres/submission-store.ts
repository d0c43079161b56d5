import type { Facts } from '../../protocol/failure.js';
import type { Hash, Hotkey } from '../../protocol/names.js';
import { Secret } from '../../protocol/secret.js';
import { nodeFailure } from '../failures.js';
import type { SubmissionRow, SubmissionState, SubmissionStore, SubmissionWay } from '../ports.js';
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
  way: SubmissionWay;
  method: string;
  uids: number[];
  hotkeys: Hotkey[];
  weights: number[];
  version_key: string;
  planned_number: string;
  planned_hash: Buffer;
  burn_percent: number | null;
  burn_hotkey: Hotkey | null;
  digest: Buffer | null;
  salt: number[] | null;
  reveal_round: string | null;
  state: SubmissionState;
  committed_number: string | null;
  committed_hash: Buffer | null;
  commit_extrinsic_hash: Buffer | null;
  commit_epoch: string | null;
  reveal_from: string | null;
  reveal_until: string | null;
  included_number: string | null;
  included_hash: Buffer | null;
  extrinsic_hash: Buffer | null;
  failure_code: string | null;
  failure_facts: Facts | null;
}

interface StepRow {
  state: SubmissionState;
  block: string | null;
  failure_code: string | null;
  failure_facts: Facts | null;
}

export function createSubmissionStore(sql: Sql): SubmissionStore {
  return {
    async plan(submission) {
      const [row] = await sql.query<Row>(
        `INSERT INTO voxd.submissions
           (genesis, netuid, mechanism, hotkey, epoch_start, round, way, method, uids, hotkeys, weights, version_key, planned_number, planned_hash,
            burn_percent, burn_hotkey, digest, salt, reveal_round)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
         ON CONFLICT (genesis, netuid, mechanism, hotkey, epoch_start) WHERE state NOT IN ('refused', 'abandoned') DO NOTHING
         RETURNING *`,
        [
          bytesOfHash(submission.genesis),
          submission.netuid,
          submission.mechanism,
          submission.hotkey,
          submission.epochStart,
          submission.round,
          submission.way,
          submission.method,
          [...submission.uids],
          [...submission.hotkeys],
          [...submission.values],
          submission.versionKey.toString(),
          submission.plannedAt.number,
          bytesOfHash(submission.plannedAt.hash),
          submission.burn?.percent ?? null,
          submission.burn?.hotkey ?? null,
          bytesOrNull(submission.digest),
          submission.salt === null ? null : [...submission.salt.reveal()],
          submission.revealRound,
        ],
      );
      return row === undefined ? null : submissionOfRow(row);
    },
    async mark({ id, state: from }, state, change = {}) {
      const { committed, commitExtrinsicHash, included, extrinsicHash, failure } = change;
      const [row] = await sql.query<Row>(
        `UPDATE voxd.submissions SET state = $3, committed_number = coalesce($4, committed_number), committed_hash = coalesce($5, committed_hash),
           commit_extrinsic_hash = coalesce($6, commit_extrinsic_hash), commit_epoch = coalesce($7, commit_epoch),
           reveal_from = coalesce($8, reveal_from), reveal_until = coalesce($9, reveal_until), included_number = coalesce($10, included_number),
           included_hash = coalesce($11, included_hash), extrinsic_hash = coalesce($12, extrinsic_hash),
           failure_code = CASE WHEN state = $3 THEN failure_code ELSE $13 END,
           failure_facts = CASE WHEN state = $3 THEN failure_facts ELSE $14::jsonb END, updated_at = now()
         WHERE id = $1 AND state = $2 RETURNING *`,
        [
          id,
          from,
          state,
          committed?.number ?? null,
          bytesOrNull(committed?.hash),
          bytesOrNull(commitExtrinsicHash),
          change.commitEpoch ?? null,
          change.revealFrom ?? null,
          change.revealUntil ?? null,
          included?.number ?? null,
          bytesOrNull(included?.hash),
          bytesOrNull(extrinsicHash),
          failure?.code ?? null,
          failure ? jsonText(failure.facts) : null,
        ],
      );
      if (row !== undefined) return submissionOfRow(row);
      const [other] = await sql.query<Pick<Row, 'state'>>('SELECT state FROM voxd.submissions WHERE id = $1', [id]);
      throw nodeFailure('store.row_moved', { id, expected: from, found: other?.state ?? 'gone' });
    },
    async unsettled() {
      const rows = await sql.query<Row>(
        `SELECT * FROM voxd.submissions WHERE state IN ('planned', 'sent', 'committed', 'revealing') ORDER BY id`,
      );
      return rows.map(submissionOfRow);
    },
    async list(limit) {
      const rows = await sql.query<Row>('SELECT * FROM voxd.submissions ORDER BY id DESC LIMIT $1', [limit]);
      return rows.map(submissionOfRow);
    },
    async steps(id) {
      const rows = await sql.query<StepRow>(
        'SELECT state, block, failure_code, failure_facts FROM voxd.submission_steps WHERE submission = $1 ORDER BY id',
        [id],
      );
      return rows.map(({ state, block, failure_code, failure_facts }) => ({
        state,
        block: numberOrNull(block),
        failure: reasonOf(failure_code, failure_facts),
      }));
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
    round: numberOrNull(row.round),
    way: row.way,
    method: row.method,
    uids: row.uids,
    hotkeys: row.hotkeys,
    values: row.weights,
    versionKey: BigInt(row.version_key),
    plannedAt: { number: Number(row.planned_number), hash: hashOf(row.planned_hash) },
    burn: row.burn_percent === null || row.burn_hotkey === null ? null : { percent: row.burn_percent, hotkey: row.burn_hotkey },
    digest: hashOrNull(row.digest),
    salt: row.salt === null ? null : new Secret(row.salt),
    revealRound: numberOrNull(row.reveal_round),
    state: row.state,
    committed: blockOrNull(row.committed_number, row.committed_hash),
    commitExtrinsicHash: hashOrNull(row.commit_extrinsic_hash),
    commitEpoch: numberOrNull(row.commit_epoch),
    revealFrom: numberOrNull(row.reveal_from),
    revealUntil: numberOrNull(row.reveal_until),
    included: blockOrNull(row.included_number, row.included_hash),
    extrinsicHash: hashOrNull(row.extrinsic_hash),
    failure: reasonOf(row.failure_code, row.failure_facts),
  };
}

function blockOrNull(number: string | null, hash: Buffer | null) {
  return number === null || hash === null ? null : { number: Number(number), hash: hashOf(hash) };
}

function numberOrNull(text: string | null): number | null {
  return text === null ? null : Number(text);
}

function hashOrNull(bytes: Buffer | null): Hash | null {
  return bytes === null ? null : hashOf(bytes);
}

function bytesOrNull(hash: Hash | null | undefined): Buffer | null {
  return hash === null || hash === undefined ? null : bytesOfHash(hash);
}
