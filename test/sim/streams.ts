import type { Connection, Logger, Stream } from '@libp2p/interface';
import { AbstractStream } from '@libp2p/utils/abstract-stream';
import { Uint8ArrayList } from 'uint8arraylist';
import { protocolFailures } from '../../protocol/failures.js';
import type { Chance } from './chance.js';
import type { SimulatedNetwork } from './network.js';
import { settled, type Timeline } from './timeline.js';

/** A frame that is lost is sent again after this time, and after twice as long the next time, as TCP does. */
const RESEND_MS = 200;
/** Across a partition it is tried again so often. */
const RETRY_MS = 1_000;

export type OnStream = (data: { readonly stream: Stream; readonly connection: Connection }) => void;

/**
 * Streams between processes of one simulated network. Their ends are those of libp2p, under yamux too; between them nothing is lost or overtaken, it is
 * only late. A partition holds frames up, the end of a process breaks its streams. No real time decides anything here: opening and closing take none.
 */
export interface SimulatedStreams {
  /** A process comes up, and is called for each stream that reaches it. Shape: its connections; they throw p2p.not_connected as a host's do. */
  join(name: string, onStream: OnStream): (peer: string) => Connection;
  /** It ends, and the others hear so. */
  leave(name: string): void;
  figures(): {
    readonly opened: number;
    /** Ends open at one time. */
    readonly openMax: number;
    /** Ends that a process left open when it ended. */
    readonly broken: number;
    /** Frames that were lost and sent again. */
    readonly resent: number;
  };
}

interface Process {
  readonly name: string;
  readonly onStream: OnStream;
  readonly ends: Set<End>;
}

/** One direction of a stream. */
interface Lane {
  send(deliver: () => void): void;
}

export function createSimulatedStreams({
  timeline,
  chance,
  network,
}: {
  timeline: Timeline;
  chance: Chance;
  network: Pick<SimulatedNetwork, 'weather' | 'parted'>;
}): SimulatedStreams {
  const processes = new Map<string, Process>();
  const figures = { opened: 0, open: 0, openMax: 0, broken: 0, resent: 0 };
  const isUp = (process: Process) => processes.get(process.name) === process;

  function travelMs(): number {
    const { latencyMs, jitterMs, lossPercent } = network.weather();
    let lateMs = 0;
    for (let resendMs = RESEND_MS; chance.happens(lossPercent / 100); resendMs *= 2) {
      figures.resent += 1;
      lateMs += resendMs;
    }
    return Math.max(1, latencyMs) + chance.below(jitterMs + 1) + lateMs;
  }

  /** `onGone`: something came to where nobody is any more. */
  function laneOf(from: Process, to: Process, onGone: () => void): Lane {
    const arrived: (() => void)[] = [];
    let newestMs = 0;
    let isHeld = false;
    let frame: { readonly sentAtMs: number; readonly deliveries: (() => void)[] } | null = null;

    function arrive(): void | Promise<void> {
      if (isHeld) return;
      if (!isUp(to)) {
        arrived.length = 0;
        onGone();
        return;
      }
      if (network.parted(from.name, to.name)) {
        isHeld = true;
        timeline.after(RETRY_MS, () => {
          isHeld = false;
          return arrive();
        });
        return;
      }
      for (const deliver of arrived.splice(0)) deliver();
      return settled();
    }

    return {
      send(deliver) {
        const nowMs = timeline.clock.nowMs();
        // What is written in one moment travels together.
        if (frame?.sentAtMs === nowMs) {
          frame.deliveries.push(deliver);
          return;
        }
        const deliveries = [deliver];
        frame = { sentAtMs: nowMs, deliveries };
        newestMs = Math.max(newestMs, nowMs + travelMs());
        timeline.at(newestMs, () => {
          arrived.push(...deliveries);
          return arrive();
        });
      },
    };
  }

  function endOf(direction: 'inbound' | 'outbound', own: Process, lane: Lane): End {
    const end = new End(direction, lane, () => {
      if (own.ends.delete(end)) figures.open -= 1;
    });
    return end;
  }

  function keep(own: Process, end: End): void {
    own.ends.add(end);
    figures.open += 1;
    figures.openMax = Math.max(figures.openMax, figures.open);
  }

  function open(from: Process, to: Process): Stream {
    const back = laneOf(to, from, () => {});
    const there = laneOf(from, to, () => back.send(() => near.reset()));
    const near = endOf('outbound', from, there);
    const far = endOf('inbound', to, back);
    near.other = far;
    far.other = near;
    keep(from, near);
    figures.opened += 1;
    there.send(() => {
      keep(to, far);
      to.onStream({ stream: far, connection: connection(to, from.name) });
    });
    return near;
  }

  function connection(from: Process, peer: string): Connection {
    const newStream = async () => {
      const to = processes.get(peer);
      if (to === undefined || !isUp(from)) throw new Error('the connection is closed');
      return open(from, to);
    };
    // Safety: what a transfer uses of a connection.
    return { remotePeer: { toString: () => peer }, newStream } as unknown as Connection;
  }

  return {
    join(name, onStream) {
      const process: Process = { name, onStream, ends: new Set() };
      processes.set(name, process);
      return (peer) => {
        if (!isUp(process) || !processes.has(peer) || network.parted(name, peer)) throw protocolFailures('p2p.not_connected', { peer });
        return connection(process, peer);
      };
    },
    leave(name) {
      const process = processes.get(name);
      if (process === undefined) return;
      processes.delete(name);
      for (const end of [...process.ends]) {
        figures.broken += 1;
        end.breakOff();
      }
    },
    figures: () => ({ opened: figures.opened, openMax: figures.openMax, broken: figures.broken, resent: figures.resent }),
  };
}

class End extends AbstractStream {
  other: End | null = null;
  readonly #lane: Lane;

  constructor(direction: 'inbound' | 'outbound', lane: Lane, onEnd: () => void) {
    super({ id: '0', direction, log: silent, onEnd });
    this.#lane = lane;
  }

  /** The process at this end is gone; the system of its machine says so to the other. */
  breakOff(): void {
    this.destroy();
    this.sendReset();
  }

  override sendNewStream(): void {}

  override sendData(data: Uint8ArrayList): void {
    const bytes = data.slice();
    this.#lane.send(() => this.other?.sourcePush(new Uint8ArrayList(bytes)));
  }

  override sendReset(): void {
    this.#lane.send(() => this.other?.reset());
  }

  override sendCloseWrite(): void {
    this.#lane.send(() => this.other?.remoteCloseWrite());
  }

  /** Yamux does not tell either. */
  override sendCloseRead(): void {}
}

const silent: Logger = Object.assign(() => {}, { error: () => {}, trace: () => {}, newScope: () => silent, enabled: false });
