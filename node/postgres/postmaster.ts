/** What runs on a data directory: reading postmaster.pid, and telling a living server from a dead one's leftovers. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

export interface Postmaster {
  readonly pid: number;
  readonly directory: string;
  readonly port: number;
  readonly socketDirectory: string;
  /** "starting", "ready", "stopping", "standby" or empty while it is being written. */
  readonly status: string;
}

/** Shape: data directory → what its postmaster.pid says; null when there is none or it is not readable as one. */
export function readPostmaster(directory: string): Postmaster | null {
  const text = read(join(directory, 'postmaster.pid'));
  if (text === null) return null;
  const lines = text.split('\n').map((line) => line.trim());
  const pid = Number(lines[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return null;
  return { pid, directory: lines[1] ?? '', port: Number(lines[3] ?? 0), socketDirectory: lines[4] ?? '', status: lines[7] ?? '' };
}

/** Is the process of that postmaster.pid a live server of this very directory? A zombie or another program with the same number is not. */
export function isServing(postmaster: Postmaster, directory: string): boolean {
  if (!isAlive(postmaster.pid)) return false;
  if (process.platform !== 'linux') return postmaster.directory === directory;
  const cwd = link(`/proc/${postmaster.pid}/cwd`);
  // Not ours to look into: then only the file itself can tell.
  if (cwd === null) return postmaster.directory === directory && commandOf(postmaster.pid).startsWith('postgres');
  return cwd === directory;
}

/** Alive and not a zombie. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (err) {
    if (!(err instanceof Error && 'code' in err && err.code === 'EPERM')) return false;
  }
  if (process.platform !== 'linux') return true;
  const stat = read(`/proc/${pid}/stat`);
  return stat !== null && !/^\d+ \(.*\) [ZX]/s.test(stat);
}

/** Server processes (Linux) still working in the directory: while one lives, a second server there would destroy data. */
export function processesIn(directory: string): readonly number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => link(`/proc/${pid}/cwd`) === directory && isAlive(pid));
}

function commandOf(pid: number): string {
  return (read(`/proc/${pid}/comm`) ?? '').trim();
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function link(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}
