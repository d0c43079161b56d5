/**
 * Scores are exchanged in two steps so that nobody can copy one: first a hash over all record digests of the round, then, after its deadline, the
 * records, each with the nonce and the digests that open the hash. The nonce is also the validator's secret of the round: its hash went out with the
 * commitment of the round before.
 */
import { sha256, sha256Hex, toHex } from './digest.js';
import { err, ok, type Result } from './result.js';
import { safeNumber, tryDecode } from './wire.js';
import { ScoreCommitPayload, ScoreRevealPayload } from './wire.pb.js';

export const RECORDS_PER_ROUND_MAX = 256;
export const RECORD_SIZE_BYTES_MAX = 48 * 1024;
export const NONCE_SIZE_BYTES = 32;
const DIGEST_SIZE_BYTES = 32;
const COMMITMENT_TAG = 'voxd/scores/1';
const NONCE_TAG = 'voxd/nonce/1';
const RECORD_TAG = 'voxd/record/1';

export interface ScoreCommitment {
  readonly round: number;
  /** 64 hex digits. */
  readonly commitment: string;
  /** Of our secret of the next round, so that it cannot be picked for what it leads to; 64 hex digits. */
  readonly nextNonceDigest: string;
}

export interface ScoreReveal {
  readonly round: number;
  readonly nonce: Uint8Array;
  /** Of all records the commitment covers, 64 hex digits each, strictly ascending. */
  readonly recordDigests: readonly string[];
  /** Canonical JSON of one of them; scoring reads it. */
  readonly record: Uint8Array;
}

type BadPayload = 'message.bad_payload';

/**
 * sha-256("voxd/scores/1" ‖ u64be round ‖ nonce ‖ record digests in ascending order).
 *
 * Shape: 32-byte nonce, digests as 64 hex digits in any order → 64 hex digits.
 */
export function scoreCommitment(round: number, nonce: Uint8Array, recordDigests: readonly string[]): string {
  const digests = Buffer.from([...recordDigests].sort().join(''), 'hex');
  return sha256Hex(COMMITMENT_TAG, u64(round), nonce, digests);
}

/** sha-256("voxd/nonce/1" ‖ u64be round ‖ nonce): what a validator promises in one round to reveal in the next. Shape: 64 hex digits. */
export function digestOfNonce(round: number, nonce: Uint8Array): string {
  return sha256Hex(NONCE_TAG, u64(round), nonce);
}

function u64(value: number): Uint8Array {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

/** The digest of a record's canonical bytes: sha-256("voxd/record/1" ‖ bytes), 64 hex digits. */
export function digestOfRecord(record: Uint8Array): string {
  return toHex(sha256(RECORD_TAG, record));
}

/** Does the reveal open this commitment? (That it contains its own record has been checked on decoding.) */
export function opensCommitment(reveal: ScoreReveal, commitment: string): boolean {
  return scoreCommitment(reveal.round, reveal.nonce, reveal.recordDigests) === commitment;
}

export function encodeScoreCommitment(value: ScoreCommitment): Uint8Array {
  return ScoreCommitPayload.encode({
    round: BigInt(value.round),
    commitment: Buffer.from(value.commitment, 'hex'),
    nextNonceDigest: Buffer.from(value.nextNonceDigest, 'hex'),
  });
}

export function decodeScoreCommitment(bytes: Uint8Array): Result<ScoreCommitment, BadPayload> {
  const raw = tryDecode(ScoreCommitPayload, bytes);
  const round = raw === null ? null : safeNumber(raw.round);
  if (raw === null || round === null || raw.commitment.length !== DIGEST_SIZE_BYTES) return err('message.bad_payload');
  if (raw.nextNonceDigest.length !== DIGEST_SIZE_BYTES) return err('message.bad_payload');
  return ok({ round, commitment: toHex(raw.commitment), nextNonceDigest: toHex(raw.nextNonceDigest) });
}

/** The digests are put in order. */
export function encodeScoreReveal(value: ScoreReveal): Uint8Array {
  const recordDigests = [...value.recordDigests].sort().map((digest) => Buffer.from(digest, 'hex'));
  return ScoreRevealPayload.encode({ round: BigInt(value.round), nonce: value.nonce, recordDigests, record: value.record });
}

export function decodeScoreReveal(bytes: Uint8Array): Result<ScoreReveal, BadPayload> {
  const raw = tryDecode(ScoreRevealPayload, bytes);
  const round = raw === null ? null : safeNumber(raw.round);
  if (raw === null || round === null || raw.nonce.length !== NONCE_SIZE_BYTES) return err('message.bad_payload');
  if (raw.record.length === 0 || raw.record.length > RECORD_SIZE_BYTES_MAX) return err('message.bad_payload');
  if (raw.recordDigests.length === 0 || raw.recordDigests.length > RECORDS_PER_ROUND_MAX) return err('message.bad_payload');
  if (raw.recordDigests.some((digest) => digest.length !== DIGEST_SIZE_BYTES)) return err('message.bad_payload');
  const recordDigests = raw.recordDigests.map(toHex);
  const ascending = recordDigests.every((digest, index) => index === 0 || (recordDigests[index - 1] ?? '') < digest);
  if (!ascending || !recordDigests.includes(digestOfRecord(raw.record))) return err('message.bad_payload');
  return ok({ round, nonce: Uint8Array.from(raw.nonce), recordDigests, record: Uint8Array.from(raw.record) });
}
