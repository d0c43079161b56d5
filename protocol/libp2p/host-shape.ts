/** What the network host is given, and what it is. */
import type { AdmissionLimits } from '../admission.js';
import type { MessageKind } from '../kinds.js';
import type { Hash } from '../names.js';
import type { PeerId } from '../peer-id.js';
import type { ArtifactTransfer, Clock, Discovery, Gossip, Logger, Offers, PeerStore, Peers, Signer, Verifier } from '../ports.js';
import type { LivenessOptions } from './liveness.js';
import type { LocalSearch, LocalSearchContext } from './local-peers.js';
import type { NetworkMetrics } from './metrics.js';
import type { TransferOptions } from './transfers.js';

export interface HostDeps {
  readonly signer: Signer;
  readonly verifier: Verifier;
  /** 32-byte Ed25519 seed of the transport key (`loadOrCreatePeerKey`). */
  readonly peerKey: Uint8Array;
  readonly clock: Clock;
  readonly logger?: Logger;
  readonly metrics?: NetworkMetrics;
  /** Peers of earlier runs. */
  readonly peerStore?: PeerStore;
  /** How the local network is searched, where that is asked for; multicast DNS by itself. */
  readonly localSearch?: (context: LocalSearchContext) => LocalSearch;
}

export interface HostOptions {
  readonly genesis: Hash;
  readonly netuid: number;
  /** Multiaddrs such as /ip4/0.0.0.0/tcp/4004; empty: only dial. */
  readonly listen: readonly string[];
  /** What others are told; empty: what we listen on. */
  readonly announce: readonly string[];
  /** Multiaddrs, with or without /p2p/, dialled while few peers are connected. */
  readonly bootstrap: readonly string[];
  readonly maxConnections: number;
  /**
   * Loopback and private ranges may be dialled, and many nodes may share one address. On a public network it must be off: the addresses on chain could
   * point anywhere inside ours.
   */
  readonly privateNetwork: boolean;
  /** Looks for peers on the local network; only with `privateNetwork`, for their addresses are private. */
  readonly mdns?: boolean;
  readonly transfer?: Partial<TransferOptions>;
  /** Other places than `admissionLimits` gives. */
  readonly admission?: Partial<AdmissionLimits>;
  /** Other times than `LIVENESS_OPTIONS`. */
  readonly liveness?: Partial<LivenessOptions>;
}

export interface P2pHost extends Gossip, Peers, ArtifactTransfer, Discovery, Offers {
  readonly name: 'p2p';
  readonly peerId: PeerId;
  /** 32-byte Ed25519 public key: what `serveAxon` publishes. */
  readonly peerKey: Uint8Array;
  /** Own multiaddrs with /p2p/; empty before `start`. */
  addresses(): readonly string[];
  /** Neighbours in the mesh of a kind: what is published reaches them at once, and through them everybody. */
  neighbours(kind: MessageKind): number;
  /** Connects and greets now, beside the directory's own dialling. Errors: `p2p.dial_failed`, `p2p.bad_address`, those of the greeting. */
  dial(address: string, signal?: AbortSignal): Promise<void>;
  start(signal?: AbortSignal): Promise<void>;
  /** Idempotent; the host cannot be started again. */
  stop(): Promise<void>;
}
