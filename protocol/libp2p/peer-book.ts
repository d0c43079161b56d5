/** Who proved which hotkey, and what the chain says about it. State only; the wires are in hello.ts and dialer.ts. */
import { type BindingError, checkBinding, type PeerBinding } from '../binding.js';
import type { Hotkey } from '../names.js';
import { keyOfPeerId, type PeerId } from '../peer-id.js';
import type { Clock, DirectoryEntry, PeerEvent, Verify } from '../ports.js';
import { err, ok, type Result } from '../result.js';
import type { NetworkId } from '../topics.js';

export const PEERS_PER_HOTKEY_MAX = 2;
/** Until then a new peer may join a mesh without proof: refusing it would keep it out for a minute. */
export const HELLO_GRACE_MS = 5_000;

const WORTH = { unproved: -1, unknown: 0, registered: 5, validator: 10 } as const;

export interface BoundPeer {
  readonly hotkey: Hotkey;
  readonly notAfterMs: number;
}

export interface PeerBook {
  /** Checks the binding that a connected peer showed, and keeps it. */
  bind(peerId: PeerId, binding: Uint8Array): Result<PeerBinding, BindingError | 'p2p.binding_too_many'>;
  bound(peerId: string): BoundPeer | null;
  peerIdsOf(hotkey: Hotkey): readonly PeerId[];
  opened(peerId: PeerId): void;
  closed(peerId: PeerId): void;
  refused(peerId: PeerId, code: string): void;
  /** For the gossip score, -1 to 10. */
  worthOf(peerId: string): number;
  /** Proved a hotkey that is registered, as far as we know. */
  isMember(peerId: string): boolean;
  directory(): readonly DirectoryEntry[];
  setDirectory(entries: readonly DirectoryEntry[]): void;
  setMembers(registered: ReadonlySet<Hotkey>, permitted: ReadonlySet<Hotkey>): void;
  onPeer(listener: (event: PeerEvent) => void): () => void;
  /** IP addresses of the directory; one Set for ever, its content changes. */
  readonly knownIps: Set<string>;
}

export function createPeerBook(
  deps: { readonly clock: Clock; readonly verify: Verify },
  options: { readonly network: NetworkId },
): PeerBook {
  const bound = new Map<string, BoundPeer>();
  const openedAtMs = new Map<string, number>();
  const refusedPeers = new Set<string>();
  const listeners = new Set<(event: PeerEvent) => void>();
  const knownIps = new Set<string>();
  let entries: readonly DirectoryEntry[] = [];
  let chainKeys = new Map<Hotkey, string>();
  let members: { readonly registered: ReadonlySet<Hotkey>; readonly permitted: ReadonlySet<Hotkey> } | null = null;

  const tell = (event: PeerEvent) => {
    for (const listener of [...listeners]) listener(event);
  };
  // Safety: the keys of `bound` are the peer ids given to `bind`.
  const peerIdsOf = (hotkey: Hotkey) => [...bound].filter(([, peer]) => peer.hotkey === hotkey).map(([id]) => id as PeerId);
  const registered = (hotkey: Hotkey) => members === null || members.registered.has(hotkey);

  return {
    knownIps,
    bind(peerId, bytes) {
      const key = keyOfPeerId(peerId);
      if (!key.ok) return err('p2p.binding_other_peer');
      const checked = checkBinding(bytes, {
        network: options.network,
        nowMs: deps.clock.nowMs(),
        connectedKey: key.value,
        chainKeyOf: (hotkey) => chainKeys.get(hotkey) ?? null,
        verify: deps.verify,
      });
      if (!checked.ok) return checked;
      const { hotkey, notAfterMs } = checked.value;
      const others = peerIdsOf(hotkey).filter((id) => id !== peerId);
      if (others.length >= PEERS_PER_HOTKEY_MAX) return err('p2p.binding_too_many');
      const isNew = bound.get(peerId)?.hotkey !== hotkey;
      // The peer may have gone while its binding was read: then nothing would remove it again.
      if (!openedAtMs.has(peerId)) return ok(checked.value);
      bound.set(peerId, { hotkey, notAfterMs });
      refusedPeers.delete(peerId);
      if (isNew) tell({ type: 'bound', peerId, hotkey });
      return ok(checked.value);
    },
    bound: (peerId) => bound.get(peerId) ?? null,
    peerIdsOf,
    opened: (peerId) => {
      if (!openedAtMs.has(peerId)) openedAtMs.set(peerId, deps.clock.nowMs());
    },
    closed(peerId) {
      const hotkey = bound.get(peerId)?.hotkey ?? null;
      bound.delete(peerId);
      refusedPeers.delete(peerId);
      if (openedAtMs.delete(peerId)) tell({ type: 'closed', peerId, hotkey });
    },
    refused(peerId, code) {
      bound.delete(peerId);
      if (openedAtMs.has(peerId)) refusedPeers.add(peerId);
      tell({ type: 'refused', peerId, code });
    },
    worthOf(peerId) {
      const peer = bound.get(peerId);
      if (peer === undefined) {
        const since = openedAtMs.get(peerId);
        const fresh = since !== undefined && deps.clock.nowMs() - since < HELLO_GRACE_MS && !refusedPeers.has(peerId);
        return fresh ? WORTH.unknown : WORTH.unproved;
      }
      if (!registered(peer.hotkey)) return WORTH.unproved;
      return members?.permitted.has(peer.hotkey) === true ? WORTH.validator : WORTH.registered;
    },
    isMember(peerId) {
      const peer = bound.get(peerId);
      return peer !== undefined && registered(peer.hotkey);
    },
    directory: () => entries,
    setDirectory(list) {
      entries = [...list];
      chainKeys = new Map(list.flatMap(({ hotkey, peerKey }) => (peerKey === null ? [] : [[hotkey, peerKey] as const])));
      knownIps.clear();
      for (const { ip } of list) knownIps.add(ip);
    },
    setMembers(all, permitted) {
      members = { registered: all, permitted };
    },
    onPeer(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
