/** Hosts and bare nodes for the benchmarks of transfer and delivery. */
import { randomBytes } from 'node:crypto';
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { tcp } from '@libp2p/tcp';
import { createLibp2p } from 'libp2p';
import { createSystemClock } from '../node/clock.js';
import { createHost } from '../protocol/libp2p/host.js';
import type { P2pHost } from '../protocol/libp2p/host-shape.js';
import type { Hash, ModelDigest } from '../protocol/names.js';
import type { PeerId } from '../protocol/peer-id.js';
import type { Logger, Signer, Verifier } from '../protocol/ports.js';
import { createVerifyPool } from '../protocol/threads/verify-pool.js';

/** Messages that the provider answers, and its answers; what is in them is nobody's business here. */
export const PING = 'scoreReveal';
export const PONG = 'scoreCommit';
export const BARE_PROTOCOL = '/bench/bytes/1';
/** Chunks by their number, u32be in a length-prefixed frame, answered by a frame each. */
export const CHUNKS_PROTOCOL = '/bench/chunks/1';
export const PIECE_SIZE_BYTES = 64 * 1024;
const LISTEN = ['/ip4/127.0.0.1/tcp/0'];
const MIB = 1024 * 1024;
const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };
// Safety: 32 bytes in hex.
export const NETWORK = { genesis: `0x${'ab'.repeat(32)}` as Hash, netuid: 7 };

/** The clock that all processes of a machine share. */
export const nowMs = () => Number(process.hrtime.bigint()) / 1e6;

const MESSAGE_SIZE_BYTES = 512;

/** When it was sent, and bytes that make it another one than the last. */
export function question(): Uint8Array {
  const bytes = randomBytes(MESSAGE_SIZE_BYTES);
  bytes.writeDoubleBE(nowMs());
  return new Uint8Array(bytes);
}

/** The question with the times at which it was heard and answered. */
export function answerTo(asked: Uint8Array): Uint8Array {
  const bytes = Buffer.from(asked);
  bytes.writeDoubleBE(nowMs(), 8);
  bytes.writeDoubleBE(nowMs(), 16);
  return new Uint8Array(bytes);
}

export function answerOf(message: Uint8Array): { readonly sentMs: number; readonly heardMs: number; readonly answeredMs: number } {
  const bytes = Buffer.from(message);
  return { sentMs: bytes.readDoubleBE(), heardMs: bytes.readDoubleBE(8), answeredMs: bytes.readDoubleBE(16) };
}

/** What the provider has and where. */
export interface Offer {
  readonly model: ModelDigest;
  readonly peerId: PeerId;
  readonly hostAddress: string;
  readonly bareAddress: string;
  readonly plainPort: number;
}

/** A host as the daemon runs it. */
export async function openHost(signer: Signer, verifier = openVerifier()): Promise<P2pHost> {
  const clock = createSystemClock();
  const host = createHost(
    { signer, verifier, peerKey: new Uint8Array(randomBytes(32)), clock },
    { ...NETWORK, listen: LISTEN, announce: [], bootstrap: [], maxConnections: 32, privateNetwork: true },
  );
  await host.start();
  return host;
}

export function openVerifier(): Verifier {
  return createVerifyPool({ clock: createSystemClock(), logger: SILENT }, { threads: 1 });
}

/** The peer: the same libraries with the same windows, and nothing else. */
export function openBareNode() {
  return createLibp2p({
    addresses: { listen: LISTEN },
    transports: [tcp({ listenOpts: { noDelay: true }, dialOpts: { noDelay: true } })],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux({ maxMessageSize: 64 * 1024, maxStreamWindowSize: 4 * MIB })],
  });
}
