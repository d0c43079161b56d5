/** Trouble on request: what a real node does too, but never when a test needs it. */
import { blake2AsU8a } from '@polkadot/util-crypto';
import type { BeaconFaults } from './beacon.js';
import type { Intervention } from './block.js';
import type { Chain, Reorganisation } from './chain.js';
import { codeIn, putCode } from './code.js';
import type { Extrinsic } from './extrinsic.js';
import { devchainFailure } from './failures.js';
import type { GenerationName } from './generation.js';
import { accountOf } from './genesis.js';
import { migrate } from './migration.js';
import { enteredUntil, putSafeMode } from './pallets/safe-mode.js';
import { events } from './pallets/subtensor/events.js';
import { associate, replaceNeuron } from './pallets/subtensor/registration.js';
import * as stored from './pallets/subtensor/storage.js';
import * as system from './pallets/system.js';
import { RpcError } from './rpc/errors.js';
import type { SubmissionFaults } from './rpc/methods.js';
import { toHex } from './scale.js';

/** Longest delay of an answer. */
export const MAX_DELAY_MS = 600_000;
/** Longest safe mode that can be asked for. */
export const MAX_SAFE_MODE_BLOCKS = 50_400;
/** Latest point in time that can be warped to, from now. */
export const MAX_WARP_SECONDS = 31_536_000;

export interface BlockRef {
  readonly number: number;
  readonly hash: string;
}

export interface Refusal {
  readonly code: number;
  readonly message: string;
  readonly data?: string;
  /** Submissions that are refused; default 1. */
  readonly count?: number;
}

export interface DroppedTransactions {
  /** Default 1. */
  readonly count?: number;
  /** What watchers are told; `silence`: nothing, as when a node restarts. Default: dropped. */
  readonly as?: 'dropped' | 'usurped' | 'silence';
}

export interface Upgrade {
  /** Greater than it is now; default: one more. */
  readonly specVersion?: number;
  /** Default: as it is. */
  readonly generation?: GenerationName;
}

export interface Pruning {
  readonly netuid: number;
  readonly uid: number;
  /** SS58 of who takes the seat; default: somebody new. */
  readonly hotkey?: string;
}

/** Each acts until it is taken back or used up. Errors: devchain.fault_refused. */
export interface DevchainFaults extends BeaconFaults {
  /** Cuts every connection without a word; returns how many. */
  dropSockets(): number;
  /** While true connections stay, and can be made, but nothing is answered and nothing told. */
  halfOpen(silent: boolean): void;
  /** Every answer and notification comes this late; 0: at once again. */
  delay(ms: number): void;
  /** While true the timer makes no blocks; connections stay. */
  stallHeads(stalled: boolean): void;
  /** While true blocks are made, but none becomes final. */
  stallFinality(stalled: boolean): void;
  /** Answers the next submissions with this error; null: no more. */
  reject(refusal: Refusal | null): void;
  /** The pool takes the next transactions, says that they are ready, and loses them. */
  dropTransactions(order: DroppedTransactions): void;
  /** Replaces the newest blocks, none of them final, by one more than they were. Default: their transactions return to the pool. */
  reorg(wanted: Pick<Reorganisation, 'depth'> & Partial<Reorganisation>): { readonly lost: readonly BlockRef[]; readonly head: BlockRef };
  /** Makes a block from which on the chain runs another runtime. What was signed for the old one is a bad proof. */
  upgrade(to: Upgrade): BlockRef;
  /** Makes a block in which somebody else gets that seat. */
  pruneUid(pruning: Pruning): BlockRef;
  /** Makes a block from which on the chain is in safe mode for so many blocks; 0: in which it ends. Another order prolongs or shortens it. */
  safeMode(blocks: number): BlockRef;
  /** The blocks to come are made that much later. */
  warp(seconds: number): void;
}

/** What the server of the RPC looks at before it sends. */
export interface LineFaults {
  delayMs: number;
  silent: boolean;
}

export interface FaultControl {
  readonly faults: DevchainFaults;
  readonly line: LineFaults;
  readonly submission: SubmissionFaults;
  headsStalled(): boolean;
}

export interface FaultDeps {
  readonly chain: Chain;
  produce(interventions: readonly Intervention[]): BlockRef;
  dropSockets(): number;
  warp(seconds: number): void;
}

function refused(fault: string, reason: string): never {
  throw devchainFailure('devchain.fault_refused', { fault, reason });
}

export function createFaults({ chain, produce, dropSockets, warp }: FaultDeps): FaultControl {
  const line: LineFaults = { delayMs: 0, silent: false };
  let headsStalled = false;
  let refusal: (Refusal & { left: number }) | null = null;
  let drop = { left: 0, as: 'dropped' as NonNullable<DroppedTransactions['as']> };
  const refOf = ({ number, hash }: BlockRef): BlockRef => ({ number, hash });

  const faults: DevchainFaults = {
    dropSockets,
    halfOpen: (silent) => {
      line.silent = silent;
    },
    delay: (ms) => {
      if (!(ms >= 0 && ms <= MAX_DELAY_MS)) refused('delay', `it can be 0 to ${MAX_DELAY_MS} ms`);
      line.delayMs = ms;
    },
    stallHeads: (stalled) => {
      headsStalled = stalled;
    },
    stallFinality: chain.stallFinality,
    ...chain.beaconFaults,
    reject: (wanted) => {
      refusal = wanted === null ? null : { ...wanted, left: wanted.count ?? 1 };
    },
    dropTransactions: ({ count = 1, as = 'dropped' }) => {
      drop = { left: count, as };
    },
    reorg: ({ depth, transactions = 'return' }) => {
      try {
        const lost = chain.reorganise({ depth, transactions });
        return { lost: lost.map(refOf), head: refOf(chain.head()) };
      } catch (error) {
        if (error instanceof RangeError) refused('reorg', error.message);
        throw error;
      }
    },
    upgrade: ({ specVersion, generation }) => {
      const now = codeIn(chain.now());
      const next = { generation: generation ?? now.generation, specVersion: specVersion ?? now.specVersion + 1 };
      if (next.specVersion <= now.specVersion) refused('upgrade', `the spec version must be greater than ${now.specVersion}`);
      return produce([
        (context) => {
          const { store, deposit } = context;
          migrate(context, now.generation, next.generation);
          putCode(store, next);
          deposit(system.events.of({ type: 'CodeUpdated', value: null }));
        },
      ]);
    },
    pruneUid: ({ netuid, uid, hotkey }) => {
      const now = chain.now();
      if (!stored.networksAdded.get(now, netuid)) refused('pruneUid', `there is no subnet ${netuid}`);
      const count = stored.subnetworkN.get(now, netuid);
      if (uid >= count) refused('pruneUid', `subnet ${netuid} has the uids 0 to ${count - 1}`);
      const before = stored.keys.get(now, netuid, uid);
      const taker = hotkey === undefined ? toHex(blake2AsU8a(`${before} ${chain.head().number}`)) : accountOf(hotkey);
      if (stored.uids.get(now, netuid, taker) !== null) refused('pruneUid', 'that hotkey has a seat already');
      return produce([
        ({ store, block, deposit }) => {
          associate(store, stored.owner.get(store, before), taker);
          replaceNeuron(store, netuid, uid, taker, block);
          deposit(events.of({ type: 'NeuronRegistered', value: [netuid, uid, taker] }));
        },
      ]);
    },
    safeMode: (blocks) => {
      if (!(Number.isInteger(blocks) && blocks >= 0 && blocks <= MAX_SAFE_MODE_BLOCKS)) {
        refused('safeMode', `it can last 0 to ${MAX_SAFE_MODE_BLOCKS} blocks`);
      }
      if (blocks === 0 && enteredUntil.get(chain.now()) === null) refused('safeMode', 'the chain is not in safe mode');
      return produce([(context) => putSafeMode(context, blocks === 0 ? null : context.block + blocks)]);
    },
    warp: (seconds) => {
      if (!(seconds >= 0 && seconds <= MAX_WARP_SECONDS)) refused('warp', `it can be 0 to ${MAX_WARP_SECONDS} seconds, forward only`);
      warp(seconds);
    },
  };

  const submission: SubmissionFaults = {
    refusal: () => {
      if (refusal === null || refusal.left < 1) return null;
      refusal.left -= 1;
      return new RpcError(refusal.code, refusal.message, refusal.data);
    },
    taken: (extrinsic: Extrinsic) => {
      if (drop.left < 1) return;
      drop.left -= 1;
      const { as } = drop;
      // After the answer, so that it was seen to be ready.
      setImmediate(() => chain.drop(extrinsic, as === 'silence' ? null : as));
    },
  };
  return { faults, line, submission, headsStalled: () => headsStalled };
}
