/** How long a message takes to all nodes of a network when every hop checks its signature, beside the same libraries as they come. */
import { availableParallelism } from 'node:os';
import { type Benchmark, type BenchOptions, type BenchRow, median, rowBeside } from './benchmark.js';
import { type Delivered, type DeliveryNetwork, type Make, openNetwork, rowBesideStock } from './delivery-network.js';
import type { Mode, Weight } from './delivery-parts.js';

interface Load {
  readonly mode: Mode;
  readonly perSecond: number;
  readonly windowMs: number;
  /** Near the limit of the machine one window is not like the next. */
  readonly windows: number;
}

const LOADS: readonly Load[] = [
  { mode: 'judged', perSecond: 1, windowMs: 20_000, windows: 1 },
  { mode: 'judged', perSecond: 10, windowMs: 12_000, windows: 1 },
  { mode: 'judged', perSecond: 50, windowMs: 12_000, windows: 3 },
  { mode: 'raw', perSecond: 50, windowMs: 12_000, windows: 1 },
  { mode: 'raw', perSecond: 100, windowMs: 12_000, windows: 3 },
];
/** So many messages a second, before anything is counted: what runs all the time in a node is compiled by then. */
const WARM_UP_PER_SECOND = 40;
const WARM_UP_MS = 15_000;
const QUICK_MS = 3_000;

export const delivery: Benchmark = {
  name: 'delivery',
  what: 'messages of 1 KiB to twenty nodes, each a process, on loopback',
  run: measure,
};

async function measure({ quick, note }: BenchOptions): Promise<readonly BenchRow[]> {
  const nodes = quick ? 6 : 20;
  const loads = quick ? LOADS.map((load) => ({ ...load, windowMs: QUICK_MS, windows: 1 })) : LOADS;
  const warmUpMs = quick ? QUICK_MS : WARM_UP_MS;
  let alone: readonly Weight[] = [];
  let together: readonly Weight[] = [];
  let after: readonly Weight[] = [];

  async function all(make: Make): Promise<readonly Delivered[]> {
    const network = await openNetwork({
      make,
      nodes,
      note,
      onAlone: (weights) => {
        if (make === 'voxd') alone = weights;
      },
    });
    try {
      const met = await network.weigh();
      note(`${nodes} nodes are together, each with ${median(met.map(({ peers }) => peers))} peers`);
      for (const mode of ['raw', 'judged'] as const) await network.talk({ mode, perSecond: WARM_UP_PER_SECOND, windowMs: warmUpMs });
      const results = await inTurn(network);
      if (make === 'voxd') [together, after] = [met, await network.weigh()];
      return results;
    } finally {
      network.close();
    }
  }

  async function inTurn(network: DeliveryNetwork): Promise<readonly Delivered[]> {
    const results: Delivered[] = [];
    for (const { windows, ...speech } of loads) results.push(await network.talkAgain(windows, speech));
    return results;
  }

  const stock = await all('stock');
  const voxd = await all('voxd');
  const cores = `${nodes} processes on ${availableParallelism()} cores`;
  return [
    ...loads.flatMap((load, n) => rowsOf(load, voxd[n] as Delivered, stock[n] as Delivered, cores)),
    ...memoryRows(alone, together, after),
  ];
}

function rowsOf({ mode, perSecond }: Load, voxd: Delivered, stock: Delivered, cores: string): readonly BenchRow[] {
  const what = mode === 'judged' ? '' : ' without signatures';
  const row = (measure: string, unit: string, of: (delivered: Delivered) => number, limit: string) =>
    rowBesideStock({ measure: `${measure}, ${perSecond} msg/s${what}`, unit, limit }, voxd, stock, of);
  const hops = mode === 'judged' ? 'two or three hops, each with one signature check' : 'two or three hops';
  return [
    row('delivery p50', 'ms', ({ p50Ms }) => p50Ms, `${hops}; ${cores}`),
    row('delivery p99', 'ms', ({ p99Ms }) => p99Ms, `whoever waits for a core; ${cores}`),
    row('delivered', '%', ({ sharePercent }) => sharePercent, 'all nodes but the sender'),
    row('receptions per delivery', 'copies', ({ receptions }) => receptions, 'the mesh: 6 neighbours, 4 to 10'),
    row('processor time per delivery', 'ms', ({ cpuMs }) => cpuMs, 'heartbeats and pings of all nodes with it'),
  ];
}

function memoryRows(alone: readonly Weight[], together: readonly Weight[], after: readonly Weight[]): readonly BenchRow[] {
  const perPeer = together.map(({ objectsKiB, peers }, n) => (objectsKiB - (alone[n]?.objectsKiB ?? 0)) / peers);
  const resident = (weights: readonly Weight[]) => median(weights.map(({ residentMiB }) => residentMiB));
  return [
    {
      measure: 'objects and buffers per peer',
      value: median(perPeer),
      unit: 'KiB',
      limit: 'noise, yamux, gossip streams; what the first peer makes Node load is shared out',
    },
    rowBeside(
      { measure: 'memory of a node after all of it', value: resident(after), unit: 'MiB', limit: 'Node, the libraries and one thread' },
      { name: 'before it had a peer, MiB', value: resident(alone) },
    ),
  ];
}
