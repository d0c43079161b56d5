/** What the protocol needs from the outside. */
import type { Failure } from './failure.js';
import type { MessageKind } from './kinds.js';
import type { Hotkey, ModelDigest } from './names.js';
import type { Offer } from './offers.js';
import type { PeerId } from './peer-id.js';
import type { PeerRule } from './peer-rules.js';
import type { Result } from './result.js';
import type { SignatureCheck } from './signatures.js';
import type { Verdict } from './verdict.js';

/** Time of day, and waiting. Tests use a manual one. */
export interface Clock {
  nowMs(): number;
  /** Resolves after `ms`, or rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Structured log lines; pino fits. Facts first, as pino has it. */
export interface Logger {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** Holds a key and signs with it (sr25519, signing context "substrate"). Nothing else in the program sees the key. */
export interface Signer {
  readonly hotkey: Hotkey;
  /**
   * Shape: any bytes → 64-byte signature over them. A long extrinsic is signed by its digest; `of` is the whole, for signers that do not sign
   * what they cannot read. Errors: signer.* where the key is in another process.
   */
  sign(message: Uint8Array, of?: { readonly extrinsic: Uint8Array }): Promise<Uint8Array>;
  /** Where the key is in another process: asks whether that is there and still holds this key. Errors: signer.*. */
  readonly probe?: () => Promise<void>;
}

/** sr25519 verification on the calling thread, for the odd signature of our own. Never throws. */
export type Verify = (message: Uint8Array, signature: Uint8Array, signer: Hotkey) => boolean;

/** Checks signatures on another thread, so that a flood of them holds up nothing. */
export interface Verifier {
  /** Do all of them hold? Rejects with a `p2p.verifier_*` failure where it could not be found out: our trouble, which says nothing of the signer. */
  verify(checks: readonly SignatureCheck[]): Promise<boolean>;
}

/** Looks at one message; its verdict decides whether the message travels on and what its forwarder is worth. A rejection counts as *ignore*. */
export type GossipHandler = (envelope: Uint8Array, from: PeerId) => Promise<Verdict<unknown>>;

/** Signed messages to everybody. Rejects with a `Failure` of a `p2p.*` code. */
export interface Gossip {
  /** `recipients`: neighbours it was handed to; 0 while no peer listens. Publishing the same bytes twice sends them once. */
  publish(kind: MessageKind, envelope: Uint8Array): Promise<{ readonly recipients: number }>;
  /**
   * One handler per kind. It is called in order of arrival, for a few messages at once where one waits for something (MESSAGES_AT_ONCE_MAX); what must
   * be done in order is the handler's to put in order. Returns the way to remove it; without one, messages are ignored.
   */
  onMessage(kind: MessageKind, handler: GossipHandler): () => void;
}

/** One neuron as the chain lists it. */
export interface DirectoryEntry {
  readonly hotkey: Hotkey;
  readonly ip: string;
  readonly port: number;
  /** Ed25519 transport key from the chain, 64 hex digits; null where the runtime or the neuron has none. */
  readonly peerKey: string | null;
}

/** What the registry says of a hotkey that is registered. */
export interface Member {
  readonly permitted: boolean;
  readonly coldkey: string;
  readonly stakeRao: bigint;
}

export interface Peer {
  readonly peerId: PeerId;
  /** null until the peer has proved one. */
  readonly hotkey: Hotkey | null;
  readonly address: string;
  readonly direction: 'inbound' | 'outbound';
  readonly connectedAtMs: number;
  /** Gossip score; below 0 it is in no mesh. */
  readonly score: number;
}

export type PeerEvent =
  | { readonly type: 'bound'; readonly peerId: PeerId; readonly hotkey: Hotkey }
  | { readonly type: 'refused'; readonly peerId: PeerId; readonly code: string }
  /** Its score fell below the graylist threshold: it was disconnected, and is not spoken with until then. `ip` where its address is not either. */
  | {
      readonly type: 'exiled';
      readonly peerId: PeerId;
      readonly hotkey: Hotkey | null;
      readonly ip: string | null;
      readonly score: number;
      readonly untilMs: number;
    }
  | { readonly type: 'closed'; readonly peerId: PeerId; readonly hotkey: Hotkey | null };

/** Who is connected, and whom to connect to. */
export interface Peers {
  peers(): readonly Peer[];
  peerOf(hotkey: Hotkey): Peer | null;
  /** Replaces the list of neurons to stay connected with. A peer whose key differs from its entry is refused. */
  setDirectory(entries: readonly DirectoryEntry[]): void;
  /** Who is registered. Until called, every proved hotkey counts as registered. */
  setMembers(members: ReadonlyMap<Hotkey, Member>): void;
  /** Replaces the rules about who may connect; whoever is kept out by them is disconnected. */
  setRules(rules: readonly PeerRule[]): void;
  onPeer(listener: (event: PeerEvent) => void): () => void;
  /** Connects to a neuron by what is known of its addresses, unless it is connected. Null: nothing is known, or it is not to be reached now. */
  reach(hotkey: Hotkey, signal: AbortSignal): Promise<Peer | null>;
}

/** A peer of this or an earlier run, and where it was found. */
export interface KnownPeer {
  readonly hotkey: Hotkey;
  readonly peerId: PeerId;
  /** Multiaddrs without /p2p/, best first. */
  readonly addresses: readonly string[];
  readonly metAtMs: number;
}

/** Keeps the known peers over restarts. Rejects with a `Failure` of a `store.*` or `node.*` code. */
export interface PeerStore {
  /** Empty where nothing has been kept, or what was kept cannot be read any more. */
  load(): Promise<readonly KnownPeer[]>;
  /** Replaces all of them. */
  save(peers: readonly KnownPeer[]): Promise<void>;
}

/** What one peer says of one of our addresses. */
export interface Reached {
  readonly peerId: PeerId;
  readonly hotkey: Hotkey | null;
  readonly address: string;
  readonly outcome: 'reached' | 'failed' | 'refused' | 'no_answer';
  /** How far its dial came, or why it did not try; null when it came through. */
  readonly reason: string | null;
  /** Where it sees our connection come from; empty when it does not say. */
  readonly observed: string;
}

/** How far a dial of ours came. */
export interface Knock {
  readonly address: string;
  /** dns, tcp, noise, mux, hello or binding; null: all passed. */
  readonly failedAt: string | null;
  readonly problem: string;
  /** Who answered and proved itself; null where it did not come so far. */
  readonly peerId: PeerId | null;
  readonly hotkey: Hotkey | null;
}

/** How nodes find each other, and part. */
export interface Discovery {
  /** Our own signed node record, as it is now. Rejects when the signer does. */
  ownRecord(): Promise<Uint8Array>;
  /** Keeps a node record whose signatures have been checked. False: not news, or not readable. */
  learn(record: Uint8Array): boolean;
  /** Hotkeys of which a valid record is known. */
  recordCount(): number;
  /** Has up to `peersMax` peers dial each of our addresses. Empty: no addresses, or nobody to ask. */
  reachedBy(peersMax: number): Promise<readonly Reached[]>;
  /** Dials an address step by step and closes again. Never rejects. */
  knock(address: string): Promise<Knock>;
  /** Tells every peer that we stop. Never rejects. */
  leave(): Promise<void>;
}

/** A model package that is being served: it stays where it is until closed. */
export interface OpenArtifact {
  manifest(): Promise<Uint8Array>;
  /** Null: no such chunk, or it is not here yet. The bytes are the asker's. */
  chunk(fileIndex: number, chunkIndex: number): Promise<Uint8Array | null>;
  /** Which of its chunks are here, by place in the package (file after file); null: all of them. */
  holdings(): Promise<{ readonly chunks: ReadonlySet<number> | null; readonly count: number }>;
  close(): Promise<void>;
}

/** none: not here. part: some verified chunks are. whole: all are. */
export type Holding = 'none' | 'part' | 'whole';

/** Model packages we can serve. A rejection is reported to the asking peer as trouble of ours. */
export interface ArtifactSource {
  /** Null: not here. */
  open(model: ModelDigest): Promise<OpenArtifact | null>;
  /** One answer per model, in this order. Reads no package. */
  holds(models: readonly ModelDigest[]): Promise<readonly Holding[]>;
}

/** What a transfer must know of a manifest; scoring owns the whole schema. */
export interface PackageLayout {
  readonly chunkSizeBytes: number;
  readonly files: readonly {
    readonly path: string;
    readonly sizeBytes: number;
    readonly sha256: string;
    /** sha-256 of each chunk of `chunkSizeBytes` (the last may be shorter), 64 hex digits. */
    readonly chunks: readonly string[];
  }[];
}

/** Where verified bytes go. A failure of its own ends the transfer with that failure, any other rejection with `p2p.sink_failed`. */
export interface ArtifactSink<L extends PackageLayout = PackageLayout> {
  /** The verified manifest, before any chunk. Shape: which chunks are here already; they are not asked for. */
  begin(manifest: Uint8Array, layout: L): Promise<(fileIndex: number, chunkIndex: number) => boolean>;
  /** A verified chunk, in any order; the array is the sink's until it has resolved, then other bytes come into it. */
  write(fileIndex: number, offset: number, bytes: Uint8Array): Promise<void>;
}

export interface TransferLimits {
  readonly manifestSizeBytesMax: number;
  readonly totalSizeBytesMax: number;
  readonly filesMax: number;
}

export interface TransferProgress {
  /** Verified bytes that came in this transfer. */
  readonly receivedBytes: number;
  /** Those and what was here before. */
  readonly hereBytes: number;
  readonly totalBytes: number;
  /** Providers at work. */
  readonly providers: number;
}

export interface FetchModel<L extends PackageLayout = PackageLayout> {
  readonly model: ModelDigest;
  /** Whom to ask, best first; looked at again while the transfer runs, so that somebody who turns up can help. */
  readonly providers: () => readonly PeerId[];
  /** Until it settles more providers may turn up, so having none is not the end. Never rejects. */
  readonly looking?: Promise<unknown>;
  readonly sink: ArtifactSink<L>;
  /** Errors: what is wrong with the manifest. */
  readonly parseManifest: (bytes: Uint8Array) => Result<L, string>;
  readonly limits: TransferLimits;
  readonly onProgress?: (progress: TransferProgress) => void;
  /** A provider is asked no more in this transfer. */
  readonly onDropped?: (drop: DroppedProvider) => void;
  readonly signal?: AbortSignal;
}

export interface DroppedProvider {
  readonly peer: PeerId;
  readonly failure: Failure;
  readonly atMs: number;
}

export interface FetchedModel<L extends PackageLayout = PackageLayout> {
  readonly manifest: Uint8Array;
  readonly layout: L;
  readonly receivedBytes: number;
  readonly elapsedMs: number;
  /** Verified bytes of each provider that gave some. */
  readonly from: readonly { readonly peer: PeerId; readonly bytes: number }[];
  readonly dropped: readonly DroppedProvider[];
}

/** Models from peer to peer. Every byte handed to the sink has been checked against the digest asked for. */
export interface ArtifactTransfer {
  /** Rejects with a `Failure` of a `p2p.*` code, or of the sink. Whoever lied in it is not asked again for a time, by any transfer. */
  fetchModel<L extends PackageLayout>(request: FetchModel<L>): Promise<FetchedModel<L>>;
  /** Asks one peer which of the models it has, in this order. Rejects with a `p2p.*` failure. */
  askHoldings(peer: PeerId, models: readonly ModelDigest[]): Promise<readonly Holding[]>;
  /** Null: serve nothing. */
  serve(source: ArtifactSource | null): void;
}

/** What this node keeps of announcements. A rejection is reported to the asking peer as being busy. */
export type OfferSource = () => Promise<readonly Offer[]>;

/** Announcements handed on to those who were not there when they were made. */
export interface Offers {
  /** Null: hand on nothing. */
  serveOffers(source: OfferSource | null): void;
  /**
   * Asks a peer for all it keeps; each envelope goes to `hear` as if it had come by gossip, one after the other. Shape: how many were accepted. Rejects
   * with `p2p.offers_failed`; a peer that hands on what `hear` rejects is misbehaving, and asked no further.
   */
  collectOffers(peer: PeerId, hear: (envelope: Uint8Array) => Promise<Verdict<unknown>>): Promise<number>;
}
