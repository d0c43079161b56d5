/**
 * The branded names of things and their parsers. A value of these types has been checked; a plain string has not.
 */
import { createHash } from 'node:crypto';
import { base58 } from '@scure/base';
import { createLru } from './lru.js';
import { err, ok, type Result } from './result.js';

declare const brand: unique symbol;
export type Brand<T, B extends string> = T & { readonly [brand]: B };

/** An sr25519 account as SS58 text with prefix 42: the person. Used for hotkeys and coldkeys alike. */
export type Hotkey = Brand<string, 'Hotkey'>;
/** A seat in the subnet, 0..65535; it changes hands. */
export type Uid = number;
/** sha-256 of the canonical manifest, 64 lower-case hex digits. */
export type ModelDigest = Brand<string, 'ModelDigest'>;
/** A block hash or other 32-byte chain hash, `0x` and 64 lower-case hex digits. */
export type Hash = Brand<string, 'Hash'>;

const SS58_PREFIX = 42;

function ss58Checksum(payload: Uint8Array): Uint8Array {
  return createHash('blake2b512').update('SS58PRE').update(payload).digest().subarray(0, 2);
}

/** Keys whose text is remembered: every message names one, and a subnet has few. */
export const KEYS_KEPT_MAX = 2_048;
const texts = createLru<Hotkey>(KEYS_KEPT_MAX);

/** Shape: 32 public key bytes → SS58 text (prefix 42). */
export function hotkeyFromPublicKey(publicKey: Uint8Array): Hotkey {
  const key = Buffer.from(publicKey.buffer, publicKey.byteOffset, publicKey.byteLength).toString('latin1');
  const known = texts.get(key);
  if (known !== undefined) return known;
  const text = ss58Of(publicKey);
  texts.set(key, text);
  return text;
}

function ss58Of(publicKey: Uint8Array): Hotkey {
  const payload = new Uint8Array(33);
  payload[0] = SS58_PREFIX;
  payload.set(publicKey, 1);
  const out = new Uint8Array(35);
  out.set(payload);
  out.set(ss58Checksum(payload), 33);
  return base58.encode(out) as Hotkey;
}

/** Shape: SS58 text (prefix 42) → Hotkey. Errors: a sentence that says what is wrong with the text. */
export function parseHotkey(text: string): Result<Hotkey, string> {
  if (text.length < 46 || text.length > 50) return err(`an SS58 address has 47 or 48 characters, this has ${text.length}`);
  const bytes = decodeBase58(text);
  if (bytes === null) return err('not base58');
  if (bytes.length !== 35) return err(`an account address decodes to 35 bytes, this to ${bytes.length}`);
  if (bytes[0] !== SS58_PREFIX) return err(`network prefix ${bytes[0]} is not ${SS58_PREFIX} (Bittensor)`);
  const payload = bytes.subarray(0, 33);
  const sum = ss58Checksum(payload);
  if (sum[0] !== bytes[33] || sum[1] !== bytes[34]) return err('the checksum does not match (mistyped?)');
  return ok(text as Hotkey);
}

/** Shape: Hotkey → its 32 public key bytes. */
export function publicKeyOf(hotkey: Hotkey): Uint8Array {
  return base58.decode(hotkey).slice(1, 33);
}

export function parseModelDigest(text: string): Result<ModelDigest, string> {
  return /^[0-9a-f]{64}$/.test(text) ? ok(text as ModelDigest) : err('a model digest is 64 lower-case hex digits');
}

export function parseHash(text: string): Result<Hash, string> {
  return /^0x[0-9a-f]{64}$/.test(text) ? ok(text as Hash) : err('a hash is 0x and 64 lower-case hex digits');
}

function decodeBase58(text: string): Uint8Array | null {
  try {
    return base58.decode(text);
  } catch {
    return null;
  }
}
