/** The chain as the rest of the program sees it. Every method rejects with a `Failure` of a `chain.*` code, within a deadline. */
import type { Hash, Hotkey, Uid } from '../protocol/names.js';
import type { Signer } from '../protocol/ports.js';
import type { BlockRef, SubnetSnapshot } from './snapshot.js';
import type { EpochInput } from './yuma.js';

export interface ChainIdentity {
  readonly endpoint: string;
  readonly chain: string;
  readonly genesis: Hash;
  readonly specName: string;
  readonly specVersion: number;
  readonly blockTimeMs: number;
}

/** What the connected runtime offers, found by name in its metadata. */
export interface RuntimeDescription {
  readonly specVersion: number;
  /** How a snapshot is read: one runtime call, or plain storage where the runtime has no such call. */
  readonly registry: 'selective_metagraph' | 'storage';
  readonly epochClock: 'state' | 'formula';
  /** Calls by which weights can get on this chain. */
  readonly weightCalls: readonly string[];
  /** What a node sends, and "7.0": the numbers that its pallet and the call have here. */
  readonly nodeCalls: readonly { readonly name: string; readonly number: string }[];
  /** Every error a pallet can answer with, in the order of the metadata. */
  readonly errors: readonly {
    readonly pallet: string;
    readonly index: number;
    readonly name: string;
    readonly documentation: string;
  }[];
}

/** A commit by hash that has not been revealed. */
export interface HashCommit {
  readonly hash: Hash;
  readonly block: number;
  /** Epoch in which it was committed, as the pallet counts. */
  readonly epoch: number;
}

/** An encrypted commit that the chain opens by itself once its drand round is known. */
export interface TimelockedCommit {
  readonly epoch: number;
  readonly block: number;
  readonly round: number;
  /** blake2-256 of the ciphertext. */
  readonly digest: Hash;
}

/** The randomness beacon that the chain follows. */
export interface Beacon {
  /** Compressed G2 point, 96 bytes, hex digits. */
  readonly publicKey: string;
  readonly periodSeconds: number;
  readonly genesisSeconds: number;
  /** 0: the chain has not seen a pulse. */
  readonly lastStoredRound: number;
}

/** What the chain offers and holds of weights that are committed first and revealed later. */
export interface CommitReveal {
  /** The runtime takes commits by hash for this mechanism. */
  readonly byHash: boolean;
  /** `CommitRevealWeightsVersion`; null: the runtime takes no timelocked commits for this mechanism. */
  readonly timelockVersion: number | null;
  readonly revealPeriodEpochs: number;
  /** This hotkey's, oldest first. */
  readonly hashCommits: readonly HashCommit[];
  /** This hotkey's that are still stored, oldest first. */
  readonly timelockedCommits: readonly TimelockedCommit[];
  readonly beacon: Beacon | null;
}

/** Everything that `planSubmission` looks at, read at one finalized block. */
export interface WeightFacts {
  readonly block: BlockRef;
  /** Unix time of that block by the chain's own clock. */
  readonly timeMs: number;
  readonly netuid: number;
  readonly mechanism: number;
  /** Mechanisms the subnet has, where it was read. */
  readonly mechanismCount?: number;
  readonly hotkey: Hotkey;
  /** Extrinsics of this hotkey in the blocks up to that one. */
  readonly nonce: number;
  /** null: not registered. */
  readonly uid: Uid | null;
  readonly registeredAt: number;
  readonly lastUpdate: number;
  readonly validatorPermit: boolean;
  readonly isOwner: boolean;
  /** `SubnetOwnerHotkey`, where it was read; null: the subnet has none. */
  readonly ownerHotkey?: Hotkey | null;
  readonly stakeRao: bigint;
  readonly stakeThresholdRao: bigint;
  readonly neuronCount: number;
  readonly minAllowedWeights: number;
  readonly weightsVersionKey: bigint;
  readonly rateLimitBlocks: number;
  /** Last block of the chain's safe mode, in which it takes few calls, where it was read; null: it is not in safe mode. */
  readonly safeModeUntil?: number | null;
  readonly commitRevealEnabled: boolean;
  /** null: this runtime knows open weights only. */
  readonly commitReveal: CommitReveal | null;
  /** The row of this hotkey in `Weights`, ascending uid; empty without a seat. */
  readonly stored: readonly WeightEntry[];
  readonly tempo: number;
  /** Stateful epoch clock (spec ≥ 423); null on older runtimes, which run one where (block + netuid + 2) % (tempo + 1) == 0. */
  readonly epochClock: EpochClock | null;
}

/** `LastEpochBlock`, `PendingEpochAt`, `SubnetEpochIndex`, `BlocksSinceLastStep` of the subnet. */
export interface EpochClock {
  readonly lastEpochBlock: number;
  readonly pendingEpochAt: number;
  readonly index: number;
  readonly blocksSinceLastStep: number;
}

export interface WeightEntry {
  readonly uid: Uid;
  readonly value: number;
}

export interface ChainReader {
  identity(): ChainIdentity;
  finalizedHead(): Promise<BlockRef>;
  blockAt(number: number): Promise<BlockRef>;
  /** Calls back with each newest finalized head (heads may be skipped, never reordered); returns the way to stop. */
  onFinalized(listener: (head: BlockRef) => void): () => void;
  /** One consistent read of the subnet at a finalized block (default: the newest). */
  snapshot(netuid: number, at?: BlockRef): Promise<SubnetSnapshot>;
  /** At a finalized block (default: the newest). */
  weightFacts(netuid: number, mechanism: number, hotkey: Hotkey, at?: BlockRef): Promise<WeightFacts>;
  /** The row stored in `Weights`, ascending uid. */
  weightsOf(netuid: number, mechanism: number, uid: Uid, at?: BlockRef): Promise<readonly WeightEntry[]>;
  /** The same of several seats at one block, in their order: two requests for up to 4,096 of them. */
  weightRows(netuid: number, mechanism: number, uids: readonly Uid[], at: BlockRef): Promise<readonly (readonly WeightEntry[])[]>;
  /** Whose timelocked weights were opened and set in that block. */
  timelockedReveals(netuid: number, mechanism: number, at: BlockRef): Promise<readonly Hotkey[]>;
  /** What the next epoch of that mechanism will be computed from, as it stands now. */
  epochInput(netuid: number, mechanism: number): Promise<EpochInput>;
  /** Free balance, rao. */
  balanceOf(account: Hotkey): Promise<bigint>;
  runtime(): RuntimeDescription;
}

/** Proof that an extrinsic is in a finalized block and succeeded there. */
export interface Inclusion {
  readonly block: BlockRef;
  readonly extrinsicHash: Hash;
  readonly method: string;
}

/** What cannot be undone must not come later than is looked for it. */
export interface Bounded {
  /** The extrinsic must not be includable after this block: it is not sent if it would be. Default: no bound. */
  readonly lastBlock?: number;
  /**
   * It was decided by what that final block shows, where the account had this nonce. It is not sent if the key has signed anything else since then
   * that this process does not know, and it has the nonce that makes the chain refuse it if that comes first. Default: any state will do.
   */
  readonly since?: { readonly block: number; readonly nonce: number };
}

export interface SetWeights extends Bounded {
  readonly netuid: number;
  readonly mechanism: number;
  readonly uids: readonly Uid[];
  readonly values: readonly number[];
  readonly versionKey: bigint;
}

export interface CommitWeights extends Bounded {
  readonly netuid: number;
  readonly mechanism: number;
  /** blake2-256 over the vector and the salt, see chain/commit-hash.ts. */
  readonly hash: Hash;
}

export interface RevealWeights extends SetWeights {
  /** u16 values. */
  readonly salt: readonly number[];
}

export interface CommitTimelocked extends Bounded {
  readonly netuid: number;
  readonly mechanism: number;
  /** Ciphertext, at most 5,000 bytes. */
  readonly commit: Uint8Array;
  readonly round: number;
  /** `CommitRevealWeightsVersion` it was made for. */
  readonly version: number;
}

export interface AxonEndpoint {
  readonly ip: string;
  readonly port: number;
  readonly protocol: number;
  readonly version: number;
  /** 32-byte Ed25519 transport key, sent as certificate where the runtime has `serve_axon_tls`. */
  readonly peerKey: Uint8Array | null;
}

export interface ChainWriter {
  /** Resolves only when finalized and successful; the pallet's refusal is a named failure. chain.not_sent: nothing left this machine. */
  setWeights(signer: Signer, request: SetWeights): Promise<Inclusion>;
  commitWeights(signer: Signer, request: CommitWeights): Promise<Inclusion>;
  revealWeights(signer: Signer, request: RevealWeights): Promise<Inclusion>;
  commitTimelocked(signer: Signer, request: CommitTimelocked): Promise<Inclusion>;
  serveAxon(signer: Signer, netuid: number, endpoint: AxonEndpoint): Promise<Inclusion>;
  /** `data` goes into one `Raw` field (≤ 128 bytes). */
  setCommitment(signer: Signer, netuid: number, data: Uint8Array): Promise<Inclusion>;
  /** `limitRao`: refused when the price is above it (by the chain where it has `register_limit`, else by the price read just before). */
  burnedRegister(coldkey: Signer, netuid: number, hotkey: Hotkey, limitRao?: bigint): Promise<Inclusion>;
  addStake(coldkey: Signer, netuid: number, hotkey: Hotkey, amountRao: bigint): Promise<Inclusion>;
}
