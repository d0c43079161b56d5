/** One node of the delivery benchmarks, made of the same libraries as they come: gossipsub, its validator, and an sr25519 signature over every message. */
import '../protocol/libp2p/node20.js';
import { type GossipSub, gossipsub } from '@chainsafe/libp2p-gossipsub';
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { type Identify, identify } from '@libp2p/identify';
import { StrictNoSign, TopicValidatorResult } from '@libp2p/interface';
import { tcp } from '@libp2p/tcp';
import { multiaddr } from '@multiformats/multiaddr';
import { sr25519Verify, waitReady } from '@polkadot/wasm-crypto';
import { createLibp2p } from 'libp2p';
import { sha256 } from '../protocol/digest.js';
import { type Ear, MESSAGE_SIZE_BYTES, obeyOrders, type SpeakingNode, stamp } from './delivery-parts.js';
import { quickSigner } from './quick-signer.js';

const TOPIC = 'bench';
const KEY_SIZE_BYTES = 32;
const SIGNATURE_SIZE_BYTES = 64;
const SOCKET = { noDelay: true } as const;
const index = Number(process.argv[2]);

obeyOrders(index, open);

async function open(ear: Ear): Promise<SpeakingNode> {
  await waitReady();
  const { publicKey, signNow } = quickSigner(`delivery ${index}`);
  const node = await createLibp2p<{ identify: Identify; pubsub: GossipSub }>({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp({ listenOpts: SOCKET, dialOpts: SOCKET })],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionManager: { inboundConnectionThreshold: 1_000, maxIncomingPendingConnections: 64 },
    // It closes all connections of a busy process.
    connectionMonitor: { enabled: false },
    services: {
      identify: identify(),
      pubsub: (components) =>
        // Safety: libp2p's components hold everything that gossipsub asks for; the two packages declare them apart.
        gossipsub({
          globalSignaturePolicy: StrictNoSign,
          asyncValidation: true,
          allowPublishToZeroTopicPeers: true,
          fallbackToFloodsub: false,
          msgIdFn: (message) => sha256(message.data).subarray(0, 20),
          // All of them have one address, for which it would empty its meshes.
          scoreParams: { IPColocationFactorWhitelist: new Set(['127.0.0.1']) },
        })(components as unknown as Parameters<ReturnType<typeof gossipsub>>[0]) as GossipSub,
    },
  });
  const { pubsub } = node.services;

  const { handleReceivedRpc } = pubsub;
  pubsub.handleReceivedRpc = (from, rpc) => {
    ear.receptions += rpc.messages.length;
    return handleReceivedRpc.call(pubsub, from, rpc);
  };

  /** Key, signature, text. */
  function holds(message: Uint8Array): boolean {
    const text = message.subarray(KEY_SIZE_BYTES + SIGNATURE_SIZE_BYTES);
    return sr25519Verify(
      message.subarray(KEY_SIZE_BYTES, KEY_SIZE_BYTES + SIGNATURE_SIZE_BYTES),
      text,
      message.subarray(0, KEY_SIZE_BYTES),
    );
  }

  pubsub.addEventListener('gossipsub:message', ({ detail: { msg, msgId, propagationSource } }) => {
    const isGood = ear.mode === 'raw' || holds(msg.data);
    if (isGood) ear.took(ear.mode === 'raw' ? msg.data : msg.data.subarray(KEY_SIZE_BYTES + SIGNATURE_SIZE_BYTES));
    pubsub.reportMessageValidationResult(
      msgId,
      propagationSource.toString(),
      isGood ? TopicValidatorResult.Accept : TopicValidatorResult.Reject,
    );
  });
  pubsub.subscribe(TOPIC);

  const [, , ip = '', , port = '0'] = (node.getMultiaddrs()[0]?.toString() ?? '').split('/');
  return {
    address: { hotkeys: [], ip, port: Number(port) },
    async know(neurons) {
      for (const neuron of neurons.slice(index + 1)) await node.dial(multiaddr(`/ip4/${neuron.ip}/tcp/${neuron.port}`));
    },
    neighbours: () => pubsub.getMeshPeers(TOPIC).length,
    peers: () => node.getPeers().length,
    async message(mode) {
      if (mode === 'raw') return stamp(MESSAGE_SIZE_BYTES);
      const text = stamp(MESSAGE_SIZE_BYTES - KEY_SIZE_BYTES - SIGNATURE_SIZE_BYTES);
      const message = new Uint8Array(MESSAGE_SIZE_BYTES);
      message.set(publicKey);
      message.set(signNow(text), KEY_SIZE_BYTES);
      message.set(text, KEY_SIZE_BYTES + SIGNATURE_SIZE_BYTES);
      return message;
    },
    publish: (message) => pubsub.publish(TOPIC, message),
  };
}
