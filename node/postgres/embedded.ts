/**
 * The embedded PostgreSQL: a real server in the data directory, reached by a private unix socket, under our own supervision.
 * It lives in a session of its own, so a Ctrl-C meant for us does not reach it; it outlives a killed daemon, and the next start adopts it.
 */
import { spawn } from 'node:child_process';
import { realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../protocol/ports.js';
import { nodeFailure } from '../failures.js';
import type { Logger } from '../logger.js';
import type { ServerTrouble } from './pg-errors.js';
import { isAlive, isServing, type Postmaster, processesIn, readPostmaster } from './postmaster.js';
import { findBinaries, type ServerAccount, type ServerBinaries } from './server-binaries.js';
import {
  clearSockets,
  dataMajor,
  directoryArgument,
  initialiseCluster,
  makeDataDirectory,
  SERVER_ENVIRONMENT,
  SERVER_PORT,
  socketDirectory,
} from './server-directory.js';
import { followServerLog, type ServerLog } from './server-log.js';
import { withStartLock } from './start-lock.js';

/** Recovery after a crash reads the log since the last checkpoint: at most max_wal_size. */
export const SERVER_START_TIMEOUT_MS = 120_000;
/** Fast shutdown (SIGINT) first, then immediate (SIGQUIT: recovery at the next start), then SIGKILL. */
export const SERVER_STOP_FAST_MS = 20_000;
export const SERVER_STOP_IMMEDIATE_MS = 5_000;
const LEFTOVERS_WAIT_MS = 5_000;
const LOOK_EVERY_MS = 20;
const NOBODY: ServerAccount = { uid: 65_534, gid: 65_534 };

/** Small, because several nodes may share a machine: about 30 MB for an idle one. */
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '',
  unix_socket_permissions: '0700',
  max_connections: '20',
  shared_buffers: '32MB',
  work_mem: '4MB',
  maintenance_work_mem: '32MB',
  max_wal_size: '256MB',
  autovacuum_max_workers: '1',
  max_worker_processes: '2',
  max_parallel_workers: '0',
  max_parallel_workers_per_gather: '0',
  max_logical_replication_workers: '0',
  wal_level: 'minimal',
  max_wal_senders: '0',
  // A container's /dev/shm is small, and login managers clear it.
  dynamic_shared_memory_type: 'mmap',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '',
  log_checkpoints: 'off',
};

/** For tests and development networks only: a power cut (not a killed process) may lose what was acknowledged. */
const UNDURABLE: Readonly<Record<string, string>> = { fsync: 'off', full_page_writes: 'off' };

export interface EmbeddedOptions {
  readonly dataDir: string;
  /** Default true. False: no fsync at all. */
  readonly durable?: boolean;
  /** Default 20. */
  readonly connectionsMax?: number;
  readonly signal?: AbortSignal;
  /** For tests: where the platform package is; null for none. */
  readonly packageDirectory?: string | null;
}

export interface EmbeddedServer {
  readonly directory: string;
  readonly socketDirectory: string;
  readonly port: number;
  readonly pid: number;
  /** It was running when we came. */
  readonly adopted: boolean;
  trouble(): ServerTrouble;
  /** Resolves when the server process is gone, for whatever reason. */
  readonly gone: Promise<void>;
  /** Stops the server whoever started it. Idempotent. */
  stop(): Promise<void>;
  /** Lets it run on; only our watching ends. */
  leave(): void;
}

/** Errors: store.no_server, store.server_version, store.server_failed, store.full, store.read_only, node.data_dir_unwritable. */
export async function startEmbedded(
  deps: { readonly clock: Clock; readonly logger: Logger },
  options: EmbeddedOptions,
): Promise<EmbeddedServer> {
  makeDataDirectory(options.dataDir);
  const dataDir = realpathSync(options.dataDir);
  const directory = join(dataDir, 'postgres');
  return withStartLock(dataDir, deps, async () => {
    const running = await settle(directory, deps, options.signal);
    if (running !== null) return adopt(running, directory, deps);
    const account = process.getuid?.() === 0 ? NOBODY : null;
    const binaries = findBinaries({ ...options, dataMajor: dataMajor(directory), account, dataDir });
    if (dataMajor(directory) === null) {
      const since = deps.clock.nowMs();
      await initialiseCluster(directory, binaries, { account, durable: options.durable ?? true });
      deps.logger.info({ directory, elapsedMs: deps.clock.nowMs() - since }, 'Made a new database');
    }
    return launch(directory, binaries, account, deps, options);
  });
}

/** Waits out a server that is starting or stopping. Shape: the live one to adopt, or null with the way free. */
async function settle(
  directory: string,
  deps: { readonly clock: Clock; readonly logger: Logger },
  signal?: AbortSignal,
): Promise<Postmaster | null> {
  const until = deps.clock.nowMs() + SERVER_START_TIMEOUT_MS;
  for (let found = readPostmaster(directory); found !== null && isServing(found, directory); found = readPostmaster(directory)) {
    if (found.status === 'ready') return found;
    if (deps.clock.nowMs() > until)
      throw nodeFailure('store.server_failed', { step: 'become ready', reason: `it stays "${found.status}"` });
    await deps.clock.sleep(LOOK_EVERY_MS, signal);
  }
  await clearLeftovers(directory, deps, signal);
  return null;
}

/**
 * A killed postmaster's children end by themselves; until then nothing may be started. Its pid file is PostgreSQL's own to judge,
 * save where the number now belongs to a zombie or to a stranger, which would block every start.
 */
async function clearLeftovers(
  directory: string,
  deps: { readonly clock: Clock; readonly logger: Logger },
  signal?: AbortSignal,
): Promise<void> {
  const until = deps.clock.nowMs() + LEFTOVERS_WAIT_MS;
  for (let left = processesIn(directory); left.length > 0; left = processesIn(directory)) {
    if (deps.clock.nowMs() > until) {
      throw nodeFailure('store.server_failed', { step: 'start', reason: `processes ${left.join(', ')} still work in ${directory}` });
    }
    await deps.clock.sleep(LOOK_EVERY_MS, signal);
  }
  const stale = readPostmaster(directory);
  if (stale === null) return;
  deps.logger.warn({ pid: stale.pid, directory }, 'The last database server did not stop in order; it recovers now');
  rmSync(join(directory, 'postmaster.pid'), { force: true });
}

function adopt(found: Postmaster, directory: string, deps: { readonly clock: Clock; readonly logger: Logger }): EmbeddedServer {
  deps.logger.debug({ pid: found.pid, directory }, 'Adopted the running database server');
  const watching = new AbortController();
  const gone = watch(found.pid, deps.clock, watching.signal);
  return {
    directory,
    socketDirectory: found.socketDirectory,
    port: found.port,
    pid: found.pid,
    adopted: true,
    trouble: () => null,
    gone,
    stop: () => stopServer(found.pid, directory, gone, deps),
    leave: () => watching.abort(),
  };
}

const WATCH_EVERY_MS = 500;

/** A server that is not our child can only be looked at. Never resolves once the watching has ended. */
async function watch(pid: number, clock: Clock, signal: AbortSignal): Promise<void> {
  while (isAlive(pid)) {
    try {
      await clock.sleep(WATCH_EVERY_MS, signal);
    } catch {
      await new Promise<never>(() => {});
    }
  }
}

async function launch(
  directory: string,
  binaries: ServerBinaries,
  account: ServerAccount | null,
  deps: { readonly clock: Clock; readonly logger: Logger },
  options: EmbeddedOptions,
): Promise<EmbeddedServer> {
  const sockets = socketDirectory(directory, account);
  clearSockets(sockets);
  const settings = {
    ...SETTINGS,
    ...(options.connectionsMax === undefined ? {} : { max_connections: String(options.connectionsMax) }),
    unix_socket_directories: sockets,
    ...(options.durable === false ? UNDURABLE : {}),
  };
  const child = spawn(
    binaries.postgres,
    [
      '-D',
      directoryArgument(directory, account, binaries.major),
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    { cwd: directory, env: SERVER_ENVIRONMENT, detached: true, stdio: ['ignore', 'ignore', 'pipe'], ...account },
  );
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  let spawnError: Error | null = null;
  child.once('error', (err) => {
    spawnError = err;
  });
  const log = followServerLog(child.stderr, deps.logger);
  const timer = new AbortController();
  const late = deps.clock.sleep(SERVER_START_TIMEOUT_MS, AbortSignal.any([timer.signal, ...(options.signal ? [options.signal] : [])]));
  const outcome = await Promise.race([
    log.ready.then(() => 'ready' as const),
    gone.then(() => 'gone' as const),
    late.then(
      () => 'late' as const,
      () => 'late' as const,
    ),
  ]);
  timer.abort();
  if (outcome !== 'ready') {
    if (outcome === 'late') child.kill('SIGQUIT');
    await gone;
    throw startFailure(log, spawnError, directory);
  }
  const pid = child.pid ?? 0;
  return {
    directory,
    socketDirectory: sockets,
    port: SERVER_PORT,
    pid,
    adopted: false,
    trouble: log.trouble,
    gone,
    stop: () => stopServer(pid, directory, gone, deps),
    leave() {
      child.stderr.destroy();
      child.unref();
    },
  };
}

function startFailure(log: ServerLog, spawnError: Error | null, directory: string): Error {
  if (log.trouble() === 'full') return nodeFailure('store.full', { where: directory });
  if (log.trouble() === 'read_only') return nodeFailure('store.read_only', { where: directory });
  const reason = spawnError?.message ?? (log.lastLines().slice(-4).join(' | ') || 'it ended without a word');
  return nodeFailure('store.server_failed', { step: 'start', reason }, spawnError ?? undefined);
}

async function stopServer(
  pid: number,
  directory: string,
  gone: Promise<void>,
  deps: { readonly clock: Clock; readonly logger: Logger },
): Promise<void> {
  const steps = [
    { signal: 'SIGINT', waitMs: SERVER_STOP_FAST_MS },
    { signal: 'SIGQUIT', waitMs: SERVER_STOP_IMMEDIATE_MS },
    { signal: 'SIGKILL', waitMs: SERVER_STOP_IMMEDIATE_MS },
  ] as const;
  for (const step of steps) {
    if (!send(pid, step.signal)) return gone;
    const timer = new AbortController();
    const late = deps.clock.sleep(step.waitMs, timer.signal).then(
      () => false,
      () => true,
    );
    const stopped = await Promise.race([gone.then(() => true), late]);
    timer.abort();
    if (stopped) return;
    deps.logger.warn({ pid, directory, signal: step.signal, waitedMs: step.waitMs }, 'The database server is slow to stop');
  }
  throw nodeFailure('store.server_failed', { step: 'stop', reason: `process ${pid} does not end` });
}

function send(pid: number, signal: NodeJS.Signals): boolean {
  if (!isAlive(pid)) return false;
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}
