/** How many models are heard at once on this machine. */
import { availableParallelism, totalmem } from 'node:os';
import type { RunLimits } from '../../scoring/ports.js';
import { JUDGE_THREADS_MAX } from '../../scoring/threads/judge-pool.js';

export interface Machine {
  readonly processors: number;
  /** What models may use together. */
  readonly memoryBytes: number;
}

/** One processor is left to the node itself; every model may use all the memory it is allowed. */
export function modelsAtOnce(limits: Pick<RunLimits, 'memoryBytes'>, machine: Machine = thisMachine()): number {
  return Math.max(1, Math.min(machine.processors - 1, Math.floor(machine.memoryBytes / limits.memoryBytes), JUDGE_THREADS_MAX));
}

/** Of the machine, or of the container or control group that we are in. */
export function usableMemoryBytes(): number {
  const bound = process.constrainedMemory();
  return bound > 0 ? Math.min(bound, totalmem()) : totalmem();
}

function thisMachine(): Machine {
  return { processors: availableParallelism(), memoryBytes: usableMemoryBytes() };
}
