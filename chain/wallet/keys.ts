/** sr25519 keys as signers, and the verification of signatures. Signing context "substrate", as the chain has it. */
import { DEV_PHRASE } from '@polkadot/keyring/defaults';
import {
  cryptoWaitReady,
  keyExtractSuri,
  keyFromPath,
  mnemonicGenerate,
  mnemonicToMiniSecret,
  mnemonicValidate,
  sr25519PairFromSeed,
  sr25519Sign,
  sr25519Verify,
} from '@polkadot/util-crypto';
// The WebAssembly code itself: @polkadot/util-crypto signs in JavaScript, five times slower.
import { sr25519Sign as signInWasm, waitReady } from '@polkadot/wasm-crypto';
import { type Hotkey, hotkeyFromPublicKey, publicKeyOf } from '../../protocol/names.js';
import type { Signer, Verify } from '../../protocol/ports.js';
import { Secret } from '../../protocol/secret.js';
import { walletFailure } from '../wallet-failures.js';

/** An sr25519 pair; the 64 secret bytes are as polkadot has them: scalar times 8, then nonce. */
export interface KeyPair {
  readonly publicKey: Uint8Array;
  readonly secretKey: Secret<Uint8Array>;
}

export const SECRET_KEY_SIZE_BYTES = 64;
export const SEED_SIZE_BYTES = 32;
const SIGNATURE_SIZE_BYTES = 64;

/** A signer that holds the pair; nothing else keeps the secret. */
export function signerOfPair({ publicKey, secretKey }: KeyPair): Signer {
  return {
    hotkey: hotkeyFromPublicKey(publicKey),
    sign: async (message) => {
      await waitReady();
      return signInWasm(publicKey, secretKey.reveal(), message);
    },
  };
}

/**
 * A development key by its text, such as "//Alice" or "//Alice//hot". Everybody knows these.
 *
 * Errors: wallet.bad_uri. The text itself is in no message.
 */
export async function signerFromUri(uri: string): Promise<Signer> {
  await cryptoWaitReady();
  const root = uri.split('/', 1)[0] ?? '';
  // The keyring would take any short text for a seed.
  if (uri === '' || !(root === '' || /^0x[0-9a-f]{64}$/i.test(root) || mnemonicValidate(root))) {
    throw walletFailure('wallet.bad_uri', { reason: 'it is neither a derivation path nor words nor a seed' });
  }
  try {
    const { phrase, path, password } = keyExtractSuri(root === '' ? `${DEV_PHRASE}${uri}` : uri);
    const seed = /^0x/i.test(phrase) ? Buffer.from(phrase.slice(2), 'hex') : mnemonicToMiniSecret(phrase, password);
    const { publicKey, secretKey } = keyFromPath(sr25519PairFromSeed(seed), path, 'sr25519');
    return signerOfPair({ publicKey, secretKey: new Secret(secretKey) });
  } catch {
    throw walletFailure('wallet.bad_uri', { reason: 'its derivation path is malformed' });
  }
}

/** Verification of sr25519 signatures, once its code is loaded. Never throws. */
export async function createVerify(): Promise<Verify> {
  await cryptoWaitReady();
  return (message, signature, signer: Hotkey) => {
    if (signature.length !== SIGNATURE_SIZE_BYTES) return false;
    try {
      return sr25519Verify(message, signature, publicKeyOf(signer));
    } catch {
      return false;
    }
  };
}

/** Shape: 32-byte seed → pair. */
export function pairFromSeed(seed: Uint8Array): KeyPair {
  const { publicKey, secretKey } = sr25519PairFromSeed(seed);
  return { publicKey, secretKey: new Secret(secretKey) };
}

/** Shape: words → seed. Errors: wallet.bad_words. */
export function seedFromWords(words: string): Uint8Array {
  const plain = words.trim().split(/\s+/).join(' ').toLowerCase();
  if (!mnemonicValidate(plain)) throw walletFailure('wallet.bad_words', { reason: 'a word is unknown, missing or out of place' });
  return mnemonicToMiniSecret(plain);
}

/** Twelve fresh words. */
export function newWords(): string {
  return mnemonicGenerate(12);
}

/**
 * The secret as wallet files hold it (canonical scalar, then nonce) → as polkadot signs with it (scalar · 8, then nonce). Unconverted it
 * would make invalid signatures without an error.
 */
export function fromCanonicalSecret(canonical: Uint8Array): Uint8Array {
  return shiftScalar(canonical, (scalar) => (scalar << 3n) & SCALAR_MASK);
}

/** The way back: what a wallet file holds. */
export function toCanonicalSecret(secretKey: Uint8Array): Uint8Array {
  return shiftScalar(secretKey, (scalar) => scalar >> 3n);
}

const SCALAR_SIZE_BYTES = 32;
const SCALAR_MASK = (1n << 256n) - 1n;

function shiftScalar(key: Uint8Array, change: (scalar: bigint) => bigint): Uint8Array {
  const out = Uint8Array.from(key);
  let scalar = 0n;
  for (let i = SCALAR_SIZE_BYTES - 1; i >= 0; i -= 1) scalar = (scalar << 8n) | BigInt(key[i] ?? 0);
  scalar = change(scalar);
  for (let i = 0; i < SCALAR_SIZE_BYTES; i += 1) {
    out[i] = Number(scalar & 0xffn);
    scalar >>= 8n;
  }
  return out;
}

/** Does this secret sign for this public key? Asked once after a key is read. */
export function isPair({ publicKey, secretKey }: KeyPair): boolean {
  const probe = new TextEncoder().encode('voxd/key-check');
  try {
    return sr25519Verify(probe, sr25519Sign(probe, { publicKey, secretKey: secretKey.reveal() }), publicKey);
  } catch {
    return false;
  }
}
