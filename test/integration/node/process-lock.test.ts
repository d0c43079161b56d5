import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { processLockHolder, takeProcessLock } from '../../../node/process-lock.js';
import { startChild, type TestChild } from '../../support/children.js';
import { quiet, temporaryDirectory } from '../../support/temporary.js';

const KILLS = 10;
const LOOKS = 2_000;

function contentOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

describe('process lock', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let path: string;
  let children: TestChild[] = [];
  beforeEach(() => {
    directory = temporaryDirectory();
    path = join(directory.path, 'a.lock');
  });
  afterEach(async () => {
    for (const child of children) if (child.process.exitCode === null && child.process.signalCode === null) await child.kill('SIGKILL');
    children = [];
    directory.remove();
  });

  function start(): TestChild {
    const child = startChild('./lock-child.ts', [path]);
    children.push(child);
    return child;
  }

  it('is held by one, who is named to the others', () => {
    const first = takeProcessLock(path);
    expect(first.taken).to.equal(true);
    expect(takeProcessLock(path)).to.deep.equal({ taken: false, holderPid: process.pid });
    expect(processLockHolder(path)).to.equal(process.pid);
    if (first.taken) first.release();
    expect(processLockHolder(path)).to.equal(null);
    expect(readdirSync(directory.path)).to.deep.equal([]);
  });

  it('is taken from a holder that is gone, a namesake of it, and nobody', () => {
    for (const dead of ['999999999 5 ab\n', `${process.pid} 1 ab\n`, '999999999\n', '', 'rubbish']) {
      writeFileSync(path, dead);
      const lock = takeProcessLock(path);
      expect(readFileSync(path, 'utf8'), dead).to.match(new RegExp(`^${process.pid} `));
      if (lock.taken) lock.release();
    }
  });

  it('leaves a lock alone that has become another process’s', () => {
    const lock = takeProcessLock(path);
    writeFileSync(path, `${process.ppid}\n`);
    if (lock.taken) lock.release();
    expect(processLockHolder(path)).to.equal(process.ppid);
  });

  it('clears away what a killed process left beside it, and nothing else', () => {
    const [dead, alive] = ['a.lock.999999999-0123456789abcdef', `a.lock.${process.pid}-0123456789abcdef`];
    const [deadRight, right] = ['a.lock.0123456789abcdef', 'a.lock.fedcba9876543210'];
    const deadTaker = `${deadRight}.999999999-0123456789abcdef`;
    for (const name of [dead, deadTaker, alive, 'a.lock.kept']) writeFileSync(join(directory.path, name), '');
    writeFileSync(join(directory.path, deadRight), '999999999 1 0123456789abcdef\n');
    writeFileSync(join(directory.path, right), `${process.pid}\n`);
    takeProcessLock(path);
    expect(readdirSync(directory.path).toSorted()).to.deep.equal(['a.lock', alive, right, 'a.lock.kept'].toSorted());
  });

  it('is never seen half written, so that a kill in between cannot leave it without a holder', async () => {
    const child = start();
    await child.line('busy');
    for (let whole = 0; whole < LOOKS; ) {
      const content = contentOf(path);
      if (content === null) continue;
      expect(content).to.match(/^\d+ \d* [0-9a-f]{16}\n$/);
      whole += 1;
    }
  });

  it('is nobody’s after a kill at any moment, and never two’s', async function () {
    this.timeout(60_000);
    start();
    start();
    for (let victim = 0; victim < KILLS; victim += 1) {
      if (victim < KILLS - 2) start();
      await children[victim]?.line('busy');
      await children[victim]?.kill('SIGKILL');
    }
    expect(children.flatMap((child) => child.lines.filter((line) => 'overlap' in line))).to.deep.equal([]);
    const until = quiet.clock.nowMs() + 5_000;
    let lock = takeProcessLock(path);
    while (!lock.taken && quiet.clock.nowMs() < until) lock = takeProcessLock(path);
    expect(lock.taken).to.equal(true);
    expect(
      readdirSync(directory.path).filter((name) => name.startsWith('a.lock.')),
      'left beside',
    ).to.deep.equal([]);
  });
});
