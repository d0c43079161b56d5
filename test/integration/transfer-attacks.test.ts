/** Hostile providers and askers over real sockets: the model comes whole from the honest ones, and whoever did it is named, in stated time. */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Stream } from '@libp2p/interface';
import { expect } from 'chai';
import { encode } from 'it-length-prefixed';
import { isFailure } from '../../protocol/failure.js';
import { encodeAnswer } from '../../protocol/libp2p/artifact-frames.js';
import type { DroppedProvider, FetchModel, OpenArtifact } from '../../protocol/ports.js';
import { connect, createVillage, type TestHost, until } from '../support/network.js';
import { makePackage, memorySink, parseTestManifest, type TestPackage, twist } from '../support/package.js';
import { ARTIFACT, OK, openAttacker, question } from '../support/transfer-attackers.js';

const KIB = 1024;
const CHUNK = 64 * KIB;
const LIMITS = { manifestSizeBytesMax: 1024 * KIB, totalSizeBytesMax: 64 * 1024 * KIB, filesMax: 8 };
/** As the daemon's, with a second for ten. */
const PATIENCE = {
  firstByteMs: 1_000,
  idleMs: 3_000,
  rateWindowMs: 1_500,
  bytesPerSecondMin: 16 * KIB,
  bytesPerSecondWanted: 128 * KIB,
  withoutWorkMs: 150,
};
const SERVER = { idleMs: 10_000, stallMs: 500 };

describe('attacks on transfer', function () {
  this.timeout(60_000);
  const village = createVillage();
  afterEach(() => village.stop());

  const offences: string[] = [];
  const metrics = { uploadOffence: (offence: string) => void offences.push(offence) };
  beforeEach(() => void offences.splice(0));
  const host = (name: string) => village.host(name, { metrics, transfer: { timeouts: PATIENCE, server: SERVER } });

  /** One that wants the model, and providers that serve it, each in its way. */
  async function scene(pack: TestPackage, ...ways: ((honest: OpenArtifact) => Partial<OpenArtifact>)[]) {
    const taker = await host('Alice');
    const names = ['Bob', 'Charlie', 'Dave', 'Eve', 'Ferdie'];
    const providers: TestHost[] = [];
    for (const [n, way] of ways.entries()) {
      const provider = await host(names[n]!);
      provider.host.serve(twist(pack, way));
      await connect(taker, provider);
      providers.push(provider);
    }
    return { taker, providers };
  }

  async function fetch(taker: TestHost, providers: readonly TestHost[], pack: TestPackage, more: Partial<FetchModel> = {}) {
    const sink = memorySink();
    const dropped: DroppedProvider[] = [];
    const scoresWhenDropped: (number | undefined)[] = [];
    const startedMs = Date.now();
    const fetched = await taker.host.fetchModel({
      model: pack.digest,
      providers: () => providers.map((provider) => provider.host.peerId),
      sink,
      parseManifest: parseTestManifest,
      limits: LIMITS,
      onDropped: (drop) => {
        dropped.push(drop);
        scoresWhenDropped.push(taker.host.peers().find(({ peerId }) => peerId === drop.peer)?.score);
      },
      ...more,
    });
    const isWhole = sink.files.every((bytes, n) => Buffer.from(bytes).equals(pack.files[n]!));
    return { fetched, dropped, scoresWhenDropped, isWhole, tookMs: Date.now() - startedMs, sink };
  }

  const honest = () => ({});
  const scoreOf = (of: TestHost, about: TestHost) => of.host.peerOf(about.hotkey)?.score ?? 0;

  it('takes chunks from four at once, each a share, none twice', async () => {
    const pack = makePackage([64 * CHUNK], CHUNK);
    const { taker, providers } = await scene(pack, honest, honest, honest, honest);
    const { fetched, isWhole, sink } = await fetch(taker, providers, pack);
    expect(isWhole).to.equal(true);
    expect(fetched.from).to.have.length(4);
    expect(fetched.from.reduce((sum, { bytes }) => sum + bytes, 0)).to.equal(64 * CHUNK);
    expect(new Set(sink.written.map(({ offset }) => offset)).size).to.equal(64);
  });

  it('drops who sends wrong bytes at the last chunk, at once, blames him, and does not ask him again', async () => {
    const pack = makePackage([8 * CHUNK], CHUNK);
    let lies = 0;
    const wrong = (artifact: OpenArtifact) => ({
      async chunk(file: number, chunk: number) {
        const bytes = await artifact.chunk(file, chunk);
        if (chunk !== 7) return bytes;
        lies += 1;
        // Looked at in this second, as the heartbeat does.
        expect(scoreOf(taker, liar), 'in good standing').to.be.at.least(0);
        return bytes?.fill(0) ?? null;
      },
    });
    // The last chunk is the liar's to send: the honest one has it a little later.
    const late = (artifact: OpenArtifact) => ({
      holdings: async () => ({ chunks: lies > 0 ? null : new Set([0, 1, 2, 3, 4, 5, 6]), count: 8 }),
      chunk: (file: number, chunk: number) => artifact.chunk(file, chunk),
    });
    const { taker, providers } = await scene(pack, wrong, late);
    const [liar, good] = providers as [TestHost, TestHost];
    const { dropped, scoresWhenDropped, isWhole, tookMs } = await fetch(taker, providers, pack);
    expect(isWhole).to.equal(true);
    expect(dropped.map(({ peer, failure }) => [peer, failure.code, failure.facts])).to.deep.equal([
      [liar.host.peerId, 'p2p.wrong_bytes', { peer: liar.host.peerId, file: 0, chunk: 7 }],
    ]);
    expect(lies).to.equal(1);
    expect(tookMs).to.be.lessThan(5_000);
    expect(scoresWhenDropped[0], 'in no mesh').to.be.lessThan(-50);
    expect(scoreOf(taker, liar)).to.be.lessThan(-50);
    expect(scoreOf(taker, good)).to.be.at.least(0);
    const again = await fetch(taker, [liar], pack).catch((error: unknown) => error);
    expect(isFailure(again) && [again.code, again.facts['resting']]).to.deep.equal(['p2p.no_source_left', 1]);
  });

  it('goes on with the others when one stops in the middle', async () => {
    const pack = makePackage([64 * CHUNK], CHUNK);
    let served = 0;
    let stop = async () => {};
    const dying = (artifact: OpenArtifact) => ({
      async chunk(file: number, chunk: number) {
        served += 1;
        if (served === 5) void stop();
        return artifact.chunk(file, chunk);
      },
    });
    const { taker, providers } = await scene(pack, dying, honest);
    stop = () => providers[0]!.host.stop();
    const { isWhole, dropped, tookMs } = await fetch(taker, providers, pack);
    expect(isWhole).to.equal(true);
    expect(tookMs).to.be.lessThan(10_000);
    expect(dropped.every(({ peer }) => peer === providers[0]!.host.peerId)).to.equal(true);
  });

  const frames = (id: number, total: number, data: Uint8Array) => encodeAnswer({ id, status: OK, total }, data).subarray();

  const hostile: readonly [
    what: string,
    codes: readonly string[],
    withinMs: number,
    serve: (stream: Stream, pack: TestPackage) => Promise<void>,
  ][] = [
    [
      'one byte per second',
      // On a machine so busy that not even the first byte is there in time: the second.
      ['p2p.too_slow', 'p2p.timeout'],
      4_000,
      async (stream, pack) => {
        await stream.sink(
          (async function* () {
            for (const byte of pack.manifest) {
              yield frames(1, pack.manifest.length, Uint8Array.of(byte));
              await delay(100);
            }
          })(),
        );
      },
    ],
    [
      'frames larger than any may be',
      ['p2p.protocol_violation'],
      3_000,
      (stream) => stream.sink([frames(1, 1_000_000, new Uint8Array(200_000))]),
    ],
    ['answers nobody asked for', ['p2p.protocol_violation'], 3_000, (stream) => stream.sink([frames(9, 10, new Uint8Array(10))])],
    ['more bytes than there are', ['p2p.protocol_violation'], 3_000, (stream) => stream.sink([frames(1, 10, new Uint8Array(11))])],
    ['noise', ['p2p.protocol_violation'], 3_000, (stream) => stream.sink([new Uint8Array(randomBytes(4_096)).fill(0xff, 0, 12)])],
    ['nothing at all', ['p2p.timeout'], 4_000, async () => {}],
  ];
  for (const [what, codes, withinMs, serve] of hostile) {
    it(`drops who sends ${what}, and has the whole model from the honest one`, async () => {
      const pack = makePackage([64 * CHUNK], CHUNK);
      let isFound = false;
      const { taker, providers } = await scene(pack, (artifact) => ({
        // Not done before the attacker is found out, and not slow enough to be dropped for it.
        async chunk(file: number, chunk: number) {
          for (let n = 0; n < 10 && !isFound; n += 1) await delay(10);
          return artifact.chunk(file, chunk);
        },
      }));
      const attacker = await openAttacker('Mallory');
      try {
        await attacker.serve((stream) => serve(stream, pack));
        await taker.host.dial(attacker.address);
        const startedMs = Date.now();
        let foundMs = 0;
        const dropped: DroppedProvider[] = [];
        const { fetched, isWhole } = await fetch(taker, providers, pack, {
          providers: () => [attacker.peerId, providers[0]!.host.peerId],
          onDropped: (drop) => {
            dropped.push(drop);
            foundMs = Date.now() - startedMs;
            isFound = true;
          },
        });
        expect(isWhole).to.equal(true);
        expect(fetched.from.map(({ peer }) => peer)).to.deep.equal([providers[0]!.host.peerId]);
        expect(dropped.map(({ peer }) => peer)).to.deep.equal([attacker.peerId]);
        expect(dropped[0]?.failure.code).to.be.oneOf(codes);
        expect(foundMs).to.be.within(1, withinMs);
        const again = await fetch(taker, [], pack, { providers: () => [attacker.peerId] }).catch((error: unknown) => error);
        expect(isFailure(again) && [again.code, again.facts['resting']], 'not asked again').to.deep.equal(['p2p.no_source_left', 1]);
      } finally {
        await attacker.stop();
      }
    });
  }

  it('does not wait for an asker that never reads, and gives his seat to the next', async () => {
    const pack = makePackage([16 * 1024 * KIB], 1024 * KIB);
    const { taker, providers } = await scene(pack, honest);
    const [server] = providers as [TestHost];
    const attacker = await openAttacker('Mallory');
    try {
      const connection = await attacker.visit(server);
      const stream = await connection.newStream(ARTIFACT);
      const asks = Array.from({ length: 64 }, (_, n) => question(pack, { id: n + 1, chunk: n % 16, length: 261_888 }));
      const sending = stream.sink(encode(asks)).catch(() => {});
      // Its source is never read: the window fills, and then nothing moves.
      await until('its stream to be reset', () => stream.status !== 'open' || connection.status !== 'open', 5_000);
      await sending;
      const { isWhole, tookMs } = await fetch(taker, providers, pack);
      expect(isWhole).to.equal(true);
      expect(tookMs).to.be.lessThan(10_000);
      expect(offences, 'it counts against its score').to.include('stalled');
    } finally {
      await attacker.stop();
    }
  });

  it('serves honest askers while another opens streams and asks nonsense as fast as it can, and scores him down', async () => {
    const pack = makePackage([32 * CHUNK], CHUNK);
    const { taker, providers } = await scene(pack, honest);
    const [server] = providers as [TestHost];
    const attacker = await openAttacker('Mallory');
    let attacking = true;
    try {
      const connection = await attacker.visit(server);
      const flood = async () => {
        while (attacking && connection.status === 'open') {
          const stream = await connection.newStream(ARTIFACT).catch(() => null);
          await stream?.sink(encode([question(pack, { length: 0 })])).catch(() => {});
          stream?.abort(new Error('next'));
          await delay(1);
        }
      };
      const flooding = flood();
      const peerOfAttacker = () => server.host.peers().find(({ peerId }) => peerId === attacker.peerId);
      await until('its score to fall', () => (peerOfAttacker()?.score ?? -1_000) < -500, 10_000);
      const { isWhole, tookMs } = await fetch(taker, providers, pack);
      attacking = false;
      await flooding;
      expect(isWhole).to.equal(true);
      expect(tookMs).to.be.lessThan(5_000);
    } finally {
      attacking = false;
      await attacker.stop();
    }
  });
});
