/** Strict reading of protobuf: a value has one byte form, and bytes of any other form are refused. */
import { toHex } from './digest.js';
import type { Hash } from './names.js';

export interface Codec<T> {
  decode(bytes: Uint8Array): T;
  encode(value: Partial<T>): Uint8Array;
}

/** The value, or null unless encoding it again gives the same bytes: a relay could otherwise append to a message and mint new ones of it. */
export function tryDecode<T>(codec: Codec<T>, bytes: Uint8Array): T | null {
  try {
    const value = codec.decode(bytes);
    return sameBytes(codec.encode(value), bytes) ? value : null;
  } catch {
    return null;
  }
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.from(a.buffer, a.byteOffset, a.length).equals(b);
}

/** A u64 as number, null above 2^53. */
export function safeNumber(value: bigint): number | null {
  return value >= 0n && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : null;
}

/** Shape: 32 bytes → Hash; the caller has checked the length. */
export function hashFromBytes(bytes: Uint8Array): Hash {
  // Safety: 0x and lower-case hex digits of 32 bytes.
  return `0x${toHex(bytes)}` as Hash;
}
