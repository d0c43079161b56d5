/** A local network in memory: who searches it hears of those who search for the same. */
import type { PeerInfo } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import type { LocalSearch, LocalSearchContext } from '../../protocol/libp2p/local-peers.js';

export interface LocalNetwork {
  search(context: LocalSearchContext): LocalSearch;
  /** To all, as if a node had answered with these addresses. */
  say(peerId: string, addresses: readonly string[]): void;
  searchers(): number;
}

export function createLocalNetwork(): LocalNetwork {
  const members = new Map<LocalSearchContext, EventTarget>();

  function hears(listener: EventTarget, peerId: string, addresses: readonly Multiaddr[]): void {
    const detail: PeerInfo = { id: peerIdFromString(peerId), multiaddrs: [...addresses] };
    listener.dispatchEvent(new CustomEvent('peer', { detail }));
  }

  /** As an answer to a query: bare addresses, and the peer id beside them. */
  function introduce(context: LocalSearchContext, listener: EventTarget): void {
    const addresses = context.ownAddresses();
    const peerId = addresses[0]?.getPeerId() ?? null;
    if (peerId !== null)
      hears(
        listener,
        peerId,
        addresses.map((address) => multiaddr(address.toString().replace(/\/p2p\/.*$/, ''))),
      );
  }

  return {
    search(context) {
      const listener = new EventTarget();
      return {
        // Safety: only events of that kind are dispatched.
        addEventListener: (type, each) => listener.addEventListener(type, each as unknown as (event: Event) => void),
        async start() {
          members.set(context, listener);
          for (const [other, theirs] of members)
            if (other.serviceTag === context.serviceTag) {
              introduce(other, listener);
              introduce(context, theirs);
            }
        },
        async stop() {
          members.delete(context);
        },
      };
    },
    say: (peerId, addresses) => {
      for (const listener of members.values()) hears(listener, peerId, addresses.map(multiaddr));
    },
    searchers: () => members.size,
  };
}
