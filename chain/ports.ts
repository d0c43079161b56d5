/** The chain as the rest of the program sees it. Every method rejects with a `Failure` of a `chain.*` code, within a deadline. */
import type { Hash, Hotkey, Uid } from '../protocol/names.js';
import type { Signer } from '../protocol/ports.js';
import type { BlockRef, SubnetSnapshot } from './snapshot.js';

export interface ChainIdentity {
  readonly endpoint: string;
  readonly chain: string;
  readonly genesis: Hash;
  readonly specName: string;
  readonly specVersion: number;
  readonly blockTimeMs: number;
}

/** Everything that `planSubmission` looks at, read at one finalized block. */
export interface WeightFacts {
  readonly block: BlockRef;
  readonly netuid: number;
  readonly mechanism: number;
  /** Mechanisms the subnet has, where it was read. */
  readonly mechanismCount?: number;
  readonly hotkey: Hotkey;
  /** null: not registered. */
  readonly uid: Uid | null;
  readonly registeredAt: number;
  readonly lastUpdate: number;
  readonly validatorPermit: boolean;
  readonly isOwner: boolean;
  readonly stakeRao: bigint;
  readonly stakeThresholdRao: bigint;
  readonly neuronCount: number;
  readonly minAllowedWeights: number;
  readonly weightsVersionKey: bigint;
  readonly rateLimitBlocks: number;
  readonly commitRevealEnabled: boolean;
  readonly tempo: number;
  /** Stateful epoch clock (spec ≥ 423); null on older runtimes, where (block + netuid + 1) % (tempo + 1) == 0 opens an epoch. */
  readonly epochClock: { readonly lastEpochBlock: number; readonly pendingEpochAt: number; readonly index: number } | null;
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
  weightFacts(netuid: number, mechanism: number, hotkey: Hotkey): Promise<WeightFacts>;
  /** The row stored in `Weights`, ascending uid. */
  weightsOf(netuid: number, mechanism: number, uid: Uid, at?: BlockRef): Promise<readonly WeightEntry[]>;
}

/** Proof that an extrinsic is in a finalized block and succeeded there. */
export interface Inclusion {
  readonly block: BlockRef;
  readonly extrinsicHash: Hash;
  readonly method: string;
}

export interface SetWeights {
  readonly netuid: number;
  readonly mechanism: number;
  readonly uids: readonly Uid[];
  readonly values: readonly number[];
  readonly versionKey: bigint;
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
  /** Resolves only when finalized and successful; the pallet's refusal is a named failure. */
  setWeights(signer: Signer, request: SetWeights): Promise<Inclusion>;
  serveAxon(signer: Signer, netuid: number, endpoint: AxonEndpoint): Promise<Inclusion>;
  /** `data` goes into one `Raw` field (≤ 128 bytes). */
  setCommitment(signer: Signer, netuid: number, data: Uint8Array): Promise<Inclusion>;
  burnedRegister(coldkey: Signer, netuid: number, hotkey: Hotkey): Promise<Inclusion>;
  addStake(coldkey: Signer, netuid: number, hotkey: Hotkey, amountRao: bigint): Promise<Inclusion>;
}
