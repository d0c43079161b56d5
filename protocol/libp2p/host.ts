/** Opens nothing until `start`. */

import type { Hash } from '../names.js';
import type { PeerId } from '../peer-id.js';
import type { ArtifactTransfer, Clock, Gossip, Logger, Peers, Signer, Verify } from '../ports.js';
export interface HostDeps {
  readonly signer: Signer;
  readonly verify: Verify;
  /** 32-byte Ed25519 seed of the transport key (protocol/libp2p/peer-key.ts). */
  readonly peerKey: Uint8Array;
  readonly clock: Clock;
  readonly logger?: Logger;
}

export interface HostOptions {
  readonly genesis: Hash;
  readonly netuid: number;
  /** Multiaddrs such as /ip4/0.0.0.0/tcp/4004. */
  readonly listen: readonly string[];
  /** What others are told; empty: what we listen on. */
  readonly announce: readonly string[];
  /** Multiaddrs, with or without /p2p/, dialled while too few peers are connected. */
  readonly bootstrap: readonly string[];
  readonly maxConnections: number;
  /** Dial loopback and private ranges (development networks). On a public network the chain's addresses could point anywhere inside ours. */
  readonly dialPrivateAddresses: boolean;
}

export interface P2pHost extends Gossip, Peers, ArtifactTransfer {
  readonly name: 'p2p';
  readonly peerId: PeerId;
  /** 32-byte Ed25519 public key: what `serveAxon` publishes. */
  readonly peerKey: Uint8Array;
  /** Own multiaddrs with /p2p/; empty before `start`. */
  addresses(): readonly string[];
  /** Connects now, beside the directory's own dialling. */
  dial(multiaddr: string, signal?: AbortSignal): Promise<void>;
  start(signal?: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

export function createHost(_deps: HostDeps, _options: HostOptions): P2pHost {
  throw new Error('under construction');
}
