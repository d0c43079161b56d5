/** When epochs run: with the stateful clock of newer runtimes, and by the formula of older ones. Pure block arithmetic. */
import type { WeightFacts } from './ports.js';

/**
 * The state of the clock after the block it was read at. An older runtime has no clock: an epoch opens at each block where
 * (block + netuid + 1) is a multiple of (tempo + 1).
 */
export type EpochFacts = Pick<WeightFacts, 'netuid' | 'tempo' | 'epochClock'> & { readonly block: { readonly number: number } };

/**
 * Does an epoch run at `block`, given the state left by the blocks before it? A subnet with tempo 0 never has one.
 *
 * Source: subtensor coinbase/run_coinbase.rs, should_run_epoch; blocks_until_next_epoch on runtimes before the clock.
 */
export function shouldRunEpoch({ netuid, tempo, epochClock }: Omit<EpochFacts, 'block'>, block: number): boolean {
  if (tempo === 0) return false;
  if (epochClock === null) return (block + netuid + 1) % (tempo + 1) === 0;
  const { lastEpochBlock, pendingEpochAt } = epochClock;
  return (pendingEpochAt > 0 && block >= pendingEpochAt) || block - lastEpochBlock >= tempo;
}

/**
 * The next block at which an epoch runs, later than the block the facts were read at. Null: never (tempo 0).
 * With the clock it is exact unless the owner changes the tempo or the chain defers the epoch because too many are due at once.
 */
export function nextEpochBlock({ block, netuid, tempo, epochClock }: EpochFacts): number | null {
  if (tempo === 0) return null;
  const following = block.number + 1;
  if (epochClock === null) return following + ((tempo + 1 - ((following + netuid + 1) % (tempo + 1))) % (tempo + 1));
  const due = epochClock.lastEpochBlock + tempo;
  const { pendingEpochAt } = epochClock;
  return Math.max(following, pendingEpochAt > 0 ? Math.min(due, pendingEpochAt) : due);
}

/** Blocks from the block of the facts to the next epoch, at least 1. Null: never. */
export function blocksUntilEpoch(facts: EpochFacts): number | null {
  const next = nextEpochBlock(facts);
  return next === null ? null : next - facts.block.number;
}

/** The block at which the current epoch period opened: the name of the period. 0 where none has run yet. */
export function epochStart({ block, netuid, tempo, epochClock }: EpochFacts): number {
  if (epochClock !== null) return epochClock.lastEpochBlock;
  if (tempo === 0) return 0;
  return Math.max(0, block.number - ((block.number + netuid + 1) % (tempo + 1)));
}

/** How many epochs have run: the clock's own count, or the quotient of the formula. */
export function epochIndex({ block, netuid, tempo, epochClock }: EpochFacts): number {
  if (epochClock !== null) return epochClock.index;
  return tempo === 0 ? 0 : Math.floor((block.number + netuid + 1) / (tempo + 1));
}
