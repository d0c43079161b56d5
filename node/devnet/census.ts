/** Counts the processes of a development network and what they take, and remembers them, so that none is left behind unseen. Linux only. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

const PAGE_BYTES = 4096;

export interface Census {
  /** Looks at every descendant of this process. */
  take(): void;
  /** The most there were at the same time; null where the system does not tell. */
  most(): { readonly processes: number; readonly residentBytes: number; readonly models: number } | null;
  /** Of those ever seen, who still runs. */
  left(): readonly { readonly pid: number; readonly command: string }[];
}

interface Seen {
  readonly pid: number;
  readonly parent: number;
  /** With the number it names a process for ever. */
  readonly startedAt: string;
  readonly residentBytes: number;
}

export function createCensus(root: number = process.pid): Census {
  // Bounded by the processes of one run.
  const seen = new Map<string, number>();
  let most = { processes: 0, residentBytes: 0, models: 0 };

  return {
    take() {
      const running = processes();
      const parentOf = new Map(running.map(({ pid, parent }) => [pid, parent]));
      const descends = (pid: number): boolean => {
        const parent = parentOf.get(pid);
        return parent !== undefined && parent > 1 && (parent === root || descends(parent));
      };
      const ours = running.filter(({ pid }) => descends(pid));
      for (const { pid, startedAt } of ours) seen.set(`${pid}/${startedAt}`, pid);
      const models = ours.filter(({ pid }) => commandOf(pid).includes('scoring/onnx/child')).length;
      most = {
        processes: Math.max(most.processes, ours.length),
        residentBytes: Math.max(
          most.residentBytes,
          ours.reduce((sum, { residentBytes }) => sum + residentBytes, 0),
        ),
        models: Math.max(most.models, models),
      };
    },
    most: () => (existsSync('/proc/self/stat') ? most : null),
    left: () =>
      processes()
        .filter(({ pid, startedAt }) => seen.has(`${pid}/${startedAt}`))
        .map(({ pid }) => ({ pid, command: commandOf(pid).slice(0, 200) })),
  };
}

/** Without those that have ended and only wait to be asked for. */
function processes(): readonly Seen[] {
  if (!existsSync('/proc/self/stat')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name): Seen[] => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        if (fields[0] === 'Z') return [];
        return [
          { pid: Number(name), parent: Number(fields[1]), startedAt: fields[19] ?? '', residentBytes: Number(fields[21]) * PAGE_BYTES },
        ];
      } catch {
        return [];
      }
    });
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}
