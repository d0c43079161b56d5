/** What the chain in memory can be told, and what it remembers. */
import type { ChainReader, ChainWriter } from '../../chain/ports.js';
import type { BlockRef, Hash, Hotkey, Hyperparameters, Neuron, Uid } from '../../chain/snapshot.js';
import type { Failure } from '../../protocol/failure.js';
import type { WeightState } from './fake-weights.js';

export interface FakeChainOptions {
  readonly netuid?: number;
  readonly genesis?: Hash;
  /** First block; default 100. */
  readonly startBlock?: number;
  readonly specVersion?: number;
  readonly blockTimeMs?: number;
  readonly hyperparameters?: Partial<Hyperparameters>;
  /** Minimum stake to set weights. */
  readonly stakeThresholdRao?: bigint;
  /** True (default): epochs are state, as on spec ≥ 423; false: `weightFacts().epochClock` is null. */
  readonly statefulEpochs?: boolean;
  /**
   * `instant` (default): a transaction makes a block of its own and is final at once. `manual`: it waits for `advance`, which puts
   * everything that waits into the first new block.
   */
  readonly inclusion?: 'instant' | 'manual';
  /** False: the runtime takes no commits by hash; default true. */
  readonly hashCommits?: boolean;
  /** False: the runtime takes no timelocked commits; default true. */
  readonly timelocked?: boolean;
  /** With manual inclusion: blocks that leave a transaction waiting; default 0. */
  readonly poolDelayBlocks?: number;
  /** Blocks between the newest block and the newest final one; default 0. */
  readonly finalityLag?: number;
}

export type FakeOperation =
  | 'finalizedHead'
  | 'blockAt'
  | 'snapshot'
  | 'weightFacts'
  | 'weightsOf'
  | 'weightRows'
  | 'timelockedReveals'
  | 'setWeights'
  | 'commitWeights'
  | 'revealWeights'
  | 'commitTimelocked'
  | 'serveAxon'
  | 'setCommitment'
  | 'burnedRegister'
  | 'addStake';

export interface Registering {
  readonly coldkey?: Hotkey;
  readonly stakeRao?: bigint;
  readonly permit?: boolean;
  /** Takes this seat from whoever has it; default: the next free seat. */
  readonly uid?: Uid;
}

export interface FakeChain {
  readonly netuid: number;
  readonly genesis: Hash;
  readonly reader: ChainReader;
  readonly writer: ChainWriter;
  /** Newest block, final or not. */
  head(): BlockRef;
  /** Makes blocks; finalized heads are reported one by one. Returns the newest. */
  advance(blocks?: number): BlockRef;
  /** As an endpoint does that keeps few old states: what is older than this block cannot be read any more. */
  prune(olderThan: number): void;
  /** Seats a hotkey in the current state: visible from the next block on (`advance` is called for you). */
  register(hotkey: Hotkey, how?: Registering): Uid;
  deregister(hotkey: Hotkey): void;
  /** Changes what the chain says about a neuron, then makes a block. */
  patch(hotkey: Hotkey, change: Partial<Omit<Neuron, 'uid' | 'hotkey'>>): void;
  setStake(hotkey: Hotkey, stakeRao: bigint): void;
  setPermit(hotkey: Hotkey, permit: boolean): void;
  /** Commits as if the miner had done it now. */
  commit(hotkey: Hotkey, data: Uint8Array | string): number;
  setHyperparameters(change: Partial<Hyperparameters>): void;
  /** Safe mode until that block, it included; null: none. */
  setSafeMode(until: number | null): void;
  setOwner(hotkey: Hotkey | null): void;
  /** Gives an account its free balance. Registrations are paid by those that have been given one, and cost others nothing. */
  fund(account: Hotkey, rao: bigint): void;
  /** Unix time of the newest block. */
  nowMs(): number;
  /** The chain stops (or goes on) storing what the beacon says. */
  stallBeacon(stalled: boolean): void;
  /** The next `times` calls of that operation reject with this failure. */
  failNext(operation: FakeOperation, failure: Failure, times?: number): void;
  /** Calls made so far, oldest first. */
  readonly calls: readonly { readonly operation: FakeOperation; readonly args: readonly unknown[] }[];
  /** Transactions that a block has taken and that succeeded there, oldest first. */
  readonly accepted: readonly { readonly operation: FakeOperation; readonly block: number; readonly epoch: number }[];
  /** Transactions that wait for a block (manual inclusion). */
  waiting(): number;
}

/** What the chain remembers of one block. */
export interface FakeState {
  readonly hyperparameters: Hyperparameters;
  readonly neurons: readonly Neuron[];
  readonly weights: WeightState;
  readonly owner: Hotkey | null;
  /** Last block of safe mode. */
  readonly safeModeUntil: number | null;
  readonly nonces: ReadonlyMap<Hotkey, number>;
  readonly lastEpochBlock: number;
  readonly epochIndex: number;
}
