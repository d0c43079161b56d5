/** The stack as it comes, without any of our containment: what an attack does to it shows that the attack is one. */
import { type GossipSub, type GossipsubOpts, gossipsub } from '@chainsafe/libp2p-gossipsub';
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { type Identify, identify } from '@libp2p/identify';
import { type Ping, ping } from '@libp2p/ping';
import { tcp } from '@libp2p/tcp';
import { createLibp2p, type Libp2pOptions } from 'libp2p';

export async function createPlainNode(
  opts: Partial<GossipsubOpts> = {},
  more: Pick<Libp2pOptions, 'connectionMonitor' | 'connectionManager'> = {},
) {
  return createLibp2p<{ identify: Identify; ping: Ping; pubsub: GossipSub }>({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    ...more,
    services: {
      identify: identify(),
      ping: ping(),
      // Safety: the service is a GossipSub; its declared type names less.
      pubsub: gossipsub({ allowPublishToZeroTopicPeers: true, ...opts }) as unknown as (components: unknown) => GossipSub,
    },
  });
}

export type PlainNode = Awaited<ReturnType<typeof createPlainNode>>;
