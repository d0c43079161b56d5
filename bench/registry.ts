/** What it costs to know a full subnet: three rounds of batched reads and one transaction, beside one query per item and neuron. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { devGenesis, startDevchain } from '../chain/devchain/server.js';
import { sha256 } from '../protocol/digest.js';
import { entryPoint } from '../protocol/entry.js';
import { hotkeyFromPublicKey } from '../protocol/names.js';
import { type Benchmark, median, rowBeside } from './benchmark.js';
import { startByteCounter } from './byte-counter.js';
import type { Reading, Way } from './registry-reader.js';

const NEURONS = 256;
const RAO_PER_TAO = 1_000_000_000n;
/** 203.0.113.0, addresses for documentation. */
const FIRST_IP = 0xcb_00_71_00;

/** A seat of the owner, and 255 others that all have an axon and a commitment. */
function fullGenesis() {
  const account = (what: string, n: number) => hotkeyFromPublicKey(sha256(new TextEncoder().encode(`bench ${what} ${n}`)));
  return devGenesis({
    subnet: {
      neurons: Array.from({ length: NEURONS - 1 }, (_, n) => ({
        hotkey: account('hotkey', n),
        coldkey: account('coldkey', n),
        stakeRao: n < 64 ? RAO_PER_TAO * BigInt(1000 + n) : 0n,
        axon: { ip: FIRST_IP + n, port: 4004 },
        commitment: sha256(Uint8Array.of(n)),
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

export const registry: Benchmark = {
  name: 'registry',
  what: `a subnet of ${NEURONS} neurons read from the development chain, each way in a process of its own`,
  async run({ quick, note }) {
    const chain = await startDevchain({ port: 0, dataDir: null, blockTimeMs: 0, genesis: fullGenesis() });
    await chain.mint(5);
    const folder = await mkdtemp(join(tmpdir(), 'voxd-bench-registry-'));
    const counter = await startByteCounter(Number(new URL(chain.url).port));

    async function measure(way: Way, runs: number): Promise<Measured> {
      const child = fork(entryPoint('bench/registry-reader'), [way, `ws://127.0.0.1:${counter.port}`, join(folder, way)]);
      const exited = once(child, 'exit');
      await once(child, 'message');
      const readings: Measured[] = [];
      for (let run = -1; run < runs; run += 1) {
        counter.take();
        const reading = { ...(await ask(child)), bytes: counter.take() };
        if (reading.neurons !== NEURONS) throw new Error(`${way} found ${reading.neurons} neurons`);
        // The first reading pays for what the library builds once.
        if (run >= 0) readings.push(reading);
      }
      child.send('stop');
      await exited;
      const of = (field: 'readMs' | 'requests' | 'bytes' | 'peakMiB') => median(readings.map((reading) => reading[field]));
      const saves = readings.flatMap(({ saveMs }) => saveMs ?? []);
      note(`${way}: ${of('readMs').toFixed(0)} ms, ${of('requests')} requests, ${(of('bytes') / 1024).toFixed(0)} KiB`);
      return {
        readMs: of('readMs'),
        saveMs: saves.length > 0 ? median(saves) : null,
        requests: of('requests'),
        bytes: of('bytes'),
        peakMiB: of('peakMiB'),
        neurons: NEURONS,
      };
    }

    try {
      const runs = quick ? 1 : 7;
      const voxd = await measure('voxd', runs);
      const atOnce = await measure('sdk-at-once', runs);
      const inTurn = await measure('sdk-in-turn', quick ? 1 : 3);
      const rows = (name: string, peer: Measured) => [
        rowBeside(
          { measure: 'read', value: voxd.readMs, unit: 'ms', limit: 'decoding by the library; the chain answers in between' },
          { name: `${name}, ms`, value: peer.readMs },
        ),
        rowBeside(
          { measure: 'JSON-RPC requests', value: voxd.requests, unit: '', limit: 'head, header, runtime; subnet, seats, people' },
          { name, value: peer.requests },
        ),
        rowBeside(
          { measure: 'bytes both ways', value: voxd.bytes / 1024, unit: 'KiB', limit: 'storage keys and values in hex' },
          { name: `${name}, KiB`, value: peer.bytes / 1024 },
        ),
        rowBeside(
          { measure: 'peak memory, whole process', value: voxd.peakMiB, unit: 'MiB', limit: 'the metadata and the library' },
          { name: `${name}, MiB`, value: peer.peakMiB },
        ),
      ];
      return [
        ...rows('SDK, one query each, awaited in turn', inTurn),
        ...rows('SDK, one query each, all at once', atOnce),
        {
          measure: `changes of ${NEURONS} neurons worked out and stored`,
          value: voxd.saveMs ?? 0,
          unit: 'ms',
          limit: 'one transaction in the embedded PostgreSQL, flushed to disk',
        },
      ];
    } finally {
      counter.close();
      await chain.stop();
      await rm(folder, { recursive: true, force: true });
    }
  },
};
