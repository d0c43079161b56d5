/** What the machine has, held against what a node needs. Pure: the facts are gathered by the command. */
import { type Finding, fail, ok, warn } from './finding.js';

/** What is in force on a process that opens a foreign model. */
export interface SandboxFacts {
  readonly memoryBounded: boolean;
  readonly networkRemoved: boolean;
  readonly unprivilegedUser: boolean;
  readonly noNewPrivileges: boolean;
  readonly capabilitiesDropped: boolean;
  readonly diesWithParent: boolean;
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
  const shown = `${gib(memoryBytes)} GiB`;
  if (memoryBytes >= ENOUGH_MEMORY) return ok('memory', shown);
  return warn('memory', `${shown}: a large model may not load`, `Give it ${gib(ENOUGH_MEMORY)} GiB, or lower scoring.memoryBytes.`);
}

function disk({ diskFreeBytes, dataDir }: MachineFacts): Finding {
  const shown = `${gib(diskFreeBytes)} GiB free in ${dataDir}`;
  if (diskFreeBytes < LITTLE_DISK) return fail('disk', shown, 'Free some space, or move the node with --data-dir.');
  if (diskFreeBytes < ENOUGH_DISK)
    return warn('disk', shown, `Models and history want ${gib(ENOUGH_DISK)} GiB; cache.bytesMax bounds the models.`);
  return ok('disk', shown);
}

/** What this system cannot enforce on a foreign model. */
function sandbox({ sandbox: report }: MachineFacts): readonly Finding[] {
  if (report === null) return [];
  const held: readonly (readonly [string, boolean, string])[] = [
    ['no network', report.networkRemoved, 'Allow unprivileged user namespaces (kernel.unprivileged_userns_clone), and install util-linux.'],
    ['bounded memory', report.memoryBounded, 'Install util-linux for prlimit.'],
    ['no privileges', report.noNewPrivileges && report.capabilitiesDropped, 'Install util-linux for setpriv.'],
    ['an ordinary user', report.unprivilegedUser, 'Run the node as a user of its own, not as root.'],
    ['dies with the node', report.diesWithParent, 'Install util-linux for setpriv.'],
  ];
  const missing = held.filter(([, inForce]) => !inForce);
  const inForce = held.filter(([, yes]) => yes).map(([what]) => what);
  if (missing.length === 0) return [ok('sandbox', `foreign models run with ${inForce.join(', ')}`)];
  return missing.map(([what, , next]) => warn('sandbox', `this system does not enforce on foreign models: ${what}`, next));
}

function gib(bytes: number): string {
  return (bytes / 1024 ** 3).toFixed(1);
}
