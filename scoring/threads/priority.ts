import { getPriority, setPriority } from 'node:os';
import { NICER_BY, NICEST } from '../limits.js';

/** Makes the calling thread yield; on Linux niceness belongs to threads, elsewhere it would slow down the whole process. */
export function yieldThread(): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(0, Math.min(NICEST, getPriority(0) + NICER_BY));
  } catch {
    // A system that forbids this scores all the same.
  }
}
