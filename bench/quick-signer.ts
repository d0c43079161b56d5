/** Keys for benchmarks that measure how signatures are checked: signed with by the faster library, so that whoever speaks is not the limit. */
import { sr25519_keypair_from_seed, sr25519_sign } from '@polkadot-labs/schnorrkel-wasm';
import { sha256 } from '../protocol/digest.js';
import { hotkeyFromPublicKey } from '../protocol/names.js';
import type { Signer } from '../protocol/ports.js';

const SECRET_SIZE_BYTES = 64;

export interface QuickSigner extends Signer {
  readonly publicKey: Uint8Array;
  signNow(message: Uint8Array): Uint8Array;
}

/** The same key for the same name, in every process. */
export function quickSigner(name: string): QuickSigner {
  const pair = sr25519_keypair_from_seed(sha256(name, new Uint8Array()));
  const secret = pair.slice(0, SECRET_SIZE_BYTES);
  const publicKey = pair.slice(SECRET_SIZE_BYTES);
  const signNow = (message: Uint8Array) => sr25519_sign(publicKey, secret, message);
  return { hotkey: hotkeyFromPublicKey(publicKey), publicKey, signNow, sign: async (message) => signNow(message) };
}
