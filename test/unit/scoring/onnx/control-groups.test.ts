import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  type ControlGroups,
  findControlGroups,
  GROUP_MEMORY_SLACK_BYTES,
  type KernelPaths,
} from '../../../../scoring/onnx/control-groups.js';

const MEMORY_BYTES = 1024 ** 3;
const NOBODY = 65_534;

/** A folder that looks like the kernel's: files are made by whoever writes to them. */
describe('control groups', () => {
  const folder = mkdtempSync(join(tmpdir(), 'voxd-test-groups-'));
  let count = 0;
  after(() => rmSync(folder, { recursive: true, force: true }));

  function kernel(of: {
    readonly own: string;
    readonly controllers?: string;
    readonly members?: readonly number[];
    readonly version?: 1 | 2;
    /** Default: root, to whom the owner of a folder says nothing. */
    readonly user?: number;
  }): {
    readonly paths: KernelPaths;
    readonly own: string;
    readonly mount: string;
  } {
    count += 1;
    const root = join(folder, String(count));
    const mount = join(root, 'groups');
    const own = join(mount, of.own);
    mkdirSync(own, { recursive: true });
    for (let at = own; at.startsWith(mount); at = join(at, '..')) {
      writeFileSync(join(at, 'cgroup.procs'), at === own ? (of.members ?? [process.pid]).join('\n') : '');
      writeFileSync(join(at, 'cgroup.subtree_control'), '');
      writeFileSync(join(at, 'cgroup.controllers'), of.controllers ?? 'cpuset cpu io memory pids');
    }
    const type = of.version === 1 ? 'cgroup' : 'cgroup2';
    writeFileSync(join(root, 'mountinfo'), `30 24 0:26 / ${mount} rw,nosuid shared:4 - ${type} ${type} rw\n`);
    writeFileSync(join(root, 'own'), `9:name=systemd:/x\n0::/${of.own}\n`);
    const paths = { mountInfo: join(root, 'mountinfo'), ownGroups: join(root, 'own'), processes: '/proc', user: of.user ?? 0 };
    return { paths, own, mount };
  }
  const groupsIn = (paths: KernelPaths): ControlGroups => {
    const found = findControlGroups(paths);
    if (typeof found === 'string') throw new Error(found);
    return found;
  };

  it('moves the node aside where it is alone in its group, and bounds each model beside it', () => {
    const { paths, own } = kernel({ own: 'system.slice/voxd.service' });
    const group = groupsIn(paths).create({ memoryBytes: MEMORY_BYTES });
    expect(readFileSync(join(own, 'voxd-node/cgroup.procs'), 'utf8')).to.equal(String(process.pid));
    expect(readFileSync(join(own, 'cgroup.subtree_control'), 'utf8')).to.equal('+cpu +memory +pids');
    group.add(4711);
    const [directory] = modelsIn(own).slice(-1);
    const said = (file: string) => readFileSync(join(own, directory!, file), 'utf8');
    expect(said('cgroup.procs')).to.equal('4711');
    expect(said('memory.max')).to.equal(String(MEMORY_BYTES + GROUP_MEMORY_SLACK_BYTES));
    expect(said('memory.swap.max')).to.equal('0');
    expect(said('pids.max')).to.equal('64');
    expect(said('cpu.max')).to.equal('100000 100000');
    expect(group.ranOutOfMemory()).to.equal(false);
    writeFileSync(join(own, directory!, 'memory.events'), 'low 0\noom 1\noom_kill 2\n');
    expect(group.ranOutOfMemory()).to.equal(true);
    group.kill();
    expect(said('cgroup.kill')).to.equal('1');
  });

  it('uses the group above where a service manager has put the node into one of its own', () => {
    const { paths, own, mount } = kernel({ own: 'system.slice/voxd.service/voxd-node' });
    groupsIn(paths).create({ memoryBytes: MEMORY_BYTES });
    expect(modelsIn(join(mount, 'system.slice/voxd.service'))).to.have.length(2);
    expect(modelsIn(own)).to.deep.equal([]);
  });

  it('uses the group above where that was given to our user', () => {
    const user = process.getuid?.() || NOBODY;
    const { paths, own, mount } = kernel({ own: 'user.slice/given/session.scope', user });
    const given = join(mount, 'user.slice/given');
    if (process.getuid?.() === 0) chownSync(given, user, user);
    groupsIn(paths).create({ memoryBytes: MEMORY_BYTES });
    expect(modelsIn(given)).to.have.length(2);
    expect(modelsIn(own)).to.deep.equal([]);
  });

  it('rearranges no session of somebody else, and says why there are no groups', () => {
    const shared = kernel({ own: 'user.slice/session-3.scope', members: [process.pid, process.ppid] });
    expect(findControlGroups(shared.paths)).to.match(/delegated/);
    expect(existsSync(join(shared.own, 'voxd-node'))).to.equal(false);
    expect(findControlGroups(kernel({ own: 'a', controllers: 'hugetlb cpu' }).paths)).to.match(/memory, pids/);
    expect(findControlGroups(kernel({ own: 'a', version: 1 }).paths)).to.match(/no cgroup v2/);
    expect(findControlGroups({ mountInfo: '/nowhere', ownGroups: '/nowhere', processes: '/proc', user: 0 })).to.match(/no cgroup v2/);
  });
});

function modelsIn(directory: string): readonly string[] {
  return readdirSync(directory)
    .sort()
    .filter((name) => name.startsWith('voxd-model-'));
}
