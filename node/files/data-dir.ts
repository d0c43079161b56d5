/** The data directory: made private, proved writable, and held by one process. */
import { chmodSync, closeSync, fsyncSync, lstatSync, mkdirSync, openSync, readFileSync, realpathSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { nodeFailure } from '../failures.js';
import { diskFailure, errorCode } from './disk-failures.js';

const LOCK_NAME = 'node.lock';
const TAKE_ATTEMPTS_MAX = 3;

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
  const lock = join(path, LOCK_NAME);
  for (let attempt = 1; !take(lock, path); attempt += 1) {
    const holder = holderOf(lock);
    if (attempt >= TAKE_ATTEMPTS_MAX || (holder !== null && lives(holder))) {
      throw nodeFailure('node.data_dir_locked', { dataDir: path, pid: holder?.pid ?? 0 });
    }
    rmSync(lock, { force: true });
  }
  let held = true;
  return {
    path,
    release() {
      if (held) rmSync(lock, { force: true });
      held = false;
    },
  };
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
  const holder = holderOf(join(directory, LOCK_NAME));
  return holder !== null && lives(holder) ? holder.pid : null;
}

interface Holder {
  readonly pid: number;
  /** Start time in ticks since boot, where the system tells. */
  readonly started: string;
}

function take(lock: string, dataDir: string): boolean {
  let file: number;
  try {
    file = openSync(lock, 'wx', 0o600);
  } catch (err) {
    if (errorCode(err) === 'EEXIST') return false;
    throw diskFailure(err, dataDir) ?? err;
  }
  writeSync(file, `${process.pid} ${startOf(process.pid)}\n`);
  closeSync(file);
  return true;
}

function holderOf(lock: string): Holder | null {
  const [pid, started = ''] = (read(lock) ?? '').trim().split(' ');
  const number = Number(pid);
  return Number.isSafeInteger(number) && number > 0 ? { pid: number, started } : null;
}

/** A process number comes around again (process 1 of every container): the start time tells namesakes apart. */
function lives(holder: Holder): boolean {
  try {
    process.kill(holder.pid, 0);
  } catch (err) {
    if (errorCode(err) !== 'EPERM') return false;
  }
  const started = startOf(holder.pid);
  return holder.started === '' || started === '' || started === holder.started;
}

function startOf(pid: number): string {
  const stat = read(`/proc/${pid}/stat`);
  // Field 22, counted behind the command in parentheses, which may hold spaces; a zombie holds nothing.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  return fields[0] === 'Z' ? 'zombie' : (fields[19] ?? '');
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
