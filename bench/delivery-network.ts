/** The processes of a delivery benchmark: started, introduced to each other, told to talk, and what came of it summed up. */
import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { entryPoint } from '../protocol/entry.js';
import { type BenchRow, median, percentile, rowBeside } from './benchmark.js';
import type { Address, Answer, Mode, Order, Talk, Weight } from './delivery-parts.js';

/** voxd: a host as the daemon runs it. stock: the same libraries as they come. */
export type Make = 'voxd' | 'stock';

const ENTRY: Readonly<Record<Make, string>> = { voxd: 'bench/delivery-node', stock: 'bench/delivery-stock' };
const SETTLE_MS = 1_500;
/** Time for the order to reach all nodes. */
const LEAD_MS = 500;
const PATIENCE_MS = 150_000;

export interface Delivered {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly receptions: number;
  readonly sharePercent: number;
  /** Of all processes, per delivery. */
  readonly cpuMs: number;
  /** Deliveries per second between the first message said and the last one taken. */
  readonly perSecond: number;
}

export interface Speech {
  readonly mode: Mode;
  readonly perSecond: number;
  readonly windowMs: number;
  /** All, unless told otherwise. */
  readonly speakers?: number;
}

export interface DeliveryNetwork {
  weigh(): Promise<readonly Weight[]>;
  talk(speech: Speech): Promise<Delivered>;
  /** Each figure is the middle one of so many windows. */
  talkAgain(times: number, speech: Speech, restMs?: number): Promise<Delivered>;
  close(): void;
}

export interface NetworkOptions {
  readonly make: Make;
  readonly nodes: number;
  /** Hotkeys that each node signs with. */
  readonly voices?: number;
  readonly note: (line: string) => void;
  /** Before they know of each other. */
  readonly onAlone?: (weights: readonly Weight[]) => void;
}

export async function openNetwork({ make, nodes, voices = 1, note, onAlone }: NetworkOptions): Promise<DeliveryNetwork> {
  const children: ChildProcess[] = [];
  const close = () => {
    for (const child of children) child.kill();
  };
  const all = <T extends Answer>(order: Order) => Promise.all(children.map((child) => told<T>(child, order)));
  try {
    const addresses: Address[] = [];
    // Two at a time: they compile what they are made of.
    for (let from = 0; from < nodes; from += 2) {
      const pair = [from, from + 1].map((n) => fork(entryPoint(ENTRY[make]), [String(n), String(voices)], { execArgv: ['--expose-gc'] }));
      children.push(...pair);
      addresses.push(...(await Promise.all(pair.map((child) => answerOf<Address>(child)))));
    }
    onAlone?.(await all<Weight>({ do: 'weigh' }));
    await all({ do: 'know', neurons: addresses });
  } catch (error) {
    close();
    throw error;
  }

  async function talk({ mode, perSecond, windowMs, speakers = nodes }: Speech): Promise<Delivered> {
    const startNs = String(process.hrtime.bigint() + BigInt(LEAD_MS) * 1_000_000n);
    const result = summary(await all<Talk>({ do: 'talk', mode, speakers, perSecond, startNs, windowMs, settleMs: SETTLE_MS }), nodes);
    note(
      `${make}, ${mode} at ${perSecond}/s: p50 ${result.p50Ms.toFixed(1)} ms, p99 ${result.p99Ms.toFixed(1)} ms, ${result.receptions.toFixed(2)} receptions and ${result.cpuMs.toFixed(2)} ms of processor time per delivery, ${result.perSecond.toFixed(0)} deliveries/s, ${result.sharePercent.toFixed(2)} % delivered`,
    );
    return result;
  }

  return {
    weigh: () => all<Weight>({ do: 'weigh' }),
    talk,
    async talkAgain(times, speech, restMs = 0) {
      const results: Delivered[] = [];
      for (let time = 0; time < times; time += 1) {
        if (time > 0) await delay(restMs);
        results.push(await talk(speech));
      }
      const middle = (of: (delivered: Delivered) => number) => median(results.map(of));
      return {
        p50Ms: middle(({ p50Ms }) => p50Ms),
        p99Ms: middle(({ p99Ms }) => p99Ms),
        receptions: middle(({ receptions }) => receptions),
        sharePercent: middle(({ sharePercent }) => sharePercent),
        cpuMs: middle(({ cpuMs }) => cpuMs),
        perSecond: middle(({ perSecond }) => perSecond),
      };
    },
    close,
  };
}

/** One figure of what voxd delivered, beside that of the libraries. */
export function rowBesideStock(
  row: { readonly measure: string; readonly unit: string; readonly limit: string },
  voxd: Delivered,
  stock: Delivered,
  of: (delivered: Delivered) => number,
): BenchRow {
  return rowBeside({ ...row, value: of(voxd) }, { name: `the libraries as they come, ${row.unit}`, value: of(stock) });
}

function summary(talks: readonly Talk[], nodes: number): Delivered {
  const latenciesMs = talks.flatMap((talk) => talk.latenciesMs);
  const sum = (of: (talk: Talk) => number) => talks.reduce((total, talk) => total + of(talk), 0);
  const times = (of: (talk: Talk) => number) => talks.map(of).filter(Number.isFinite);
  const elapsedNs = Math.max(...times((talk) => talk.lastTakenNs)) - Math.min(...times((talk) => talk.firstSentNs));
  return {
    p50Ms: percentile(latenciesMs, 0.5),
    p99Ms: percentile(latenciesMs, 0.99),
    receptions: sum(({ receptions }) => receptions) / latenciesMs.length,
    sharePercent: (100 * latenciesMs.length) / (sum(({ sent }) => sent) * (nodes - 1)),
    cpuMs: sum(({ cpuMs }) => cpuMs) / latenciesMs.length,
    perSecond: (latenciesMs.length * 1e9) / elapsedNs,
  };
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
