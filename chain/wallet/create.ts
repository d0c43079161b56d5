/** New keys on disk, as bittensor tools write them. */
import { randomBytes } from 'node:crypto';
import { chmod, link, mkdir, open, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { cryptoWaitReady } from '@polkadot/util-crypto';
import type { Hotkey } from '../../protocol/names.js';
import { walletFailure } from '../wallet-failures.js';
import { formatKeyFile, formatPublicKeyFile } from './key-file.js';
import { newWords, pairFromSeed, seedFromWords, signerOfPair } from './keys.js';
import { errnoOf, filesOf, type WalletName } from './paths.js';
import { publicAddress } from './wallet.js';

const OWNER_ONLY = 0o600;

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
  const hotkeyWords = words ?? newWords();
  const seed = seedFromWords(hotkeyWords);
  const pair = pairFromSeed(seed);
  const { files, coldkey: coldkeyKnown } = await planWallet({ walletPath: path, wallet, hotkey });

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

/** Where the files of a new hotkey go, and the coldkey that the wallet has (null: one would be made). Errors: wallet.bad_name, exists, malformed. */
export async function planWallet(
  name: WalletName,
): Promise<{ readonly files: ReturnType<typeof filesOf>; readonly coldkey: Hotkey | null }> {
  const files = filesOf(name);
  if (await exists(files.hotkey)) throw walletFailure('wallet.exists', { path: files.hotkey });
  const coldkey = await publicAddress(files.coldkeyPublic);
  if (coldkey === null && ((await exists(files.coldkeyPublic)) || (await exists(files.coldkey)))) {
    throw walletFailure('wallet.malformed', {
      path: files.coldkeyPublic,
      reason: 'there is a coldkey, but its public half cannot be read',
    });
  }
  return { files, coldkey };
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
