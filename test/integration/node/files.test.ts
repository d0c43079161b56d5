import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { nodeFailure } from '../../../node/failures.js';
import { openDataDir } from '../../../node/files/data-dir.js';
import { createModelCache, type FileModelCache } from '../../../node/files/model-cache.js';
import { isFailure } from '../../../protocol/failure.js';
import type { ModelDigest } from '../../../protocol/names.js';
import { codeOf } from '../../contracts/code-of.js';
import { modelNamed } from '../../support/store-samples.js';
import { quiet, temporaryDirectory } from '../../support/temporary.js';

const isRoot = process.getuid?.() === 0;

describe('model cache', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  let nowMs: number;
  beforeEach(() => {
    directory = temporaryDirectory();
    nowMs = 1_000_000_000_000;
  });
  afterEach(() => directory.remove());

  const open = (budgetBytes = 1_000, verify: (directory: string, model: ModelDigest) => Promise<void> = async () => {}): FileModelCache =>
    createModelCache(
      { ...quiet, clock: { ...quiet.clock, nowMs: () => nowMs }, verify },
      { directory: directory.path, budgetBytes, diskReserveBytes: 0, foundProtectsMs: 1_000 },
    );
  async function put(cache: FileModelCache, name: string, sizeBytes: number): Promise<string> {
    const pending = await cache.begin(modelNamed(name), sizeBytes);
    mkdirSync(join(pending.directory, 'onnx'));
    writeFileSync(join(pending.directory, 'onnx', 'voice.onnx'), Buffer.alloc(sizeBytes));
    const path = await pending.commit();
    nowMs += 10_000;
    return path;
  }

  it('finds what was committed, also in the next process', async () => {
    const cache = open();
    expect(await cache.find(modelNamed('a'))).to.equal(null);
    const path = await put(cache, 'a', 400);
    expect(await cache.find(modelNamed('a'))).to.equal(path);
    expect(await open().find(modelNamed('a'))).to.equal(path);
    expect(await open().list()).to.deep.equal([{ model: modelNamed('a'), sizeBytes: 400 }]);
  });

  it('keeps nothing that does not verify', async () => {
    const cache = open(1_000, async () => {
      throw nodeFailure('node.no_provider', { model: 'a', hotkey: 'b' });
    });
    const pending = await cache.begin(modelNamed('a'), 400);
    expect(await codeOf(pending.commit())).to.equal('node.no_provider');
    expect(await cache.find(modelNamed('a'))).to.equal(null);
    expect(existsSync(pending.directory)).to.equal(false);
    expect(await cache.usage()).to.deep.equal({ usedBytes: 0, reservedBytes: 0, budgetBytes: 1_000 });
  });

  it('promises no room twice, and gives it back on discard', async () => {
    const cache = open();
    const first = await cache.begin(modelNamed('a'), 700);
    expect(await codeOf(cache.begin(modelNamed('b'), 700))).to.equal('store.cache_busy');
    await first.discard();
    expect(existsSync(first.directory)).to.equal(false);
    expect(await codeOf(cache.begin(modelNamed('b'), 700))).to.equal('none');
    expect(await codeOf(cache.begin(modelNamed('c'), 1_001))).to.equal('store.model_too_large');
  });

  it('clears what a killed process was receiving', async () => {
    const left = join(directory.path, 'arriving', `${modelNamed('a')}.999999999.1`);
    mkdirSync(left, { recursive: true });
    await open().list();
    expect(existsSync(left)).to.equal(false);
  });

  it('takes the same package arriving twice', async () => {
    const cache = open();
    const both = await Promise.all([cache.begin(modelNamed('a'), 100), cache.begin(modelNamed('a'), 100)]);
    for (const pending of both) writeFileSync(join(pending.directory, 'x'), 'x');
    expect(new Set(await Promise.all(both.map((pending) => pending.commit()))).size).to.equal(1);
    expect(readdirSync(join(directory.path, 'arriving'))).to.deep.equal([]);
  });

  it('names a full disk', async function () {
    if (!isRoot) this.skip();
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=700', 'tmpfs', directory.path]);
    try {
      expect(await codeOf(open(1e9).begin(modelNamed('a'), 5e6))).to.equal('store.full');
    } finally {
      execFileSync('umount', ['-l', directory.path]);
    }
  });
});

describe('data directory', () => {
  let directory: ReturnType<typeof temporaryDirectory>;
  beforeEach(() => {
    directory = temporaryDirectory();
  });
  afterEach(() => directory.remove());

  it('is made private, and held by one', () => {
    const path = join(directory.path, 'a', 'b');
    const held = openDataDir(path);
    expect(statSync(path).mode & 0o777).to.equal(0o700);
    const refusal = (() => {
      try {
        return openDataDir(path);
      } catch (err) {
        return err;
      }
    })();
    expect(isFailure(refusal) && [refusal.code, refusal.facts['pid']]).to.deep.equal(['node.data_dir_locked', process.pid]);
    held.release();
    openDataDir(path).release();
  });

  it('is taken over from a process that is gone, or whose number another has now', () => {
    const lock = join(directory.path, 'node.lock');
    for (const dead of ['999999999 5\n', `${process.pid} 1\n`, '']) {
      writeFileSync(lock, dead);
      const held = openDataDir(directory.path);
      expect(readFileSync(lock, 'utf8')).to.match(new RegExp(`^${process.pid} `));
      held.release();
    }
  });

  it('says so when it cannot be written', () => {
    writeFileSync(join(directory.path, 'file'), '');
    expect(() => openDataDir(join(directory.path, 'file', 'below')))
      .to.throw()
      .with.property('code', 'node.data_dir_unwritable');
  });
});
