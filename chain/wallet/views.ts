/** What wallets hold, in public terms: nothing is decrypted, no secret is kept. */
import { stat } from 'node:fs/promises';
import { cryptoWaitReady } from '@polkadot/util-crypto';
import { type Failure, isFailure } from '../../protocol/failure.js';
import type { Hotkey } from '../../protocol/names.js';
import { walletFailure } from '../wallet-failures.js';
import { type Scheme, schemeOf } from './encrypted.js';
import { parseKeyFile } from './key-file.js';
import { filesOf, hotkeyNames, isWalletName, namesIn, rootOf, type WalletName, whatIsThere } from './paths.js';
import { publicAddress, readKeyBytes } from './wallet.js';

/** Hotkeys that one listing looks into. */
export const HOTKEYS_LISTED_MAX = 1_000;

/** How a key file keeps its secret: openly, encrypted, or not at all. */
export type KeyForm = 'plain' | Scheme | 'public';

export interface KeyView {
  readonly path: string;
  readonly address: Hotkey | null;
  /** null: the file could not be looked into. */
  readonly form: KeyForm | null;
  /** Why nobody could sign with it, password or not; null: one could. */
  readonly trouble: Failure | null;
}

export interface WalletView {
  readonly folder: string;
  readonly hotkey: KeyView;
  readonly coldkey: Hotkey | null;
  /** The coldkey's secret file, where it is on this machine: a node has no use for it. */
  readonly coldkeyFile: KeyView | null;
}

/** Errors: wallet.bad_name; everything else is in `trouble`. */
export async function showWallet(name: WalletName): Promise<WalletView> {
  const files = filesOf(name);
  const hotkey = await viewKey(files.hotkey, files.hotkeyPublic, () => whatIsThere(name));
  return { folder: files.folder, hotkey, ...(await coldkeyOf(files)) };
}

export interface WalletListing {
  readonly root: string;
  readonly wallets: readonly (Omit<WalletView, 'hotkey'> & {
    readonly name: string;
    readonly hotkeys: readonly (KeyView & { readonly name: string })[];
  })[];
  /** Hotkeys beyond `HOTKEYS_LISTED_MAX`. */
  readonly leftOut: number;
}

/** Every wallet of a folder, by name. A folder that is not there has none. */
export async function listWallets(walletPath: string): Promise<WalletListing> {
  const root = rootOf(walletPath);
  const wallets = [];
  let listed = 0;
  let leftOut = 0;
  for (const name of (await namesIn(root)).filter(isWalletName)) {
    const files = filesOf({ walletPath, wallet: name, hotkey: 'default' });
    if (!(await isFolder(files.folder))) continue;
    const hotkeys = [];
    for (const hotkey of (await hotkeyNames(files.folder)).filter(isWalletName)) {
      listed += 1;
      if (listed > HOTKEYS_LISTED_MAX) {
        leftOut += 1;
        continue;
      }
      const of = filesOf({ walletPath, wallet: name, hotkey });
      hotkeys.push({ name: hotkey, ...(await viewKey(of.hotkey, of.hotkeyPublic, async () => '')) });
    }
    wallets.push({ name, folder: files.folder, ...(await coldkeyOf(files)), hotkeys });
  }
  return { root, wallets, leftOut };
}

async function coldkeyOf(files: { readonly coldkey: string; readonly coldkeyPublic: string }) {
  const here = await stat(files.coldkey).then(
    () => true,
    () => false,
  );
  const coldkeyFile = here ? await viewKey(files.coldkey, files.coldkeyPublic, async () => '') : null;
  return { coldkey: (await publicAddress(files.coldkeyPublic)) ?? coldkeyFile?.address ?? null, coldkeyFile };
}

async function viewKey(path: string, publicPath: string, found: () => Promise<string>): Promise<KeyView> {
  await cryptoWaitReady();
  const bytes = await readKeyBytes(path, true, found).catch((error: unknown) => {
    if (isFailure(error)) return error;
    throw error;
  });
  // A key file that is open to others still tells whose it is.
  if (isFailure(bytes)) {
    return { path, address: (await publicAddress(publicPath)) ?? (await publicAddress(path)), form: null, trouble: bytes };
  }
  const scheme = schemeOf(bytes);
  if (scheme !== null) return { path, address: await publicAddress(publicPath), form: scheme, trouble: null };
  const parsed = parseKeyFile(path, bytes.toString('utf8'));
  bytes.fill(0);
  if (!parsed.ok) return { path, address: await publicAddress(publicPath), form: null, trouble: parsed.error };
  const { address, pair } = parsed.value;
  pair?.secretKey.reveal().fill(0);
  if (pair === null) return { path, address, form: 'public', trouble: walletFailure('wallet.no_secret', { path }) };
  return { path, address, form: 'plain', trouble: null };
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
