/** Key files encrypted by bittensor tools: "$NACL", a nonce, and a secretbox under an argon2i key. */
import { naclDecrypt } from '@polkadot/util-crypto';
import { argon2i } from 'hash-wasm';
import { fromHex } from '../../protocol/digest.js';
import type { Secret } from '../../protocol/secret.js';
import { walletFailure } from '../wallet-failures.js';

const MARK = Buffer.from('$NACL');
const NONCE_SIZE_BYTES = 24;
/** Fixed in the original tools: libsodium's argon2i13 with these limits. It takes seconds and half a gigabyte, on purpose. */
const DERIVATION = {
  salt: fromHex('137183dff15a09bc9c90b5518739e9b1'),
  iterations: 8,
  memorySize: 512 * 1024,
  parallelism: 1,
  hashLength: 32,
} as const;

export function isEncrypted(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, MARK.length)).equals(MARK);
}

/**
 * Shape: the whole file → the JSON text inside.
 *
 * Errors: wallet.bad_password.
 * Source: btwallet, keyfile.rs.
 */
export async function decryptKeyFile(path: string, bytes: Uint8Array, password: Secret): Promise<string> {
  const key = await argon2i({ ...DERIVATION, password: password.reveal(), outputType: 'binary' });
  const nonce = bytes.subarray(MARK.length, MARK.length + NONCE_SIZE_BYTES);
  const box = bytes.subarray(MARK.length + NONCE_SIZE_BYTES);
  const opened = nonce.length === NONCE_SIZE_BYTES ? naclDecrypt(box, nonce, key) : null;
  if (opened === null) throw walletFailure('wallet.bad_password', { path });
  return Buffer.from(opened).toString('utf8');
}
