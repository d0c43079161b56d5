/**
 * Who gets one of the connections of this node. Whatever costs nothing to make many of (addresses of one range, unproved peers, unregistered hotkeys)
 * gets few; places are kept for those that we dial ourselves, and for those that the chain vouches for. Pure: the connections are given.
 */
import { isIPv4, isIPv6 } from 'node:net';
import type { Hotkey } from './names.js';

export interface AdmissionLimits {
  readonly connectionsMax: number;
  /** Places that no inbound connection gets: whom we dial is our choice, not an attacker's. */
  readonly outboundReserved: number;
  /** Places that only permit holders and neurons at their address on chain get. */
  readonly privilegedReserved: number;
  readonly unprovedMax: number;
  readonly unregisteredMax: number;
  /** Connections without privilege from one /24 or /64; of these, handshakes under way. */
  readonly perRangeMax: number;
  readonly pendingPerRangeMax: number;
  /** Peers without privilege whose hotkeys belong to one coldkey. */
  readonly perColdkeyMax: number;
}

/** Eighths of all connections. */
const OUTBOUND_EIGHTHS = 1;
const PRIVILEGED_EIGHTHS = 2;
export const UNPROVED_MAX = 16;
export const UNREGISTERED_MAX = 8;
export const PER_RANGE_MAX = 8;
export const PENDING_PER_RANGE_MAX = 4;
export const PER_COLDKEY_MAX = 4;

/** On a private network all nodes may share one address. */
export function admissionLimits(connectionsMax: number, privateNetwork: boolean): AdmissionLimits {
  const eighth = Math.max(1, Math.floor(connectionsMax / 8));
  return {
    connectionsMax,
    outboundReserved: OUTBOUND_EIGHTHS * eighth,
    privilegedReserved: PRIVILEGED_EIGHTHS * eighth,
    unprovedMax: Math.min(UNPROVED_MAX, 2 * eighth),
    unregisteredMax: Math.min(UNREGISTERED_MAX, eighth),
    perRangeMax: privateNetwork ? Number.POSITIVE_INFINITY : PER_RANGE_MAX,
    pendingPerRangeMax: privateNetwork ? Number.POSITIVE_INFINITY : PENDING_PER_RANGE_MAX,
    perColdkeyMax: PER_COLDKEY_MAX,
  };
}

/** privileged: a validator permit, or an address that the chain lists. */
export type PeerClass = 'unproved' | 'unregistered' | 'member' | 'privileged';

export interface Slot {
  readonly peerId: string;
  readonly ip: string | null;
  readonly direction: 'inbound' | 'outbound';
  readonly class: PeerClass;
  readonly coldkey: string | null;
}

export type AdmissionRefusal = 'p2p.full' | 'p2p.range_full' | 'p2p.coldkey_full';

/** Before the handshake, when only the address is known. `knownIp`: the chain lists it. */
export function refuseConnection(
  slots: readonly Slot[],
  of: { readonly ip: string | null; readonly knownIp: boolean; readonly pendingInRange: number },
  limits: AdmissionLimits,
): AdmissionRefusal | null {
  if (inbound(slots).length >= limits.connectionsMax - limits.outboundReserved) return 'p2p.full';
  if (of.knownIp) return null;
  if (of.pendingInRange >= limits.pendingPerRangeMax) return 'p2p.range_full';
  return rangeIsFull(slots, of.ip, limits) ? 'p2p.range_full' : null;
}

/** After the greeting. `slots` are those of the other peers. Whom we dialled ourselves is let in. */
export function refusePeer(slots: readonly Slot[], peer: Slot, limits: AdmissionLimits): AdmissionRefusal | null {
  if (peer.direction === 'outbound' || peer.class === 'unproved') return null;
  const others = inbound(slots);
  const room = limits.connectionsMax - limits.outboundReserved;
  if (peer.class === 'privileged') return others.length >= room ? 'p2p.full' : null;
  const common = others.filter((slot) => slot.class === 'member' || slot.class === 'unregistered');
  if (common.length >= room - limits.privilegedReserved) return 'p2p.full';
  if (peer.class === 'unregistered' && common.filter((slot) => slot.class === 'unregistered').length >= limits.unregisteredMax)
    return 'p2p.full';
  if (rangeIsFull(slots, peer.ip, limits)) return 'p2p.range_full';
  const kin = common.filter((slot) => slot.coldkey !== null && slot.coldkey === peer.coldkey);
  return kin.length >= limits.perColdkeyMax ? 'p2p.coldkey_full' : null;
}

/** The network an address costs about as much as: /24 of IPv4, /64 of IPv6. Null: no address. */
export function rangeOf(ip: string | null): string | null {
  if (ip === null) return null;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1] ?? ip;
  if (isIPv4(mapped)) return `${mapped.split('.').slice(0, 3).join('.')}.0/24`;
  if (!isIPv6(ip)) return null;
  const [head = '', tail] = ip.toLowerCase().split('%', 1)[0]?.split('::') ?? [];
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - front.length - back.length;
  const groups = [...front, ...Array.from({ length: Math.max(0, zeros) }, () => '0'), ...back];
  const network = groups.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}

export interface Standing {
  readonly hotkey: Hotkey | null;
  readonly registered: boolean;
  readonly permitted: boolean;
  /** It comes from an address that the chain lists. */
  readonly knownIp: boolean;
}

export function classOf({ hotkey, registered, permitted, knownIp }: Standing): PeerClass {
  if (hotkey === null) return 'unproved';
  if (!registered) return 'unregistered';
  return permitted || knownIp ? 'privileged' : 'member';
}

function rangeIsFull(slots: readonly Slot[], ip: string | null, { perRangeMax }: AdmissionLimits): boolean {
  const range = rangeOf(ip);
  if (range === null) return false;
  return inbound(slots).filter((slot) => slot.class !== 'privileged' && rangeOf(slot.ip) === range).length >= perRangeMax;
}

function inbound(slots: readonly Slot[]): readonly Slot[] {
  return slots.filter(({ direction }) => direction === 'inbound');
}
