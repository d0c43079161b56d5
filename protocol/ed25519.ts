import { createPublicKey, type KeyObject, verify } from 'node:crypto';

const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const SIGNATURE_SIZE_BYTES = 64;

/** Shape: message, 64-byte signature, 32-byte key. False for anything malformed; never throws. */
export function verifyEd25519(message: Uint8Array, signature: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_SIZE_BYTES || publicKey.length !== 32) return false;
  const key = importKey(publicKey);
  return key !== null && verify(null, message, key, signature);
}

function importKey(publicKey: Uint8Array): KeyObject | null {
  try {
    return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' });
  } catch {
    return null;
  }
}
