/** Pings silent connections and closes dead ones, by the rules of protocol/liveness.ts. Whom to dial instead is the dialler's matter. */
import { randomBytes } from 'node:crypto';
import type { Connection, Stream } from '@libp2p/interface';
import { createAwakeClock, judgePulses, LIVENESS, type LivenessLimits } from '../liveness.js';
import type { Clock, Logger } from '../ports.js';
import type { NetworkMetrics } from './metrics.js';

export const PING_PROTOCOL = '/ipfs/ping/1.0.0';
const PING_SIZE_BYTES = 32;
const TURN_MS = 1_000;

export interface LivenessOptions extends LivenessLimits {
  readonly turnMs: number;
}

export const LIVENESS_OPTIONS: LivenessOptions = { ...LIVENESS, turnMs: TURN_MS };

export interface Liveness {
  /** Something of this peer has just arrived. */
  heard(peer: string): void;
  /** Until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

interface Beat {
  readonly connection: Connection;
  readonly openedAtMs: number;
  doubtedAtMs: number | null;
  heardAtMs: number;
  pingedAtMs: number[];
  /** Ends the pings under way. */
  pings: AbortController;
}

export function createLiveness(
  deps: {
    readonly connections: () => readonly Connection[];
    readonly clock: Clock;
    readonly logger: Logger;
    readonly metrics: NetworkMetrics;
  },
  options: LivenessOptions = LIVENESS_OPTIONS,
): Liveness {
  const { clock, logger, metrics } = deps;
  const awake = createAwakeClock(options.turnMs);
  const beats = new Map<string, Beat>();
  /** Peers, since the last turn. */
  const spoke = new Set<string>();

  function alive(beat: Beat): void {
    beat.heardAtMs = awake.nowMs();
    beat.doubtedAtMs = null;
    if (beat.pingedAtMs.length === 0) return;
    beat.pingedAtMs = [];
    beat.pings.abort();
    beat.pings = new AbortController();
  }

  function follow(): void {
    const open = new Map(deps.connections().flatMap((each) => (each.status === 'open' ? [[each.id, each] as const] : [])));
    for (const [id, { pings }] of beats)
      if (!open.has(id)) {
        pings.abort();
        beats.delete(id);
      }
    for (const [id, connection] of open) if (!beats.has(id)) begin(id, connection);
    for (const beat of beats.values()) if (siblingsOf(beat.connection).length === 0) beat.doubtedAtMs = null;
  }

  const siblingsOf = ({ id, remotePeer }: Connection) =>
    [...beats.values()].filter(({ connection }) => connection.id !== id && connection.remotePeer.equals(remotePeer));

  /** What was there before may be what is left of a broken line: the peer is back from elsewhere. */
  function begin(id: string, connection: Connection): void {
    const nowMs = awake.nowMs();
    for (const elder of siblingsOf(connection)) if (nowMs - elder.openedAtMs >= options.doubtedAgeMsMin) elder.doubtedAtMs ??= nowMs;
    beats.set(id, { connection, openedAtMs: nowMs, doubtedAtMs: null, heardAtMs: nowMs, pingedAtMs: [], pings: new AbortController() });
  }

  function send(beat: Beat): void {
    const { signal } = beat.pings;
    beat.pingedAtMs.push(awake.nowMs());
    ping(beat.connection, signal).then(
      () => {
        if (!signal.aborted) alive(beat);
      },
      (error: unknown) => {
        if (!signal.aborted && saysSomething(error)) alive(beat);
      },
    );
  }

  function bury({ connection, heardAtMs, pingedAtMs }: Beat): void {
    const silentMs = awake.nowMs() - heardAtMs;
    const facts = { peer: connection.remotePeer.toString(), silentMs: Math.round(silentMs), pings: pingedAtMs.length };
    logger.info(facts, 'nothing is heard of a peer any more, its connection is closed');
    metrics.silent?.();
    // Closing in good order would wait for an answer.
    connection.abort(new Error('nothing was heard of the peer'));
  }

  /** Which connection of several it came by is not known here, and one of them may be what is left of a line that broke. */
  function listen(): void {
    const byPeer = new Map<string, Beat[]>();
    for (const beat of beats.values()) {
      const peer = beat.connection.remotePeer.toString();
      byPeer.set(peer, [...(byPeer.get(peer) ?? []), beat]);
    }
    for (const peer of spoke) {
      const [only, second] = byPeer.get(peer) ?? [];
      if (only !== undefined && second === undefined) alive(only);
    }
    spoke.clear();
  }

  function turn(): void {
    const nowMs = awake.advance(clock.nowMs());
    follow();
    listen();
    const pulses = [...beats].map(([id, { heardAtMs, pingedAtMs, doubtedAtMs }]) => ({ id, heardAtMs, pingedAtMs, doubtedAtMs }));
    const { ping: silent, dead } = judgePulses(pulses, nowMs, options);
    for (const [id, beat] of beats) {
      if (silent.includes(id)) send(beat);
      if (dead.includes(id)) bury(beat);
    }
  }

  return {
    heard: (peer) => void spoke.add(peer),
    async run(signal) {
      while (!signal.aborted) {
        turn();
        await clock.sleep(options.turnMs, signal).catch(() => undefined);
      }
      for (const { pings } of beats.values()) pings.abort();
    },
  };
}

/** Resolves at the first byte that comes back. */
async function ping(connection: Connection, signal: AbortSignal): Promise<void> {
  const stream = await connection.newStream(PING_PROTOCOL, { signal });
  const giveUp = () => stream.abort(new Error('no longer of interest'));
  signal.addEventListener('abort', giveUp, { once: true });
  try {
    await Promise.all([stream.sink([new Uint8Array(randomBytes(PING_SIZE_BYTES))]), firstByte(stream.source)]);
    await stream.close();
  } catch (cause) {
    stream.abort(cause instanceof Error ? cause : new Error('failed'));
    throw cause;
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

async function firstByte(source: Stream['source']): Promise<void> {
  for await (const _ of source) return;
  throw new Error('the stream ended without an answer');
}

/** A peer that speaks no ping has said so, and one that resets the stream has sent that. */
function saysSomething(error: unknown): boolean {
  return error instanceof Error && (error.name === 'UnsupportedProtocolError' || error.name === 'StreamResetError');
}
