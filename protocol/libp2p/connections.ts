/** Follows the connections of a node: greets, renews, and closes those that are one too many. */
import type { Connection } from '@libp2p/interface';
import { type PeerId, parsePeerId } from '../peer-id.js';
import type { Clock, Logger, Peer } from '../ports.js';
import type { Doorman } from './doorman.js';
import { BINDING_RENEW_AFTER_MS, closeQuietly, type HelloProtocol } from './hello.js';
import type { Node } from './node.js';
import type { PeerBook } from './peer-book.js';
import { forgetParted } from './peer-memory.js';

/** A connection without proof is closed after this time. */
export const UNPROVED_MS_MAX = 15_000;
const TURN_MS = 1_000;
/** How often what libp2p keeps of peers that have gone is deleted. */
export const PARTED_FORGOTTEN_MS = 10_000;
/** A second connection to a peer may be the one that is about to win, or the only one that is alive (liveness.ts says so by then); only older ones are closed. */
const DUPLICATE_AGE_MS = 8_000;

export interface ConnectionsDeps {
  readonly node: Node;
  readonly book: PeerBook;
  readonly hello: HelloProtocol;
  readonly doorman: Doorman;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onChange: () => void;
}

export interface Connections {
  /** Until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  peers(): readonly Peer[];
  /** Resolves when every greeting under way has ended. */
  settled(): Promise<void>;
  /** Greets unless it has been done. */
  ensureGreeted(connection: Connection): Promise<void>;
}

export function createConnections(
  { node, book, hello, doorman, clock, logger, onChange }: ConnectionsDeps,
  options: { readonly unprovedMax: number },
): Connections {
  const greetings = new Map<string, Promise<void>>();
  const greetedAtMs = new Map<string, number>();
  let forgetting = false;
  let forgotAtMs = clock.nowMs();

  function greet(connection: Connection): Promise<void> {
    const present = greetings.get(connection.id);
    if (present !== undefined) return present;
    const greeting = hello.greet(connection).then(
      () => {
        // Of one that has closed meanwhile nobody would delete it.
        if (connection.status === 'open') greetedAtMs.set(connection.id, clock.nowMs());
        onChange();
      },
      (error: unknown) => {
        logger.debug({ err: error, peer: connection.remotePeer.toString() }, 'a greeting failed');
        throw error;
      },
    );
    const done = greeting.finally(() => greetings.delete(connection.id));
    greetings.set(connection.id, done);
    return done;
  }

  function onOpen({ detail: connection }: CustomEvent<Connection>): void {
    const peer = peerIdOf(connection);
    if (peer === null) return;
    book.opened(peer);
    if (connection.direction === 'outbound') greet(connection).catch(() => {});
    else dropUnproved();
  }

  /** The one that has waited longest to prove itself goes first: honest peers greet at once. */
  function dropUnproved(): void {
    const waiting = unproved().filter((connection) => connection.direction === 'inbound' && !doorman.isKnown(connection));
    const [oldest] = waiting.sort((a, b) => a.timeline.open - b.timeline.open);
    if (oldest !== undefined && waiting.length > options.unprovedMax) closeQuietly(oldest);
  }

  /** A peer that gossip does not listen to any more takes the place of somebody else. */
  function exile(connection: Connection): void {
    const id = connection.remotePeer.toString();
    const peerId = peerIdOf(connection);
    if (peerId === null || !node.services.pubsub.isShutOut(id)) return;
    const score = node.services.pubsub.getScore(id);
    const exiled = doorman.exile(id);
    if (exiled === null) return;
    const hotkey = book.bound(id)?.hotkey ?? null;
    logger.warn({ peer: id, hotkey, score: Math.round(score), ...exiled }, 'a peer misbehaved too often and is sent away');
    closeQuietly(connection);
    book.tell({ type: 'exiled', peerId, hotkey, score, ...exiled });
  }

  function onClose({ detail: connection }: CustomEvent<Connection>): void {
    greetedAtMs.delete(connection.id);
    const peer = peerIdOf(connection);
    if (peer === null) return;
    if (node.getConnections(connection.remotePeer).some(({ status }) => status === 'open')) {
      node.services.pubsub.heal();
      return;
    }
    book.closed(peer);
    onChange();
  }

  function unproved(): readonly Connection[] {
    return node.getConnections().filter((connection) => book.bound(connection.remotePeer.toString()) === null);
  }

  function tidy(): void {
    const nowMs = clock.nowMs();
    for (const connection of node.getConnections()) {
      exile(connection);
      if (doorman.isDenied(connection)) closeQuietly(connection);
    }
    for (const connection of unproved()) if (nowMs - connection.timeline.open > UNPROVED_MS_MAX) closeQuietly(connection);
    for (const connection of node.getConnections()) {
      const at = greetedAtMs.get(connection.id);
      if (at !== undefined && nowMs - at > BINDING_RENEW_AFTER_MS) greet(connection).catch(() => {});
    }
    for (const connection of duplicates(node.getConnections(), node.peerId.toString(), nowMs)) closeQuietly(connection);
  }

  async function forget(): Promise<void> {
    if (forgetting || clock.nowMs() - forgotAtMs < PARTED_FORGOTTEN_MS) return;
    forgetting = true;
    forgotAtMs = clock.nowMs();
    await forgetParted(node).catch((error: unknown) => logger.debug({ err: error }, 'peers that have gone could not be forgotten'));
    forgetting = false;
  }

  return {
    peers() {
      const best = new Map<string, Connection>();
      for (const connection of node.getConnections()) {
        const id = connection.remotePeer.toString();
        if (connection.status === 'open' && !best.has(id)) best.set(id, connection);
      }
      return [...best].flatMap(([id, connection]) => {
        const peerId = peerIdOf(connection);
        if (peerId === null) return [];
        return {
          peerId,
          hotkey: book.bound(id)?.hotkey ?? null,
          address: connection.remoteAddr.toString(),
          direction: connection.direction,
          connectedAtMs: connection.timeline.open,
          score: node.services.pubsub.getScore(id),
        };
      });
    },
    async settled() {
      await Promise.allSettled(greetings.values());
    },
    ensureGreeted: (connection) => (greetedAtMs.has(connection.id) ? Promise.resolve() : greet(connection)),
    async run(signal) {
      node.addEventListener('connection:open', onOpen);
      node.addEventListener('connection:close', onClose);
      while (!signal.aborted) {
        await clock.sleep(TURN_MS, signal).catch(() => undefined);
        if (signal.aborted) break;
        tidy();
        void forget();
      }
      node.removeEventListener('connection:open', onOpen);
      node.removeEventListener('connection:close', onClose);
    },
  };
}

export function peerIdOf(connection: Connection): PeerId | null {
  const parsed = parsePeerId(connection.remotePeer.toString());
  return parsed.ok ? parsed.value : null;
}

/** Two peers that dial each other at once have two connections. Both sides keep the one that the smaller peer id dialled, the oldest of those. */
export function duplicates(connections: readonly Connection[], ownId: string, nowMs: number): readonly Connection[] {
  const byPeer = new Map<string, Connection[]>();
  for (const connection of connections) {
    if (connection.status !== 'open') continue;
    const id = connection.remotePeer.toString();
    byPeer.set(id, [...(byPeer.get(id) ?? []), connection]);
  }
  return [...byPeer].flatMap(([id, group]) => {
    if (group.length < 2 || group.some(({ timeline }) => nowMs - timeline.open < DUPLICATE_AGE_MS)) return [];
    const favoured = ownId < id ? 'outbound' : 'inbound';
    const ranked = [...group].sort(
      (a, b) => Number(b.direction === favoured) - Number(a.direction === favoured) || a.timeline.open - b.timeline.open,
    );
    return ranked.slice(1);
  });
}
