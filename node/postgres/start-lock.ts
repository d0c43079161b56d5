/** Only one process at a time makes or starts the server of a data directory. */
import { join } from 'node:path';
import type { Clock } from '../../protocol/ports.js';
import { nodeFailure } from '../failures.js';
import { type LockRefusal, type ProcessLock, takeProcessLock } from '../process-lock.js';
import { storeFailure } from './pg-errors.js';

export const START_LOCK_WAIT_MS = 120_000;
const LOOK_EVERY_MS = 25;

/** Errors: store.server_failed when another process holds it too long; store.full, store.read_only, node.data_dir_unwritable. */
export async function withStartLock<T>(dataDir: string, deps: { readonly clock: Clock }, work: () => Promise<T>): Promise<T> {
  const path = join(dataDir, 'postgres.lock');
  const until = deps.clock.nowMs() + START_LOCK_WAIT_MS;
  let lock = take(path, dataDir);
  while (!lock.taken) {
    if (deps.clock.nowMs() > until) {
      throw nodeFailure('store.server_failed', { step: 'start', reason: `process ${lock.holderPid || 'unknown'} holds ${path}` });
    }
    await deps.clock.sleep(LOOK_EVERY_MS);
    lock = take(path, dataDir);
  }
  try {
    return await work();
  } finally {
    lock.release();
  }
}

function take(path: string, dataDir: string): ProcessLock | LockRefusal {
  try {
    return takeProcessLock(path);
  } catch (err) {
    const failure = storeFailure(err, dataDir);
    if (failure.code === 'store.full' || failure.code === 'store.read_only') throw failure;
    throw nodeFailure('node.data_dir_unwritable', { dataDir, reason: err instanceof Error ? err.message : String(err) }, err);
  }
}
