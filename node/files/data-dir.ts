/** The data directory: made private, proved writable, and held by one process. */
import { chmodSync, closeSync, fsyncSync, lstatSync, mkdirSync, openSync, realpathSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { nodeFailure } from '../failures.js';
import { type LockRefusal, type ProcessLock, processLockHolder, takeProcessLock } from '../process-lock.js';
import { diskFailure } from './disk-failures.js';

const LOCK_NAME = 'node.lock';

export interface DataDir {
  /** Absolute, links resolved. */
  readonly path: string;
  /** Idempotent. */
  release(): void;
}

/**
 * Make the directory (0700) if need be, check that it is ours and can be written, and take its lock.
 * Errors: node.data_dir_locked, node.data_dir_unwritable, node.data_dir_exposed, store.full, store.read_only.
 */
export function openDataDir(directory: string): DataDir {
  const path = prepareDataDir(directory);
  const lock = takeLock(path);
  if (!lock.taken) throw nodeFailure('node.data_dir_locked', { dataDir: path, pid: lock.holderPid });
  return { path, release: lock.release };
}

function takeLock(path: string): ProcessLock | LockRefusal {
  try {
    return takeProcessLock(join(path, LOCK_NAME));
  } catch (err) {
    throw diskFailure(err, path) ?? err;
  }
}

/** As `openDataDir`, without the lock: for commands beside a running daemon. Shape: the absolute path. */
export function prepareDataDir(directory: string): string {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const path = realpathSync(directory);
    const stat = lstatSync(path);
    const self = process.getuid?.() ?? stat.uid;
    if (stat.uid !== self && self !== 0) throw nodeFailure('node.data_dir_exposed', { dataDir: path, owner: stat.uid });
    if ((stat.mode & 0o077) !== 0 && stat.uid === self) chmodSync(path, 0o700);
    proveWritable(path);
    return path;
  } catch (err) {
    throw diskFailure(err, directory) ?? err;
  }
}

function proveWritable(path: string): void {
  const probe = join(path, `.probe-${process.pid}`);
  const file = openSync(probe, 'w', 0o600);
  try {
    writeSync(file, 'voxd');
    fsyncSync(file);
  } finally {
    closeSync(file);
    rmSync(probe, { force: true });
  }
}

/** The process that holds this data directory; null: none does. */
export function lockHolder(directory: string): number | null {
  return processLockHolder(join(directory, LOCK_NAME));
}
