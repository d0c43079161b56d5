/** The libp2p node with every limit set. Each figure is listed in docs/limits.md. */
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import { type Identify, identify } from '@libp2p/identify';
import { type Connection, type ConnectionGater, StrictNoSign } from '@libp2p/interface';
import { type Ping, ping } from '@libp2p/ping';
import { tcp } from '@libp2p/tcp';
import type { Multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { MESSAGE_KINDS } from '../kinds.js';
import { PINGS_MAX } from '../liveness.js';
import { type NetworkId, topicOf } from '../topics.js';
import { ContainedGossipSub, type ContainedOptions, RPC_SIZE_BYTES_MAX, SEND_BUFFER_BYTES_MAX } from './contained-gossipsub.js';
import { directNoise } from './direct-noise.js';
import { messageId, messageIdText } from './gossip.js';
import { RPC_LIMITS } from './rpc-limits.js';
import { type ScoreInputs, scoreOptions } from './scores.js';
import { thriftyYamux } from './thrifty-yamux.js';

const MIB = 1024 * 1024;
/** Sockets above the connection limit, so that a handshake can be refused with a reason. */
const SPARE_SOCKETS = 32;
const SOCKET = { noDelay: true, keepAlive: true } as const;
/** At least twice the clock skew plus forwarding; messages living longer are kept out by their sequence numbers. */
const SEEN_TTL_MS = 300_000;

export interface NodeOptions {
  readonly network: NetworkId;
  readonly seed: Uint8Array;
  readonly listen: readonly string[];
  readonly announce: readonly string[];
  readonly maxConnections: number;
  readonly gater: ConnectionGater;
  readonly scores: ScoreInputs;
  readonly contained: ContainedOptions;
}

/** The dial queue gives back the connection that is there; a probe needs one of its own. The gater has not been asked. */
export interface DialAnew {
  dial(address: Multiaddr, signal: AbortSignal): Promise<Connection>;
}

export type Node = Awaited<ReturnType<typeof createNode>>;

export async function createNode(options: NodeOptions) {
  const { network, scores } = options;
  const privateKey = await generateKeyPairFromSeed('Ed25519', options.seed);
  return createLibp2p<{ identify: Identify; ping: Ping; pubsub: ContainedGossipSub; anew: DialAnew }>({
    start: false,
    privateKey,
    addresses: { listen: [...options.listen], announce: [...options.announce] },
    nodeInfo: { name: 'voxd', version: '1', userAgent: 'voxd' },
    transports: [
      tcp({
        maxConnections: options.maxConnections + SPARE_SOCKETS,
        backlog: 64,
        inboundSocketInactivityTimeout: 120_000,
        outboundSocketInactivityTimeout: 120_000,
        listenOpts: SOCKET,
        dialOpts: SOCKET,
      }),
    ],
    connectionEncrypters: [directNoise()],
    // 64 streams are eight times what all our protocols use at once; a window of 4 MiB bounds what one of them can make us hold (upstream: 1000, 16 MiB).
    streamMuxers: [
      thriftyYamux({ maxInboundStreams: 64, maxOutboundStreams: 64, maxMessageSize: 64 * 1024, maxStreamWindowSize: 4 * MIB }),
    ],
    connectionGater: options.gater,
    connectionManager: {
      maxConnections: options.maxConnections,
      // The doorman counts them by range, and below this.
      maxIncomingPendingConnections: 64,
      // On a private network many nodes share one address.
      inboundConnectionThreshold: scores.privateNetwork ? 1_000 : 5,
      // The dialler asks for 8 at once; addresses come from strangers, so few are tried of each, and none for long.
      maxParallelDials: 16,
      maxDialQueueLength: 256,
      maxPeerAddrsToDial: 4,
      dialTimeout: 5_000,
      inboundUpgradeTimeout: 5_000,
      outboundUpgradeTimeout: 5_000,
      protocolNegotiationTimeout: 3_000,
      inboundStreamProtocolNegotiationTimeout: 2_000,
      // gossipsub opens streams one after the other: a peer that never answers would hold up the others.
      outboundStreamProtocolNegotiationTimeout: 1_500,
      // The dialler redials by its own backoff.
      reconnectRetries: 0,
    },
    // To it a busy event loop looks like dead peers, and it closes every connection there is. liveness.ts knows the difference.
    connectionMonitor: { enabled: false },
    services: {
      identify: identify({ maxMessageSize: 8192, maxInboundStreams: 2, timeout: 5_000 }),
      ping: ping({ maxInboundStreams: PINGS_MAX, maxOutboundStreams: PINGS_MAX }),
      anew: (components) => ({
        dial: (address, signal) => components.transportManager.dial(address, { signal }),
      }),
      pubsub: (components) =>
        new ContainedGossipSub(
          // Safety: libp2p's components hold everything that gossipsub asks for; the two packages declare them apart.
          components as unknown as ConstructorParameters<typeof ContainedGossipSub>[0],
          {
            // Its author signatures can be forged, and cost three quarters of the throughput: the envelope is signed instead.
            globalSignaturePolicy: StrictNoSign,
            fallbackToFloodsub: false,
            // A publisher's own messages go to its mesh only: with flooding anybody could count them to find who speaks.
            floodPublish: false,
            // Without it control messages meant for one peer reach the next ones.
            batchPublish: true,
            emitSelf: false,
            // Unsigned peers in PRUNE: peers are exchanged as signed records.
            doPX: false,
            // Nothing travels before its verdict, and a stream waits for its frame: the socket is the back pressure.
            asyncValidation: true,
            awaitRpcHandler: true,
            allowPublishToZeroTopicPeers: false,
            // Subscriptions to other topics would fill a map for ever.
            allowedTopics: MESSAGE_KINDS.map((kind) => topicOf(network, kind)),
            D: 6,
            Dlo: 4,
            Dhi: 10,
            Dscore: 4,
            Dout: 2,
            Dlazy: 6,
            gossipFactor: 0.25,
            heartbeatInterval: 1_000,
            mcacheLength: 6,
            mcacheGossip: 3,
            seenTTL: SEEN_TTL_MS,
            // A busy honest peer is late; three broken promises would shut it out.
            gossipsubIWantFollowupMs: 12_000,
            opportunisticGraftTicks: 60,
            opportunisticGraftPeers: 2,
            // Upstream never honours IDONTWANT, so sending it is pure cost.
            idontwantMinDataSize: Number.POSITIVE_INFINITY,
            maxInboundStreams: 4,
            maxInboundDataLength: RPC_SIZE_BYTES_MAX,
            maxOutboundBufferSize: SEND_BUFFER_BYTES_MAX,
            decodeRpcLimits: RPC_LIMITS,
            msgIdFn: (message) => messageId(message.topic, message.data),
            msgIdToStrFn: messageIdText,
            ...scoreOptions(network, scores),
          },
          options.contained,
        ),
    },
  });
}
