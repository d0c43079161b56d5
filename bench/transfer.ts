/** How fast a model package comes from a peer, beside the same bytes over a bare stream and a plain socket. Two processes on loopback. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { multiaddr } from '@multiformats/multiaddr';
import * as lp from 'it-length-prefixed';
import { pipe } from 'it-pipe';
import { pushable } from 'it-pushable';
import { signerFromUri } from '../chain/wallet/keys.js';
import { sha256 } from '../protocol/digest.js';
import { entryPoint } from '../protocol/entry.js';
import type { P2pHost } from '../protocol/libp2p/host-shape.js';
import type { PackageLayout } from '../protocol/ports.js';
import { ok } from '../protocol/result.js';
import { accept } from '../protocol/verdict.js';
import { FILES_MAX, MANIFEST_SIZE_BYTES_MAX, MODEL_SIZE_BYTES_MAX } from '../scoring/manifest.js';
import { type Benchmark, type BenchRow, median, percentile, rowBeside } from './benchmark.js';
import { startByteRelay } from './byte-relay.js';
import {
  answerOf,
  BARE_PROTOCOL,
  CHUNKS_PROTOCOL,
  nowMs,
  type Offer,
  openBareNode,
  openHost,
  PIECE_SIZE_BYTES,
  PING,
  PONG,
  question,
} from './transfer-parts.js';

const MEGA = 1_000_000;
const PROVIDERS = 4;
/** A provider on another continent. */
const FAR_ONE_WAY_MS = 50;
const FAR_RUNS = 3;
/** 512 KiB, as much as a line asks for whose delay cannot be told. */
const CHUNKS_AHEAD = 8;
const GOSSIP_EVERY_MS = 20;
/** For the answers still under way. */
const GOSSIP_LAST_MS = 200;

/** Shape: work that receives bytes, how many are due → MB/s. */
async function rateOf(sizeBytes: number, receive: () => Promise<number>): Promise<number> {
  const fromMs = performance.now();
  const received = await receive();
  if (received !== sizeBytes) throw new Error(`${received} of ${sizeBytes} bytes came`);
  return (sizeBytes * 1000) / MEGA / (performance.now() - fromMs);
}

/** Every chunk checked, copied into place as the daemon's sink would write it. */
async function byVoxd(host: P2pHost, offers: readonly Offer[]): Promise<number> {
  const [first] = offers;
  if (first === undefined) throw new Error('nobody offers it');
  let place = new Uint8Array();
  const { receivedBytes } = await host.fetchModel({
    providers: () => offers.map(({ peerId }) => peerId),
    model: first.model,
    // Safety: made by our own provider, and its digest has been checked.
    parseManifest: (bytes) => ok(JSON.parse(new TextDecoder().decode(bytes)) as PackageLayout),
    limits: { manifestSizeBytesMax: MANIFEST_SIZE_BYTES_MAX, totalSizeBytesMax: MODEL_SIZE_BYTES_MAX, filesMax: FILES_MAX },
    sink: {
      begin: async (_manifest, { files }) => {
        place = new Uint8Array(files[0]?.sizeBytes ?? 0);
        return () => false;
      },
      write: async (_file, offset, bytes) => place.set(bytes, offset),
    },
  });
  return receivedBytes;
}

async function byBareStream(node: Awaited<ReturnType<typeof openBareNode>>, { bareAddress }: Offer): Promise<number> {
  const stream = await node.dialProtocol(multiaddr(bareAddress), BARE_PROTOCOL);
  let received = 0;
  for await (const piece of stream.source) received += piece.byteLength;
  await stream.close();
  return received;
}

/** Chunk by chunk as the libraries offer it: a few asked for ahead, a frame each, its digest made and the bytes copied into place. */
async function byChunks(node: Awaited<ReturnType<typeof openBareNode>>, { bareAddress }: Offer, sizeBytes: number): Promise<number> {
  const stream = await node.dialProtocol(multiaddr(bareAddress), CHUNKS_PROTOCOL);
  const place = new Uint8Array(sizeBytes);
  const asks = pushable<Uint8Array>({ objectMode: true });
  const count = Math.ceil(sizeBytes / PIECE_SIZE_BYTES);
  const ask = (n: number) => {
    const frame = Buffer.alloc(4);
    frame.writeUInt32BE(n);
    asks.push(frame);
  };
  for (let n = 0; n < Math.min(CHUNKS_AHEAD, count); n += 1) ask(n);
  const asking = pipe(asks, (source) => lp.encode(source), stream.sink);
  let come = 0;
  let received = 0;
  for await (const frame of lp.decode(stream.source)) {
    const bytes = frame.subarray();
    sha256(bytes);
    place.set(bytes, received);
    received += bytes.length;
    come += 1;
    if (come + CHUNKS_AHEAD <= count) ask(come + CHUNKS_AHEAD - 1);
    if (come === count) break;
  }
  asks.end();
  await asking;
  await stream.close();
  return received;
}

async function bySocket({ plainPort }: Offer): Promise<number> {
  let received = 0;
  // Safety: no encoding is set, so pieces are buffers.
  for await (const piece of connect(plainPort, '127.0.0.1')) received += (piece as Buffer).length;
  return received;
}

/** How long small messages take by gossip, each way and there and back. Shape: milliseconds. */
interface Trips {
  readonly thereMs: number[];
  readonly backMs: number[];
  readonly roundMs: number[];
}

const noTrips = (): Trips => ({ thereMs: [], backMs: [], roundMs: [] });

/** One message after the other to the provider, and its answer; the clock is that of the machine. */
async function gossipBeside(host: P2pHost, during: () => Promise<unknown>): Promise<Trips> {
  const trips = noTrips();
  const off = host.onMessage(PONG, async (message) => {
    const { sentMs, heardMs, answeredMs } = answerOf(message);
    trips.thereMs.push(heardMs - sentMs);
    trips.backMs.push(nowMs() - answeredMs);
    trips.roundMs.push(nowMs() - sentMs);
    return accept(null);
  });
  let isOver = false;
  const sending = (async () => {
    while (!isOver) {
      await host.publish(PING, question());
      await delay(GOSSIP_EVERY_MS);
    }
  })();
  await during();
  isOver = true;
  await sending;
  await delay(GOSSIP_LAST_MS);
  off();
  return trips;
}

/** From one provider whose bytes take their time, and over a bare stream on a line like it. Shape: MB/s of each. */
async function fromAfar(offer: Offer, sizeBytes: number): Promise<{ readonly voxd: number; readonly bare: number }> {
  const lines = await Promise.all(
    [offer.hostAddress, offer.bareAddress].map((address) =>
      startByteRelay(Number(address.split('/')[4]), (bytes) => bytes, { delayMs: FAR_ONE_WAY_MS }),
    ),
  );
  const [voxdLine, bareLine] = lines.map(({ port }) => `/ip4/127.0.0.1/tcp/${port}`) as [string, string];
  const host = await openHost(await signerFromUri('//bench//far'));
  const bare = await openBareNode();
  try {
    await host.dial(voxdLine);
    await bare.dial(multiaddr(bareLine));
    const voxd = await rateOf(sizeBytes, () => byVoxd(host, [offer]));
    return { voxd, bare: await rateOf(sizeBytes, () => byBareStream(bare, { ...offer, bareAddress: bareLine })) };
  } finally {
    await Promise.all([host.stop(), bare.stop(), ...lines.map((line) => line.close())]);
  }
}

function gossipRow(way: string, besideMs: readonly number[], idleMs: readonly number[]): BenchRow {
  return rowBeside(
    {
      measure: `gossip while one provider sends, ${way}, p99`,
      value: percentile(besideMs, 0.99),
      unit: 'ms',
      limit: 'bytes in flight on the same connection, and the turn of the event loop',
    },
    { name: 'p99 with nothing beside it, ms', value: percentile(idleMs, 0.99) },
  );
}

export const transfer: Benchmark = {
  name: 'transfer',
  what: 'a synthetic package from one and from four providers, each a process, on loopback',
  async run({ quick, note }) {
    const sizeBytes = quick ? 16 * MEGA : 300 * MEGA;
    const children = Array.from({ length: PROVIDERS }, (_, n) =>
      fork(entryPoint('bench/transfer-provider'), [String(sizeBytes), String(n)]),
    );
    const host = await openHost(await signerFromUri('//bench//fetcher'));
    const bare = await openBareNode();
    try {
      // Safety: the only message that a provider sends.
      const offers = await Promise.all(children.map(async (child) => (await once(child, 'message'))[0] as Offer));
      const [first] = offers as [Offer];
      for (const { hostAddress } of offers) await host.dial(hostAddress);
      await bare.dial(multiaddr(first.bareAddress));
      while (host.neighbours(PING) === 0 || host.neighbours(PONG) === 0) await delay(GOSSIP_EVERY_MS);
      const runs = { one: [] as number[], four: [] as number[], chunks: [] as number[], bare: [] as number[], plain: [] as number[] };
      const idle = await gossipBeside(host, () => delay(quick ? 1_000 : 5_000));
      const beside = noTrips();
      for (let run = -1; run < (quick ? 1 : 5); run += 1) {
        const rates = { one: 0, four: 0, chunks: 0, bare: 0, plain: 0 };
        const trips = await gossipBeside(host, async () => {
          rates.one = await rateOf(sizeBytes, () => byVoxd(host, [first]));
        });
        rates.four = await rateOf(sizeBytes, () => byVoxd(host, offers));
        rates.chunks = await rateOf(sizeBytes, () => byChunks(bare, first, sizeBytes));
        rates.bare = await rateOf(sizeBytes, () => byBareStream(bare, first));
        rates.plain = await rateOf(sizeBytes, () => bySocket(first));
        note(
          `run ${run + 1}: one provider ${rates.one.toFixed(1)}, four ${rates.four.toFixed(1)}, chunks by the libraries ${rates.chunks.toFixed(1)}, bare stream ${rates.bare.toFixed(1)}, socket ${rates.plain.toFixed(0)} MB/s; gossip beside p99 ${percentile(trips.backMs, 0.99).toFixed(1)} ms with the bytes, ${percentile(trips.thereMs, 0.99).toFixed(1)} against them, ${percentile(trips.roundMs, 0.99).toFixed(1)} there and back`,
        );
        // The first run is slow in all of them: code is compiled, windows are small.
        if (run < 0) continue;
        for (const way of ['thereMs', 'backMs', 'roundMs'] as const) beside[way].push(...trips[way]);
        for (const name of ['one', 'four', 'chunks', 'bare', 'plain'] as const) runs[name].push(rates[name]);
      }
      const far = { voxd: [] as number[], bare: [] as number[] };
      for (let run = 0; run < (quick ? 1 : FAR_RUNS); run += 1) {
        const { voxd, bare: bareFar } = await fromAfar(first, sizeBytes);
        far.voxd.push(voxd);
        far.bare.push(bareFar);
        note(`${2 * FAR_ONE_WAY_MS} ms there and back: one provider ${voxd.toFixed(1)}, bare stream ${bareFar.toFixed(1)} MB/s`);
      }
      const bareRate = { name: 'bare libp2p stream (noise, yamux), MB/s', value: median(runs.bare) };
      const row = (from: string, values: readonly number[], limit: string) => ({
        measure: `${sizeBytes / MEGA} MB from ${from}, every chunk checked`,
        value: median(values),
        unit: 'MB/s',
        limit,
      });
      return [
        rowBeside(
          row(
            'one provider',
            runs.one,
            'one thread: noise, yamux, one copy and sha-256 of every byte; twice what the line holds in flight',
          ),
          bareRate,
        ),
        rowBeside(
          row('four providers', runs.four, 'the thread of the fetcher, as above, and the cores that the providers share with it'),
          bareRate,
        ),
        rowBeside(row('one provider', runs.one, 'the same; the libraries make eight frames of 64 KiB the limit'), {
          name: 'chunks by it-length-prefixed, eight asked for ahead, MB/s',
          value: median(runs.chunks),
        }),
        rowBeside(row('one provider', runs.one, 'the same, and noise and yamux'), {
          name: 'plain TCP socket, MB/s',
          value: median(runs.plain),
        }),
        rowBeside(row(`one provider ${2 * FAR_ONE_WAY_MS} ms away (there and back)`, far.voxd, 'the window of a stream, 4 MiB in flight'), {
          name: 'bare libp2p stream on the same line, MB/s',
          value: median(far.bare),
        }),
        gossipRow('with the bytes', beside.backMs, idle.backMs),
        gossipRow('against the bytes', beside.thereMs, idle.thereMs),
        gossipRow('there and back', beside.roundMs, idle.roundMs),
      ];
    } finally {
      await Promise.all([host.stop(), bare.stop()]);
      for (const child of children) child.kill();
    }
  },
};
