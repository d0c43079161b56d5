/** What processes have used at most, by the kernel's own account. */
import { readdirSync, readFileSync } from 'node:fs';

const LOOK_EVERY_MS = 50;
const MIB = 1024 ** 2;

/** Runs the work and watches the processes that it starts. Shape: → its result, and the largest of them, MiB; 0 where the system does not tell. */
export async function watchingChildren<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly peakMiB: number }> {
  let peakMiB = 0;
  const before = new Set(childrenOf(process.pid));
  const timer = setInterval(() => {
    for (const pid of childrenOf(process.pid)) if (!before.has(pid)) peakMiB = Math.max(peakMiB, peakOf(pid));
  }, LOOK_EVERY_MS);
  try {
    const result = await work();
    return { result, peakMiB };
  } finally {
    clearInterval(timer);
  }
}

/** Now, of this process, MiB. */
export function residentMiB(): number {
  return process.memoryUsage.rss() / MIB;
}

function childrenOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

function peakOf(pid: number): number {
  try {
    const [, kilobytes = '0'] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return (Number(kilobytes) * 1024) / MIB;
  } catch {
    return 0;
  }
}
