/** Who proved which hotkey, and what the chain says about it. State only; the wires are in hello.ts and dialer.ts. */

import type { AdmissionRefusal } from '../admission.js';
import { type BindingError, bindingChecks, examineBinding, type PeerBinding } from '../binding.js';
import { createLru } from '../lru.js';
import type { Hotkey } from '../names.js';
import { keyOfPeerId, type PeerId } from '../peer-id.js';
import type { Clock, DirectoryEntry, Member, PeerEvent, Verifier } from '../ports.js';
import { err, ok, type Result } from '../result.js';
import type { NetworkId } from '../topics.js';

/** Hotkeys whose newest binding is remembered, also when its peer has gone. */
export const BINDINGS_REMEMBERED_MAX = 1_024;
/** Until then a new peer may join a mesh without proof: refusing it would keep it out for a minute. */
export const HELLO_GRACE_MS = 5_000;

const WORTH = { unproved: -1, unknown: 0, registered: 5, validator: 10 } as const;

export interface BoundPeer {
  readonly hotkey: Hotkey;
  readonly notAfterMs: number;
}

export type EntryRefusal = AdmissionRefusal | 'p2p.banned';
export type BindRefusal = BindingError | 'p2p.binding_stale' | EntryRefusal;

interface NewestBinding {
  readonly peerId: PeerId;
  readonly sequence: bigint;
  readonly notAfterMs: number;
}

export interface PeerBook {
  /**
   * Checks the binding that a connected peer showed, and keeps it. A hotkey is one peer at a time: a newer record moves it here from another peer, which
   * is told of by a `refused` event. Rejects with `p2p.verifier_*` where the signatures could not be checked.
   */
  bind(peerId: PeerId, binding: Uint8Array): Promise<Result<PeerBinding, BindRefusal>>;
  bound(peerId: string): BoundPeer | null;
  peerIdsOf(hotkey: Hotkey): readonly PeerId[];
  opened(peerId: PeerId): void;
  closed(peerId: PeerId): void;
  refused(peerId: PeerId, code: string): void;
  tell(event: PeerEvent): void;
  /** What the chain says of a hotkey; before anything is known everybody counts as registered. */
  standingOf(hotkey: Hotkey): {
    readonly registered: boolean;
    readonly permitted: boolean;
    readonly coldkey: string | null;
    readonly stakeRao: bigint;
    /** Of its axon. */
    readonly ip: string | null;
  };
  /** For the gossip score, -1 to 10. */
  worthOf(peerId: string): number;
  /** Proved a hotkey that is registered, as far as we know. */
  isMember(peerId: string): boolean;
  /** Null: no member. */
  memberOf(peerId: string): { readonly hotkey: Hotkey; readonly isValidator: boolean } | null;
  directory(): readonly DirectoryEntry[];
  /** The key the chain lists for a hotkey, 64 hex digits. */
  chainKeyOf(hotkey: Hotkey): string | null;
  setDirectory(entries: readonly DirectoryEntry[]): void;
  setMembers(members: ReadonlyMap<Hotkey, Member>): void;
  onPeer(listener: (event: PeerEvent) => void): () => void;
  /** IP addresses of the directory; one Set for ever, its content changes. */
  readonly knownIps: Set<string>;
}

export function createPeerBook(
  deps: { readonly clock: Clock; readonly verifier: Verifier; readonly refuse: (peerId: PeerId, hotkey: Hotkey) => EntryRefusal | null },
  options: { readonly network: NetworkId },
): PeerBook {
  const bound = new Map<string, BoundPeer>();
  const openedAtMs = new Map<string, number>();
  const refusedPeers = new Set<string>();
  const listeners = new Set<(event: PeerEvent) => void>();
  const knownIps = new Set<string>();
  let entries: readonly DirectoryEntry[] = [];
  let chainKeys = new Map<Hotkey, string>();
  let ips = new Map<Hotkey, string>();
  const newest = createLru<NewestBinding>(BINDINGS_REMEMBERED_MAX);
  let members: ReadonlyMap<Hotkey, Member> | null = null;

  const tell = (event: PeerEvent) => {
    for (const listener of [...listeners]) listener(event);
  };
  // Safety: the keys of `bound` are the peer ids given to `bind`.
  const peerIdsOf = (hotkey: Hotkey) => [...bound].filter(([, peer]) => peer.hotkey === hotkey).map(([id]) => id as PeerId);
  const chainKeyOf = (hotkey: Hotkey) => chainKeys.get(hotkey) ?? null;
  const registered = (hotkey: Hotkey) => members === null || members.has(hotkey);

  function refusalOf(peerId: PeerId, binding: PeerBinding): BindRefusal | null {
    return isStale(peerId, binding)
      ? 'p2p.binding_stale'
      : bound.get(peerId)?.hotkey === binding.hotkey
        ? null
        : deps.refuse(peerId, binding.hotkey);
  }

  /** Another peer showed the same hotkey with a record as new or newer, which is still valid. */
  function isStale(peerId: PeerId, { hotkey, sequence }: PeerBinding): boolean {
    const last = newest.get(hotkey);
    return last !== undefined && last.peerId !== peerId && last.sequence >= sequence && last.notAfterMs > deps.clock.nowMs();
  }

  function settle(peerId: PeerId, { hotkey, sequence, notAfterMs }: PeerBinding): void {
    for (const rival of peerIdsOf(hotkey)) {
      if (rival === peerId) continue;
      bound.delete(rival);
      refusedPeers.add(rival);
      tell({ type: 'refused', peerId: rival, code: 'p2p.binding_superseded' });
    }
    const isNew = bound.get(peerId)?.hotkey !== hotkey;
    bound.set(peerId, { hotkey, notAfterMs });
    newest.set(hotkey, { peerId, sequence, notAfterMs });
    refusedPeers.delete(peerId);
    if (isNew) tell({ type: 'bound', peerId, hotkey });
  }

  return {
    knownIps,
    tell,
    async bind(peerId, bytes) {
      const key = keyOfPeerId(peerId);
      if (!key.ok) return err('p2p.binding_other_peer');
      const examined = examineBinding(bytes, {
        network: options.network,
        nowMs: deps.clock.nowMs(),
        connectedKey: key.value,
        chainKeyOf,
      });
      if (!examined.ok) return examined;
      const { binding } = examined.value;
      const early = refusalOf(peerId, binding);
      if (early !== null) return err(early);
      if (!(await deps.verifier.verify(bindingChecks(examined.value)))) return err('p2p.binding_bad_signature');
      // Asked again: others may have come while the signatures were checked.
      const late = refusalOf(peerId, binding);
      if (late !== null) return err(late);
      // The peer may have gone meanwhile: then nothing would remove it again.
      if (openedAtMs.has(peerId)) settle(peerId, binding);
      return ok(binding);
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
    standingOf(hotkey) {
      const member = members?.get(hotkey);
      return {
        registered: registered(hotkey),
        permitted: member?.permitted ?? false,
        coldkey: member?.coldkey ?? null,
        stakeRao: member?.stakeRao ?? 0n,
        ip: ips.get(hotkey) ?? null,
      };
    },
    worthOf(peerId) {
      const peer = bound.get(peerId);
      if (peer === undefined) {
        const since = openedAtMs.get(peerId);
        const fresh = since !== undefined && deps.clock.nowMs() - since < HELLO_GRACE_MS && !refusedPeers.has(peerId);
        return fresh ? WORTH.unknown : WORTH.unproved;
      }
      if (!registered(peer.hotkey)) return WORTH.unproved;
      return members?.get(peer.hotkey)?.permitted === true ? WORTH.validator : WORTH.registered;
    },
    isMember(peerId) {
      const peer = bound.get(peerId);
      return peer !== undefined && registered(peer.hotkey);
    },
    memberOf(peerId) {
      const hotkey = bound.get(peerId)?.hotkey;
      if (hotkey === undefined || !registered(hotkey)) return null;
      return { hotkey, isValidator: members?.get(hotkey)?.permitted === true };
    },
    directory: () => entries,
    chainKeyOf,
    setDirectory(list) {
      entries = [...list];
      chainKeys = new Map(list.flatMap(({ hotkey, peerKey }) => (peerKey === null ? [] : [[hotkey, peerKey] as const])));
      ips = new Map(list.map(({ hotkey, ip }) => [hotkey, ip]));
      knownIps.clear();
      for (const { ip } of list) knownIps.add(ip);
    },
    setMembers(all) {
      members = all;
    },
    onPeer(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
