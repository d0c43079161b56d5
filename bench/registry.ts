/** What it costs to know a full subnet by each generation's way, and to store what changed, beside one query per item and neuron. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { devGenesis, type GenerationName, startDevchain } from '../chain/devchain/server.js';
import { sha256 } from '../protocol/digest.js';
import { entryPoint } from '../protocol/entry.js';
import { hotkeyFromPublicKey } from '../protocol/names.js';
import { type Benchmark, type BenchRow, median, rowBeside } from './benchmark.js';
import { startByteCounter } from './byte-counter.js';
import type { Reading, Way } from './registry-reader.js';

const RAO_PER_TAO = 1_000_000_000n;
const VALIDATORS = 64;
/** 203.0.113.0, addresses for documentation. */
const FIRST_IP = 0xcb_00_71_00;

/** Runs beside the first, which pays for what the library builds once. The SDK's are too slow at 4,096 seats for more than one, the first. */
interface Size {
  readonly neurons: number;
  readonly runs: number;
  readonly sdkAtOnceRuns: number;
  readonly sdkInTurnRuns: number;
}

const SIZES: readonly Size[] = [
  { neurons: 256, runs: 7, sdkAtOnceRuns: 5, sdkInTurnRuns: 1 },
  { neurons: 4_096, runs: 3, sdkAtOnceRuns: 0, sdkInTurnRuns: 0 },
];
const QUICK: readonly Size[] = [{ neurons: 256, runs: 1, sdkAtOnceRuns: 0, sdkInTurnRuns: 0 }];

/** A seat of the owner, and others that all have an axon and a commitment. */
function fullGenesis(neurons: number) {
  const account = (what: string, n: number) => hotkeyFromPublicKey(sha256(new TextEncoder().encode(`bench ${what} ${n}`)));
  return devGenesis({
    subnet: {
      maxUids: neurons,
      neurons: Array.from({ length: neurons - 1 }, (_, n) => ({
        hotkey: account('hotkey', n),
        coldkey: account('coldkey', n),
        stakeRao: n < VALIDATORS ? RAO_PER_TAO * BigInt(1000 + n) : 0n,
        axon: { ip: FIRST_IP + (n % 256), port: 4004 },
        commitment: sha256(new TextEncoder().encode(`bench model ${n}`)),
      })),
    },
  });
}

type Measured = Reading & { readonly bytes: number };

async function ask(child: ChildProcess): Promise<Reading> {
  child.send('read');
  const [message] = await once(child, 'message');
  // Safety: the only answer to `read`.
  return message as Reading;
}

/** One way of reading in a process of its own, `runs` times after the first; with 0 runs the first counts. */
async function measure(way: Way, neurons: number, port: number, dataDir: string, runs: number): Promise<Measured> {
  const counter = await startByteCounter(port);
  const child = fork(entryPoint('bench/registry-reader'), [way, `ws://127.0.0.1:${counter.port}`, dataDir]);
  const exited = once(child, 'exit');
  try {
    await once(child, 'message');
    const readings: Measured[] = [];
    for (let run = 0; run <= runs; run += 1) {
      counter.take();
      const reading = { ...(await ask(child)), bytes: counter.take() };
      if (reading.neurons !== neurons) throw new Error(`${way} found ${reading.neurons} neurons`);
      if (run > 0 || runs === 0) readings.push(reading);
    }
    const of = (field: 'readMs' | 'requests' | 'bytes' | 'peakMiB') => median(readings.map((reading) => reading[field]));
    const saves = readings.flatMap(({ saveMs }) => saveMs ?? []);
    return {
      readMs: of('readMs'),
      saveMs: saves.length > 0 ? median(saves) : null,
      requests: of('requests'),
      bytes: of('bytes'),
      peakMiB: of('peakMiB'),
      neurons,
    };
  } finally {
    child.send('stop');
    await exited;
    counter.close();
  }
}

function beside(what: string, ours: Measured, name: string, peer: Measured, rounds: string): BenchRow[] {
  return [
    rowBeside(
      { measure: `${what}: read`, value: ours.readMs, unit: 'ms', limit: 'the chain answers; the library decodes' },
      { name: `${name}, ms`, value: peer.readMs },
    ),
    rowBeside({ measure: `${what}: JSON-RPC requests`, value: ours.requests, unit: '', limit: rounds }, { name, value: peer.requests }),
    rowBeside(
      { measure: `${what}: bytes both ways`, value: ours.bytes / 1024, unit: 'KiB', limit: 'bytes on the wire, in hex' },
      { name: `${name}, KiB`, value: peer.bytes / 1024 },
    ),
    rowBeside(
      { measure: `${what}: peak memory, whole process`, value: ours.peakMiB, unit: 'MiB', limit: 'the metadata and the library' },
      { name: `${name}, MiB`, value: peer.peakMiB },
    ),
  ];
}

export const registry: Benchmark = {
  name: 'registry',
  what: 'a full subnet read from the development chain at one block, each way in a process of its own',
  async run({ quick, note }) {
    const folder = await mkdtemp(join(tmpdir(), 'voxd-bench-registry-'));
    const rows: BenchRow[] = [];
    const on = async <T>(generation: GenerationName, neurons: number, work: (port: number) => Promise<T>) => {
      const chain = await startDevchain({ port: 0, dataDir: null, blockTimeMs: 0, genesis: fullGenesis(neurons), generation });
      try {
        await chain.mint(5);
        return await work(Number(new URL(chain.url).port));
      } finally {
        await chain.stop();
      }
    };
    const told = (what: string, { readMs, requests, bytes, peakMiB }: Measured) =>
      note(`${what}: ${readMs.toFixed(0)} ms, ${requests} requests, ${(bytes / 1024).toFixed(0)} KiB, ${peakMiB.toFixed(0)} MiB at most`);
    try {
      for (const { neurons, runs, sdkAtOnceRuns, sdkInTurnRuns } of quick ? QUICK : SIZES) {
        const dataDir = (way: string) => join(folder, `${way}-${neurons}`);
        const metagraph = await on('clock', neurons, (port) => measure('voxd', neurons, port, dataDir('metagraph'), runs));
        told(`${neurons} by metagraph`, metagraph);
        const { storage, atOnce, inTurn } = await on('storage', neurons, async (port) => ({
          storage: await measure('voxd', neurons, port, dataDir('storage'), runs),
          atOnce: await measure('sdk-at-once', neurons, port, dataDir('sdk'), sdkAtOnceRuns),
          inTurn: await measure('sdk-in-turn', neurons, port, dataDir('sdk'), sdkInTurnRuns),
        }));
        told(`${neurons} by storage`, storage);
        told(`${neurons} by the SDK, at once`, atOnce);
        told(`${neurons} by the SDK, in turn`, inTurn);
        const [byMetagraph, byStorage] = [`${neurons} seats, selective metagraph`, `${neurons} seats, storage`];
        rows.push(
          ...beside(byMetagraph, metagraph, 'SDK, in turn', inTurn, 'head, header, runtime; metagraph, certificates'),
          ...beside(byStorage, storage, 'SDK, in turn', inTurn, 'head, header, runtime; subnet, seats, people by 4,096 keys'),
          ...beside(byStorage, storage, 'SDK, at once', atOnce, 'as above').filter(({ measure }) => /read|memory/.test(measure)),
          {
            measure: `${neurons} seats: changes worked out and stored`,
            value: metagraph.saveMs ?? 0,
            unit: 'ms',
            limit: 'one transaction in the embedded PostgreSQL, flushed to disk',
          },
        );
      }
      return rows;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};
