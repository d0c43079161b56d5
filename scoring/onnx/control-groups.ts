/**
 * Control groups (cgroup v2): memory, processor and processes of a model bounded together by the kernel, whatever its process starts or shares. Used
 * where the system has delegated a group to us; the limits of the process itself hold in any case.
 */
import { accessSync, constants, mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Beside what the model may allocate: the program itself and pages of files, which the limit of the process does not count. */
export const GROUP_MEMORY_SLACK_BYTES = 256 * 1024 * 1024;
/** One core: what its seat is worth. */
export const GROUP_CPU_PERCENT = 100;
export const GROUP_PROCESSES_MAX = 64;
/** Of 1 to 10,000, where everybody else has 100. */
export const GROUP_CPU_WEIGHT = 10;
const CONTROLLERS = ['cpu', 'memory', 'pids'] as const;
const CPU_PERIOD_US = 100_000;
/** Where the node itself goes, because a group that has groups may not have processes. */
const NODE_GROUP = 'voxd-node';
const MODEL_GROUP = 'voxd-model';
const REMOVE_ATTEMPTS_MAX = 40;
const REMOVE_REST_MS = 25;

export interface ControlGroup {
  add(pid: number): void;
  /** SIGKILL to all of it. */
  kill(): void;
  /** The kernel ended a process of it for its memory. */
  ranOutOfMemory(): boolean;
  /** Resolves when it is gone, or was given up: an empty group harms nothing and goes with the next start. */
  remove(): Promise<void>;
}

export interface ControlGroups {
  create(limits: { readonly memoryBytes: number }): ControlGroup;
}

/** Where the kernel says these things, and who asks; tests put a folder there. */
export interface KernelPaths {
  readonly mountInfo: string;
  readonly ownGroups: string;
  readonly processes: string;
  /** User id; undefined where the system has none. */
  readonly user: number | undefined;
}

const KERNEL: KernelPaths = {
  mountInfo: '/proc/self/mountinfo',
  ownGroups: '/proc/self/cgroup',
  processes: '/proc',
  user: process.getuid?.(),
};

/** Shape: the groups, or in words why there are none. */
export function findControlGroups(kernel: KernelPaths = KERNEL): ControlGroups | string {
  const own = ownGroup(kernel);
  if (own === null) return 'no cgroup v2 is mounted';
  const base = baseOf(own, kernel);
  if (base === null) return 'no control group is delegated to this process';
  const missing = missingIn(base.directory);
  if (missing.length > 0) return `cgroup v2 has no controllers for ${missing.join(', ')} here`;
  const { directory } = base;
  try {
    base.prepare();
    writeFileSync(join(directory, 'cgroup.subtree_control'), CONTROLLERS.map((name) => `+${name}`).join(' '));
    removeLeftovers(directory);
    // Tried once, so that no model finds out what does not work.
    void createGroup(directory, GROUP_MEMORY_SLACK_BYTES).remove();
  } catch (error) {
    return `the control group ${directory} cannot be used: ${error instanceof Error ? error.message : String(error)}`;
  }
  return { create: ({ memoryBytes }) => createGroup(directory, memoryBytes + GROUP_MEMORY_SLACK_BYTES) };
}

function ownGroup({ mountInfo, ownGroups }: KernelPaths): string | null {
  const mount = read(mountInfo)
    .split('\n')
    .map((line) => line.split(' '))
    .find((fields) => fields[fields.indexOf('-') + 1] === 'cgroup2');
  const path = /^0::(.*)$/m.exec(read(ownGroups))?.[1];
  if (mount?.[4] === undefined || path === undefined) return null;
  const root = mount[3] ?? '/';
  return join(mount[4], path.startsWith(root) ? path.slice(root.length) : path);
}

/**
 * The group in which groups for models may be made. Being able to write is not enough: as root everything can be written, and a session of somebody
 * else may not be rearranged. So either our own group has only us in it, or the one above it was given to our user, or made by us.
 */
function baseOf(own: string, { processes, user }: KernelPaths): { readonly directory: string; prepare(): void } | null {
  const above = dirname(own);
  const isOurs = basename(own) === NODE_GROUP || (user !== 0 && ownerOf(above) === user);
  if (isOurs && isWritable(above) && read(join(above, 'cgroup.procs')).trim() === '') return { directory: above, prepare() {} };
  if (!isWritable(own)) return null;
  const members = read(join(own, 'cgroup.procs')).split('\n').filter(Boolean).map(Number);
  if (members.length === 0 || !members.every((pid) => descends(pid, processes))) return null;
  return {
    directory: own,
    prepare() {
      const node = join(own, NODE_GROUP);
      mkdirSync(node, { recursive: true });
      for (const pid of members) writeFileSync(join(node, 'cgroup.procs'), String(pid));
    },
  };
}

function missingIn(group: string): readonly string[] {
  const there = read(join(group, 'cgroup.controllers')).split(/\s+/);
  return CONTROLLERS.filter((name) => !there.includes(name));
}

function createGroup(base: string, memoryBytes: number): ControlGroup {
  made += 1;
  const directory = join(base, `${MODEL_GROUP}-${process.pid}-${made}`);
  const set = (file: string, value: string) => writeFileSync(join(directory, file), value);
  mkdirSync(directory);
  set('memory.max', String(memoryBytes));
  set('pids.max', String(GROUP_PROCESSES_MAX));
  set('cpu.max', `${(GROUP_CPU_PERCENT * CPU_PERIOD_US) / 100} ${CPU_PERIOD_US}`);
  set('cpu.weight', String(GROUP_CPU_WEIGHT));
  // Not every kernel has these.
  for (const [file, value] of [
    ['memory.swap.max', '0'],
    ['memory.oom.group', '1'],
  ] as const)
    attempt(() => set(file, value));
  return {
    add: (pid) => set('cgroup.procs', String(pid)),
    kill: () => attempt(() => set('cgroup.kill', '1')),
    ranOutOfMemory: () => Number(/^oom_kill (\d+)$/m.exec(read(join(directory, 'memory.events')))?.[1] ?? 0) > 0,
    async remove() {
      for (let attempts = 0; attempts < REMOVE_ATTEMPTS_MAX; attempts += 1) {
        if (attempt(() => rmdirSync(directory))) return;
        await new Promise((resolve) => setTimeout(resolve, REMOVE_REST_MS));
      }
    },
  };
}

let made = 0;

/** Of processes that were killed with their groups. A group with a process in it stays. */
function removeLeftovers(base: string): void {
  for (const name of readdirSync(base)) if (name.startsWith(`${MODEL_GROUP}-`)) attempt(() => rmdirSync(join(base, name)));
}

/** Ourselves, or of us. */
function descends(pid: number, processes: string): boolean {
  for (let at = pid, steps = 0; at > 1 && steps < 64; steps += 1) {
    if (at === process.pid) return true;
    const stat = read(join(processes, String(at), 'stat'));
    at = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0);
  }
  return pid === process.pid;
}

function isWritable(group: string): boolean {
  return ['', 'cgroup.procs', 'cgroup.subtree_control'].every((file) => attempt(() => accessSync(join(group, file), constants.W_OK)));
}

function ownerOf(path: string): number | null {
  try {
    return statSync(path).uid;
  } catch {
    return null;
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function attempt(work: () => void): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}
