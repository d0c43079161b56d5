/** A peer that keeps to no rule: it speaks to gossip in frames of its own making. Tools for test/integration/network-attacks. */
import { randomBytes } from 'node:crypto';
import { RPC } from '@chainsafe/libp2p-gossipsub/message';
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import { type Identify, identify } from '@libp2p/identify';
import type { Connection, Libp2p } from '@libp2p/interface';
import { type Ping, ping } from '@libp2p/ping';
import { tcp } from '@libp2p/tcp';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { decode, encode } from 'it-length-prefixed';
import { pipe } from 'it-pipe';
import { type Pushable, pushable } from 'it-pushable';
import { createLibp2p } from 'libp2p';
import { assembleBinding, bindingBytesToSign, encodeBindingBody } from '../../protocol/binding.js';
import { publicKeyOfSeed, signWithSeed } from '../../protocol/libp2p/peer-key.js';
import type { Signer } from '../../protocol/ports.js';
import { Hello, HelloReply } from '../../protocol/streams.pb.js';
import { type NetworkId, streamProtocolOf } from '../../protocol/topics.js';
import { TEST_NETWORK } from './network.js';

const MESHSUB = '/meshsub/1.1.0';
type Control = NonNullable<RPC['control']>;

export interface GossipLine {
  /** One frame. */
  send(rpc: {
    readonly messages?: RPC['messages'];
    readonly subscriptions?: RPC['subscriptions'];
    readonly control?: Partial<Control>;
  }): number;
  /** Any bytes as one frame. */
  sendBytes(bytes: Uint8Array): void;
  /** Any bytes, without a length in front. */
  sendRaw(bytes: Uint8Array): void;
}

export interface Attacker {
  readonly node: Libp2p<{ identify: Identify; ping: Ping }>;
  readonly peerId: string;
  connect(address: string | Multiaddr): Promise<Connection>;
  /** Shows a binding of this hotkey. Resolves with the status of the answer. */
  greet(connection: Connection, signer: Signer): Promise<number>;
  gossip(connection: Connection): Promise<GossipLine>;
  /** Any bytes as frames of the muxer, on the connection made last. */
  sendFrames(bytes: Uint8Array): void;
  /** What came by gossip from anybody. */
  readonly heard: { bytes: number; readonly messages: RPC['messages']; readonly control: Control[] };
  stop(): Promise<void>;
}

export interface AttackerOptions {
  /** Where it comes from, such as 127.0.5.9. */
  readonly from?: string;
  readonly network?: NetworkId;
  /** false: takes the other side's gossip stream and never reads it. */
  readonly reads?: boolean;
  /** false: pings are not answered. */
  readonly pings?: boolean;
  /** false: streams that the other side opens are never negotiated. */
  readonly answers?: boolean;
}

export async function createAttacker({
  from,
  network = TEST_NETWORK,
  reads = true,
  pings = true,
  answers = true,
}: AttackerOptions = {}): Promise<Attacker> {
  const seed = new Uint8Array(randomBytes(32));
  const heard: Attacker['heard'] = { bytes: 0, messages: [], control: [] };
  const lines: Pushable<Uint8Array>[] = [];
  let said: Pushable<Uint8Array> | null = null;
  const muxer: ReturnType<typeof yamux> = (components) => {
    const factory = yamux()(components);
    return {
      protocol: factory.protocol,
      createStreamMuxer: (init) => {
        const made = factory.createStreamMuxer(answers ? init : { ...init, onIncomingStream: () => {} });
        // Safety: in the pinned version what a muxer says is such a queue.
        said = made.source as unknown as Pushable<Uint8Array>;
        return made;
      },
    };
  };
  // Safety: the transport hands its options to net.connect, which knows this one.
  const dialOpts = { noDelay: true, ...(from === undefined ? {} : { localAddress: from }) } as { noDelay: boolean };
  const node = await createLibp2p<{ identify: Identify; ping: Ping }>({
    privateKey: await generateKeyPairFromSeed('Ed25519', seed),
    addresses: { listen: [] },
    transports: [tcp({ dialOpts })],
    connectionEncrypters: [noise()],
    streamMuxers: [muxer],
    connectionManager: { reconnectRetries: 0, dialTimeout: 8_000 },
    connectionMonitor: { enabled: false },
    services: { identify: identify(), ping: ping() },
  });
  if (!pings) {
    await node.unhandle('/ipfs/ping/1.0.0');
    await node.handle('/ipfs/ping/1.0.0', () => {});
  }
  await node.handle(MESHSUB, ({ stream }) => {
    if (!reads) return;
    pipe(
      stream,
      (source) => decode(source, { maxDataLength: 64 * 1024 * 1024 }),
      async (source) => {
        for await (const frame of source) {
          heard.bytes += frame.byteLength;
          const rpc = RPC.decode(frame.subarray());
          heard.messages.push(...rpc.messages);
          if (rpc.control != null) heard.control.push(rpc.control);
        }
      },
    ).catch(() => undefined);
  });
  return {
    node,
    peerId: node.peerId.toString(),
    heard,
    connect: (address) => node.dial(typeof address === 'string' ? multiaddr(address) : address),
    async greet(connection, signer) {
      const nowMs = Date.now();
      const body = encodeBindingBody({
        genesis: network.genesis,
        netuid: network.netuid,
        hotkey: signer.hotkey,
        peerKey: publicKeyOfSeed(seed),
        addresses: [],
        sequence: BigInt(nowMs),
        notBeforeMs: nowMs,
        notAfterMs: nowMs + 3_600_000,
      });
      const text = bindingBytesToSign(body);
      const binding = assembleBinding(body, await signer.sign(text), signWithSeed(seed, text));
      const stream = await connection.newStream(streamProtocolOf(network, 'hello'));
      return pipe(
        [Hello.encode({ binding })],
        (source) => encode(source),
        stream,
        (source) => decode(source),
        async (source) => {
          for await (const frame of source) return HelloReply.decode(frame.subarray()).status;
          return 0;
        },
      );
    },
    async gossip(connection) {
      const stream = await connection.newStream(MESHSUB);
      const line = pushable();
      lines.push(line);
      pipe(line, stream).catch(() => undefined);
      const sendBytes = (bytes: Uint8Array) => {
        line.push(encode.single(bytes).subarray());
      };
      return {
        send({ messages = [], subscriptions = [], control }) {
          const bytes = RPC.encode({
            messages,
            subscriptions,
            ...(control === undefined ? {} : { control: { ihave: [], iwant: [], graft: [], prune: [], idontwant: [], ...control } }),
          });
          sendBytes(bytes);
          return bytes.length;
        },
        sendBytes,
        sendRaw: (bytes) => {
          line.push(bytes);
        },
      };
    },
    sendFrames(bytes) {
      said?.push(bytes);
    },
    async stop() {
      for (const line of lines) line.end();
      await node.stop();
    },
  };
}

/** Longest time that the loop of this process did not turn while `work` ran. */
export async function lagDuring(work: () => Promise<unknown>): Promise<number> {
  let [worstMs, last] = [0, performance.now()];
  const timer = setInterval(() => {
    const now = performance.now();
    worstMs = Math.max(worstMs, now - last - 5);
    last = now;
  }, 5);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return Math.max(worstMs, performance.now() - last - 5);
}
