/** Key files encrypted by bittensor tools, now and earlier: what a file looks like from outside, and the way into it. */
import type { Secret } from '../../protocol/secret.js';
import { walletFailure } from '../wallet-failures.js';
import { openAnsibleVault } from './ansible-vault.js';
import { openFernet } from './fernet.js';
import { openNacl } from './nacl.js';

export type Scheme = 'nacl' | 'ansible' | 'fernet';

interface SchemeForm {
  readonly mark: string;
  readonly title: string;
  /** Deriving its key takes so long that a person wants to be told. */
  readonly slow: boolean;
  /** Shape: whole file, password → the text inside; null: the password is wrong or the file is damaged. */
  open(bytes: Uint8Array, password: Uint8Array): Promise<Uint8Array | null>;
}

export const SCHEMES: Readonly<Record<Scheme, SchemeForm>> = {
  nacl: { mark: '$NACL', title: 'NaCl secretbox', slow: true, open: openNacl },
  ansible: { mark: '$ANSIBLE_VAULT', title: 'Ansible vault, an old form', slow: false, open: openAnsibleVault },
  fernet: { mark: 'gAAAAA', title: 'Fernet, an old form', slow: true, open: openFernet },
};
const NAMES: readonly Scheme[] = ['nacl', 'ansible', 'fernet'];

/** null: it is not encrypted in a form we know. */
export function schemeOf(bytes: Uint8Array): Scheme | null {
  const start = Buffer.from(bytes.subarray(0, 16)).toString('latin1');
  return NAMES.find((name) => start.startsWith(SCHEMES[name].mark)) ?? null;
}

/**
 * Shape: the whole file → the bytes of the JSON inside; the caller wipes them.
 *
 * Errors: wallet.bad_password.
 * Source: btwallet, keyfile.rs.
 */
export async function decryptKeyFile(path: string, bytes: Uint8Array, scheme: Scheme, password: Secret): Promise<Uint8Array> {
  const passwordBytes = Buffer.from(password.reveal(), 'utf8');
  const opened = await SCHEMES[scheme].open(bytes, passwordBytes).finally(() => passwordBytes.fill(0));
  if (opened === null) throw walletFailure('wallet.bad_password', { path });
  return opened;
}
