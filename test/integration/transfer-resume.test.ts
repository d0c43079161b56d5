/** Transfers that are interrupted: by kill -9, by a full disk, by the provider. What was verified and recorded does not come again. */
import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { isFailure } from '../../protocol/failure.js';
import type { FetchModel } from '../../protocol/ports.js';
import { connect, createVillage, type TestHost } from '../support/network.js';
import { makePackage, parseTestManifest, type TestPackage, twist } from '../support/package.js';
import { openTestCache, type TestSink, testSink } from '../support/package-cache.js';
import { temporaryDirectory } from '../support/temporary.js';

const KIB = 1024;
const CHUNK = 64 * KIB;
const CHILD = fileURLToPath(new URL('../support/transfer-child.ts', import.meta.url));
/** Places of the chunks that a journal vouches for: 16 bytes each, zero where there is no record. */
function recordsIn(journal: Buffer): ReadonlySet<number> {
  const places = Array.from({ length: journal.length / 16 }, (_, place) => place);
  return new Set(places.filter((place) => journal.subarray(place * 16, place * 16 + 16).some((byte) => byte !== 0)));
}

const LIMITS = { manifestSizeBytesMax: 2 ** 20, totalSizeBytesMax: 2 ** 26, filesMax: 8 };

describe('interrupted transfers', function () {
  this.timeout(60_000);
  const village = createVillage();
  const cleanUps: (() => void)[] = [];
  afterEach(async () => {
    await village.stop();
    for (const cleanUp of cleanUps.splice(0).reverse()) cleanUp();
  });

  function folder(): string {
    const directory = temporaryDirectory();
    cleanUps.push(() => directory.remove());
    return directory.path;
  }

  /** A provider that notes which chunks it gives. */
  async function provider(pack: TestPackage, bytesPerSecond: number | null = null) {
    const given: number[] = [];
    const uploads = { bytesPerSecond, bytesPerSecondPerHotkey: null, bytesPerDayPerHotkey: 2 ** 40 };
    const bob = await village.host('Bob', { transfer: { uploads } });
    bob.host.serve(
      twist(pack, (honest) => ({
        async chunk(file, chunk) {
          given.push(chunk);
          return honest.chunk(file, chunk);
        },
      })),
    );
    return { bob, given };
  }

  function fetch(taker: TestHost, from: TestHost, pack: TestPackage, sink: TestSink, more: Partial<FetchModel> = {}) {
    return taker.host.fetchModel({
      model: pack.digest,
      providers: () => [from.host.peerId],
      sink,
      parseManifest: parseTestManifest,
      limits: LIMITS,
      ...more,
    });
  }

  async function isWhole(directory: string, pack: TestPackage): Promise<boolean> {
    const files = await Promise.all(pack.layout.files.map(({ path }) => readFile(join(directory, path))));
    return files.every((bytes, n) => bytes.equals(pack.files[n]!));
  }

  it('go on after kill -9: only chunks that were not recorded come again', async () => {
    const pack = makePackage([96 * CHUNK], CHUNK);
    const { bob, given } = await provider(pack, 2 ** 21);
    const directory = folder();
    const child = fork(CHILD, [directory, bob.address, pack.digest], { execArgv: ['--import', 'tsx'] });
    // At 2 MiB per second that is after more than a second, and so after a record.
    await new Promise<void>((resolve) => {
      child.on('message', (hereBytes) => Number(hereBytes) >= 48 * CHUNK && resolve());
    });
    child.kill('SIGKILL');
    await once(child, 'exit');

    const [name = ''] = await readdir(join(directory, 'arriving'));
    const journal = await readFile(join(directory, 'arriving', name, 'journal'));
    const recorded = recordsIn(journal);
    expect(recorded.size).to.be.within(8, 95);

    given.splice(0);
    const alice = await village.host('Alice');
    await connect(alice, bob);
    const sink = testSink(openTestCache(directory), pack.digest);
    const { receivedBytes } = await fetch(alice, bob, pack, sink);
    expect(receivedBytes).to.equal((96 - recorded.size) * CHUNK);
    expect(given.filter((chunk) => recorded.has(chunk))).to.deep.equal([]);
    expect(await isWhole(await sink.commit(), pack)).to.equal(true);
    expect(await readdir(join(directory, 'arriving'))).to.deep.equal([]);
  });

  it('count no record that a kill cut short or that is of something else', async () => {
    const pack = makePackage([8 * CHUNK], CHUNK);
    const { bob } = await provider(pack);
    const alice = await village.host('Alice');
    await connect(alice, bob);
    const directory = folder();
    const first = testSink(openTestCache(directory), pack.digest);
    const cancel = new AbortController();
    await fetch(alice, bob, pack, first, {
      signal: cancel.signal,
      onProgress: ({ hereBytes }) => hereBytes >= 3 * CHUNK && cancel.abort(),
    }).catch(() => {});
    await first.end('keep');
    const [name = ''] = await readdir(join(directory, 'arriving'));
    const path = join(directory, 'arriving', name, 'journal');
    const journal = await readFile(path);
    const [torn = -1, ...others] = recordsIn(journal);
    expect(others.length).to.be.at.least(1);
    // One torn; and one of another place where nothing was recorded.
    journal.fill(0, torn * 16 + 9, torn * 16 + 16);
    const empty = Array.from({ length: 8 }, (_, place) => place).find((place) => place !== torn && !others.includes(place)) ?? torn;
    journal.copy(journal, empty * 16, (others[0] ?? 0) * 16, (others[0] ?? 0) * 16 + 16);
    writeFileSync(path, journal);
    const second = testSink(openTestCache(directory), pack.digest);
    const { receivedBytes } = await fetch(alice, bob, pack, second);
    expect(receivedBytes).to.equal((8 - others.length) * CHUNK);
    expect(await isWhole(await second.commit(), pack)).to.equal(true);
  });

  it('end with a full disk by name, keep what is written, and go on when there is room', async function () {
    const mount = folder();
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', mount], { stdio: 'ignore' });
    } catch {
      // Only root may mount.
      this.skip();
    }
    cleanUps.push(() => void execFileSync('umount', ['-l', mount]));
    const pack = makePackage([32 * CHUNK], CHUNK);
    const { bob } = await provider(pack);
    const alice = await village.host('Alice');
    await connect(alice, bob);
    const cache = openTestCache(mount);
    const first = testSink(cache, pack.digest);
    const filler = join(mount, 'filler');
    let isFull = false;
    const failure = await fetch(alice, bob, pack, first, {
      onProgress: ({ hereBytes }) => {
        if (isFull || hereBytes < 8 * CHUNK) return;
        isFull = true;
        try {
          writeFileSync(filler, Buffer.alloc(3 * 1024 * KIB));
        } catch {
          // It is as large as there was room.
        }
      },
    }).catch((error: unknown) => error);
    expect(isFailure(failure) && failure.code).to.equal('store.full');
    await first.end('keep');

    const refused = testSink(openTestCache(mount), pack.digest);
    let asked = 0;
    const again = await fetch(alice, bob, pack, refused, { onProgress: () => (asked += 1) }).catch((error: unknown) => error);
    expect(isFailure(again) && again.code, 'before the first byte').to.equal('store.full');
    expect(asked).to.equal(0);

    rmSync(filler);
    const last = testSink(openTestCache(mount), pack.digest);
    const { receivedBytes } = await fetch(alice, bob, pack, last);
    expect(receivedBytes).to.be.lessThan(32 * CHUNK);
    expect(await isWhole(await last.commit(), pack)).to.equal(true);
  });

  it('serve on what has come so far, so that a model spreads while it arrives', async () => {
    const pack = makePackage([16 * CHUNK], CHUNK);
    const held = new Set([0, 3, 7]);
    const { bob } = await provider(pack);
    const part = await village.host('Dave');
    part.host.serve(
      twist(pack, (honest) => ({
        holdings: async () => ({ chunks: held, count: 16 }),
        chunk: (file, chunk) => (held.has(chunk) ? honest.chunk(file, chunk) : Promise.resolve(null)),
      })),
    );
    const alice = await village.host('Alice');
    await connect(alice, part);
    await connect(alice, bob);
    let late = false;
    const sink = testSink(openTestCache(folder()), pack.digest);
    const fetching = fetch(alice, bob, pack, sink, {
      providers: () => (late ? [part.host.peerId, bob.host.peerId] : [part.host.peerId]),
      onProgress: ({ hereBytes }) => {
        late ||= hereBytes === held.size * CHUNK;
      },
    });
    const { from } = await fetching;
    expect(from.find(({ peer }) => peer === part.host.peerId)?.bytes).to.equal(held.size * CHUNK);
    expect(await isWhole(await sink.commit(), pack)).to.equal(true);
  });
});
