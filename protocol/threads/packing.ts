/**
 * What the pool and its threads say to each other: many signatures in one buffer, because a message between threads costs more than it carries.
 * Both ends are ours; nothing foreign passes unchecked.
 *
 * One check: scheme 1 byte, public key 32, signature 64, u16be length of the text, text.
 */
import type { SignatureCheck, SignatureScheme } from '../signatures.js';

export interface VerifyRequest {
  readonly id: number;
  readonly packed: Uint8Array;
}

export interface VerifyReply {
  readonly id: number;
  /** One byte per check: 1 where it holds. */
  readonly holds: Uint8Array;
}

const SCHEMES: readonly SignatureScheme[] = ['sr25519', 'ed25519'];
const KEY_SIZE_BYTES = 32;
const SIGNATURE_SIZE_BYTES = 64;
const HEAD_SIZE_BYTES = 1 + KEY_SIZE_BYTES + SIGNATURE_SIZE_BYTES + 2;

/** False for what no signature can be: it needs no thread to be refused. */
export function isWellFormed({ publicKey, signature, message }: SignatureCheck, textBytesMax: number): boolean {
  return publicKey.length === KEY_SIZE_BYTES && signature.length === SIGNATURE_SIZE_BYTES && message.length <= textBytesMax;
}

export function packChecks(checks: readonly SignatureCheck[]): Uint8Array {
  const packed = new Uint8Array(checks.reduce((sum, { message }) => sum + HEAD_SIZE_BYTES + message.length, 0));
  let at = 0;
  for (const { scheme, publicKey, signature, message } of checks) {
    packed[at] = SCHEMES.indexOf(scheme);
    packed.set(publicKey, at + 1);
    packed.set(signature, at + 1 + KEY_SIZE_BYTES);
    packed[at + HEAD_SIZE_BYTES - 2] = message.length >> 8;
    packed[at + HEAD_SIZE_BYTES - 1] = message.length & 0xff;
    packed.set(message, at + HEAD_SIZE_BYTES);
    at += HEAD_SIZE_BYTES + message.length;
  }
  return packed;
}

/** Views into the buffer, in order. */
export function unpackChecks(packed: Uint8Array): readonly SignatureCheck[] {
  const checks: SignatureCheck[] = [];
  for (let at = 0; at < packed.length; ) {
    const length = ((packed[at + HEAD_SIZE_BYTES - 2] ?? 0) << 8) | (packed[at + HEAD_SIZE_BYTES - 1] ?? 0);
    checks.push({
      scheme: SCHEMES[packed[at] ?? 0] ?? 'sr25519',
      publicKey: packed.subarray(at + 1, at + 1 + KEY_SIZE_BYTES),
      signature: packed.subarray(at + 1 + KEY_SIZE_BYTES, at + HEAD_SIZE_BYTES - 2),
      message: packed.subarray(at + HEAD_SIZE_BYTES, at + HEAD_SIZE_BYTES + length),
    });
    at += HEAD_SIZE_BYTES + length;
  }
  return checks;
}
