/** Bittensor wallets on disk, as they are. A node opens the hotkey only; a coldkey never has to be on the machine. */
import { open } from 'node:fs/promises';
import { cryptoWaitReady } from '@polkadot/util-crypto';
import { isFailure } from '../../protocol/failure.js';
import type { Hotkey } from '../../protocol/names.js';
import type { Signer } from '../../protocol/ports.js';
import { Secret } from '../../protocol/secret.js';
import { walletFailure } from '../wallet-failures.js';
import { decryptKeyFile, SCHEMES, type Scheme, schemeOf } from './encrypted.js';
import { KEY_FILE_SIZE_BYTES_MAX, type KeyFile, parseKeyFile } from './key-file.js';
import { signerOfPair } from './keys.js';
import { errnoOf, filesOf, type WalletName, whatIsThere } from './paths.js';

const OTHERS = 0o077;

/** An encrypted key file whose password is wanted. */
export interface LockedFile {
  readonly path: string;
  readonly scheme: Scheme;
}

/** The password, or where it comes from once it is known to be needed; null: there is none. */
export type Password = Secret | null | ((file: LockedFile) => Promise<Secret | null>);

/**
 * The hotkey of a wallet as a signer.
 *
 * Errors: wallet.bad_name, not_found, unreadable, open_to_others, encrypted (no password given), bad_password, malformed, no_secret.
 */
export async function openHotkey(name: WalletName, password: Password = null): Promise<Signer> {
  return openKey(name, filesOf(name).hotkey, password);
}

/**
 * The coldkey of a wallet as a signer: for commands that a person runs, and for development networks where a node registers itself.
 *
 * Errors: as openHotkey.
 */
export async function openColdkey(name: Omit<WalletName, 'hotkey'>, password: Password = null): Promise<Signer> {
  const whole = { ...name, hotkey: 'default' };
  return openKey(whole, filesOf(whole).coldkey, password);
}

async function openKey(name: WalletName, path: string, password: Password): Promise<Signer> {
  const { pair } = await readSecretFile(path, () => whatIsThere(name), password);
  if (pair === null) throw walletFailure('wallet.no_secret', { path });
  return signerOfPair(pair);
}

async function readSecretFile(path: string, found: () => Promise<string>, password: Password): Promise<KeyFile> {
  await cryptoWaitReady();
  const bytes = await readKeyBytes(path, true, found);
  const text = await plainText(path, bytes, password);
  bytes.fill(0);
  const parsed = parseKeyFile(path, text);
  if (!parsed.ok) throw parsed.error;
  return parsed.value;
}

async function plainText(path: string, bytes: Buffer, password: Password): Promise<string> {
  const scheme = schemeOf(bytes);
  if (scheme === null) return bytes.toString('utf8');
  const given = password === null || password instanceof Secret ? password : await password({ path, scheme });
  if (given === null) throw walletFailure('wallet.encrypted', { path, scheme: SCHEMES[scheme].title });
  const opened = await decryptKeyFile(path, bytes, scheme, given);
  const text = Buffer.from(opened).toString('utf8');
  opened.fill(0);
  return text;
}

/** The whole file. Mode and content come from one open file, so it cannot be exchanged between the look and the reading. */
export async function readKeyBytes(path: string, secret: boolean, found: () => Promise<string>): Promise<Buffer> {
  try {
    const file = await open(path, 'r');
    try {
      const { mode, size } = await file.stat();
      if (secret && process.platform !== 'win32' && (mode & OTHERS) !== 0) {
        throw walletFailure('wallet.open_to_others', { path, mode: (mode & 0o777).toString(8) });
      }
      if (size > KEY_FILE_SIZE_BYTES_MAX) throw walletFailure('wallet.malformed', { path, reason: `it has ${size} bytes` });
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isFailure(error)) throw error;
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') throw walletFailure('wallet.not_found', { path, found: await found() }, error);
    throw walletFailure('wallet.unreadable', { path, reason: code }, error);
  }
}

/** Whose public file that is; null: it is not there, or no such file. */
export async function publicAddress(path: string): Promise<Hotkey | null> {
  await cryptoWaitReady();
  const bytes = await readKeyBytes(path, false, async () => '').catch(() => null);
  if (bytes === null) return null;
  const parsed = parseKeyFile(path, bytes.toString('utf8'));
  return parsed.ok ? parsed.value.address : null;
}
