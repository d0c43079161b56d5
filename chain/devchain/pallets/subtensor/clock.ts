/** The epoch clock of a subnet: when epochs run, and which one it is. Source: subtensor coinbase/run_coinbase.rs, subnets/weights.rs. */
import type { CallContext } from '../../pallet.js';
import type { StoreView } from '../../storage-item.js';
import * as stored from './storage.js';

/** Longest tempo; a subnet whose epoch has not run for longer runs it whatever its tempo. */
export const MAX_TEMPO = 50_400;

/** The state in which something happens. */
export type Moment = Pick<CallContext, 'block' | 'rules'> & { readonly store: StoreView };

export function shouldRunEpoch({ store, block, rules }: Moment, netuid: number): boolean {
  const tempo = stored.tempo.get(store, netuid);
  if (tempo === 0) return false;
  if (rules.epochClock === 'formula') return (block + netuid + 1) % (tempo + 1) === tempo;
  const pending = stored.pendingEpochAt.get(store, netuid);
  if (pending > 0n && BigInt(block) >= pending) return true;
  if (stored.blocksSinceLastStep.get(store, netuid) > BigInt(MAX_TEMPO)) return true;
  return BigInt(block) - stored.lastEpochBlock.get(store, netuid) >= BigInt(tempo);
}

/** By the formula: epochs are numbered from the tempo as it is now. */
function formulaEpoch(store: StoreView, netuid: number, block: bigint): bigint {
  return (block + BigInt(netuid) + 1n) / (BigInt(stored.tempo.get(store, netuid)) + 1n);
}

/** The epoch whose commits can be revealed is one reveal period before this one. With a stateful clock a block whose epoch is due counts to the new one. */
export function currentEpoch(moment: Moment, netuid: number): bigint {
  const { store, block, rules } = moment;
  if (rules.epochClock === 'formula') return formulaEpoch(store, netuid, BigInt(block));
  return stored.subnetEpochIndex.get(store, netuid) + (shouldRunEpoch(moment, netuid) ? 1n : 0n);
}

/** Under which epoch a timelocked commit is kept. */
export function commitEpoch(moment: Moment, netuid: number): bigint {
  const { store, block, rules } = moment;
  if (rules.epochClock === 'state') return currentEpoch(moment, netuid);
  return formulaEpoch(store, netuid, BigInt(block)) + (shouldRunEpoch(moment, netuid) ? 1n : 0n);
}

/** What is kept of a commit by hash besides the hash: (epoch, block, 0), or by the formula (block, first and last block to reveal it). */
export function commitTimes(moment: Moment, netuid: number): readonly [bigint, bigint, bigint] {
  const { store, block, rules } = moment;
  if (rules.epochClock === 'state') return [currentEpoch(moment, netuid), BigInt(block), 0n];
  const tempo = BigInt(stored.tempo.get(store, netuid));
  const reveal = formulaEpoch(store, netuid, BigInt(block)) + stored.revealPeriodEpochs.get(store, netuid);
  const first = reveal * (tempo + 1n) - BigInt(netuid + 1);
  return [BigInt(block), first, first + tempo];
}

type StoredCommit = readonly [hash: string, epochOrBlock: bigint, blockOrFirst: bigint, last: bigint];

function epochOfCommit({ store, rules }: Moment, netuid: number, [, epochOrBlock]: StoredCommit): bigint {
  return rules.epochClock === 'state' ? epochOrBlock : formulaEpoch(store, netuid, epochOrBlock);
}

export function blockOfCommit({ rules }: Moment, [, epochOrBlock, blockOrFirst]: StoredCommit): bigint {
  return rules.epochClock === 'state' ? blockOrFirst : epochOrBlock;
}

/** The epoch in which commits of that one could be revealed is over. */
export function isOver(moment: Moment, netuid: number, epoch: bigint): boolean {
  return currentEpoch(moment, netuid) > epoch + stored.revealPeriodEpochs.get(moment.store, netuid);
}

export function isExpired(moment: Moment, netuid: number, commit: StoredCommit): boolean {
  return isOver(moment, netuid, epochOfCommit(moment, netuid, commit));
}

export function isRevealEpoch(moment: Moment, netuid: number, commit: StoredCommit): boolean {
  return currentEpoch(moment, netuid) === epochOfCommit(moment, netuid, commit) + stored.revealPeriodEpochs.get(moment.store, netuid);
}

/** By the tempo alone: without what the owner triggered and what the chain deferred. Null: never (tempo 0). */
export function blocksUntilEpoch({ store, block, rules }: Moment, netuid: number): number | null {
  const tempo = stored.tempo.get(store, netuid);
  if (tempo === 0) return null;
  if (rules.epochClock === 'formula') return tempo - ((block + netuid + 1) % (tempo + 1));
  return Math.max(0, Number(stored.lastEpochBlock.get(store, netuid)) + tempo - block);
}
