/** Bittensor wallets on disk, as they are. A node opens the hotkey only; a coldkey never has to be on the machine. */

import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, open, readdir, stat, unlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { cryptoWaitReady } from '@polkadot/util-crypto';
import { type Failure, isFailure } from '../../protocol/failure.js';
import type { Hotkey } from '../../protocol/names.js';
import type { Signer } from '../../protocol/ports.js';
import type { Secret } from '../../protocol/secret.js';
import { walletFailure } from '../wallet-failures.js';
import { decryptKeyFile, isEncrypted } from './encrypted.js';
import { formatKeyFile, formatPublicKeyFile, KEY_FILE_SIZE_BYTES_MAX, type KeyFile, parseKeyFile } from './key-file.js';
import { newWords, pairFromSeed, seedFromWords, signerOfPair } from './keys.js';

export const DEFAULT_WALLET_PATH = '~/.bittensor/wallets';
/** Names told in a failure: the first ones are enough to see the mistake. */
const NAMES_TOLD_MAX = 8;
const OWNER_ONLY = 0o600;
const OTHERS = 0o077;

export interface WalletName {
  /** Folder of the wallets; "~/" is the home folder. */
  readonly walletPath: string;
  readonly wallet: string;
  readonly hotkey: string;
}

interface WalletFiles {
  readonly folder: string;
  readonly hotkey: string;
  readonly hotkeyPublic: string;
  readonly coldkey: string;
  readonly coldkeyPublic: string;
}

function filesOf({ walletPath, wallet, hotkey }: WalletName): WalletFiles {
  for (const name of [wallet, hotkey]) {
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)) throw walletFailure('wallet.bad_name', { name: name.slice(0, 80) });
  }
  const root = walletPath === '~' || walletPath.startsWith('~/') ? join(homedir(), walletPath.slice(1)) : walletPath;
  const folder = join(root, wallet);
  return {
    folder,
    hotkey: join(folder, 'hotkeys', hotkey),
    hotkeyPublic: join(folder, 'hotkeys', `${hotkey}pub.txt`),
    coldkey: join(folder, 'coldkey'),
    coldkeyPublic: join(folder, 'coldkeypub.txt'),
  };
}

/**
 * The hotkey of a wallet as a signer.
 *
 * Errors: wallet.bad_name, not_found, unreadable, open_to_others, encrypted (no password given), bad_password, malformed, no_secret.
 */
export async function openHotkey(name: WalletName, password: Secret | null = null): Promise<Signer> {
  const { hotkey: path } = filesOf(name);
  const { pair } = await readSecretFile(path, () => whatIsThere(name), password);
  if (pair === null) throw walletFailure('wallet.no_secret', { path });
  return signerOfPair(pair);
}

/**
 * An unencrypted coldkey as a signer: for development networks, where the node registers itself.
 *
 * Errors: as openHotkey.
 */
export async function openColdkey(name: WalletName): Promise<Signer> {
  const { coldkey: path } = filesOf(name);
  const { pair } = await readSecretFile(path, () => whatIsThere(name), null);
  if (pair === null) throw walletFailure('wallet.no_secret', { path });
  return signerOfPair(pair);
}

export interface WalletView {
  readonly folder: string;
  readonly hotkeyPath: string;
  readonly hotkey: Hotkey | null;
  readonly coldkey: Hotkey | null;
  /** A coldkey is on this machine: a node has no use for it. */
  readonly coldkeyHere: boolean;
  /** Why the node could not use the hotkey; null: it can. */
  readonly trouble: Failure | null;
}

/** What a wallet holds, in public terms. Errors: wallet.bad_name; everything else is in `trouble`. */
export async function showWallet(name: WalletName): Promise<WalletView> {
  const files = filesOf(name);
  const opened = await openHotkey(name).catch(failureOf);
  const trouble = isFailure(opened) ? opened : null;
  const hotkey = isFailure(opened) ? ((await publicAddress(files.hotkeyPublic)) ?? (await publicAddress(files.hotkey))) : opened.hotkey;
  return {
    folder: files.folder,
    hotkeyPath: files.hotkey,
    hotkey,
    coldkey: await publicAddress(files.coldkeyPublic),
    coldkeyHere: await exists(files.coldkey),
    trouble,
  };
}

export interface CreatedWallet {
  readonly folder: string;
  readonly hotkeyPath: string;
  readonly hotkey: Hotkey;
  readonly coldkey: Hotkey;
  /** To be written down by the owner; null where they were given. Not kept anywhere but in the hotkey file. */
  readonly hotkeyWords: string | null;
  /** Of the coldkey: shown once and written nowhere. Null where the wallet has a coldkey already. */
  readonly coldkeyWords: string | null;
}

/**
 * Makes a hotkey (from `words`, or new ones) and, where the wallet has none yet, a coldkey whose public half alone is written. Files are written
 * whole or not at all, with mode 600, and never over another.
 *
 * Errors: wallet.bad_name, bad_words, exists, cannot_write.
 */
export async function createWallet({
  path,
  wallet,
  hotkey,
  words,
}: {
  readonly path: string;
  readonly wallet: string;
  readonly hotkey: string;
  readonly words?: string;
}): Promise<CreatedWallet> {
  await cryptoWaitReady();
  const files = filesOf({ walletPath: path, wallet, hotkey });
  const hotkeyWords = words ?? newWords();
  const seed = seedFromWords(hotkeyWords);
  const pair = pairFromSeed(seed);
  if (await exists(files.hotkey)) throw walletFailure('wallet.exists', { path: files.hotkey });
  const coldkeyKnown = await publicAddress(files.coldkeyPublic);
  if (coldkeyKnown === null && ((await exists(files.coldkeyPublic)) || (await exists(files.coldkey)))) {
    throw walletFailure('wallet.malformed', {
      path: files.coldkeyPublic,
      reason: 'there is a coldkey, but its public half cannot be read',
    });
  }

  await makeFolder(join(files.folder, 'hotkeys'));
  const coldkeyWords = coldkeyKnown === null ? newWords() : null;
  const coldPair = coldkeyWords === null ? null : pairFromSeed(seedFromWords(coldkeyWords));
  await writeNew(files.hotkey, formatKeyFile({ words: hotkeyWords.trim().split(/\s+/).join(' ').toLowerCase(), seed, pair }));
  if (!(await exists(files.hotkeyPublic))) await writeNew(files.hotkeyPublic, formatPublicKeyFile(pair.publicKey));
  if (coldPair !== null) await writeNew(files.coldkeyPublic, formatPublicKeyFile(coldPair.publicKey));
  return {
    folder: files.folder,
    hotkeyPath: files.hotkey,
    hotkey: signerOfPair(pair).hotkey,
    coldkey: coldPair === null ? coldkeyKnown! : signerOfPair(coldPair).hotkey,
    hotkeyWords: words === undefined ? hotkeyWords : null,
    coldkeyWords,
  };
}

async function readSecretFile(path: string, found: () => Promise<string>, password: Secret | null): Promise<KeyFile> {
  await cryptoWaitReady();
  const bytes = await readKeyBytes(path, true, found);
  const text = password !== null && isEncrypted(bytes) ? await decryptKeyFile(path, bytes, password) : bytes.toString('utf8');
  const parsed = parseKeyFile(path, text);
  if (!parsed.ok) throw parsed.error;
  return parsed.value;
}

/** Mode and content come from one open file, so it cannot be exchanged between the look and the reading. */
async function readKeyBytes(path: string, secret: boolean, found: () => Promise<string>): Promise<Buffer> {
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

async function publicAddress(path: string): Promise<Hotkey | null> {
  await cryptoWaitReady();
  const bytes = await readKeyBytes(path, false, async () => '').catch(() => null);
  if (bytes === null) return null;
  const parsed = parseKeyFile(path, bytes.toString('utf8'));
  return parsed.ok ? parsed.value.address : null;
}

/** One sentence on what there is instead of the file that was asked for. */
async function whatIsThere({ walletPath, wallet, hotkey }: WalletName): Promise<string> {
  const { folder } = filesOf({ walletPath, wallet, hotkey });
  const root = join(folder, '..');
  const hotkeys = (await namesIn(join(folder, 'hotkeys'))).filter((name) => !name.endsWith('pub.txt'));
  if (hotkeys.length > 0) return `Wallet "${wallet}" has the hotkeys ${told(hotkeys)}.`;
  const wallets = await namesIn(root);
  if (wallets.includes(wallet)) return `Wallet "${wallet}" has no hotkeys.`;
  return wallets.length > 0 ? `${root} has the wallets ${told(wallets)}.` : `${root} has no wallets.`;
}

function told(names: readonly string[]): string {
  const more = names.length > NAMES_TOLD_MAX ? ' and others' : '';
  return names.slice(0, NAMES_TOLD_MAX).join(', ') + more;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder).catch(() => [])).filter((name) => !name.startsWith('.')).sort();
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw walletFailure('wallet.cannot_write', { path: folder, reason: errnoOf(error) }, error);
  }
}

/** A whole file or none, never over another: written beside, then linked to its name, which fails where the name is taken. */
async function writeNew(path: string, text: string): Promise<void> {
  const beside = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = await open(beside, 'wx', OWNER_ONLY);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await chmod(beside, OWNER_ONLY);
    await link(beside, path);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw walletFailure('wallet.exists', { path }, error);
    throw walletFailure('wallet.cannot_write', { path, reason: errnoOf(error) }, error);
  } finally {
    await unlink(beside).catch(() => undefined);
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function failureOf(error: unknown): Failure {
  if (isFailure(error)) return error;
  throw error;
}

function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
