/** How fast a model package comes from a peer, beside the same bytes over a bare stream and a plain socket. Two processes on loopback. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { multiaddr } from '@multiformats/multiaddr';
import { signerFromUri } from '../chain/wallet/keys.js';
import { entryPoint } from '../protocol/entry.js';
import type { P2pHost } from '../protocol/libp2p/host.js';
import type { PackageLayout } from '../protocol/ports.js';
import { ok } from '../protocol/result.js';
import { FILES_MAX, MANIFEST_SIZE_BYTES_MAX, MODEL_SIZE_BYTES_MAX } from '../scoring/manifest.js';
import { type Benchmark, median, rowBeside } from './benchmark.js';
import { BARE_PROTOCOL, type Offer, openBareNode, openHost } from './transfer-parts.js';

const MIB = 1024 * 1024;
const MEGA = 1_000_000;

/** Shape: work that receives bytes, how many are due → MB/s. */
async function rateOf(sizeBytes: number, receive: () => Promise<number>): Promise<number> {
  const fromMs = performance.now();
  const received = await receive();
  if (received !== sizeBytes) throw new Error(`${received} of ${sizeBytes} bytes came`);
  return (sizeBytes * 1000) / MEGA / (performance.now() - fromMs);
}

/** Every chunk checked, copied into place as the daemon's sink would write it. */
async function byVoxd(host: P2pHost, { model, peerId }: Offer): Promise<number> {
  let place = new Uint8Array();
  const { receivedBytes } = await host.fetchModel({
    providers: () => [peerId],
    model,
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

async function bySocket({ plainPort }: Offer): Promise<number> {
  let received = 0;
  // Safety: no encoding is set, so pieces are buffers.
  for await (const piece of connect(plainPort, '127.0.0.1')) received += (piece as Buffer).length;
  return received;
}

export const transfer: Benchmark = {
  name: 'transfer',
  what: 'a synthetic package between two hosts in two processes on loopback',
  async run({ quick, note }) {
    const sizeBytes = (quick ? 8 : 64) * MIB;
    const provider = fork(entryPoint('bench/transfer-provider'), [String(sizeBytes)]);
    const host = await openHost(await signerFromUri('//bench//fetcher'));
    const bare = await openBareNode();
    try {
      const [message] = await once(provider, 'message');
      // Safety: the only message that the provider sends.
      const offer = message as Offer;
      await host.dial(offer.hostAddress);
      await bare.dial(multiaddr(offer.bareAddress));
      const runs = { voxd: [] as number[], bare: [] as number[], plain: [] as number[] };
      for (let run = -1; run < (quick ? 1 : 5); run += 1) {
        const rates = {
          voxd: await rateOf(sizeBytes, () => byVoxd(host, offer)),
          bare: await rateOf(sizeBytes, () => byBareStream(bare, offer)),
          plain: await rateOf(sizeBytes, () => bySocket(offer)),
        };
        note(`run ${run + 1}: voxd ${rates.voxd.toFixed(1)}, bare stream ${rates.bare.toFixed(1)}, socket ${rates.plain.toFixed(0)} MB/s`);
        // The first run is slow in all three: code is compiled, windows are small.
        if (run < 0) continue;
        runs.voxd.push(rates.voxd);
        runs.bare.push(rates.bare);
        runs.plain.push(rates.plain);
      }
      const row = (limit: string) => ({
        measure: `package of ${sizeBytes / MIB} MiB, every chunk checked`,
        value: median(runs.voxd),
        unit: 'MB/s',
        limit,
      });
      return [
        rowBeside(row('8 questions of 64 KiB in flight, each framed, copied and checked'), {
          name: 'bare libp2p stream (noise, yamux), MB/s',
          value: median(runs.bare),
        }),
        rowBeside(row('the same, and noise and yamux'), { name: 'plain TCP socket, MB/s', value: median(runs.plain) }),
      ];
    } finally {
      await Promise.all([host.stop(), bare.stop()]);
      provider.kill();
    }
  },
};
