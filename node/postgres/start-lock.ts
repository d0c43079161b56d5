/** Only one process at a time makes or starts the server of a data directory. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../protocol/ports.js';
import { nodeFailure } from '../failures.js';
import { storeFailure } from './pg-errors.js';
import { isAlive } from './postmaster.js';

export const START_LOCK_WAIT_MS = 120_000;
const LOOK_EVERY_MS = 25;

/** Errors: store.server_failed when another process holds it too long; store.full, store.read_only, node.data_dir_unwritable. */
export async function withStartLock<T>(dataDir: string, deps: { readonly clock: Clock }, work: () => Promise<T>): Promise<T> {
  const path = join(dataDir, 'postgres.lock');
  const until = deps.clock.nowMs() + START_LOCK_WAIT_MS;
  while (!take(path, dataDir)) {
    const holder = holderOf(path);
    if (holder !== null && !isAlive(holder)) rmSync(path, { force: true });
    else if (deps.clock.nowMs() > until) {
      throw nodeFailure('store.server_failed', { step: 'start', reason: `process ${holder ?? 'unknown'} holds ${path}` });
    } else await deps.clock.sleep(LOOK_EVERY_MS);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

function take(path: string, dataDir: string): boolean {
  try {
    writeFileSync(path, `${process.pid}\n`, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (err) {
    const code = err instanceof Error && 'code' in err ? err.code : null;
    if (code === 'EEXIST') return false;
    const failure = storeFailure(err, dataDir);
    if (failure.code === 'store.full' || failure.code === 'store.read_only') throw failure;
    throw nodeFailure('node.data_dir_unwritable', { dataDir, reason: err instanceof Error ? err.message : String(err) }, err);
  }
}

function holderOf(path: string): number | null {
  try {
    const pid = Number(readFileSync(path, 'utf8').trim());
    return Number.isSafeInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
}
