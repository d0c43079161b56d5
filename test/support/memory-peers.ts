import type { KnownPeer, PeerStore } from '../../protocol/ports.js';

/** Known peers of a node that forgets them with the process. */
export function createMemoryPeers(kept: readonly KnownPeer[] = []): PeerStore & { peers(): readonly KnownPeer[] } {
  let peers = kept;
  return {
    peers: () => peers,
    load: async () => peers,
    save: async (list) => {
      peers = [...list];
    },
  };
}
