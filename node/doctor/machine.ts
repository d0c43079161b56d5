/** What the machine has, held against what a node needs. Pure: the facts are gathered by the command. */

import { size } from '../words.js';
import { type Finding, fail, ok, warn } from './finding.js';

/** What is in force on a process that opens a foreign model. */
export interface SandboxFacts {
  readonly limits: 'prlimit' | 'ulimit';
  readonly memoryBounded: boolean;
  readonly networkRemoved: boolean;
  readonly unprivilegedUser: boolean;
  readonly noNewPrivileges: boolean;
  readonly capabilitiesDropped: boolean;
  readonly diesWithParent: boolean;
  readonly yields: boolean;
  readonly controlGroup: boolean;
  /** Why there is none, in words. */
  readonly controlGroupProblem: string | null;
}

export interface MachineFacts {
  readonly node: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly diskFreeBytes: number;
  readonly dataDir: string;
  readonly sandbox: SandboxFacts | null;
}

const NODE_WANTED = [20, 19] as const;
const ENOUGH_MEMORY = 4 * 1024 ** 3;
const LITTLE_DISK = 1024 ** 3;
const ENOUGH_DISK = 20 * 1024 ** 3;

export function examineMachine(facts: MachineFacts): readonly Finding[] {
  return [nodeVersion(facts), cores(facts), memory(facts), disk(facts), ...sandbox(facts)];
}

function nodeVersion({ node }: MachineFacts): Finding {
  const [major = 0, minor = 0] = node.replace(/^v/, '').split('.').map(Number);
  const enough = major > NODE_WANTED[0] || (major === NODE_WANTED[0] && minor >= NODE_WANTED[1]);
  const wanted = NODE_WANTED.join('.');
  return enough ? ok('node', node) : fail('node', `${node}, older than ${wanted}`, `Install Node ${wanted} or newer.`);
}

function cores({ cores: count }: MachineFacts): Finding {
  return count >= 2
    ? ok('cores', String(count))
    : warn('cores', '1: scoring shares it with everything else', 'Give the machine a second core.');
}

function memory({ memoryBytes }: MachineFacts): Finding {
  const shown = size(memoryBytes);
  if (memoryBytes >= ENOUGH_MEMORY) return ok('memory', shown);
  return warn('memory', `${shown}: a large model may not load`, `Give it ${size(ENOUGH_MEMORY)}, or lower scoring.memoryBytes.`);
}

function disk({ diskFreeBytes, dataDir }: MachineFacts): Finding {
  const shown = `${size(diskFreeBytes)} free in ${dataDir}`;
  if (diskFreeBytes < LITTLE_DISK) return fail('disk', shown, 'Free some space, or move the node with --data-dir.');
  if (diskFreeBytes < ENOUGH_DISK)
    return warn('disk', shown, `Models and history want ${size(ENOUGH_DISK)}; cache.bytesMax bounds the models.`);
  return ok('disk', shown);
}

/** Line by line what this system enforces on a foreign model, and what it cannot. */
function sandbox({ sandbox: report }: MachineFacts): readonly Finding[] {
  if (report === null) return [];
  const line = (what: string, inForce: boolean, yes: string, no: string, next: string) =>
    inForce ? ok(`sandbox, ${what}`, yes) : warn(`sandbox, ${what}`, no, next);
  const { controlGroupProblem } = report;
  return [
    line(
      'limits',
      report.memoryBounded,
      `${report.limits}: memory, processor time, files${report.limits === 'prlimit' ? ', processes' : ''} of each process`,
      'the memory of a process cannot be bounded: only the wasm engine may run',
      'Install util-linux for prlimit, on Linux 4.7 or newer.',
    ),
    line(
      'control group',
      report.controlGroup,
      'memory, processor and processes of each model are bounded together',
      `not used: ${controlGroupProblem ?? 'unknown'}. The limits of each process hold all the same`,
      'Let a service manager delegate one: Delegate=yes and DelegateSubgroup=voxd-node in the systemd unit, on a system with cgroup v2.',
    ),
    line(
      'network',
      report.networkRemoved,
      'none: a network namespace without interfaces',
      "a model's process has this machine's network; its graph has no operator that could use it",
      'Allow unprivileged user namespaces (kernel.unprivileged_userns_clone=1; no AppArmor rule against them), and install util-linux.',
    ),
    line(
      'user',
      report.unprivilegedUser,
      'not root',
      'models run as root',
      'Run the node as a user of its own, or install util-linux for setpriv.',
    ),
    line(
      'privileges',
      report.noNewPrivileges && report.capabilitiesDropped,
      'no capabilities, and no way to new ones',
      'capabilities are not taken away',
      'Install util-linux for setpriv.',
    ),
    line(
      'end',
      report.diesWithParent,
      'a model dies with the node, however that ends',
      'a model whose node was killed runs on until its processor time is used up',
      'Install util-linux for setpriv.',
    ),
    line(
      'priority',
      report.yields,
      'everything else comes first',
      'models are as important as the node: its answers come late while all cores score',
      'Start the node with a niceness below 19.',
    ),
  ];
}
