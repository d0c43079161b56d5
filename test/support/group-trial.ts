/**
 * Control groups on a real kernel: what test/integration/control-groups.test.ts runs inside a machine of its own, as the only process of a
 * delegated group. Prints one line of JSON.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { findControlGroups } from '../../scoring/onnx/control-groups.js';
import { findConfinement } from '../../scoring/onnx/sandbox.js';

const MEBI = 1024 * 1024;
const ROOT = '/sys/fs/cgroup';
const own = (): string => readFileSync('/proc/self/cgroup', 'utf8').trim().replace('0::', '');
/** A process waits for its first line, so that it is in its group before it does anything. */
const waiting = (script: string) => spawn('/bin/sh', ['-c', `read go; ${script}`], { stdio: ['pipe', 'pipe', 'pipe'] });

async function main(): Promise<object> {
  const groups = findControlGroups();
  if (typeof groups === 'string') return { problem: groups };
  const base = join(ROOT, dirname(own()));
  const models = () => readdirSync(base).filter((name) => name.startsWith('voxd-model'));
  const inGroup = (file: string) => readFileSync(join(base, models()[0] ?? '', file), 'utf8').trim();

  const bounded = groups.create({ memoryBytes: 64 * MEBI });
  const hog = waiting(`exec '${process.execPath}' -e 'const kept = []; for (let n = 0; n < 600; n++) kept.push(Buffer.alloc(${MEBI}, 1))'`);
  bounded.add(hog.pid!);
  hog.stdin.write('go\n');
  const [, hogSignal] = (await once(hog, 'close')) as [number | null, string | null];
  const outOfMemory = bounded.ranOutOfMemory();
  await bounded.remove();

  const crowd = groups.create({ memoryBytes: 1024 * MEBI });
  const forker = waiting('for n in $(seq 200); do sleep 60 & done; wait');
  crowd.add(forker.pid!);
  const refused = once(forker.stderr, 'data');
  forker.stdin.write('go\n');
  await refused;
  const [processes, processesMax, cpu] = ['pids.current', 'pids.max', 'cpu.max'].map(inGroup);
  crowd.kill();
  // The shell itself may have ended when it could not fork; what it began holds its output open until it is killed.
  if (!forker.stdout.closed) await once(forker, 'close');
  await crowd.remove();

  const confinement = await findConfinement();
  const child = await confinement.start('native', { memoryBytes: 1024 * MEBI, cpuSeconds: 20 });
  const childGroup = basename(readFileSync(`/proc/${child.process.pid}/cgroup`, 'utf8').trim());
  child.kill();
  await child.cleanUp();
  return {
    node: basename(own()),
    hogSignal,
    outOfMemory,
    processes: Number(processes),
    processesMax,
    cpu,
    reported: confinement.report.controlGroup,
    childGroup,
    left: models(),
  };
}

console.log(`\nTRIAL ${JSON.stringify(await main())}`);
