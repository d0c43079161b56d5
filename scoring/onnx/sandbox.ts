/**
 * Starts a process that can do nothing but compute: limits on memory, CPU time, processes and files, nothing of our environment, an empty working
 * directory, and, where the system allows it, a control group, no network, no privileges, another user, and death with its parent.
 *
 * The limits on memory and CPU time are required; without them nothing is started. The rest is tried once per machine, used when it
 * works, and reported.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Failure } from '../../protocol/failure.js';
import { isFailure } from '../../protocol/failure.js';
import { scoringFailure } from '../failures.js';
import type { EngineName } from '../ports.js';
import { type ControlGroup, type ControlGroups, findControlGroups } from './control-groups.js';
import { yieldProcess } from './priority.js';
import { commandLine, FEATURES, type Feature, type SandboxLimits, type Tools } from './sandbox-command.js';

const PROBE_TIMEOUT_MS = 15_000;
const PROBE_MEMORY_BYTES = 1024 * 1024 * 1024;
const PROBE_CPU_SECONDS = 20;
const PROBE_OUTPUT_BYTES_MAX = 16 * 1024;
/** All that the child is told. Without it ONNX Runtime would report to its maker, over a network that is hopefully not there. */
const ENVIRONMENT = { ORT_DISABLE_TELEMETRY: '1' };

/** What is in force on this machine. */
export interface SandboxReport {
  /** The program that sets the limits. */
  readonly limits: 'prlimit' | 'ulimit';
  readonly memoryBounded: boolean;
  readonly networkRemoved: boolean;
  /** Not root: a daemon that is root runs models as nobody. */
  readonly unprivilegedUser: boolean;
  readonly noNewPrivileges: boolean;
  readonly capabilitiesDropped: boolean;
  readonly diesWithParent: boolean;
  /** Everything else on this machine comes first. */
  readonly yields: boolean;
  /** A control group of its own for each model bounds memory, processor and processes together. */
  readonly controlGroup: boolean;
  /** Why there is none, in words; null: there is. */
  readonly controlGroupProblem: string | null;
}

export interface Confinement {
  readonly report: SandboxReport;
  start(engine: EngineName, limits: SandboxLimits): Promise<Confined>;
}

export interface Confined {
  readonly process: ChildProcessWithoutNullStreams;
  /** SIGKILL to the whole process group, and control group where there is one. */
  kill(): void;
  /** The kernel ended it because its control group was out of memory. */
  ranOutOfMemory(): boolean;
  /** Removes the working directory, from under the running process if need be. Idempotent. */
  removeDirectory(): Promise<void>;
  /** What is left when the process is gone. */
  cleanUp(): Promise<void>;
}

/** Shape: name of a system program → its path, or null where it is not installed. */
export type FindProgram = (name: string) => string | null;

/**
 * Finds out, by trying, how a process can be confined here.
 * Errors: rejects with scoring.sandbox_unavailable.
 */
export async function findConfinement(
  find: FindProgram = findProgram,
  groups: ControlGroups | string = findControlGroups(),
): Promise<Confinement> {
  const tools: Tools = { prlimit: find('prlimit'), shell: find('sh'), unshare: find('unshare'), setpriv: find('setpriv') };
  const limiters = [tools.prlimit, tools.shell].filter((path) => path !== null);
  let problem = `neither prlimit nor sh was found (${process.platform})`;
  for (const limiter of limiters) {
    const command = (features: readonly Feature[]) => (engine: string, limits: SandboxLimits) =>
      commandLine(tools, limiter, features, engine, limits);
    const all = FEATURES.filter((feature) => isPossible(feature, tools));
    const features = (await works(command(all), groups)) ? all : await strongest(command, all, groups);
    if (typeof features === 'string') {
      problem = features;
      continue;
    }
    const report = await reportOf(command(features), limiter === tools.prlimit ? 'prlimit' : 'ulimit', features, groups);
    return { report, start: (engine, limits) => start(command(features)(engine, limits), limits, groups) };
  }
  throw scoringFailure('scoring.sandbox_unavailable', { problem });
}

function isPossible(feature: Feature, { setpriv, unshare }: Tools): boolean {
  if (feature === 'network') return unshare !== null;
  return setpriv !== null && (feature !== 'user' || process.getuid?.() === 0);
}

type Command = (engine: string, limits: SandboxLimits) => readonly string[];

/** Adds one feature after the other, keeping those that work; the problem when not even the limits do. */
async function strongest(
  command: (features: readonly Feature[]) => Command,
  all: readonly Feature[],
  groups: ControlGroups | string,
): Promise<readonly Feature[] | string> {
  const bare = await probe(command([]), groups);
  if (typeof bare === 'string') return bare;
  let kept: readonly Feature[] = [];
  for (const feature of all) if (await works(command([...kept, feature]), groups)) kept = [...kept, feature];
  return kept;
}

async function works(command: Command, groups: ControlGroups | string): Promise<boolean> {
  return typeof (await probe(command, groups)) === 'object';
}

interface ProbeFacts {
  readonly allocated: boolean;
  readonly interfaces: number;
  readonly noNewPrivileges: boolean;
  readonly capabilities: string;
  readonly niceness: number;
}

async function reportOf(
  command: Command,
  limits: SandboxReport['limits'],
  features: readonly Feature[],
  groups: ControlGroups | string,
): Promise<SandboxReport> {
  const facts = await probe(command, groups);
  if (typeof facts === 'string') throw scoringFailure('scoring.sandbox_unavailable', { problem: facts });
  return {
    limits,
    memoryBounded: !facts.allocated,
    networkRemoved: features.includes('network') && facts.interfaces === 0,
    unprivilegedUser: features.includes('user') || process.getuid?.() !== 0,
    noNewPrivileges: facts.noNewPrivileges,
    capabilitiesDropped: facts.capabilities === '0000000000000000',
    diesWithParent: features.includes('parent'),
    yields: facts.niceness > getPriority(),
    controlGroup: typeof groups === 'object',
    controlGroupProblem: typeof groups === 'object' ? null : groups,
  };
}

/** What a child under this command finds out, or why there is no such child. */
async function probe(command: Command, groups: ControlGroups | string): Promise<ProbeFacts | string> {
  const limits = { memoryBytes: PROBE_MEMORY_BYTES, cpuSeconds: PROBE_CPU_SECONDS };
  let confined: Confined;
  try {
    confined = await start(command('probe', limits), limits, groups);
  } catch (error) {
    return asFailure(error).message;
  }
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    confined.kill();
  }, PROBE_TIMEOUT_MS);
  try {
    confined.process.stdin.on('error', () => {});
    const [output, complaint] = await Promise.all([readSome(confined.process.stdout), readSome(confined.process.stderr)]);
    const silence = late
      ? `no answer within ${PROBE_TIMEOUT_MS / 1000} s: the machine may be overloaded`
      : 'the probe ended without an answer';
    return parseProbe(output) ?? (complaint.trim().slice(0, 300) || silence);
  } finally {
    clearTimeout(timer);
    confined.kill();
    await confined.cleanUp();
  }
}

async function readSome(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stream) if (text.length < PROBE_OUTPUT_BYTES_MAX) text += String(chunk);
  return text;
}

function parseProbe(output: string): ProbeFacts | null {
  try {
    // Safety: written by our own probe mode; a field that is missing only weakens the report.
    return JSON.parse(output) as ProbeFacts;
  } catch {
    return null;
  }
}

/** From fixed places, never from PATH: the environment does not decide what confines a process. */
function findProgram(name: string): string | null {
  for (const folder of ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin', '/run/current-system/sw/bin']) {
    const path = join(folder, name);
    if (isExecutable(path)) return path;
  }
  return null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function start(command: readonly string[], limits: SandboxLimits, groups: ControlGroups | string): Promise<Confined> {
  const [program, ...args] = command;
  const directory = await emptyDirectory();
  let group: ControlGroup | null = null;
  let started: ChildProcessWithoutNullStreams | null = null;
  let removed: Promise<void> | null = null;
  const removeDirectory = () => {
    removed ??= remove(directory);
    return removed;
  };
  try {
    const child = spawn(program!, args, { cwd: directory, env: ENVIRONMENT, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    started = child;
    // At once, while a small program is on its way to become Node: it has one thread.
    if (child.pid !== undefined) {
      yieldProcess(child.pid);
      // Before it is given anything foreign.
      group = typeof groups === 'object' ? groups.create(limits) : null;
      group?.add(child.pid);
    }
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    child.on('error', () => {});
    const inGroup = group;
    return {
      process: child,
      removeDirectory,
      kill() {
        inGroup?.kill();
        killGroup(child);
      },
      ranOutOfMemory: () => inGroup?.ranOutOfMemory() ?? false,
      async cleanUp() {
        await removeDirectory();
        await inGroup?.remove();
      },
    };
  } catch (error) {
    group?.kill();
    if (started !== null) killGroup(started);
    await removeDirectory();
    await group?.remove();
    throw asFailure(error);
  }
}

async function emptyDirectory(): Promise<string> {
  try {
    const directory = await mkdtemp(join(tmpdir(), `voxd-sandbox-${process.pid}-`));
    // Readable by the user it is handed to, writable by nobody.
    await chmod(directory, 0o555);
    return directory;
  } catch (error) {
    throw asFailure(error);
  }
}

/** What an engine may have left in it goes too; a folder that stays is empty and harms nothing. */
async function remove(directory: string): Promise<void> {
  await chmod(directory, 0o755)
    .then(() => rm(directory, { recursive: true, force: true }))
    .catch(() => {});
}

function killGroup(child: ChildProcessWithoutNullStreams): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
}

function asFailure(error: unknown): Failure {
  if (isFailure(error)) return error;
  return scoringFailure('scoring.child_start_failed', { problem: error instanceof Error ? error.message : String(error) }, error);
}

const TICKS_PER_SECOND = 100;

/** CPU time a process has used, or null where the system does not tell. */
export function cpuTimeMs(pid: number): number | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold spaces; user and system time are the 12th and 13th field behind it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
  } catch {
    return null;
  }
}
