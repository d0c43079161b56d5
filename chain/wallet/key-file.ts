/** The text of a bittensor key file → a key. The one place where such a file becomes a value. */
import { z } from 'zod';
import { fromHex, toHex } from '../../protocol/digest.js';
import { type Failure, isFailure } from '../../protocol/failure.js';
import { type Hotkey, hotkeyFromPublicKey, parseHotkey, publicKeyOf } from '../../protocol/names.js';
import { err, ok, type Result } from '../../protocol/result.js';
import { Secret } from '../../protocol/secret.js';
import { walletFailure } from '../wallet-failures.js';
import {
  fromCanonicalSecret,
  isPair,
  type KeyPair,
  pairFromSeed,
  SECRET_KEY_SIZE_BYTES,
  SEED_SIZE_BYTES,
  seedFromWords,
  toCanonicalSecret,
} from './keys.js';

/** A key file is some 500 bytes. */
export const KEY_FILE_SIZE_BYTES_MAX = 64 * 1024;

const field = () => z.string().nullish();
/** The scheme that the chain's hotkeys have; files without the field are of it. */
const SR25519 = 1;
const keyFile = z.object({
  cryptoType: z.number().nullish(),
  accountId: field(),
  publicKey: field(),
  privateKey: field(),
  secretPhrase: field(),
  secretSeed: field(),
  ss58Address: field(),
});
type KeyFileFields = z.output<typeof keyFile>;

/** What a key file holds: whose it is, and the pair unless it is a public file. */
export interface KeyFile {
  readonly address: Hotkey;
  readonly pair: KeyPair | null;
}

/**
 * Reads the fields in the order of the original: words, seed, private key, address. What the file says about its own public key must be true.
 *
 * Errors: wallet.malformed. No secret is in any message. The crypto code must be loaded (`cryptoWaitReady`).
 */
export function parseKeyFile(path: string, text: string): Result<KeyFile, Failure> {
  const malformed = (reason: string) => err(walletFailure('wallet.malformed', { path, reason }));

  const parsed = keyFile.safeParse(jsonOf(text));
  if (!parsed.success) return malformed('it is not the JSON of a key');
  if ((parsed.data.cryptoType ?? SR25519) !== SR25519) return malformed('it is a key of another kind (ed25519); hotkeys here are sr25519');
  const stated = statedKeys(parsed.data);
  if (!stated.ok) return malformed(stated.error);
  const made = pairOf(parsed.data, stated.value[0] ?? null);
  if (!made.ok) return malformed(made.error);
  const pair = made.value;

  const publicKey = pair?.publicKey ?? stated.value[0];
  if (publicKey === undefined) return malformed('it holds neither a secret nor an address');
  if (stated.value.some((other) => toHex(other) !== toHex(publicKey))) return malformed('its parts belong to different keys');
  if (pair !== null && !isPair(pair)) return malformed('its private key does not belong to its public key');
  return ok({ address: hotkeyFromPublicKey(publicKey), pair });
}

/** The text of a key file with everything in it, as the original tools write it. */
export function formatKeyFile({
  words,
  seed,
  pair,
}: {
  readonly words: string | null;
  readonly seed: Uint8Array;
  readonly pair: KeyPair;
}): string {
  const publicKey = `0x${toHex(pair.publicKey)}`;
  return JSON.stringify({
    accountId: publicKey,
    publicKey,
    privateKey: `0x${toHex(toCanonicalSecret(pair.secretKey.reveal()))}`,
    secretPhrase: words,
    secretSeed: `0x${toHex(seed)}`,
    ss58Address: hotkeyFromPublicKey(pair.publicKey),
  });
}

export function formatPublicKeyFile(publicKey: Uint8Array): string {
  const hex = `0x${toHex(publicKey)}`;
  return JSON.stringify({ accountId: hex, publicKey: hex, ss58Address: hotkeyFromPublicKey(publicKey) });
}

/** Every public key that the file states, in whatever form. */
function statedKeys({ publicKey, accountId, ss58Address }: KeyFileFields): Result<readonly Uint8Array[], string> {
  const keys: Uint8Array[] = [];
  for (const [name, value] of Object.entries({ publicKey, accountId })) {
    if (!value) continue;
    const bytes = bytesOf(value, SEED_SIZE_BYTES);
    if (bytes === null) return err(`${name} is not 32 bytes in hex`);
    keys.push(bytes);
  }
  if (ss58Address) {
    const address = parseHotkey(ss58Address);
    if (!address.ok) return err(`ss58Address: ${address.error}`);
    keys.push(publicKeyOf(address.value));
  }
  return ok(keys);
}

function pairOf({ secretPhrase, secretSeed, privateKey }: KeyFileFields, publicKey: Uint8Array | null): Result<KeyPair | null, string> {
  if (secretPhrase) return pairFromWords(secretPhrase);
  if (secretSeed) {
    const seed = bytesOf(secretSeed, SEED_SIZE_BYTES);
    return seed === null ? err('secretSeed is not 32 bytes in hex') : ok(pairFromSeed(seed));
  }
  if (!privateKey) return ok(null);
  const canonical = bytesOf(privateKey, SECRET_KEY_SIZE_BYTES);
  if (canonical === null) return err('privateKey is not 64 bytes in hex');
  if (publicKey === null) return err('a private key alone does not tell its address: publicKey or ss58Address must be there');
  return ok({ publicKey, secretKey: new Secret(fromCanonicalSecret(canonical)) });
}

function pairFromWords(words: string): Result<KeyPair, string> {
  try {
    return ok(pairFromSeed(seedFromWords(words)));
  } catch (error) {
    if (!isFailure(error)) throw error;
    return err('secretPhrase: a word is unknown, missing or out of place');
  }
}

function bytesOf(hex: string, sizeBytes: number): Uint8Array | null {
  const digits = hex.startsWith('0x') ? hex.slice(2) : hex;
  return digits.length === 2 * sizeBytes && /^[0-9a-f]+$/i.test(digits) ? fromHex(digits) : null;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
