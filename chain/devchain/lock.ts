/** One process at a time in a folder: two would write over each other's journal. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { devchainFailure } from './failures.js';

const FILE = 'chain.pid';

/** Returns the way to let go of it. A lock of a process that is no more is taken over. Errors: devchain.folder_in_use. */
export function lockFolder(folder: string): () => void {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, FILE);
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
  } catch (error) {
    const holder = holderOf(file);
    if (holder !== null && isAlive(holder)) throw devchainFailure('devchain.folder_in_use', { folder, pid: holder, file }, error);
    writeFileSync(file, String(process.pid));
  }
  return () => rmSync(file, { force: true });
}

function holderOf(file: string): number | null {
  try {
    const pid = Number(readFileSync(file, 'utf8'));
    return Number.isSafeInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
