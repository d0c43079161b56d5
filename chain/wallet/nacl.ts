/** "$NACL", a nonce, and a secretbox under an argon2i key: what bittensor tools write. */
import { naclDecrypt } from '@polkadot/util-crypto';
import { argon2i } from 'hash-wasm';
import { fromHex } from '../../protocol/digest.js';

const MARK_SIZE_BYTES = 5;
const NONCE_SIZE_BYTES = 24;
/** Fixed in the original tools: libsodium's argon2i13 with these limits. It takes seconds and half a gigabyte, on purpose. */
const DERIVATION = {
  salt: fromHex('137183dff15a09bc9c90b5518739e9b1'),
  iterations: 8,
  memorySize: 512 * 1024,
  parallelism: 1,
  hashLength: 32,
} as const;

/** null: the password is wrong or the file is damaged. */
export async function openNacl(bytes: Uint8Array, password: Uint8Array): Promise<Uint8Array | null> {
  const nonce = bytes.subarray(MARK_SIZE_BYTES, MARK_SIZE_BYTES + NONCE_SIZE_BYTES);
  // Looked at first: a damaged file is not worth the derivation.
  if (nonce.length !== NONCE_SIZE_BYTES) return null;
  const key = await argon2i({ ...DERIVATION, password, outputType: 'binary' });
  const opened = naclDecrypt(bytes.subarray(MARK_SIZE_BYTES + NONCE_SIZE_BYTES), nonce, key);
  key.fill(0);
  return opened;
}
