/** Child processes that are kept alive: an unexpected end is told and followed by a restart. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';

export interface KeptProcess {
  readonly name: string;
  pid(): number | null;
  restarts(): number;
  stop(): Promise<void>;
}

export interface KeptProcessSpec {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly logDirectory: string;
  /** Words in front of the command, such as those that take it to another network namespace. */
  readonly within?: readonly string[];
  readonly onExit: (name: string, how: string, restarts: number) => void;
  readonly onGivenUp: (name: string) => void;
}

const RESTARTS_MAX = 10;
const RESTART_REST_MS = 500;
const STOP_TIMEOUT_MS = 20_000;

/**
 * Runs `node <args>` with its output in a log file, in its own process group so that Ctrl-C reaches only the parent. Its standard input is a pipe
 * that closes with the parent, however that ends.
 */
export function keepProcess(spec: KeptProcessSpec): KeptProcess {
  let child: ChildProcess | null = null;
  let stopping = false;
  let restarts = 0;
  let timer: NodeJS.Timeout | null = null;

  function start(): void {
    const log = openSync(join(spec.logDirectory, `${spec.name}.log`), 'a', 0o600);
    const [command = process.execPath, ...words] = [...(spec.within ?? []), process.execPath, ...spec.args];
    const started = spawn(command, words, { env: { ...spec.env }, stdio: ['pipe', log, log], detached: true });
    closeSync(log);
    child = started;
    started.once('exit', (code, signal) => {
      child = null;
      if (stopping) return;
      restarts++;
      spec.onExit(spec.name, signal ?? `exit ${code}`, restarts);
      if (restarts > RESTARTS_MAX) spec.onGivenUp(spec.name);
      else timer = setTimeout(start, RESTART_REST_MS * restarts);
    });
  }

  start();
  return {
    name: spec.name,
    pid: () => child?.pid ?? null,
    restarts: () => restarts,
    async stop() {
      stopping = true;
      if (timer) clearTimeout(timer);
      const running = child;
      if (running === null) return;
      const gone = once(running, 'exit');
      running.kill('SIGTERM');
      const force = setTimeout(() => running.kill('SIGKILL'), STOP_TIMEOUT_MS);
      await gone;
      clearTimeout(force);
    },
  };
}
