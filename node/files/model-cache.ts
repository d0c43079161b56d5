/**
 * Verified model packages on disk, one directory per digest. A package arrives in a private directory, is verified, made durable, then
 * renamed into place: what stands under its digest is always whole. Least recently used packages make room; leased ones never go.
 */
import { lstat, mkdir, readdir, rename, rm, statfs, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { type ModelDigest, parseModelDigest } from '../../protocol/names.js';
import type { Clock } from '../../protocol/ports.js';
import { nodeFailure } from '../failures.js';
import type { Logger } from '../logger.js';
import { type Metrics, NO_METRICS } from '../metrics.js';
import type { ModelCache, PendingModel } from '../model-cache.js';
import { createArrivals } from './arrivals.js';
import { diskFailure, errorCode } from './disk-failures.js';
import { makeDurable, measure, syncDirectory } from './package-folder.js';

/** Left free on the disk for the database and the logs. */
export const DISK_RESERVE_BYTES = 256 * 1024 * 1024;
/** A directory handed out by `find` may still be being read for so long. */
export const FOUND_PROTECTS_MS = 10 * 60_000;

export interface FileModelCache extends ModelCache {
  /** Bytes of complete packages, of room given to arriving ones, and of those left over from interrupted ones. */
  usage(): Promise<{ readonly usedBytes: number; readonly reservedBytes: number; readonly budgetBytes: number }>;
}

export interface ModelCacheDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics?: Metrics;
  /** Rejects when the directory does not hold exactly the package of that digest. */
  readonly verify: (directory: string, model: ModelDigest) => Promise<void>;
}

export interface ModelCacheOptions {
  readonly directory: string;
  readonly budgetBytes: number;
  readonly diskReserveBytes?: number;
  readonly foundProtectsMs?: number;
}

interface Entry {
  readonly sizeBytes: number;
  usedAtMs: number;
  /** `find` gave it out in this process. */
  foundAtMs: number;
  leases: number;
}

/** Errors of its methods: store.full, store.read_only, store.model_too_large, store.cache_busy, node.data_dir_unwritable. */
export function createModelCache(deps: ModelCacheDeps, options: ModelCacheOptions): FileModelCache {
  const complete = join(options.directory, 'complete');
  const arrivals = createArrivals(join(options.directory, 'arriving'), deps.clock);
  const metrics = deps.metrics ?? NO_METRICS;
  // Bounded by budgetBytes.
  const entries = new Map<ModelDigest, Entry>();
  const reserved = new Map<string, number>();
  let opened: Promise<void> | null = null;
  let turn: Promise<unknown> = Promise.resolve();

  /** One change at a time: two arrivals cannot both be promised the same room. */
  function exclusively<T>(work: () => Promise<T>): Promise<T> {
    const result = turn.then(async () => {
      opened ??= scan().catch((err: unknown) => {
        opened = null;
        throw err;
      });
      await opened;
      return work();
    });
    turn = result.catch(() => {});
    return result.catch((err: unknown) => {
      throw diskFailure(err, options.directory) ?? err;
    });
  }

  async function scan(): Promise<void> {
    await mkdir(complete, { recursive: true, mode: 0o700 });
    await arrivals.scan();
    for (const name of await readdir(complete)) await learn(name);
    report();
  }

  async function learn(name: string): Promise<Entry | null> {
    const model = parseModelDigest(name);
    if (!model.ok) return null;
    const directory = join(complete, name);
    const stat = await lstat(directory).catch(() => null);
    if (stat === null || !stat.isDirectory()) return null;
    const entry = { sizeBytes: await measure(directory), usedAtMs: stat.mtimeMs, foundAtMs: 0, leases: 0 };
    entries.set(model.value, entry);
    return entry;
  }

  async function touch(model: ModelDigest): Promise<Entry | null> {
    // Another process on the same directory (a worker) may have added or dropped it.
    const there = await lstat(join(complete, model)).catch(() => null);
    if (there === null) {
      entries.delete(model);
      return null;
    }
    const entry = entries.get(model) ?? (await learn(model));
    if (entry === null) return null;
    const nowMs = deps.clock.nowMs();
    entry.usedAtMs = nowMs;
    await utimes(join(complete, model), nowMs / 1000, nowMs / 1000);
    return entry;
  }

  const completeBytes = () => [...entries.values()].reduce((sum, entry) => sum + entry.sizeBytes, 0);
  const usedBytes = () => completeBytes() + arrivals.leftBytes();
  const reservedBytes = () => [...reserved.values()].reduce((sum, bytes) => sum + bytes, 0);
  const report = () => metrics.set('voxd_model_cache_bytes', {}, completeBytes());

  /** `onDiskBytes`: of the needed ones, those that an interrupted arrival has on disk already. */
  async function makeRoom(neededBytes: number, onDiskBytes: number): Promise<void> {
    const over = () => usedBytes() + reservedBytes() + neededBytes - options.budgetBytes;
    const nowMs = deps.clock.nowMs();
    const protectsMs = options.foundProtectsMs ?? FOUND_PROTECTS_MS;
    const idle = [...entries]
      .filter(([, entry]) => entry.leases === 0 && (entry.foundAtMs === 0 || nowMs - entry.foundAtMs >= protectsMs))
      .sort(([, a], [, b]) => a.usedAtMs - b.usedAtMs);
    while (over() > 0 && (await arrivals.dropOldest())) report();
    for (const [model] of idle) {
      if (over() <= 0) break;
      await evict(model);
    }
    if (over() > 0) {
      throw nodeFailure('store.cache_busy', { usedBytes: usedBytes() + reservedBytes(), budgetBytes: options.budgetBytes });
    }
    const disk = await statfs(options.directory);
    if (disk.bavail * disk.bsize < neededBytes - onDiskBytes + (options.diskReserveBytes ?? DISK_RESERVE_BYTES)) {
      throw nodeFailure('store.full', { where: options.directory });
    }
  }

  async function evict(model: ModelDigest): Promise<void> {
    const sizeBytes = entries.get(model)?.sizeBytes ?? 0;
    const trash = arrivals.newPath(model);
    await rename(join(complete, model), trash).catch((err: unknown) => {
      if (errorCode(err) !== 'ENOENT') throw err;
    });
    entries.delete(model);
    await rm(trash, { recursive: true, force: true });
    metrics.count('voxd_model_cache_evictions_total', {});
    report();
    deps.logger.debug({ model, sizeBytes }, 'Dropped a model from the cache');
  }

  function pending(model: ModelDigest, place: string): PendingModel {
    const directory = join(place, 'package');
    let done: Promise<string> | null = null;
    let over = false;
    const end = async () => {
      over = true;
      reserved.delete(place);
      await rm(place, { recursive: true, force: true });
    };
    async function finish(): Promise<string> {
      try {
        await deps.verify(directory, model);
        return await exclusively(async () => {
          const sizeBytes = await makeDurable(directory);
          const target = join(complete, model);
          await rename(directory, target).catch((err: unknown) => {
            // It came by another way meanwhile, verified as well.
            if (errorCode(err) !== 'ENOTEMPTY' && errorCode(err) !== 'EEXIST') throw err;
          });
          await syncDirectory(complete);
          const nowMs = deps.clock.nowMs();
          const entry = entries.get(model) ?? { sizeBytes, usedAtMs: nowMs, foundAtMs: nowMs, leases: 0 };
          entry.usedAtMs = nowMs;
          entries.set(model, entry);
          report();
          return target;
        });
      } finally {
        await end();
      }
    }
    return {
      directory,
      journalPath: join(place, 'journal'),
      commit: () => (done ??= finish()),
      async discard() {
        if (done === null && !over) await end();
      },
      suspend: () =>
        exclusively(async () => {
          if (done !== null || over) return;
          over = true;
          reserved.delete(place);
          await arrivals.leave(model, place);
        }),
    };
  }

  return {
    find: (model) =>
      exclusively(async () => {
        const entry = await touch(model);
        if (entry === null) return null;
        entry.foundAtMs = deps.clock.nowMs();
        return join(complete, model);
      }),
    lease: (model) =>
      exclusively(async () => {
        const entry = await touch(model);
        if (entry === null) return null;
        entry.leases += 1;
        let held = true;
        return {
          directory: join(complete, model),
          release() {
            if (held) entry.leases -= 1;
            held = false;
          },
        };
      }),
    begin: (model, sizeBytes) =>
      exclusively(async () => {
        if (sizeBytes > options.budgetBytes) throw nodeFailure('store.model_too_large', { sizeBytes, budgetBytes: options.budgetBytes });
        const { place, onDiskBytes } = await arrivals.begin(model);
        try {
          await makeRoom(sizeBytes, onDiskBytes);
        } catch (error) {
          await arrivals.leave(model, place);
          throw error;
        }
        reserved.set(place, sizeBytes);
        return pending(model, place);
      }),
    drop: (model) =>
      exclusively(async () => {
        await evict(model);
        await syncDirectory(complete);
      }),
    list: () => exclusively(async () => [...entries].map(([model, { sizeBytes }]) => ({ model, sizeBytes }))),
    usage: () => exclusively(async () => ({ usedBytes: usedBytes(), reservedBytes: reservedBytes(), budgetBytes: options.budgetBytes })),
  };
}
