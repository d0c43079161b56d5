import { randomBytes } from 'node:crypto';
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import type { Libp2p, Stream, StreamMuxerFactory } from '@libp2p/interface';
import { tcp } from '@libp2p/tcp';
import { multiaddr } from '@multiformats/multiaddr';
import { expect } from 'chai';
import fc from 'fast-check';
import { createLibp2p } from 'libp2p';
import { Uint8ArrayList } from 'uint8arraylist';
import { type ByteRelay, type Direction, startByteRelay } from '../../bench/byte-relay.js';
import { directNoise } from '../../protocol/libp2p/direct-noise.js';
import { PINGS_PER_CONNECTION, STRAYS_PER_CONNECTION, STREAMS_PER_CONNECTION } from '../../protocol/libp2p/frame-budget.js';
import { SEND_BACKLOG_BYTES_MAX } from '../../protocol/libp2p/send-backlog.js';
import { thriftyYamux } from '../../protocol/libp2p/thrifty-yamux.js';
import { muxerFrame } from '../support/muxer-frame.js';
import { until } from '../support/until.js';

const ECHO = '/test/echo/1';
const SINK = '/test/sink/1';
const KIB = 1024;
/** The window of a new stream. */
const WINDOW_BYTES = 256 * KIB;

describe('connections, sparing with frames', function () {
  this.timeout(30_000);
  const nodes: Libp2p[] = [];
  const relays: ByteRelay[] = [];

  afterEach(async () => {
    await Promise.all(nodes.splice(0).map(async (node) => node.stop()));
    await Promise.all(relays.splice(0).map((relay) => relay.close()));
  });

  async function start(kind: 'ours' | 'plain'): Promise<Libp2p> {
    const node = await createLibp2p({
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [kind === 'ours' ? directNoise() : noise()],
      streamMuxers: [kind === 'ours' ? thriftyYamux({}) : yamux()],
      connectionMonitor: { enabled: false },
    });
    nodes.push(node);
    return node;
  }

  /** How many bytes have come by `SINK`. */
  async function listener(kind: 'ours' | 'plain' = 'ours') {
    const node = await start(kind);
    let bytes = 0;
    await node.handle(ECHO, ({ stream }) => void stream.sink(copied(stream.source)).catch(() => {}));
    await node.handle(SINK, ({ stream }) => {
      void (async () => {
        for await (const piece of stream.source) bytes += piece.byteLength;
      })().catch(() => {});
    });
    return { node, port: Number(node.getMultiaddrs()[0]?.nodeAddress().port), taken: () => bytes };
  }

  async function through(port: number, change?: (bytes: Uint8Array, direction: Direction) => Uint8Array): Promise<number> {
    const relay = await startByteRelay(port, change);
    relays.push(relay);
    return relay.port;
  }

  const dialled = async (node: Libp2p, port: number, protocol: string) =>
    node.dialProtocol(multiaddr(`/ip4/127.0.0.1/tcp/${port}`), protocol);

  /** A node of ours on whose stream a first byte has arrived, and what it says next. */
  async function spoken(port: number, taken: () => number) {
    const node = await start('ours');
    const stream = await dialled(node, port, SINK);
    const messages = queue();
    void stream.sink(messages.source).catch(() => {});
    messages.push(new Uint8Array(1));
    await until('the stream is open', () => taken() === 1);
    await settled();
    return { node, messages };
  }

  it('bring back what they were given, whatever its pieces, from and to peers with the plain libraries', async () => {
    for (const [here, there] of [
      ['ours', 'ours'],
      ['ours', 'plain'],
      ['plain', 'ours'],
    ] as const) {
      const { port } = await listener(there);
      const connection = await (await start(here)).dial(multiaddr(`/ip4/127.0.0.1/tcp/${port}`));
      const sizes = fc.array(fc.oneof(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 140 * KIB })), {
        minLength: 1,
        maxLength: 12,
      });
      await fc.assert(
        fc.asyncProperty(sizes, async (sizesBytes) => {
          const pieces = sizesBytes.map((sizeBytes) => new Uint8Array(randomBytes(sizeBytes)));
          const stream = await connection.newStream(ECHO);
          const [back] = await Promise.all([whole(stream), stream.sink(each(pieces))]);
          expect(Buffer.compare(back, Buffer.concat(pieces)), `${here} → ${there}: ${sizesBytes.join(' ')}`).to.equal(0);
        }),
        { numRuns: 12 },
      );
    }
  });

  it('say nothing back for small messages, and what is said in one turn is one frame', async () => {
    const passed: Record<Direction, Uint8Array[]> = { up: [], down: [] };
    const { port, taken } = await listener();
    const relay = await through(port, (bytes, direction) => {
      passed[direction].push(bytes);
      return bytes;
    });
    const { messages } = await spoken(relay, taken);
    for (const direction of ['up', 'down'] as const) passed[direction] = [];
    for (let n = 0; n < 100; n += 1) messages.push(new Uint8Array(100));
    await until('all of them', () => taken() === 10_001);
    await settled();
    expect(passed.down, 'frames back').to.have.length(0);
    expect(noiseFrames(Buffer.concat(passed.up)), 'frames, of which the plain libraries make 100').to.be.within(1, 3);
    messages.end();
  });

  it('tell of the window before it is used up: a stream longer than it never waits for ever', async () => {
    const { port, taken } = await listener();
    const stream = await dialled(await start('ours'), port, SINK);
    const pieces = Array.from({ length: 200 }, () => new Uint8Array(7 * KIB + 1));
    await stream.sink(each(pieces));
    await until('all of it', () => taken() === 200 * (7 * KIB + 1));
    expect(taken()).to.be.greaterThan(5 * WINDOW_BYTES);
  });

  it('hold no more than the window for a reader that does not read', async () => {
    const node = await start('ours');
    let stopped: Stream | null = null;
    await node.handle(SINK, ({ stream }) => {
      stopped = stream;
    });
    let sentBytes = 0;
    const port = await through(Number(node.getMultiaddrs()[0]?.nodeAddress().port), (bytes, direction) => {
      if (direction === 'up') sentBytes += bytes.length;
      return bytes;
    });
    const stream = await dialled(await start('ours'), port, SINK);
    void stream.sink(each(Array.from({ length: 64 }, () => new Uint8Array(64 * KIB)))).catch(() => {});
    await until('the window is full', () => stopped !== null && sentBytes > WINDOW_BYTES);
    await settled();
    expect(sentBytes).to.be.lessThan(WINDOW_BYTES + 32 * KIB);
  });

  /** A muxer, and a stream of it whose peer grants 1 GiB. Nobody takes what the muxer says. */
  async function granting(factory: StreamMuxerFactory) {
    const muxer = factory.createStreamMuxer({ direction: 'inbound' });
    const line = queue();
    void muxer.sink(line.source);
    const stream = await muxer.newStream();
    line.push(muxerFrame(1, 2, 2, 2 ** 30));
    await settled();
    return { muxer, stream };
  }

  it('hold no more than a bound for a peer that grants any window and reads nothing, and go on when it reads; the library holds it all', async () => {
    const { logger } = await start('plain');
    const PIECE = 64 * KIB;
    const PIECES = 400;
    for (const [make, most] of [
      [yamux, PIECES],
      [thriftyYamux, SEND_BACKLOG_BYTES_MAX / PIECE + 2],
    ] as const) {
      const { muxer, stream } = await granting(make({ enableKeepAlive: false })({ logger }));
      let asked = 0;
      const sent = stream.sink(
        (async function* () {
          for (; asked < PIECES; asked += 1) yield new Uint8Array(PIECE);
        })(),
      );
      await settled();
      expect(asked, 'pieces taken while nobody reads').to.be.within(most - 3, most);
      let read = 0;
      void (async () => {
        for await (const bytes of muxer.source) read += bytes.byteLength;
      })();
      await sent;
      await until('all of it', () => read > PIECES * PIECE);
      muxer.abort(new Error('done'));
    }
  });

  it('let go of streams that wait for the socket when they or the connection end', async () => {
    const { logger } = await start('plain');
    for (const end of ['stream', 'connection'] as const) {
      const { muxer, stream } = await granting(thriftyYamux({ enableKeepAlive: false })({ logger }));
      let asked = 0;
      let isOver = false;
      void stream
        .sink(
          (async function* () {
            for (; asked < 400; asked += 1) yield new Uint8Array(64 * KIB);
          })(),
        )
        .catch(() => {})
        .finally(() => {
          isOver = true;
        });
      await settled();
      expect(isOver).to.equal(false);
      if (end === 'stream') stream.abort(new Error('no more'));
      else muxer.abort(new Error('no more'));
      await until('it to be let go', () => isOver);
      expect(asked).to.be.below(400);
      muxer.abort(new Error('done'));
    }
  });

  it('end at data for no stream that are more than any window, which the library would keep', async () => {
    const WINDOW_MAX = 256 * KIB;
    const { logger } = await start('plain');
    for (const [make, held] of [
      [yamux, 8 * 1024 * KIB],
      [thriftyYamux, 0],
    ] as const) {
      const factory = make({ maxStreamWindowSize: WINDOW_MAX })({ logger });
      const muxer = factory.createStreamMuxer({ direction: 'inbound' });
      let taken = 0;
      // Version, data, no flags, stream 1, and 64 MiB of which 8 come.
      async function* bomb() {
        yield Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1, 4, 0, 0, 0);
        for (; taken < 8 * 1024 * KIB; taken += 64 * KIB) yield new Uint8Array(64 * KIB);
      }
      await muxer.sink(bomb());
      expect(taken, 'bytes taken from the line').to.equal(held);
    }
    // An honest peer may still be sending what it was allowed before we let go of a stream.
    const muxer = thriftyYamux({ maxStreamWindowSize: WINDOW_MAX })({ logger }).createStreamMuxer({ direction: 'inbound' });
    let over = false;
    await muxer.sink(
      (async function* () {
        yield Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1, 0, 4, 0, 0);
        yield new Uint8Array(WINDOW_MAX);
        // A ping: the frame after it is read.
        yield Uint8Array.of(0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9);
        over = true;
      })(),
    );
    expect(over).to.equal(true);
  });

  it('end at more pings, streams and strays than any honest peer sends, which the library would answer for ever', async () => {
    const { logger } = await start('plain');
    const cases = [
      { what: 'pings', burst: PINGS_PER_CONNECTION.burst, made: () => muxerFrame(2, 1, 0) },
      // Opened and reset by one frame.
      { what: 'streams', burst: STREAMS_PER_CONNECTION.burst, made: (n: number) => muxerFrame(1, 9, 2 * n + 1) },
      { what: 'strays', burst: STRAYS_PER_CONNECTION.burst, made: () => muxerFrame(1, 0, 1) },
    ];
    for (const { what, burst, made } of cases)
      for (const [make, count, expected] of [
        [thriftyYamux, burst, burst],
        [thriftyYamux, 4 * burst, burst + 1],
        [yamux, 4 * burst, 4 * burst],
      ] as const) {
        const muxer = make({})({ logger }).createStreamMuxer({ direction: 'inbound' });
        let taken = 0;
        await muxer.sink(
          (async function* () {
            for (; taken < count; taken += 1) yield made(taken);
          })(),
        );
        // Of a few more than the burst: time passes meanwhile.
        expect(taken, `${count} ${what}`).to.be.within(expected - 1, expected + (expected === burst + 1 ? burst / 4 : 0));
      }
  });

  it('end when more comes for a stream than its window', async () => {
    const { logger } = await start('plain');
    const muxer = thriftyYamux({})({ logger }).createStreamMuxer({ direction: 'inbound' });
    const piece = WINDOW_BYTES / 4;
    let sent = 0;
    await muxer.sink(
      (async function* () {
        // A window update that opens stream 1, and then its data.
        yield Uint8Array.of(0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0);
        for (; sent < 8; sent += 1) yield Buffer.concat([Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1, 0, piece >> 16, 0, 0), Buffer.alloc(piece)]);
      })(),
    );
    expect(sent).to.equal(4);
  });

  it('end when a byte of them is changed, and nothing of it is handed on', async () => {
    for (const spoil of [
      // Its length, its first byte, its tag.
      (frame: Uint8Array) => frame.fill(0, 0, 2),
      (frame: Uint8Array) => frame.fill((frame[2] ?? 0) ^ 1, 2, 3),
      (frame: Uint8Array) => frame.fill((frame.at(-1) ?? 0) ^ 0x80, -1),
    ]) {
      let armed = false;
      const { port, taken } = await listener();
      const relay = await through(port, (bytes, direction) => {
        if (!armed || direction !== 'up') return bytes;
        armed = false;
        return spoil(Uint8Array.from(bytes));
      });
      const { node, messages } = await spoken(relay, taken);
      armed = true;
      messages.push(new Uint8Array(500));
      await until('the end', () => node.getConnections().length === 0);
      expect(taken()).to.equal(1);
      messages.end();
    }
  });
});

async function* copied(source: Stream['source']): AsyncGenerator<Uint8Array> {
  for await (const piece of source) yield piece.slice();
}

async function* each(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield piece;
}

async function whole(stream: Stream): Promise<Uint8Array> {
  const list = new Uint8ArrayList();
  for await (const piece of stream.source) list.append(piece);
  return list.subarray();
}

/** Something to read from that is filled from outside. */
function queue() {
  const pieces: Uint8Array[] = [];
  let wake = () => {};
  let isOver = false;
  return {
    push(piece: Uint8Array) {
      pieces.push(piece);
      wake();
    },
    end() {
      isOver = true;
      wake();
    },
    source: (async function* () {
      for (;;) {
        const piece = pieces.shift();
        if (piece !== undefined) yield piece;
        else if (isOver) return;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    })(),
  };
}

/** Each begins with its length. */
function noiseFrames(bytes: Buffer): number {
  let count = 0;
  for (let at = 0; at < bytes.length; at += 2 + bytes.readUInt16BE(at)) count += 1;
  return count;
}

/** What follows from the last event on loopback has happened: a few turns of the loop in which nothing else is waited for. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
