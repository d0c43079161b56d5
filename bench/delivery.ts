/** How long a message takes to all nodes of a network when every hop checks its signature, beside the same nodes without any check. */
import { type ChildProcess, fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { entryPoint } from '../protocol/entry.js';
import { type Benchmark, type BenchOptions, type BenchRow, median, percentile, rowBeside } from './benchmark.js';
import type { Address, Answer, Mode, Order, Talk, Weight } from './delivery-parts.js';

const RATES = [1, 10, 50] as const;
const SETTLE_MS = 1_500;
/** So many messages a second, before anything is counted: what runs all the time in a node is compiled by then. */
const WARM_UP_PER_SECOND = 40;
const WARM_UP_MS = 15_000;
/** Time for the order to reach all nodes. */
const LEAD_MS = 500;
const PATIENCE_MS = 150_000;

interface Delivered {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly receptions: number;
  readonly sharePercent: number;
  readonly cpuMs: number;
}

export const delivery: Benchmark = {
  name: 'delivery',
  what: 'messages of 1 KiB to twenty nodes, each a process, on loopback',
  run: measure,
};

async function measure({ quick, note }: BenchOptions): Promise<readonly BenchRow[]> {
  const nodes = quick ? 6 : 20;
  const windowOf = (perSecond: number) => (quick ? 3_000 : perSecond === 1 ? 20_000 : 12_000);
  const children: ChildProcess[] = [];
  try {
    const addresses: Address[] = [];
    // Two at a time: they compile what they are made of.
    for (let from = 0; from < nodes; from += 2) {
      const pair = [from, from + 1].map((n) => fork(entryPoint('bench/delivery-node'), [String(n)], { execArgv: ['--expose-gc'] }));
      children.push(...pair);
      addresses.push(...(await Promise.all(pair.map((child) => answerOf<Address>(child)))));
    }
    const all = <T extends Answer>(order: Order) => Promise.all(children.map((child) => told<T>(child, order)));
    const alone = await all<Weight>({ do: 'weigh' });
    await all({ do: 'know', neurons: addresses });
    const together = await all<Weight>({ do: 'weigh' });
    note(`${nodes} nodes are together, each with ${median(together.map(({ peers }) => peers))} peers`);
    const talk = async (mode: Mode, perSecond: number, windowMs = windowOf(perSecond)) => {
      const startNs = String(process.hrtime.bigint() + BigInt(LEAD_MS) * 1_000_000n);
      const order = { do: 'talk', mode, nodes, perSecond, startNs, windowMs, settleMs: SETTLE_MS } as const;
      const result = summary(await all<Talk>(order), nodes);
      note(
        `${mode} at ${perSecond}/s: p50 ${result.p50Ms.toFixed(1)} ms, p99 ${result.p99Ms.toFixed(1)} ms, ${result.receptions.toFixed(2)} receptions per delivery, ${result.sharePercent.toFixed(2)} % delivered`,
      );
      return result;
    };
    for (const mode of ['raw', 'judged'] as const) await talk(mode, WARM_UP_PER_SECOND, quick ? 3_000 : WARM_UP_MS);
    const rows: BenchRow[] = [];
    for (const perSecond of RATES) {
      const raw = await talk('raw', perSecond);
      const judged = await talk('judged', perSecond);
      rows.push(...rowsOf(perSecond, judged, raw, `${nodes} processes on ${availableParallelism()} cores`));
    }
    return [...rows, ...memoryRows(alone, together, await all<Weight>({ do: 'weigh' }))];
  } finally {
    for (const child of children) child.kill();
  }
}

function summary(talks: readonly Talk[], nodes: number): Delivered {
  const latenciesMs = talks.flatMap((talk) => talk.latenciesMs);
  const sum = (of: (talk: Talk) => number) => talks.reduce((total, talk) => total + of(talk), 0);
  return {
    p50Ms: percentile(latenciesMs, 0.5),
    p99Ms: percentile(latenciesMs, 0.99),
    receptions: sum(({ receptions }) => receptions) / latenciesMs.length,
    sharePercent: (100 * latenciesMs.length) / (sum(({ sent }) => sent) * (nodes - 1)),
    cpuMs: sum(({ cpuMs }) => cpuMs) / latenciesMs.length,
  };
}

function rowsOf(perSecond: number, judged: Delivered, raw: Delivered, cores: string): readonly BenchRow[] {
  const row = (measure: string, unit: string, of: (delivered: Delivered) => number, limit: string) =>
    rowBeside(
      { measure: `${measure}, ${perSecond} msg/s`, value: of(judged), unit, limit },
      { name: `the same hosts without signature and gate, ${unit}`, value: of(raw) },
    );
  return [
    row('delivery p50', 'ms', ({ p50Ms }) => p50Ms, `two or three hops, each with one signature check; ${cores}`),
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

function told<T extends Answer>(child: ChildProcess, order: Order): Promise<T> {
  const answer = answerOf<T>(child);
  child.send(order);
  return answer;
}

/** Rejects when the process ends, or says nothing for too long. */
function answerOf<T extends Answer>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => end(() => reject(new Error('a node does not answer'))), PATIENCE_MS);
    // Safety: a node answers every order with what belongs to it, and says where it is as it begins.
    const onMessage = (message: unknown) => end(() => resolve(message as T));
    const onExit = () => end(() => reject(new Error('a node has ended')));
    function end(settle: () => void): void {
      clearTimeout(late);
      child.off('message', onMessage);
      child.off('exit', onExit);
      settle();
    }
    child.once('message', onMessage);
    child.once('exit', onExit);
  });
}
