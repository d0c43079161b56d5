/** What is inside a timelocked commit: the chain itself reads it once the round is known. */
import { type Hotkey, hotkeyFromPublicKey, publicKeyOf } from '../protocol/names.js';
import { err, ok, type Result } from '../protocol/result.js';
import type { SetWeights } from './ports.js';
import { joined, scaleReader, u64, vecBytes, vecU16 } from './scale.js';

export interface WeightPayload extends Pick<SetWeights, 'uids' | 'values' | 'versionKey'> {
  /** Who commits; the chain drops a payload that names another. */
  readonly hotkey: Hotkey;
}

/** `CommitRevealWeightsVersion` of chains that read this payload. */
export const TIMELOCK_VERSION = 4;

const PUBLIC_KEY_BYTES = 32;

/**
 * Shape: `WeightsTlockPayload` in SCALE: public key as a vector, uids, values, version key.
 * Errors: RangeError for a number that does not fit its field.
 * Source: subtensor pallets/subtensor, coinbase/reveal_commits.rs.
 */
export function encodeWeightPayload({ hotkey, uids, values, versionKey }: WeightPayload): Uint8Array {
  return joined(vecBytes(publicKeyOf(hotkey)), vecU16(uids), vecU16(values), u64(versionKey));
}

/** Errors: a sentence that says why these bytes are no payload. */
export function decodeWeightPayload(bytes: Uint8Array): Result<WeightPayload, string> {
  const reader = scaleReader(bytes);
  try {
    const publicKey = reader.vecBytes();
    if (publicKey.length !== PUBLIC_KEY_BYTES) return err(`a public key has ${PUBLIC_KEY_BYTES} bytes, this has ${publicKey.length}`);
    const payload = { hotkey: hotkeyFromPublicKey(publicKey), uids: reader.vecU16(), values: reader.vecU16(), versionKey: reader.u64() };
    return reader.left() === 0 ? ok(payload) : err(`${reader.left()} bytes too many`);
  } catch (error) {
    return err(error instanceof RangeError ? error.message : String(error));
  }
}

/** The most weights that fit into a timelocked commit: 4 bytes each, beside 45 of the payload's own. */
export const TIMELOCKED_WEIGHTS_MAX = 1_177;
