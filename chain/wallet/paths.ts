/** Where bittensor tools keep keys, and what is there. */
import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { walletFailure } from '../wallet-failures.js';

export const DEFAULT_WALLET_PATH = '~/.bittensor/wallets';
/** Names told in a failure: the first ones are enough to see the mistake. */
const NAMES_TOLD_MAX = 8;

export interface WalletName {
  /** Folder of the wallets; "~/" is the home folder. */
  readonly walletPath: string;
  readonly wallet: string;
  readonly hotkey: string;
}

/** Absolute, unless the folder of the wallets was given as a relative path. */
export interface WalletFiles {
  readonly folder: string;
  readonly hotkey: string;
  readonly hotkeyPublic: string;
  readonly coldkey: string;
  readonly coldkeyPublic: string;
}

/** Errors: wallet.bad_name. */
export function filesOf({ walletPath, wallet, hotkey }: WalletName): WalletFiles {
  for (const name of [wallet, hotkey]) {
    if (!isWalletName(name)) throw walletFailure('wallet.bad_name', { name: name.slice(0, 80) });
  }
  const folder = join(rootOf(walletPath), wallet);
  return {
    folder,
    hotkey: join(folder, 'hotkeys', hotkey),
    hotkeyPublic: join(folder, 'hotkeys', `${hotkey}pub.txt`),
    coldkey: join(folder, 'coldkey'),
    coldkeyPublic: join(folder, 'coldkeypub.txt'),
  };
}

export function rootOf(walletPath: string): string {
  return walletPath === '~' || walletPath.startsWith('~/') ? join(homedir(), walletPath.slice(1)) : walletPath;
}

export function isWalletName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name);
}

/** Names of the hotkeys that have a file of their own, sorted. */
export async function hotkeyNames(folder: string): Promise<readonly string[]> {
  return (await namesIn(join(folder, 'hotkeys'))).filter((name) => !name.endsWith('pub.txt'));
}

/** One sentence on what there is instead of the file that was asked for. */
export async function whatIsThere({ walletPath, wallet, hotkey }: WalletName): Promise<string> {
  const { folder } = filesOf({ walletPath, wallet, hotkey });
  const root = join(folder, '..');
  const hotkeys = await hotkeyNames(folder);
  if (hotkeys.length > 0) return `Wallet "${wallet}" has the hotkeys ${told(hotkeys)}.`;
  const wallets = await namesIn(root);
  if (wallets.includes(wallet)) return `Wallet "${wallet}" has no hotkeys.`;
  return wallets.length > 0 ? `${root} has the wallets ${told(wallets)}.` : `${root} has no wallets.`;
}

function told(names: readonly string[]): string {
  const more = names.length > NAMES_TOLD_MAX ? ' and others' : '';
  return names.slice(0, NAMES_TOLD_MAX).join(', ') + more;
}

/** Visible names in a folder, sorted; none where there is no folder. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder).catch(() => [])).filter((name) => !name.startsWith('.')).sort();
}

export function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
