/** What the nodes of the delivery benchmarks are told and what they answer, and the part of them that is the same whatever they are made of. */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay, setImmediate as immediate } from 'node:timers/promises';
import { residentMiB } from './memory.js';

/** judged: signed, and its signature checked at every hop. raw: the same bytes, unsigned and taken as they come. */
export type Mode = 'judged' | 'raw';

export type Order =
  | { readonly do: 'know'; readonly neurons: readonly Address[] }
  | { readonly do: 'weigh' }
  /** Message n of the network is said by node n modulo `speakers`; it is due n / `perSecond` after `startNs` of the machine's clock. The others listen. */
  | {
      readonly do: 'talk';
      readonly mode: Mode;
      readonly speakers: number;
      readonly perSecond: number;
      readonly startNs: string;
      readonly windowMs: number;
      readonly settleMs: number;
    };

export interface Address {
  /** Those it signs with, in turn; the first one is its own. */
  readonly hotkeys: readonly string[];
  readonly ip: string;
  readonly port: number;
}

export interface Weight {
  readonly residentMiB: number;
  /** Objects and buffers that are in use. */
  readonly objectsKiB: number;
  readonly peers: number;
}

export interface Talk {
  readonly sent: number;
  /** From before a message is signed until it has been taken here. */
  readonly latenciesMs: readonly number[];
  /** Copies of messages that came, first ones and others. */
  readonly receptions: number;
  /** Processor time of this process, its threads with it. */
  readonly cpuMs: number;
  /** Time between the first message and the last one, at the speaker and at whoever listens; NaN where there was none. */
  readonly firstSentNs: number;
  readonly lastTakenNs: number;
}

/** Null: done. */
export type Answer = Address | Weight | Talk | null;

/** A kind with a large allowance, and the size of its messages with their envelope: 1 KiB. */
export const KIND = 'scoreReveal';
export const MESSAGE_SIZE_BYTES = 1024;
const NEIGHBOURS_WANTED = 4;
/** Longer than gossipsub keeps out of its mesh whom it has once refused: on a busy machine that is the first answer. */
const PATIENCE_MS = 120_000;

/** Whoever has more to say than it can says it for so long at a time. */
const TURN_NS_MAX = 2_000_000;

/** The clock that all processes of a machine share. */
const nowNs = () => process.hrtime.bigint();

/** Of this process. Made once: to make it is not what is measured. */
const FILLING = randomBytes(MESSAGE_SIZE_BYTES);

/** What no other process and no other call gives: the time, and bytes of this process. */
export function stamp(sizeBytes: number): Uint8Array {
  const bytes = Uint8Array.prototype.slice.call(FILLING, 0, sizeBytes);
  new DataView(bytes.buffer).setBigUint64(0, nowNs());
  return bytes;
}

/** What this process has heard since it was last told to talk. */
export interface Ear {
  mode: Mode;
  receptions: number;
  /** A message that was stamped so has been taken. */
  took(stamped: Uint8Array): void;
}

export interface SpeakingNode {
  readonly address: Address;
  /** Until it is connected with the others, or is connecting. */
  know(neurons: readonly Address[]): Promise<void>;
  neighbours(): number;
  peers(): number;
  /** Ready to be sent, stamped before it is signed. */
  message(mode: Mode): Promise<Uint8Array>;
  publish(message: Uint8Array): Promise<unknown>;
}

/** Obeys whoever started this process until it goes away. `index`: of this node among all. */
export function obeyOrders(index: number, open: (ear: Ear) => Promise<SpeakingNode>): void {
  let latenciesMs: number[] = [];
  let lastTakenNs = Number.NaN;
  const ear: Ear = {
    mode: 'raw',
    receptions: 0,
    took(stamped) {
      const takenNs = nowNs();
      lastTakenNs = Number(takenNs);
      latenciesMs.push(Number(takenNs - Buffer.from(stamped).readBigUInt64BE()) / 1e6);
    },
  };
  const opening = open(ear);

  async function know(node: SpeakingNode, neurons: readonly Address[]): Promise<null> {
    await node.know(neurons);
    const endMs = performance.now() + PATIENCE_MS;
    while (node.neighbours() < Math.min(NEIGHBOURS_WANTED, neurons.length - 1)) {
      if (performance.now() > endMs) throw new Error(`node ${index} has ${node.neighbours()} neighbours after ${PATIENCE_MS} ms`);
      await delay(50);
    }
    return null;
  }

  async function weigh(node: SpeakingNode): Promise<Weight> {
    globalThis.gc?.();
    // What finalizers give back is counted at the second time.
    await delay(50);
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    return { residentMiB: residentMiB(), objectsKiB: (heapUsed + external) / 1024, peers: node.peers() };
  }

  async function talk(node: SpeakingNode, order: Extract<Order, { readonly do: 'talk' }>): Promise<Talk> {
    ear.mode = order.mode;
    ear.receptions = 0;
    latenciesMs = [];
    lastTakenNs = Number.NaN;
    const startNs = BigInt(order.startNs);
    let turnEndsNs = 0;
    const until = async (ms: number) => {
      const restMs = ms - Number(nowNs() - startNs) / 1e6;
      if (restMs > 0) await delay(restMs);
      // Late as it may be, its sockets get their turn.
      else if (Number(nowNs()) > turnEndsNs) await immediate();
      else return;
      turnEndsNs = Number(nowNs()) + TURN_NS_MAX;
    };
    await until(0);
    const cpu = process.cpuUsage();
    const firstSentNs = index < order.speakers ? Number(nowNs()) : Number.NaN;
    let sent = 0;
    const windowMs = index < order.speakers ? order.windowMs : 0;
    for (let n = index; (n * 1000) / order.perSecond < windowMs; n += order.speakers) {
      await until((n * 1000) / order.perSecond);
      await node.publish(await node.message(order.mode));
      sent += 1;
    }
    await until(order.windowMs + order.settleMs);
    const { user, system } = process.cpuUsage(cpu);
    return { sent, latenciesMs, receptions: ear.receptions, cpuMs: (user + system) / 1000, firstSentNs, lastTakenNs };
  }

  async function obey(order: Order): Promise<Answer> {
    const node = await opening;
    if (order.do === 'know') return know(node, order.neurons);
    return order.do === 'weigh' ? weigh(node) : talk(node, order);
  }

  const fail = (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  };
  process.on('message', (order: Order) => {
    obey(order).then((answer) => process.send?.(answer), fail);
  });
  process.once('disconnect', () => process.exit(0));
  opening.then(({ address }) => process.send?.(address), fail);
}
