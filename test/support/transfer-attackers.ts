/** Peers that have proved a hotkey and then do what no honest program does, on the streams of model transfer. */
import { randomBytes } from 'node:crypto';
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import { identify } from '@libp2p/identify';
import type { Connection, Stream } from '@libp2p/interface';
import { tcp } from '@libp2p/tcp';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { fromHex } from '../../protocol/digest.js';
import { createHello } from '../../protocol/libp2p/hello.js';
import { createPeerBook } from '../../protocol/libp2p/peer-book.js';
import { publicKeyOfSeed } from '../../protocol/libp2p/peer-key.js';
import { STATUS, WANT } from '../../protocol/libp2p/transfer.js';
import { type PeerId, peerIdFromKey } from '../../protocol/peer-id.js';
import { ArtifactRequest } from '../../protocol/streams.pb.js';
import { type NetworkId, streamProtocolOf } from '../../protocol/topics.js';
import { systemClock, TEST_NETWORK, type TestHost } from './network.js';
import type { TestPackage } from './package.js';
import { devPerson } from './people.js';
import { quiet } from './temporary.js';
import { localVerifier } from './verifier.js';

export const ARTIFACT = streamProtocolOf(TEST_NETWORK, 'artifact');

export interface Attacker {
  readonly peerId: PeerId;
  readonly address: string;
  /** What it does with those who ask it. */
  serve(handler: (stream: Stream) => void | Promise<void>): Promise<void>;
  /** What it does with those who ask what it has. */
  answerHave(handler: (stream: Stream) => void | Promise<void>): Promise<void>;
  /** Connects and proves its hotkey. */
  visit(host: Pick<TestHost, 'address'>): Promise<Connection>;
  stop(): Promise<void>;
}

export interface AttackerOptions {
  readonly network?: NetworkId;
  readonly listenIp?: string;
}

export async function openAttacker(
  name: string,
  { network = TEST_NETWORK, listenIp = '127.0.0.1' }: AttackerOptions = {},
): Promise<Attacker> {
  const signer = await devPerson(name);
  const seed = new Uint8Array(randomBytes(32));
  const peerKey = publicKeyOfSeed(seed);
  const book = createPeerBook({ clock: systemClock, verifier: localVerifier, refuse: () => null }, { network });
  const node = await createLibp2p({
    privateKey: await generateKeyPairFromSeed('Ed25519', seed),
    addresses: { listen: [`/ip4/${listenIp}/tcp/0`] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify() },
  });
  const hello = createHello(
    { book, signer, seed, peerKey, clock: systemClock, logger: quiet.logger },
    { network, addresses: () => [], onBinding: () => {} },
  );
  await node.handle(hello.protocol, hello.onStream);
  const answer = async (name: 'artifact' | 'have', handler: (stream: Stream) => void | Promise<void>) => {
    await node.handle(streamProtocolOf(network, name), ({ stream }) => {
      Promise.resolve(handler(stream)).catch(() => {});
    });
  };
  return {
    peerId: peerIdFromKey(peerKey),
    address: node.getMultiaddrs()[0]?.toString() ?? '',
    serve: (handler) => answer('artifact', handler),
    answerHave: (handler) => answer('have', handler),
    async visit(host) {
      const connection = await node.dial(multiaddr(host.address));
      await hello.greet(connection);
      return connection;
    },
    stop: async () => node.stop(),
  };
}

/** A well-formed question about a package. */
export function question(pack: TestPackage, fields: Partial<ArtifactRequest> = {}): Uint8Array {
  const whole = { id: 1, want: WANT.chunk, model: fromHex(pack.digest), file: 0, chunk: 0, offset: 0, length: 65_000 };
  return ArtifactRequest.encode({ ...whole, ...fields });
}

export const OK = STATUS.ok;
