/** Peers we have met, kept over restarts: whom to dial when neither the chain nor a bootstrap address helps. */
import type { Hotkey } from '../names.js';
import type { PeerId } from '../peer-id.js';
import type { Clock, KnownPeer, Logger, PeerStore } from '../ports.js';

export const KNOWN_PEERS_MAX = 128;
export const KNOWN_PEER_ADDRESSES_MAX = 4;
/** Not met for so long: forgotten. */
export const KNOWN_PEER_AGE_MS_MAX = 14 * 24 * 3_600_000;
/** How often what changed is written. */
export const KNOWN_PEERS_SAVE_MS = 60_000;

export interface KnownPeers {
  load(): Promise<void>;
  /** We are connected with it now, and these addresses lead to it, best first. */
  met(hotkey: Hotkey, peerId: PeerId, addresses: readonly string[]): void;
  /** Newest first. */
  list(): readonly KnownPeer[];
  /** Writes when something changed and the last time is long enough ago; `now`: in any case. */
  save(now?: 'now'): Promise<void>;
}

export function createKnownPeers(deps: { readonly store: PeerStore | null; readonly clock: Clock; readonly logger: Logger }): KnownPeers {
  const { store, clock, logger } = deps;
  const peers = new Map<Hotkey, KnownPeer>();
  let changed = false;
  let savedAtMs = Number.NEGATIVE_INFINITY;

  const list = () => [...peers.values()].sort((a, b) => b.metAtMs - a.metAtMs);

  function trim(): void {
    const oldestMs = clock.nowMs() - KNOWN_PEER_AGE_MS_MAX;
    for (const [index, { hotkey, metAtMs }] of list().entries()) if (index >= KNOWN_PEERS_MAX || metAtMs < oldestMs) peers.delete(hotkey);
  }

  return {
    list,
    async load() {
      try {
        for (const peer of (await store?.load()) ?? []) if (!peers.has(peer.hotkey)) peers.set(peer.hotkey, peer);
        trim();
      } catch (error) {
        logger.warn({ err: error }, 'the peers of the last run could not be read');
      }
    },
    met(hotkey, peerId, addresses) {
      const before = peers.get(hotkey);
      const known = before?.peerId === peerId ? before.addresses : [];
      const all = [...new Set([...addresses, ...known])].slice(0, KNOWN_PEER_ADDRESSES_MAX);
      if (all.length === 0) return;
      peers.set(hotkey, { hotkey, peerId, addresses: all, metAtMs: clock.nowMs() });
      trim();
      changed = true;
    },
    async save(now) {
      if (store === null || !changed || (now === undefined && clock.nowMs() - savedAtMs < KNOWN_PEERS_SAVE_MS)) return;
      savedAtMs = clock.nowMs();
      changed = false;
      await store.save(list()).catch((error: unknown) => {
        changed = true;
        logger.warn({ err: error }, 'the known peers could not be written');
      });
    },
  };
}
