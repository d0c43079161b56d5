/** A lock file that names the process holding it: whole from its first moment on, and nobody's once that process is gone. */
import { createHash, randomBytes } from 'node:crypto';
import { linkSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Others may take and let go of it between our looks; so often, then it is held by somebody. */
const TAKE_ATTEMPTS_MAX = 3;
const NONCE_DIGITS = 16;

export interface ProcessLock {
  readonly taken: true;
  /** Idempotent; leaves a file alone that has become another's. */
  release(): void;
}

export interface LockRefusal {
  readonly taken: false;
  /** 0: it changed hands while we looked. */
  readonly holderPid: number;
}

/** Errors: of the file system, as they are. */
export function takeProcessLock(path: string): ProcessLock | LockRefusal {
  const nonce = randomBytes(NONCE_DIGITS / 2).toString('hex');
  const mine = `${process.pid} ${startOf(process.pid)} ${nonce}\n`;
  // Two containers on one directory may both be process 1.
  const beside = `${path}.${process.pid}-${nonce}`;
  for (let attempt = 1; ; attempt += 1) {
    if (place(path, beside, mine)) return { taken: true, release: () => release(path, mine) };
    const found = read(path);
    const holder = found === null ? null : holderIn(found);
    if (holder !== null && lives(holder)) return { taken: false, holderPid: holder.pid };
    if (attempt >= TAKE_ATTEMPTS_MAX) return { taken: false, holderPid: 0 };
    if (found !== null) discard(path, found);
  }
}

/** The process that holds it; null: none does. */
export function processLockHolder(path: string): number | null {
  const holder = holderIn(read(path) ?? '');
  return holder !== null && lives(holder) ? holder.pid : null;
}

/** Written beside and linked to its name, which fails where the name is taken: a kill or a full disk in between leaves no lock without a holder. */
function place(path: string, beside: string, content: string): boolean {
  try {
    writeFileSync(beside, content, { mode: 0o600 });
    if (!linked(beside, path)) return false;
  } finally {
    rmSync(beside, { force: true });
  }
  sweep(path);
  return true;
}

function linked(beside: string, path: string): boolean {
  try {
    linkSync(beside, path);
    return true;
  } catch (err) {
    // ENOENT: swept away by a process that cannot see ours (another container's).
    if (errorCode(err) === 'EEXIST' || errorCode(err) === 'ENOENT') return false;
    throw err;
  }
}

/**
 * Of all who found the dead holder's file only one may remove it, or a slow one would remove the file of whoever came after: he holds a
 * lock named after its content, which no other file of that name ever has. A kill here leaves that lock to the next in the same way.
 */
function discard(path: string, dead: string): void {
  const right = takeProcessLock(`${path}.${createHash('sha256').update(dead).digest('hex').slice(0, NONCE_DIGITS)}`);
  if (!right.taken) return;
  if (read(path) === dead) rmSync(path, { force: true });
  right.release();
}

/** What processes left beside it that were killed while they took it; who holds it is the only one to look. */
function sweep(path: string): void {
  const start = `${basename(path)}.`;
  for (const name of readdirSync(dirname(path))) {
    const file = join(dirname(path), name);
    const rest = name.startsWith(start) ? name.slice(start.length) : '';
    const ours = /^(?:[0-9a-f]{16}\.)*(?:(\d+)-)?[0-9a-f]{16}$/.exec(rest);
    if (ours === null) continue;
    const owner = ours[1] === undefined ? holderIn(read(file) ?? '') : { pid: Number(ours[1]), started: '' };
    if (owner === null || !lives(owner)) rmSync(file, { force: true });
  }
}

function release(path: string, mine: string): void {
  if (read(path) === mine) rmSync(path, { force: true });
}

interface Holder {
  readonly pid: number;
  /** Start time in ticks since boot, where the system tells. */
  readonly started: string;
}

function holderIn(content: string): Holder | null {
  const [pid, started = ''] = content.trim().split(' ');
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
  return started !== 'zombie' && (holder.started === '' || started === '' || started === holder.started);
}

function startOf(pid: number): string {
  const stat = read(`/proc/${pid}/stat`);
  // Field 22, counted behind the command in parentheses, which may hold spaces; a zombie holds nothing.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  return fields[0] === 'Z' ? 'zombie' : (fields[19] ?? '');
}

function errorCode(err: unknown): unknown {
  return err instanceof Error && 'code' in err ? err.code : undefined;
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
