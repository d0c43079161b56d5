/** sr25519 checked by two libraries: one that stands anything, and one that is faster. */

// The WebAssembly code itself: @polkadot/util-crypto computes the same in JavaScript, seven times slower.
import { sr25519Verify as verifyRobust } from '@polkadot/wasm-crypto';
import { sr25519_verify as verifyFast } from '@polkadot-labs/schnorrkel-wasm';
import { createLru } from '../lru.js';

/** Keys under which a signature has held. One more forgets the one used longest ago, whose next signature is then checked the slow way. */
export const SR25519_KEYS_KNOWN_MAX = 4096;
/** Set in the last byte of every signature by this scheme; without it the number there is another one. */
const MARK = 0x80;
/** 2²⁵² + 27742317777372353535851937790883648493, the order of the group, most significant byte first. */
const GROUP_ORDER = Buffer.from('1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed', 'hex');

/** Shape: text, 64-byte signature, 32-byte key. Errors: none for anything foreign; a library that traps throws, and must not be asked again. */
export type Sr25519Check = (message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array) => boolean;

/**
 * schnorrkel-wasm checks in six tenths of the time that wasm-crypto takes, but traps over bytes that are no key or no signature, and a trap spoils its memory for whatever
 * comes after. wasm-crypto says false. So it is asked first about every key: where a signature has held, there is a key.
 * `@polkadot/wasm-crypto` must be ready.
 */
export function createSr25519Check(fast = verifyFast, robust = verifyRobust): Sr25519Check {
  const keys = createLru<true>(SR25519_KEYS_KNOWN_MAX);
  return (message, signature, publicKey) => {
    if (!isSignature(signature)) return false;
    const key = Buffer.from(publicKey.buffer, publicKey.byteOffset, publicKey.byteLength).toString('latin1');
    if (keys.get(key)) return fast(publicKey, message, signature);
    const holds = robust(signature, message, publicKey);
    if (holds) keys.set(key, true);
    return holds;
  };
}

/** Whether the library can read it: marked, and a number below the order of the group. The point before it is only compared. */
function isSignature(signature: Uint8Array): boolean {
  if (signature.length !== 64 || (signature[63]! & MARK) === 0) return false;
  const scalar = Buffer.from(signature.subarray(32)).reverse();
  scalar[0]! &= ~MARK;
  return scalar.compare(GROUP_ORDER) < 0;
}
