/**
 * Control groups on a real kernel that has nothing else to do: user-mode Linux (Debian: user-mode-linux) over the files of this machine, read-only.
 * Left out where that is not installed. Needs the compiled child.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { GROUP_CPU_PERCENT, GROUP_PROCESSES_MAX } from '../../scoring/onnx/control-groups.js';

const LINUX = process.env['VOXD_USER_MODE_LINUX'] ?? '/usr/bin/linux.uml';
const BOOT_TIMEOUT_MS = 300_000;
const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

/** What systemd does for a service with Delegate=yes. */
const INIT = `#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs tmp /tmp
mount -t cgroup2 groups /sys/fs/cgroup
echo '+cpu +memory +pids' > /sys/fs/cgroup/cgroup.subtree_control
mkdir /sys/fs/cgroup/voxd.service
cd '${REPOSITORY}'
( echo 0 > /sys/fs/cgroup/voxd.service/cgroup.procs; exec '${process.execPath}' --import tsx test/support/group-trial.ts )
echo o > /proc/sysrq-trigger
sleep 60
`;

describe('control groups of a real kernel', function () {
  this.timeout(BOOT_TIMEOUT_MS);

  it('bound memory and processes of a model, hold every model and leave nothing', async function () {
    if (!existsSync(LINUX)) return this.skip();
    // Not in the folder for temporary files: the machine has its own.
    await mkdir(join(REPOSITORY, '.cache'), { recursive: true });
    const folder = await mkdtemp(join(REPOSITORY, '.cache', 'groups-'));
    try {
      const init = join(folder, 'init');
      await writeFile(init, INIT, { mode: 0o755 });
      const machine = spawn(
        LINUX,
        ['mem=3G', 'root=/dev/root', 'rootfstype=hostfs', 'rootflags=/', 'ro', `init=${init}`, 'con0=fd:0,fd:1', 'con=none', 'quiet'],
        { stdio: ['ignore', 'pipe', 'ignore'], detached: true, timeout: BOOT_TIMEOUT_MS - 10_000, killSignal: 'SIGKILL' },
      );
      let said = '';
      machine.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text;
      });
      await once(machine, 'close');
      const told = /TRIAL (\{.*\})/.exec(said)?.[1];
      if (told === undefined) throw new Error(`the trial said nothing:\n${said.slice(-2_000)}`);
      const { childGroup, processes, ...trial } = JSON.parse(told) as Record<string, unknown>;
      expect(trial).to.deep.equal({
        node: 'voxd-node',
        hogSignal: 'SIGKILL',
        outOfMemory: true,
        processesMax: String(GROUP_PROCESSES_MAX),
        cpu: `${GROUP_CPU_PERCENT * 1_000} 100000`,
        reported: true,
        left: [],
      });
      // The shell that was refused may be gone already.
      expect(processes).to.be.within(GROUP_PROCESSES_MAX - 1, GROUP_PROCESSES_MAX);
      expect(childGroup).to.match(/^voxd-model-/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
