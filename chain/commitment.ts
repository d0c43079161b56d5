/** What a miner writes on chain before he shows his model: nobody can claim a model he has only seen, and a copy is always later. */
import { fromHex, sha256Hex } from '../protocol/digest.js';
import { type Hotkey, type ModelDigest, publicKeyOf } from '../protocol/names.js';
import { err, ok, type Result } from '../protocol/result.js';
import type { ChainCommitment } from './snapshot.js';

const DOMAIN = 'voxd/commit/1';
const PREFIX = 'voxd1:';
/** Bytes of the text on chain: prefix and 64 digits; the pallet's `Raw` field holds 128. */
export const COMMITMENT_SIZE_BYTES = PREFIX.length + 64;

/** Shape: sha-256("voxd/commit/1" ‖ hotkey, 32 bytes ‖ model digest, 32 bytes) → 64 hex digits. */
export function commitmentOf(hotkey: Hotkey, model: ModelDigest): string {
  return sha256Hex(DOMAIN, publicKeyOf(hotkey), fromHex(model));
}

/** Shape: 64 hex digits → "voxd1:" and the digits, in ASCII: text that every chain explorer shows. */
export function commitmentBytes(commitment: string): Uint8Array {
  return new TextEncoder().encode(PREFIX + commitment);
}

/**
 * The commitment in a neuron's field.
 *
 * Shape: bytes as hex digits → 64 hex digits.
 * Errors: a sentence that says why these bytes are none of ours.
 */
export function parseCommitment({ data }: Pick<ChainCommitment, 'data'>): Result<string, string> {
  const digits = data.startsWith('0x') ? data.slice(2) : data;
  if (digits.length !== 2 * COMMITMENT_SIZE_BYTES)
    return err(`a voxd commitment has ${COMMITMENT_SIZE_BYTES} bytes, this has ${digits.length / 2}`);
  if (!/^[0-9a-f]+$/i.test(digits)) return err('not hex digits');
  const text = Buffer.from(digits, 'hex').toString('latin1');
  if (!text.startsWith(PREFIX)) return err(`a voxd commitment begins with "${PREFIX}"`);
  const commitment = text.slice(PREFIX.length);
  return /^[0-9a-f]{64}$/.test(commitment) ? ok(commitment) : err('64 lower-case hex digits expected after the prefix');
}

/** True when the field commits this hotkey to this model. */
export function commitmentMatches(field: Pick<ChainCommitment, 'data'>, hotkey: Hotkey, model: ModelDigest): boolean {
  const parsed = parseCommitment(field);
  return parsed.ok && parsed.value === commitmentOf(hotkey, model);
}
