/**
 * Folders of packages on their way, `<digest>.<process>.<serial>`: `package` is the package, `journal` says which of its chunks are safe. A folder
 * whose process is gone, or that was left (process 0), waits for the next arrival of its model for a day; renaming it is taking it.
 */
import { lstat, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type ModelDigest, parseModelDigest } from '../../protocol/names.js';
import type { Clock } from '../../protocol/ports.js';
import { errorCode } from './disk-failures.js';
import { allocatedBytes } from './package-folder.js';

/** What was left is forgotten after this time. */
export const LEFT_KEPT_MS = 24 * 3_600_000;
/** Interrupted arrivals kept; the oldest goes. */
export const LEFT_KEPT_MAX = 16;

export interface Arrivals {
  /** What earlier processes left: kept when it has a journal, else removed. */
  scan(): Promise<void>;
  /** A folder of ours for this model, with what was left of it. */
  begin(model: ModelDigest): Promise<{ readonly place: string; readonly onDiskBytes: number }>;
  /** It waits for the next arrival; without a journal it goes. */
  leave(model: ModelDigest, place: string): Promise<void>;
  /** Shape: whether there was one. */
  dropOldest(): Promise<boolean>;
  /** On disk, of what waits. */
  leftBytes(): number;
  /** A name of ours that nobody has. */
  newPath(model: ModelDigest): string;
}

interface Left {
  readonly model: ModelDigest;
  readonly bytes: number;
  readonly atMs: number;
}

export function createArrivals(directory: string, clock: Clock): Arrivals {
  // Bounded by LEFT_KEPT_MAX and by the budget of the cache.
  const left = new Map<string, Left>();
  let serial = 0;

  function newPath(model: ModelDigest, pid = process.pid): string {
    serial += 1;
    return join(directory, `${model}.${pid}.${pid === 0 ? `${process.pid}-` : ''}${serial}`);
  }

  async function learn(place: string, model: ModelDigest): Promise<void> {
    const journal = await lstat(join(place, 'journal')).catch(() => null);
    if (journal === null || !journal.isFile() || journal.size === 0 || clock.nowMs() - journal.mtimeMs > LEFT_KEPT_MS) {
      await rm(place, { recursive: true, force: true });
      return;
    }
    left.set(place, { model, bytes: await allocatedBytes(place), atMs: journal.mtimeMs });
    while (left.size > LEFT_KEPT_MAX) await dropOldest();
  }

  async function dropOldest(): Promise<boolean> {
    const [oldest] = [...left].sort(([, a], [, b]) => a.atMs - b.atMs);
    if (oldest === undefined) return false;
    left.delete(oldest[0]);
    await rm(oldest[0], { recursive: true, force: true });
    return true;
  }

  return {
    newPath,
    dropOldest,
    leftBytes: () => [...left.values()].reduce((sum, { bytes }) => sum + bytes, 0),
    async scan() {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      left.clear();
      for (const name of await readdir(directory)) {
        const [digest = '', pid] = name.split('.');
        const model = parseModelDigest(digest);
        if (lives(Number(pid))) continue;
        if (model.ok) await learn(join(directory, name), model.value);
        else await rm(join(directory, name), { recursive: true, force: true });
      }
    },
    async begin(model) {
      const place = newPath(model);
      const candidates = [...left].filter(([, each]) => each.model === model).sort(([, a], [, b]) => b.bytes - a.bytes);
      for (const [path, { bytes, atMs }] of candidates) {
        left.delete(path);
        if (clock.nowMs() - atMs > LEFT_KEPT_MS) {
          await rm(path, { recursive: true, force: true });
          continue;
        }
        try {
          await rename(path, place);
          return { place, onDiskBytes: bytes };
        } catch (error) {
          // Another process took it first.
          if (errorCode(error) !== 'ENOENT') throw error;
        }
      }
      await mkdir(join(place, 'package'), { recursive: true, mode: 0o700 });
      return { place, onDiskBytes: 0 };
    },
    async leave(model, place) {
      const path = newPath(model, 0);
      await rename(place, path);
      await learn(path, model);
    },
  };
}

function lives(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (err) {
    return errorCode(err) === 'EPERM';
  }
}
