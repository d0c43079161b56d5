/** How many messages go from one process to another, and how long they take, beside the same libraries as they come. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Benchmark, BenchRow } from './benchmark.js';
import { type Delivered, type Make, openNetwork, rowBesideStock } from './delivery-network.js';
import type { Mode } from './delivery-parts.js';

interface Burst {
  readonly what: string;
  readonly mode: Mode;
  readonly perSecond: number;
  readonly windowMs: number;
}

/** Each is 3,500 messages at most: a peer may send 4,000 at once. */
const BURSTS: readonly Burst[] = [
  { what: 'without signatures, 10,000 msg/s', mode: 'raw', perSecond: 10_000, windowMs: 350 },
  { what: 'with signatures, 2,000 msg/s', mode: 'judged', perSecond: 2_000, windowMs: 1_500 },
  { what: 'with signatures, 3,000 msg/s', mode: 'judged', perSecond: 3_000, windowMs: 1_000 },
];
const TIMES = 3;
/** 500 a second are given back; as much as that may be said for as long as one likes. */
const REST_MS = 7_500;
const WARM_UP_PER_SECOND = 450;
const WARM_UP_MS = 20_000;
const QUICK_MS = 3_000;
/** A hotkey may say 512 at once and one a second: as many hotkeys as all bursts need. */
const VOICES = 128;

export const pair: Benchmark = {
  name: 'pair',
  what: 'bursts of messages of 1 KiB from one process to another, on loopback',
  async run({ quick, note }): Promise<readonly BenchRow[]> {
    const measure = async (make: Make): Promise<readonly Delivered[]> => {
      const network = await openNetwork({ make, nodes: 2, voices: VOICES, note });
      try {
        const results: Delivered[] = [];
        for (const { mode, perSecond, windowMs } of BURSTS) {
          const speech = { mode, perSecond, windowMs, speakers: 1 };
          await network.talk({ ...speech, perSecond: WARM_UP_PER_SECOND, windowMs: quick ? QUICK_MS : WARM_UP_MS });
          results.push(await network.talkAgain(quick ? 1 : TIMES, speech, REST_MS));
          await delay(REST_MS);
        }
        return results;
      } finally {
        network.close();
      }
    };
    const stock = await measure('stock');
    const voxd = await measure('voxd');
    return BURSTS.flatMap(({ what }, n) => rowsOf(what, voxd[n] as Delivered, stock[n] as Delivered));
  },
};

function rowsOf(what: string, voxd: Delivered, stock: Delivered): readonly BenchRow[] {
  const row = (measure: string, unit: string, of: (delivered: Delivered) => number, limit: string) =>
    rowBesideStock({ measure: `${measure} ${what}`, unit, limit }, voxd, stock, of);
  return [
    row('messages per second', 'msg/s', ({ perSecond }) => perSecond, 'the loop of the speaker, or of the listener'),
    row('delivery p50', 'ms', ({ p50Ms }) => p50Ms, 'the same, and the threads that check'),
    row('delivery p99', 'ms', ({ p99Ms }) => p99Ms, 'the collector'),
    row('delivered', '%', ({ sharePercent }) => sharePercent, 'the allowance of a peer: 4,000 at once'),
  ];
}
