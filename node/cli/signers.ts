/** From settings, environment and terminal to a key that signs. */
import { open } from 'node:fs/promises';
import { SCHEMES } from '../../chain/wallet/encrypted.js';
import { createVerify, signerFromUri } from '../../chain/wallet/keys.js';
import { passwordFromVariable, passwordVariables } from '../../chain/wallet/password-variable.js';
import { errnoOf } from '../../chain/wallet/paths.js';
import { connectSigner } from '../../chain/wallet/remote/client.js';
import { type LockedFile, openColdkey, openHotkey, type Password } from '../../chain/wallet/wallet.js';
import { walletFailure } from '../../chain/wallet-failures.js';
import { SECRET_SIZE_BYTES_MAX } from '../../config/read.js';
import type { Config } from '../../config/schema.js';
import { isFailure } from '../../protocol/failure.js';
import type { Signer } from '../../protocol/ports.js';
import { Secret } from '../../protocol/secret.js';
import { createSystemClock } from '../clock.js';
import type { Environment } from './environment.js';
import { askSecret, canAsk } from './prompt.js';

/** Mode bits of a password file that let others read it. */
const OTHERS = 0o077;

/** The hotkey of the settings: a development key, a signer process, or a wallet file. */
export async function openSigner(config: Config, env: Environment = {}): Promise<Signer> {
  const { uri, signer, path, name, hotkey, password } = config.wallet;
  if (uri !== null) return signerFromUri(uri.reveal());
  if (signer !== null) return openRemote(signer);
  return openHotkey({ walletPath: path, wallet: name, hotkey }, passwordFor(env, password));
}

export interface ColdkeyFlags {
  /** "unix:/path": the coldkey is in a signer process. */
  readonly signer?: string | undefined;
  readonly passwordFile?: string | undefined;
}

/** The coldkey of the wallet that the settings name, for the command a person has just typed. */
export async function openColdkeySigner(config: Config, env: Environment, flags: ColdkeyFlags = {}): Promise<Signer> {
  if (flags.signer !== undefined) return openRemote(flags.signer);
  const given = flags.passwordFile === undefined ? null : await readPasswordFile(flags.passwordFile);
  return openColdkey({ walletPath: config.wallet.path, wallet: config.wallet.name }, passwordFor(env, given));
}

async function openRemote(address: string): Promise<Signer> {
  const verify = await createVerify();
  return connectSigner({ clock: createSystemClock(), verify }, { socket: address.replace(/^unix:/, '') });
}

/** Where the password of a key file would come from; null: from nowhere. */
export function passwordSource(path: string, env: Environment, given: Secret | null): string | null {
  if (given !== null) return 'given';
  return passwordVariables(path).find((name) => env[name]) ?? (canAsk() ? 'terminal' : null);
}

/** What was given, else the variable of the original tools, else a person. Says what takes so long. */
export function passwordFor(env: Environment, given: Secret | null): Password {
  return async (file) => {
    const source = passwordSource(file.path, env, given);
    if (source === null) return null;
    const password = given ?? (source === 'terminal' ? await askSecret(`Password of ${file.path}: `) : fromVariable(source, env));
    if (password !== null) sayWhatTakesTime(file);
    return password;
  };
}

function fromVariable(variable: string, env: Environment): Secret {
  const password = passwordFromVariable(variable, env[variable] ?? '');
  if (password === null) throw walletFailure('wallet.bad_password_variable', { variable });
  return password;
}

function sayWhatTakesTime({ path, scheme }: LockedFile): void {
  const { title, slow } = SCHEMES[scheme];
  if (slow)
    process.stderr.write(`Opening ${path} (${title}): this takes some seconds${scheme === 'nacl' ? ' and 512 MiB of memory' : ''}.\n`);
}

/** Errors: wallet.bad_password_file. */
export async function readPasswordFile(path: string): Promise<Secret> {
  try {
    const file = await open(path, 'r');
    try {
      const { mode, size } = await file.stat();
      if ((mode & OTHERS) !== 0) {
        throw walletFailure('wallet.bad_password_file', { path, reason: `others can read it (mode ${(mode & 0o777).toString(8)})` });
      }
      if (size > SECRET_SIZE_BYTES_MAX) throw walletFailure('wallet.bad_password_file', { path, reason: `it has ${size} bytes` });
      const text = (await file.readFile('utf8')).trim();
      if (text === '') throw walletFailure('wallet.bad_password_file', { path, reason: 'it is empty' });
      return new Secret(text);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isFailure(error)) throw error;
    throw walletFailure('wallet.bad_password_file', { path, reason: errnoOf(error) }, error);
  }
}
