/** Who may connect: rules of the operator, exiles of our own, and the places of admission.ts, at every stage of a connection. */
import type { Connection, ConnectionGater, MultiaddrConnection } from '@libp2p/interface';
import type { Multiaddr } from '@multiformats/multiaddr';
import { type AdmissionLimits, classOf, rangeOf, refuseConnection, refusePeer, type Slot } from '../admission.js';
import { createLru } from '../lru.js';
import type { Hotkey } from '../names.js';
import { createPeerRules, type PeerFacts, type PeerRule } from '../peer-rules.js';
import type { Clock, Logger } from '../ports.js';
import { mayDial } from './addresses.js';
import type { EntryRefusal, PeerBook } from './peer-book.js';

/** Who fell below the graylist threshold is not spoken with for so long. */
export const EXILE_MS = 30 * 60_000;
export const EXILES_MAX = 1_024;
/** Handshakes under way at one time; one more is refused. */
export const PENDING_MAX = 32;
/** No handshake takes longer; a socket that never became a connection is not counted after it. */
const PENDING_MS_MAX = 10_000;

export interface Doorman {
  readonly gater: ConnectionGater;
  /** For a peer that shows this hotkey. Null: let in. */
  refuse(peerId: string, hotkey: Hotkey): EntryRefusal | null;
  setRules(rules: readonly PeerRule[]): void;
  /** Not spoken with until `untilMs`: the peer, its hotkey, and where it proved none also its address. Null where a rule allows it all the same. */
  exile(peerId: string): { readonly ip: string | null; readonly untilMs: number } | null;
  isDenied(connection: Connection): boolean;
  ipOf(connection: Connection): string | null;
  /** The chain lists its address. */
  isKnown(connection: Connection): boolean;
}

export function createDoorman(
  deps: {
    readonly book: () => PeerBook;
    readonly connections: () => readonly Connection[];
    readonly clock: Pick<Clock, 'nowMs'>;
    readonly logger: Logger;
  },
  options: { readonly limits: AdmissionLimits; readonly privateNetwork: boolean },
): Doorman {
  const { clock, logger } = deps;
  const { limits, privateNetwork } = options;
  const rules = createPeerRules();
  const exiles = createLru<number>(EXILES_MAX);
  let pending: { readonly socket: MultiaddrConnection; readonly range: string | null; readonly sinceMs: number }[] = [];

  function isBanned(facts: PeerFacts): boolean {
    const rule = rules.judge(facts, clock.nowMs());
    if (rule !== null) return rule.rule === 'deny';
    const names = [facts.peerId, facts.hotkey, facts.ip];
    return names.some((name) => name != null && (exiles.get(name) ?? 0) > clock.nowMs());
  }

  const isAllowed = (facts: PeerFacts) => rules.judge(facts, clock.nowMs())?.rule === 'allow';

  function slots(): readonly Slot[] {
    const peers = new Map<string, Slot>();
    for (const connection of deps.connections()) {
      const peerId = connection.remotePeer.toString();
      if (connection.status !== 'open' || peers.has(peerId)) continue;
      peers.set(peerId, slotOf(peerId, connection, deps.book().bound(peerId)?.hotkey ?? null));
    }
    return [...peers.values()];
  }

  function slotOf(peerId: string, connection: Connection, hotkey: Hotkey | null): Slot {
    const ip = ipOfAddress(connection.remoteAddr);
    const standing = hotkey === null ? null : deps.book().standingOf(hotkey);
    return {
      peerId,
      ip,
      direction: connection.direction,
      class: classOf({
        hotkey,
        registered: standing?.registered ?? false,
        permitted: standing?.permitted ?? false,
        knownIp: standing !== null && standing.ip !== null && standing.ip === ip,
      }),
      coldkey: standing?.coldkey ?? null,
    };
  }

  /** Sockets whose handshake has not ended, by what the sockets themselves say. */
  function stillPending(): typeof pending {
    const sinceMs = clock.nowMs() - PENDING_MS_MAX;
    return pending.filter(
      (one) => one.socket.timeline.close === undefined && one.socket.timeline.upgraded === undefined && one.sinceMs > sinceMs,
    );
  }

  function denyInboundConnection(socket: MultiaddrConnection): boolean {
    const ip = ipOfAddress(socket.remoteAddr);
    if (isBanned({ ip })) return true;
    pending = stillPending();
    const range = rangeOf(ip);
    const knownIp = ip !== null && (deps.book().knownIps.has(ip) || isAllowed({ ip }));
    const pendingInRange = pending.filter((one) => one.range === range).length;
    const refusal =
      pending.length >= PENDING_MAX && !knownIp ? 'p2p.full' : refuseConnection(slots(), { ip, knownIp, pendingInRange }, limits);
    if (refusal === null) pending.push({ socket, range, sinceMs: clock.nowMs() });
    else logger.debug({ ip, code: refusal }, 'a connection was refused');
    return refusal !== null;
  }

  const denyPeer = (peer: { readonly type: string; toString(): string }) =>
    peer.type !== 'Ed25519' || isBanned({ peerId: peer.toString() });

  return {
    gater: {
      denyDialMultiaddr: (address) => !mayDial(address, privateNetwork) || isBanned({ ip: ipOfAddress(address) }),
      denyDialPeer: (peer) => isBanned({ peerId: peer.toString() }),
      denyInboundConnection,
      denyInboundEncryptedConnection: denyPeer,
      denyOutboundEncryptedConnection: denyPeer,
    },
    refuse(peerId, hotkey) {
      const connection = deps.connections().find((one) => one.status === 'open' && one.remotePeer.toString() === peerId);
      const ip = connection === undefined ? null : ipOfAddress(connection.remoteAddr);
      const facts = { ip, peerId, hotkey };
      if (isBanned(facts)) return 'p2p.banned';
      if (connection === undefined || isAllowed(facts)) return null;
      const others = slots().filter((slot) => slot.peerId !== peerId);
      return refusePeer(others, slotOf(peerId, connection, hotkey), limits);
    },
    setRules: rules.replace,
    exile(peerId) {
      const connection = deps.connections().find((one) => one.remotePeer.toString() === peerId);
      const hotkey = deps.book().bound(peerId)?.hotkey ?? null;
      const address = connection === undefined ? null : ipOfAddress(connection.remoteAddr);
      if (isAllowed({ ip: address, peerId, hotkey })) return null;
      // Peer ids cost nothing. On a private network many nodes may share the address.
      const ip = hotkey === null && !privateNetwork && address !== null && !deps.book().knownIps.has(address) ? address : null;
      const untilMs = clock.nowMs() + EXILE_MS;
      for (const name of [peerId, hotkey, ip]) if (name !== null) exiles.set(name, untilMs);
      return { ip, untilMs };
    },
    isDenied(connection) {
      const peerId = connection.remotePeer.toString();
      return isBanned({ ip: ipOfAddress(connection.remoteAddr), peerId, hotkey: deps.book().bound(peerId)?.hotkey ?? null });
    },
    ipOf: (connection) => ipOfAddress(connection.remoteAddr),
    isKnown(connection) {
      const ip = ipOfAddress(connection.remoteAddr);
      return ip !== null && deps.book().knownIps.has(ip);
    },
  };
}

/** Null for what is no IP address. */
export function ipOfAddress(address: Multiaddr): string | null {
  const [host] = address.stringTuples();
  const [name] = address.protoNames();
  return (name === 'ip4' || name === 'ip6') && host?.[1] !== undefined ? host[1] : null;
}
