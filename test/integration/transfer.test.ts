import { setImmediate as restOfTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { isFailure } from '../../protocol/failure.js';
import { TRANSFER_TIMEOUTS } from '../../protocol/libp2p/artifact-client.js';
import type { FetchModel } from '../../protocol/ports.js';
import { aModel } from '../support/keys.js';
import { connect, createVillage, membersOf, type TestHost } from '../support/network.js';
import { makePackage, memorySink, parseTestManifest, type TestPackage, twist } from '../support/package.js';

const MIB = 1024 * 1024;
const LIMITS = { manifestSizeBytesMax: MIB, totalSizeBytesMax: 64 * MIB, filesMax: 8 };
const IMPATIENT = { ...TRANSFER_TIMEOUTS, firstByteMs: 300, idleMs: 300 };

/** What nobody holds any more goes away. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  // Safety: the flag makes it a function in every new context.
  (runInNewContext('gc') as () => void)();
}

describe('model transfer between hosts', function () {
  this.timeout(60_000);
  const village = createVillage();
  afterEach(() => village.stop());

  async function pair(timeouts = TRANSFER_TIMEOUTS): Promise<readonly [TestHost, TestHost]> {
    const a = await village.host('Alice', { transfer: { timeouts } });
    const b = await village.host('Bob');
    await connect(a, b);
    return [a, b];
  }

  function ask(b: TestHost, pack: TestPackage, more: Partial<FetchModel> = {}) {
    const sink = memorySink();
    const request: FetchModel = {
      providers: () => [b.host.peerId],
      model: pack.digest,
      sink,
      parseManifest: parseTestManifest,
      limits: LIMITS,
      ...more,
    };
    return { sink, request };
  }

  async function refusal(promise: Promise<unknown>) {
    try {
      await promise;
    } catch (error) {
      if (isFailure(error)) return error;
      throw error;
    }
    throw new Error('it was not refused');
  }

  it('moves a package of several files, byte for byte', async () => {
    const [a, b] = await pair();
    const pack = makePackage([5 * MIB + 12_345, 0, 777], MIB);
    b.host.serve(pack.source);
    const { sink, request } = ask(b, pack);
    const progress: number[] = [];
    const fetched = await a.host.fetchModel({ ...request, onProgress: ({ receivedBytes }) => progress.push(receivedBytes) });
    expect(sink.files.map((bytes) => Buffer.from(bytes).toString('base64'))).to.deep.equal(
      pack.files.map((bytes) => Buffer.from(bytes).toString('base64')),
    );
    expect(fetched.receivedBytes).to.equal(5 * MIB + 12_345 + 777);
    expect(progress.at(-1)).to.equal(fetched.receivedBytes);
    expect(Math.max(...sink.written.map(({ sizeBytes }) => sizeBytes))).to.equal(MIB);
  });

  it('keeps no more of a model in memory than what is under way', async () => {
    const [a, b] = await pair();
    const pack = makePackage([60 * MIB], MIB);
    b.host.serve(pack.source);
    const heldBytes: number[] = [];
    let writes = 0;
    const sink = {
      ...memorySink(),
      begin: async () => () => false,
      async write() {
        writes += 1;
        if (writes % 10 !== 0) return;
        // What a first pass finds is given back by the next.
        for (let pass = 0; pass < 2; pass += 1) {
          collectGarbage();
          await restOfTurn();
        }
        heldBytes.push(process.memoryUsage().arrayBuffers);
      },
    };
    await a.host.fetchModel(ask(b, pack, { sink }).request);
    expect(heldBytes).to.have.length(6);
    expect(Math.max(...heldBytes) - Math.min(...heldBytes), heldBytes.join(' ')).to.be.lessThan(30 * MIB);
  });

  it('asks only for the chunks that are missing', async () => {
    const [a, b] = await pair();
    const pack = makePackage([4 * MIB], MIB);
    b.host.serve(pack.source);
    const sink = memorySink((_file, chunk) => chunk !== 2);
    const { request } = ask(b, pack, { sink });
    const fetched = await a.host.fetchModel(request);
    expect(fetched.receivedBytes).to.equal(MIB);
    expect(sink.written).to.deep.equal([{ fileIndex: 0, offset: 2 * MIB, sizeBytes: MIB }]);
  });

  it('names the peer that sends one wrong byte in the last chunk, and keeps that chunk from the sink', async () => {
    const [a, b] = await pair();
    const pack = makePackage([3 * MIB + 100], MIB);
    b.host.serve(
      twist(pack, (honest) => ({
        async chunk(file, chunk) {
          const bytes = await honest.chunk(file, chunk);
          if (chunk === 3 && bytes !== null) bytes[99] = (bytes[99] ?? 0) ^ 1;
          return bytes;
        },
      })),
    );
    const { sink, request } = ask(b, pack);
    const failure = await refusal(a.host.fetchModel(request));
    expect(failure.code).to.equal('p2p.wrong_bytes');
    expect(failure.facts).to.deep.equal({ peer: b.host.peerId, file: 0, chunk: 3 });
    expect(sink.written.map(({ offset }) => offset)).to.not.include(3 * MIB);
  });

  it('tells a truncated chunk', async () => {
    const [a, b] = await pair();
    const pack = makePackage([2 * MIB], MIB);
    b.host.serve(
      twist(pack, (honest) => ({
        chunk: async (file, chunk) => (await honest.chunk(file, chunk))?.subarray(0, chunk === 1 ? MIB - 1 : MIB) ?? null,
      })),
    );
    const failure = await refusal(a.host.fetchModel(ask(b, pack).request));
    expect(failure.code).to.equal('p2p.truncated');
    expect(failure.facts['chunk']).to.equal(1);
  });

  it('gives up on a provider that says nothing', async () => {
    const [a, b] = await pair(IMPATIENT);
    const pack = makePackage([2 * MIB], MIB);
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    b.host.serve(
      twist(pack, () => ({
        chunk: async () => {
          await held;
          return null;
        },
      })),
    );
    const failure = await refusal(a.host.fetchModel(ask(b, pack).request));
    release();
    expect(failure.code).to.equal('p2p.timeout');
    expect(failure.facts['peer']).to.equal(b.host.peerId);
  });

  it('refuses a manifest that is not the one asked for, and one that is too large, before any chunk', async () => {
    const [a, b] = await pair();
    const pack = makePackage([1000], MIB);
    const other = makePackage([1000], MIB);
    let chunks = 0;
    const chunk = async () => {
      chunks += 1;
      return null;
    };
    b.host.serve(twist(other, () => ({ chunk })));
    const small = { ...LIMITS, manifestSizeBytesMax: 10 };
    expect((await refusal(a.host.fetchModel(ask(b, other, { limits: small }).request))).code).to.equal('p2p.model_too_large');
    const tiny = { ...LIMITS, totalSizeBytesMax: 999 };
    expect((await refusal(a.host.fetchModel(ask(b, other, { limits: tiny }).request))).code).to.equal('p2p.model_too_large');
    b.host.serve(twist(pack, () => ({ manifest: async () => other.manifest, chunk })));
    expect((await refusal(a.host.fetchModel(ask(b, pack).request))).code).to.equal('p2p.wrong_manifest');
    expect(chunks).to.equal(0);
  });

  it('says that a model is not there, that the reader failed, that the peer is gone', async () => {
    const [a, b] = await pair();
    const pack = makePackage([1000], MIB);
    expect((await refusal(a.host.fetchModel(ask(b, pack).request))).code).to.equal('p2p.model_not_found');
    b.host.serve(pack.source);
    expect((await refusal(a.host.fetchModel({ ...ask(b, pack).request, model: aModel(1) }))).code).to.equal('p2p.model_not_found');
    b.host.serve(twist(pack, () => ({ manifest: () => Promise.reject(new Error('disk')) })));
    expect((await refusal(a.host.fetchModel(ask(b, pack).request))).code).to.equal('p2p.peer_trouble');
    await b.host.stop();
    const gone = (await refusal(a.host.fetchModel(ask(b, pack).request))).code;
    expect(['p2p.not_connected', 'p2p.stream_failed']).to.include(gone);
  });

  it('serves members only', async () => {
    const [a, b] = await pair();
    const pack = makePackage([1000], MIB);
    b.host.serve(pack.source);
    b.host.setMembers(membersOf(b.hotkey));
    expect((await refusal(a.host.fetchModel(ask(b, pack).request))).code).to.equal('p2p.not_served');
    b.host.setMembers(membersOf(a.hotkey, b.hotkey));
    await a.host.fetchModel(ask(b, pack).request);
  });

  it('serves two transfers of a peer at a time, and the next when one ends', async () => {
    const [a, b] = await pair();
    const pack = makePackage([1000], MIB);
    let release: () => void = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let asked = 0;
    let bothAsked: () => void = () => {};
    const two = new Promise<void>((resolve) => {
      bothAsked = resolve;
    });
    b.host.serve(
      twist(pack, (honest) => ({
        async chunk(file, chunk) {
          asked += 1;
          if (asked === 2) bothAsked();
          await held;
          return honest.chunk(file, chunk);
        },
      })),
    );
    const running = [a.host.fetchModel(ask(b, pack).request), a.host.fetchModel(ask(b, pack).request)];
    await two;
    const third = await refusal(a.host.fetchModel(ask(b, pack).request));
    release();
    await Promise.all(running);
    expect(third.code).to.equal('p2p.peer_busy');
    await a.host.fetchModel(ask(b, pack).request);
  });

  it('stops when it is cancelled', async () => {
    const [a, b] = await pair();
    const pack = makePackage([8 * MIB], MIB);
    b.host.serve(pack.source);
    const cancel = new AbortController();
    const { sink, request } = ask(b, pack, {
      signal: cancel.signal,
      onProgress: ({ receivedBytes }) => receivedBytes > MIB && cancel.abort(),
    });
    const failure = await refusal(a.host.fetchModel(request));
    expect(failure.code).to.equal('p2p.cancelled');
    expect(sink.written.length).to.be.lessThan(8);
  });

  it('reports a sink that cannot store', async () => {
    const [a, b] = await pair();
    const pack = makePackage([1000], MIB);
    b.host.serve(pack.source);
    const sink = { ...memorySink(), write: () => Promise.reject(new Error('disk full')) };
    expect((await refusal(a.host.fetchModel(ask(b, pack, { sink }).request))).code).to.equal('p2p.sink_failed');
  });

  it('goes both ways with a node that only dials out: others take models from it, and it from them', async () => {
    const [behind, open] = [await village.host('Alice', { listen: [] }), await village.host('Bob')];
    await connect(behind, open);
    expect(behind.host.addresses()).to.deep.equal([]);
    const [its, theirs] = [makePackage([3 * MIB + 5], MIB), makePackage([2 * MIB], MIB)];
    behind.host.serve(its.source);
    open.host.serve(theirs.source);
    expect(await open.host.askHoldings(behind.host.peerId, [its.digest, theirs.digest])).to.deep.equal(['whole', 'none']);
    const [taken, given] = await Promise.all([
      open.host.fetchModel(ask(behind, its).request),
      behind.host.fetchModel(ask(open, theirs).request),
    ]);
    expect([taken.receivedBytes, given.receivedBytes]).to.deep.equal([3 * MIB + 5, 2 * MIB]);
  });
});
