/**
 * Bytes that nobody can read before a round of the beacon: identity-based encryption to the round, and AES-256-GCM for the bytes themselves.
 *
 * Source: ideal-lab5/timelock, which the chain decrypts with: tle/src/tlock.rs, ibe/src/fullident.rs, tle/src/stream_ciphers.rs.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { bls12_381 } from '@noble/curves/bls12-381';
import { fromHex, sha256, toHex } from '../protocol/digest.js';
import { err, ok, type Result } from '../protocol/result.js';
import { type G1Point, type G2Point, pointOfRound, readG1, readG2, scalarOf } from './beacon.js';
import { joined, u64 } from './scale.js';

/** Longest ciphertext that the chain stores. */
export const TIMELOCKED_SIZE_BYTES_MAX = 5_000;
/** How much longer a ciphertext is than what is in it. */
export const TIMELOCK_OVERHEAD_BYTES = 244;

/** Fresh for each encryption, from a cryptographic source; who knows it can read the message. */
export interface TimelockRandomness {
  /** 32 bytes. */
  readonly sigma: Uint8Array;
  /** 32 bytes: the AES key. */
  readonly secretKey: Uint8Array;
  /** 12 bytes. */
  readonly nonce: Uint8Array;
}

/**
 * Shape: plaintext, round ≥ 1, public key of the beacon (96 bytes as hex digits) → ciphertext, 244 bytes longer.
 * Errors: RangeError for a key that is none, randomness of another length, or a ciphertext beyond TIMELOCKED_SIZE_BYTES_MAX.
 */
export function encryptTimelocked(plaintext: Uint8Array, round: number, publicKeyHex: string, randomness: TimelockRandomness): Uint8Array {
  const { sigma, secretKey, nonce } = randomness;
  const key = readG2(fromHex(publicKeyHex));
  if (key === null) throw new RangeError('this is no public key of a beacon');
  if (sigma.length !== HASH || secretKey.length !== HASH || nonce.length !== NONCE)
    throw new RangeError('32, 32 and 12 random bytes expected');
  if (plaintext.length > TIMELOCKED_SIZE_BYTES_MAX - TIMELOCK_OVERHEAD_BYTES)
    throw new RangeError(`${plaintext.length} bytes are too many`);

  const r = scalarOf(sha256(sigma, secretKey));
  const u = bls12_381.G2.Point.BASE.multiply(r);
  // e(Q, P)^r is e(r·Q, P), and a product in G1 costs less than a power in Fp12.
  const v = exclusiveOr(sigma, pairingHash(pointOfRound(round).multiply(r), key));
  const w = exclusiveOr(secretKey, sha256(sigma));
  const cipher = createCipheriv(CIPHER, secretKey, nonce);
  const sealed = joined(cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
  const body = joined(sized(sealed), sized(nonce));
  return joined(u.toBytes(true), sized(v), sized(w), sized(body), sized(SUITE));
}

/**
 * Shape: ciphertext, signature of its round (48 bytes) → plaintext.
 * Errors: a sentence that says what is wrong; with the signature of another round it is "does not open".
 */
export function decryptTimelocked(ciphertext: Uint8Array, signature: Uint8Array): Result<Uint8Array, string> {
  const parts = readParts(ciphertext);
  if (!parts.ok) return parts;
  const { u, v, w, nonce, sealed } = parts.value;
  const point = readG2(u);
  if (point === null) return err('its first 96 bytes are no point of G2');
  const key = readG1(signature);
  if (key === null) return err('the signature is no point of G1');
  const sigma = exclusiveOr(v, pairingHash(key, point));
  const secretKey = exclusiveOr(w, sha256(sigma));
  // Proves both that the key fits and that the ciphertext is the one that was made.
  if (!bls12_381.G2.Point.BASE.multiply(scalarOf(sha256(sigma, secretKey))).equals(point)) return err('the signature does not open it');
  const decipher = createDecipheriv(CIPHER, secretKey, nonce);
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG));
  try {
    return ok(joined(decipher.update(sealed.subarray(0, sealed.length - TAG)), decipher.final()));
  } catch {
    return err('its body was changed');
  }
}

const CIPHER = 'aes-256-gcm';
const SUITE = new TextEncoder().encode('AES_GCM_');
const POINT = 96;
const HASH = 32;
const NONCE = 12;
const TAG = 16;
const SIZE = 8;

interface Parts {
  readonly u: Uint8Array;
  readonly v: Uint8Array;
  readonly w: Uint8Array;
  readonly nonce: Uint8Array;
  /** Encrypted bytes and tag. */
  readonly sealed: Uint8Array;
}

/** All lengths but that of the message are fixed, so the whole form follows from the length of the ciphertext. */
function readParts(ciphertext: Uint8Array): Result<Parts, string> {
  const length = ciphertext.length - TIMELOCK_OVERHEAD_BYTES;
  if (ciphertext.length > TIMELOCKED_SIZE_BYTES_MAX) return err(`${ciphertext.length} bytes, ${TIMELOCKED_SIZE_BYTES_MAX} are the most`);
  if (length < 0) return err(`${ciphertext.length} bytes are too few`);
  let at = POINT;
  const take = (sizeBytes: number): Uint8Array => {
    at += sizeBytes;
    return ciphertext.subarray(at - sizeBytes, at);
  };
  const isNext = (sizeBytes: number): boolean => toHex(take(SIZE)) === toHex(u64(BigInt(sizeBytes)));
  const wrong = (name: string) => err(`the length of its ${name} is wrong`);

  if (!isNext(HASH)) return wrong('V');
  const v = take(HASH);
  if (!isNext(HASH)) return wrong('W');
  const w = take(HASH);
  if (!isNext(SIZE + length + TAG + SIZE + NONCE)) return wrong('body');
  if (!isNext(length + TAG)) return wrong('message');
  const sealed = take(length + TAG);
  if (!isNext(NONCE)) return wrong('nonce');
  const nonce = take(NONCE);
  if (!isNext(SUITE.length)) return wrong('suite');
  if (toHex(take(SUITE.length)) !== toHex(SUITE)) return err('it is not of the suite AES_GCM_');
  return ok({ u: ciphertext.subarray(0, POINT), v, w, nonce, sealed });
}

function sized(bytes: Uint8Array): Uint8Array {
  return joined(u64(BigInt(bytes.length)), bytes);
}

function exclusiveOr(left: Uint8Array, right: Uint8Array): Uint8Array {
  return left.map((byte, index) => byte ^ (right[index] ?? 0));
}

/** sha-256 of the pairing: its twelve coordinates from c0.c0.c0 to c1.c2.c1, 48 bytes each, least significant first. */
function pairingHash(g1: G1Point, g2: G2Point): Uint8Array {
  const { c0, c1 } = bls12_381.pairing(g1, g2);
  const coordinates = [c0, c1].flatMap((half) => [half.c0, half.c1, half.c2]).flatMap((pair) => [pair.c0, pair.c1]);
  return sha256(...coordinates.map((coordinate) => bls12_381.fields.Fp.toBytes(coordinate).toReversed()));
}
