import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface TestChild {
  readonly process: ChildProcess;
  /** The next line (JSON) that has this key; rejects when the child ends before. */
  line(key: string): Promise<Record<string, unknown>>;
  readonly lines: readonly Record<string, unknown>[];
  kill(signal: NodeJS.Signals): Promise<void>;
}

/** A TypeScript file of test/support as a process of its own. */
export function startChild(
  file: string,
  args: readonly string[],
  over: { uid?: number; gid?: number; env?: NodeJS.ProcessEnv } = {},
): TestChild {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', path, ...args], { stdio: ['ignore', 'pipe', 'inherit'], ...over });
  const lines: Record<string, unknown>[] = [];
  const ended = once(child, 'close');
  const listeners = new Set<() => void>();
  createInterface({ input: child.stdout }).on('line', (text) => {
    lines.push(JSON.parse(text));
    for (const listener of listeners) listener();
  });
  return {
    process: child,
    lines,
    line: (key) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = lines.find((line) => key in line);
          if (found === undefined) return;
          listeners.delete(look);
          resolve(found);
        };
        listeners.add(look);
        look();
        void ended.then(() => reject(new Error(`the child ended without "${key}": ${JSON.stringify(lines.slice(-3))}`)));
      }),
    async kill(signal) {
      child.kill(signal);
      await ended;
    },
  };
}
