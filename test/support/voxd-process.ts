/** A node, or its signer, as a process of its own: the real command line, its log read line by line. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { entryPoint } from '../../protocol/entry.js';

export interface LogLine {
  readonly msg: string;
  readonly code?: string;
}

export interface VoxdProcess {
  readonly pid: number;
  readonly lines: readonly LogLine[];
  /** The next line of the log for which that holds, from the first on; rejects when the process ends before. */
  said(what: (line: LogLine) => boolean): Promise<LogLine>;
  /** Resolves when the process is gone. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Exit status and signal. */
  readonly ended: Promise<readonly [number | null, NodeJS.Signals | null]>;
}

export function startVoxd(args: readonly string[]): VoxdProcess {
  const child: ChildProcess = spawn(process.execPath, [entryPoint('node/cli/main'), ...args, '--until-stdin-ends'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', HOME: tmpdir(), VOXD_LOG__FORMAT: 'json' },
  });
  const lines: LogLine[] = [];
  const rest: string[] = [];
  const listeners = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr])
    if (stream !== null)
      createInterface({ input: stream }).on('line', (text) => {
        if (!text.startsWith('{')) return rest.push(text);
        // Safety: the log of voxd, which writes one object per line.
        lines.push(JSON.parse(text) as LogLine);
        for (const listener of [...listeners]) listener();
        return undefined;
      });
  const ended = once(child, 'close').then(([code, signal]) => [code, signal] as const);
  return {
    pid: child.pid ?? -1,
    lines,
    ended,
    said: (what) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = lines.find(what);
          if (found === undefined) return;
          listeners.delete(look);
          resolve(found);
        };
        listeners.add(look);
        look();
        void ended.then(() => reject(new Error(`the process ended:\n${JSON.stringify(lines.slice(-3))}\n${rest.slice(-5).join('\n')}`)));
      }),
    async kill(signal) {
      child.kill(signal);
      await ended;
    },
  };
}
