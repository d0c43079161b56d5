/** What the chain says about one subnet at one finalized block: plain values, no chain types. */
import type { Hash, Hotkey, ModelDigest, Uid } from '../protocol/names.js';

export interface BlockRef {
  readonly number: number;
  readonly hash: Hash;
}

/** Where a neuron says it can be reached. `ip` is dotted or colon text; port 0 never appears. */
export interface Axon {
  readonly ip: string;
  readonly port: number;
  readonly protocol: number;
  readonly version: number;
  /** Block at which it was served. */
  readonly block: number;
  /** Ed25519 transport key from `NeuronCertificates` (algorithm byte 0xED), 64 hex digits, where the runtime has it. */
  readonly peerKey: string | null;
}

/** Bytes committed by `Commitments.set_commitment`, first field as the chain holds it. */
export interface ChainCommitment {
  readonly block: number;
  /** `Raw`/`BigRaw` bytes of the first field as hex digits; hash variants carry their 32 bytes. */
  readonly data: string;
}

export interface Neuron {
  readonly uid: Uid;
  readonly hotkey: Hotkey;
  readonly coldkey: Hotkey;
  /** Total stake weight that counts in consensus, rao. */
  readonly stakeRao: bigint;
  readonly validatorPermit: boolean;
  readonly active: boolean;
  /** Block of the last accepted weights (or of registration). */
  readonly lastUpdate: number;
  readonly registeredAt: number;
  readonly axon: Axon | null;
  readonly commitment: ChainCommitment | null;
  /** u16 as stored, 65535 = all. */
  readonly incentive: number;
  readonly dividends: number;
  /** Emission of the last epoch, rao. */
  readonly emissionRao: bigint;
}

export interface Hyperparameters {
  readonly tempo: number;
  readonly minAllowedWeights: number;
  readonly weightsVersionKey: bigint;
  readonly weightsRateLimitBlocks: number;
  readonly activityCutoffBlocks: number;
  readonly immunityPeriodBlocks: number;
  readonly maxValidators: number;
  readonly maxUids: number;
  readonly commitRevealEnabled: boolean;
  readonly revealPeriodEpochs: number;
  readonly servingRateLimitBlocks: number;
  readonly burnRao: bigint;
  readonly registrationAllowed: boolean;
}

export interface SubnetSnapshot {
  readonly genesis: Hash;
  readonly netuid: number;
  readonly block: BlockRef;
  readonly specVersion: number;
  readonly hyperparameters: Hyperparameters;
  /** Ascending uid. */
  readonly neurons: readonly Neuron[];
}

/** A person in a seat: the key under which all history is kept. */
export interface Registration {
  readonly hotkey: Hotkey;
  readonly registeredAt: number;
}

/** A decoded voxd commitment: `block` decides who was first. */
export interface ModelClaim {
  readonly hotkey: Hotkey;
  readonly uid: Uid;
  readonly block: number;
  /** sha-256("voxd/commit/1" ‖ hotkey ‖ model digest), 64 hex digits. */
  readonly commitment: string;
}

export type { Hash, Hotkey, ModelDigest, Uid };
