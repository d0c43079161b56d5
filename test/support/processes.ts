/** Finds and kills processes of a running network, as an operator's machine might. Linux only. */
import { readdirSync, readFileSync } from 'node:fs';

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

function processes(): readonly Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name): Process[] => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
        return [{ pid: Number(name), parent, command: readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ') }];
      } catch {
        return [];
      }
    });
}

/** The process whose command line holds all of these words. */
export function processWith(...words: readonly string[]): number | null {
  return processes().find(({ command }) => words.every((word) => command.includes(word)))?.pid ?? null;
}

/** A descendant of `ancestor` whose command line holds the word. */
export function descendantWith(ancestor: number, word: string): number | null {
  const all = processes();
  const parentOf = new Map(all.map(({ pid, parent }) => [pid, parent]));
  const descends = (pid: number): boolean => {
    const parent = parentOf.get(pid);
    return parent !== undefined && parent > 1 && (parent === ancestor || descends(parent));
  };
  return all.find(({ pid, command }) => command.includes(word) && descends(pid))?.pid ?? null;
}

/** kill -9. False: it was not there. */
export function killNow(pid: number | null): boolean {
  if (pid === null) return false;
  try {
    process.kill(pid, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}
