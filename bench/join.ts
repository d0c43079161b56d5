/** How long a newcomer needs to find the network, when all it knows is one address. */
import { randomBytes } from 'node:crypto';
import { signerFromUri } from '../chain/wallet/keys.js';
import { createSystemClock } from '../node/clock.js';
import { createHost } from '../protocol/libp2p/host.js';
import type { P2pHost } from '../protocol/libp2p/host-shape.js';
import type { Hash } from '../protocol/names.js';
import type { PeerEvent } from '../protocol/ports.js';
import { createVerifyPool } from '../protocol/threads/verify-pool.js';
import { type Benchmark, type BenchOptions, type BenchRow, median } from './benchmark.js';

// Safety: 32 bytes in hex.
const GENESIS = `0x${'cd'.repeat(32)}` as Hash;
const PATIENCE_MS = 120_000;

export const join: Benchmark = {
  name: 'join',
  what: 'twenty nodes in one process, each told of the first one only',
  run: measure,
};

async function measure({ quick, note }: BenchOptions): Promise<readonly BenchRow[]> {
  const count = quick ? 8 : 20;
  const newcomers = quick ? 1 : 5;
  const clock = createSystemClock();
  const verifier = createVerifyPool({ clock, logger: SILENT }, { threads: 1 });
  const hosts: P2pHost[] = [];
  const settings = { genesis: GENESIS, netuid: 7, announce: [], maxConnections: 64, privateNetwork: true };

  async function open(name: string, bootstrap: readonly string[]): Promise<P2pHost> {
    const signer = await signerFromUri(`//join//${name}`);
    const host = createHost(
      { signer, verifier, peerKey: new Uint8Array(randomBytes(32)), clock },
      { ...settings, listen: ['/ip4/127.0.0.1/tcp/0'], bootstrap },
    );
    hosts.push(host);
    await host.start();
    return host;
  }

  try {
    const first = await open('0', []);
    const [address = ''] = first.addresses();
    const startedAtMs = performance.now();
    const rest = [];
    for (let index = 1; index < count; index += 1) rest.push(await open(String(index), [address]));
    await Promise.all([first, ...rest].map((host) => knows(host, count - 1)));
    const togetherMs = performance.now() - startedAtMs;
    note(`${count} nodes know each other after ${Math.round(togetherMs)} ms`);

    const bound: number[] = [];
    const all: number[] = [];
    const mesh: number[] = [];
    for (let index = 0; index < newcomers; index += 1) {
      const atMs = performance.now();
      const newcomer = await open(`new ${index}`, [address]);
      await knows(newcomer, 1);
      bound.push(performance.now() - atMs);
      await neighboured(newcomer);
      mesh.push(performance.now() - atMs);
      await knows(newcomer, count + index);
      all.push(performance.now() - atMs);
      note(`newcomer ${index + 1}: ${[bound, mesh, all].map((list) => Math.round(list.at(-1) ?? 0)).join(', ')} ms`);
    }
    const limit = 'the loop of twenty nodes; between steps the dialler and gossipsub keep their turns';
    return [
      { measure: `${count} nodes started one after the other until all know each other`, value: togetherMs / 1000, unit: 's', limit },
      { measure: 'newcomer until one member is proved', value: median(bound) / 1000, unit: 's', limit: 'two handshakes and a greeting' },
      { measure: 'newcomer until 4 neighbours in a mesh', value: median(mesh) / 1000, unit: 's', limit: "gossipsub's heartbeat of 1 s" },
      { measure: 'newcomer until everybody is connected', value: median(all) / 1000, unit: 's', limit },
    ];
  } finally {
    await Promise.all(hosts.map((host) => host.stop()));
    await verifier.close();
  }
}

/** Resolves when so many hotkeys are proved. */
function knows(host: P2pHost, count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => end(new Error(`only ${proved(host)} of ${count} members after ${PATIENCE_MS} ms`)), PATIENCE_MS);
    const look = (event: PeerEvent | null) => {
      if ((event === null || event.type === 'bound') && proved(host) >= count) end(null);
    };
    const off = host.onPeer(look);
    function end(error: Error | null): void {
      clearTimeout(late);
      off();
      if (error === null) resolve();
      else reject(error);
    }
    look(null);
  });
}

function proved(host: P2pHost): number {
  return new Set(host.peers().flatMap(({ hotkey }) => hotkey ?? [])).size;
}

/** gossipsub tells nobody when a mesh grows. */
async function neighboured(host: P2pHost): Promise<void> {
  const endMs = performance.now() + PATIENCE_MS;
  while (host.neighbours('announce') < 4) {
    if (performance.now() > endMs) throw new Error(`only ${host.neighbours('announce')} neighbours after ${PATIENCE_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
