/** Our libp2p node without the host around it: for what gossip itself does, and what attacks do to it. */
import { randomBytes } from 'node:crypto';
import type { RPC } from '@chainsafe/libp2p-gossipsub/message';
import type { ContainedOptions } from '../../protocol/libp2p/contained-gossipsub.js';
import { createNode, type Node } from '../../protocol/libp2p/node.js';
import { TEST_NETWORK, until } from './network.js';

/** What tests reach into; these members are of the pinned gossipsub. */
export interface Inside {
  readonly topics: Map<string, Set<string>>;
  readonly idontwants: Map<string, Map<string, number>>;
  readonly iasked: Map<string, number>;
  readonly backoff: Map<string, Map<string, number>>;
  readonly gossip: Map<string, readonly { readonly topicID: string; readonly messageIDs: readonly Uint8Array[] }[]>;
  readonly streamsInbound: Map<string, { readonly rawStream: { abort(error: Error): void } }>;
  readonly streamsOutbound: Map<string, { readonly pushable: { readonly readableLength: number } }>;
  sendRpc(id: string, rpc: RPC): boolean;
  msgIdFn(message: object): Promise<Uint8Array> | Uint8Array;
}

export function insideOf(node: { readonly services: { readonly pubsub: object } }): Inside {
  // Safety: see above.
  return node.services.pubsub as unknown as Inside;
}

export interface BareNodes {
  start(contained?: Partial<ContainedOptions>): Promise<Node>;
  stop(): Promise<void>;
}

/** Each listens on loopback and is subscribed to the topic. */
export function createBareNodes(topic: string): BareNodes {
  const nodes: Node[] = [];
  return {
    async start(contained = {}) {
      const node = await createNode({
        network: TEST_NETWORK,
        seed: new Uint8Array(randomBytes(32)),
        listen: ['/ip4/127.0.0.1/tcp/0'],
        announce: [],
        maxConnections: 8,
        gater: {},
        scores: { worthOf: () => 5, knownIps: new Set(), privateNetwork: true },
        contained: { nowMs: Date.now, isBound: () => false, onStuckPeer: () => {}, ...contained },
      });
      nodes.push(node);
      await node.start();
      node.services.pubsub.subscribe(topic);
      return node;
    },
    async stop() {
      await Promise.all(nodes.splice(0).map(async (node) => node.stop()));
    },
  };
}

/** They are in each other's mesh. */
export async function joined(a: Node, b: Node, topic: string): Promise<void> {
  await a.dial(b.getMultiaddrs());
  const meets = (one: Node, other: Node) => one.services.pubsub.getMeshPeers(topic).includes(other.peerId.toString());
  await until('the mesh', () => meets(a, b) && meets(b, a));
}
