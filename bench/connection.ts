/** What it costs to stay connected: requests, bytes and processor time per block, and memory after many blocks and reconnections. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { devGenesis, startDevchain } from '../chain/devchain/server.js';
import { entryPoint } from '../protocol/entry.js';
import type { Benchmark } from './benchmark.js';
import { startByteCounter } from './byte-counter.js';
import type { Follower } from './connection-follower.js';

const BUDGET_MS = 45_000;
const MIB = 1024 ** 2;

export const connection: Benchmark = {
  name: 'connection',
  what: 'one connection to the development chain, kept by a process of its own',
  async run({ quick, note }) {
    const heads = quick ? 500 : 10_000;
    const reconnects = quick ? 10 : 1_000;
    const chain = await startDevchain({ port: 0, dataDir: null, blockTimeMs: 0, genesis: devGenesis() });
    await chain.mint(5);
    const counter = await startByteCounter(Number(new URL(chain.url).port));
    const child = fork(entryPoint('bench/connection-follower'), [`ws://127.0.0.1:${counter.port}`], { execArgv: ['--expose-gc'] });
    const told = async (command: string): Promise<Follower> => {
      child.send(command);
      const [message] = await once(child, 'message');
      // Safety: the follower answers every command with its figures.
      return message as Follower;
    };
    const caughtUp = async () => {
      const target = chain.finalized().number;
      for (;;) {
        const follower = await told('figures');
        if (follower.finalized >= target) return follower;
      }
    };
    try {
      await once(child, 'message');
      await chain.mint(quick ? 100 : 1_000);
      await caughtUp();
      const before = await told('collect');
      counter.take();
      for (let made = 0; made < heads; made += 100) {
        await chain.mint(100);
        await caughtUp();
      }
      const followed = await caughtUp();
      const bytes = counter.take();
      const afterHeads = await told('collect');
      note(`${heads} heads followed`);
      const fromMs = performance.now();
      let done = 0;
      while (done < reconnects && performance.now() - fromMs < BUDGET_MS) {
        chain.faults.dropSockets();
        await told('reconnected');
        done += 1;
      }
      const tookMs = performance.now() - fromMs;
      const afterReconnects = await told('collect');
      note(`${done} reconnections in ${(tookMs / 1000).toFixed(0)} s`);
      return [
        {
          measure: 'requests per block',
          value: (followed.requests - before.requests) / heads,
          unit: '',
          limit: 'a look at the clock now and then',
        },
        { measure: 'bytes per block', value: bytes / heads, unit: 'B', limit: 'two announcements of a header' },
        {
          measure: 'processor time per block',
          value: (followed.cpuMs - before.cpuMs) / heads,
          unit: 'ms',
          limit: 'decoding of two headers',
        },
        {
          measure: `heap after ${heads} blocks`,
          value: afterHeads.heapBytes / MIB,
          unit: 'MiB',
          peer: { name: 'before, MiB', value: before.heapBytes / MIB },
          ratio: afterHeads.heapBytes / before.heapBytes,
          limit: 'the metadata and the library',
        },
        {
          measure: 'processor time of one reconnection',
          value: (afterReconnects.cpuMs - afterHeads.cpuMs) / done,
          unit: 'ms',
          limit: 'nine small answers read',
        },
        {
          measure: `heap after ${done} reconnections`,
          value: afterReconnects.heapBytes / MIB,
          unit: 'MiB',
          peer: { name: 'before, MiB', value: before.heapBytes / MIB },
          ratio: afterReconnects.heapBytes / before.heapBytes,
          limit: 'nothing is kept of a session that ended',
        },
        { measure: 'one reconnection', value: tookMs / done, unit: 'ms', limit: 'a WebSocket, then four round trips; the runtime is kept' },
      ];
    } finally {
      child.kill();
      counter.close();
      await chain.stop();
    }
  },
};
