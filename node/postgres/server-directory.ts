/** The data directory and the private socket directory of the embedded server. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { nodeFailure } from '../failures.js';
import { storeFailure } from './pg-errors.js';
import type { ServerAccount, ServerBinaries } from './server-binaries.js';

const run = promisify(execFile);

export const INITDB_TIMEOUT_MS = 120_000;
export const SERVER_PORT = 5432;
/** Older servers change their working directory while they look for their own program. */
const STAYS_IN_DIRECTORY_MAJOR = 16;
export const SERVER_USER = 'voxd';
/** sun_path holds 104 bytes on macOS and 108 on Linux, with the closing zero. */
const SOCKET_PATH_BYTES_MAX = 103;

/** Shape: data directory → major version of the data in it; null when there is none yet. */
export function dataMajor(directory: string): number | null {
  const file = join(directory, 'PG_VERSION');
  if (!existsSync(file)) return null;
  const major = Number.parseInt(readFileSync(file, 'utf8'), 10);
  return Number.isSafeInteger(major) ? major : null;
}

/**
 * How the server names its data directory. Another account than ours cannot walk through our private parents (such as /root),
 * but it can start inside the directory and call it by its working directory.
 */
export function directoryArgument(directory: string, account: ServerAccount | null, major: number): string {
  return account !== null && process.platform === 'linux' && major >= STAYS_IN_DIRECTORY_MAJOR ? '/proc/self/cwd' : directory;
}

/** Nothing of ours reaches the server's environment: it may hold secrets. */
export const SERVER_ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' } as const;

/**
 * Make an empty cluster. It is made beside and renamed, so a crash never leaves half of one.
 * Errors: store.full, store.read_only, store.server_failed.
 */
export async function initialiseCluster(
  directory: string,
  binaries: ServerBinaries,
  options: { readonly account: ServerAccount | null; readonly durable: boolean },
): Promise<void> {
  const fresh = `${directory}.new`;
  try {
    rmSync(fresh, { recursive: true, force: true });
    mkdirSync(fresh, { mode: 0o700 });
    if (options.account !== null) chownSync(fresh, options.account.uid, options.account.gid);
    const flags = ['--locale=C', '--encoding=UTF8', '--data-checksums', '--auth=trust', `--username=${SERVER_USER}`, '--no-instructions'];
    await run(
      binaries.initdb,
      ['-D', directoryArgument(fresh, options.account, binaries.major), ...flags, ...(options.durable ? [] : ['--no-sync'])],
      {
        cwd: fresh,
        env: SERVER_ENVIRONMENT,
        timeout: INITDB_TIMEOUT_MS,
        ...options.account,
      },
    );
    renameSync(fresh, directory);
  } catch (err) {
    const words = lastWords(err);
    rmSync(fresh, { recursive: true, force: true });
    if (/no space left on device|disk quota exceeded/i.test(words)) throw nodeFailure('store.full', { where: directory }, err);
    if (/read-only file system/i.test(words)) throw nodeFailure('store.read_only', { where: directory }, err);
    throw nodeFailure('store.server_failed', { step: 'make its files', reason: words.slice(-500) }, err);
  }
}

function lastWords(err: unknown): string {
  const message = err instanceof Error ? err.message : String(err);
  const said = typeof err === 'object' && err !== null && 'stderr' in err ? String(err.stderr) : '';
  return `${message} ${said}`.trim();
}

/**
 * A short directory that only the server's account (and root) may enter. Its name depends on the data directory alone.
 * Errors: store.server_failed when someone else made it first.
 */
export function socketDirectory(directory: string, account: ServerAccount | null): string {
  const owner = account?.uid ?? process.getuid?.() ?? 0;
  const name = `voxd-${owner}-${createHash('sha256').update(directory).digest('hex').slice(0, 12)}`;
  const reasons: string[] = [];
  for (const base of socketBases(account)) {
    const path = join(base, name);
    if (Buffer.byteLength(`${path}/.s.PGSQL.${SERVER_PORT}`) > SOCKET_PATH_BYTES_MAX) continue;
    try {
      claimDirectory(path, account);
    } catch (err) {
      reasons.push(err instanceof Error ? err.message : String(err));
      continue;
    }
    const stat = lstatSync(path);
    if (stat.isDirectory() && stat.uid === owner && (stat.mode & 0o077) === 0) return path;
    reasons.push(`${path} belongs to user ${stat.uid} with mode ${(stat.mode & 0o777).toString(8)}`);
  }
  throw nodeFailure('store.server_failed', { step: 'find a place for its socket', reason: reasons.join('; ') });
}

function socketBases(account: ServerAccount | null): readonly string[] {
  const own = account === null ? [`/run/user/${process.getuid?.() ?? 0}`] : ['/run'];
  return [...own, tmpdir(), '/tmp'];
}

function claimDirectory(path: string, account: ServerAccount | null): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (err) {
    if (err instanceof Error && 'code' in err && err.code === 'EEXIST') return;
    throw err;
  }
  chmodSync(path, 0o700);
  if (account !== null) chownSync(path, account.uid, account.gid);
}

/** Errors: node.data_dir_unwritable, store.full, store.read_only. */
export function makeDataDirectory(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  } catch (err) {
    const failure = storeFailure(err, dataDir);
    if (failure.code === 'store.full' || failure.code === 'store.read_only') throw failure;
    throw nodeFailure('node.data_dir_unwritable', { dataDir, reason: err instanceof Error ? err.message : String(err) }, err);
  }
}

/** A killed server leaves its socket's lock; where its number belongs to a zombie, no new server would start. The directory is free: we looked. */
export function clearSockets(sockets: string): void {
  for (const name of [`.s.PGSQL.${SERVER_PORT}`, `.s.PGSQL.${SERVER_PORT}.lock`]) rmSync(join(sockets, name), { force: true });
}
