import { randomBytes } from 'node:crypto';
import type { Hotkey } from '../../protocol/names.js';
import { decodeRecord, encodeRecord } from '../../scoring/record.js';
import { nodeFailure } from '../failures.js';
import type { ScoreCommit, ScoreStore, StoredScore } from '../ports.js';
import { bytesOfDigest, hexOf, type Sql } from './sql.js';

export const NONCE_BYTES = 32;

interface ScoreRow {
  validator: Hotkey;
  record: Buffer;
  envelope: Buffer;
  received_at_ms: string;
}

interface CommitRow {
  validator: Hotkey;
  commitment: string;
  block_number: string;
  record_digests: string[];
  nonce: Buffer | null;
  next_nonce_digest: string | null;
}

export function createScoreStore(sql: Sql): ScoreStore {
  return {
    async put(score) {
      const { record } = score;
      const body = Buffer.from(encodeRecord(record));
      const envelope = Buffer.from(score.envelope);
      const key = [record.round, score.validator, record.hotkey, bytesOfDigest(record.model)];
      const inserted = await sql.query(
        `INSERT INTO voxd.score_records (round, validator, hotkey, model, scorer, score_ppm, record, envelope, received_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING RETURNING 1`,
        [...key, bytesOfDigest(record.scorer), record.scorePpm, body, envelope, score.receivedAtMs],
      );
      if (inserted.length === 1) return true;
      // Our own record was kept before it was published; its envelope comes now.
      if (envelope.length > 0) {
        await sql.query(
          `UPDATE voxd.score_records SET envelope = $5
           WHERE round = $1 AND validator = $2 AND hotkey = $3 AND model = $4 AND record = $6 AND octet_length(envelope) = 0`,
          [...key, envelope, body],
        );
      }
      return false;
    },
    async ofRound(round) {
      const rows = await sql.query<ScoreRow>(
        'SELECT validator, record, envelope, received_at_ms FROM voxd.score_records WHERE round = $1 ORDER BY validator, hotkey, model',
        [round],
      );
      return rows.map(scoreOfRow);
    },
    async putCommit(commit) {
      const digests = [...commit.recordDigests];
      const nonce = commit.nonce === null ? null : bytesOfDigest(commit.nonce);
      const rows = await sql.query(
        `INSERT INTO voxd.score_commits (round, validator, commitment, block_number, record_digests, nonce, next_nonce_digest)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING 1`,
        [commit.round, commit.validator, commit.commitment, commit.block, digests, nonce, commit.nextNonceDigest],
      );
      if (rows.length === 1) return true;
      // The first stands; what it committed to becomes known later.
      if (digests.length > 0) {
        await sql.query(
          `UPDATE voxd.score_commits SET record_digests = $4, nonce = $5
           WHERE round = $1 AND validator = $2 AND commitment = $3 AND cardinality(record_digests) = 0`,
          [commit.round, commit.validator, commit.commitment, digests, nonce],
        );
      }
      return false;
    },
    async commitsOf(round) {
      const rows = await sql.query<CommitRow>('SELECT * FROM voxd.score_commits WHERE round = $1 ORDER BY validator', [round]);
      return rows.map(
        (row): ScoreCommit => ({
          round,
          validator: row.validator,
          commitment: row.commitment,
          block: Number(row.block_number),
          recordDigests: row.record_digests,
          nonce: row.nonce === null ? null : hexOf(row.nonce),
          nextNonceDigest: row.next_nonce_digest,
        }),
      );
    },
    async nonce(round) {
      await sql.query('INSERT INTO voxd.score_nonces (round, nonce) VALUES ($1, $2) ON CONFLICT DO NOTHING', [
        round,
        randomBytes(NONCE_BYTES),
      ]);
      const [row] = await sql.query<{ nonce: Buffer }>('SELECT nonce FROM voxd.score_nonces WHERE round = $1', [round]);
      if (row === undefined) throw nodeFailure('store.row_damaged', { table: 'score_nonces', reason: `round ${round} has none` });
      return new Uint8Array(row.nonce);
    },
  };
}

function scoreOfRow(row: ScoreRow): StoredScore {
  const record = decodeRecord(new Uint8Array(row.record));
  if (!record.ok) throw nodeFailure('store.row_damaged', { table: 'score_records', reason: record.error });
  return {
    record: record.value,
    validator: row.validator,
    envelope: new Uint8Array(row.envelope),
    receivedAtMs: Number(row.received_at_ms),
  };
}
