/** When epochs run: with the stateful clock of newer runtimes, and by the formula of older ones. Pure block arithmetic. */
import type { EpochClock, WeightFacts } from './ports.js';

/** The clock as the block it was read at left it. An older runtime has no clock (null), only a formula. */
export type EpochFacts = Pick<WeightFacts, 'netuid' | 'tempo' | 'epochClock'> & { readonly block: { readonly number: number } };

/** A subnet whose epoch has not run for longer runs it whatever its clock says; also the longest tempo an owner can set. */
export const TEMPO_BLOCKS_MAX = 50_400;

/**
 * Does an epoch run at `block`, given the state that the blocks before it left? A subnet with tempo 0 never has one.
 *
 * By the clock: an epoch is due, a tempo has passed, or none has run for too long. By the formula: (block + netuid + 2) is a multiple of (tempo + 1).
 * Source: subtensor coinbase/run_coinbase.rs, should_run_epoch; blocks_until_next_epoch on runtimes before the clock.
 */
export function shouldRunEpoch({ netuid, tempo, epochClock }: Omit<EpochFacts, 'block'>, block: number): boolean {
  if (tempo === 0) return false;
  if (epochClock === null) return (block + netuid + 1) % (tempo + 1) === tempo;
  const { lastEpochBlock, pendingEpochAt, blocksSinceLastStep } = epochClock;
  return (pendingEpochAt > 0 && block >= pendingEpochAt) || blocksSinceLastStep > TEMPO_BLOCKS_MAX || block - lastEpochBlock >= tempo;
}

/**
 * The next block at which an epoch runs, later than the block the facts were read at. Null: never (tempo 0).
 * With the clock it is exact unless the owner changes the tempo or the chain defers the epoch because too many are due at once.
 */
export function nextEpochBlock({ block, netuid, tempo, epochClock }: EpochFacts): number | null {
  if (tempo === 0) return null;
  const following = block.number + 1;
  if (epochClock === null) return following + (tempo - ((following + netuid + 1) % (tempo + 1)));
  const { lastEpochBlock, pendingEpochAt, blocksSinceLastStep } = epochClock;
  // The count goes one up in each block, before it is looked at.
  const overdue = block.number + TEMPO_BLOCKS_MAX + 1 - blocksSinceLastStep;
  const due = Math.min(lastEpochBlock + tempo, overdue, pendingEpochAt > 0 ? pendingEpochAt : Number.POSITIVE_INFINITY);
  return Math.max(following, due);
}

/** Blocks from the block of the facts to the next epoch, at least 1. Null: never. */
export function blocksUntilEpoch(facts: EpochFacts): number | null {
  const next = nextEpochBlock(facts);
  return next === null ? null : next - facts.block.number;
}

/** The block at which the newest epoch ran, as the block of the facts left it: the name of the period since then. 0 where none has run yet. */
export function epochStart({ block, netuid, tempo, epochClock }: EpochFacts): number {
  if (epochClock !== null) return epochClock.lastEpochBlock;
  if (tempo === 0) return 0;
  return Math.max(0, block.number - ((block.number + netuid + 2) % (tempo + 1)));
}

/**
 * The epoch that commits are counted by. The clock counts the epochs that have run; by the formula, which is (block + netuid + 1) / (tempo + 1), the
 * count goes up in the block after the one in which the epoch ran.
 */
export function epochIndex({ block, netuid, tempo, epochClock }: EpochFacts): number {
  return epochClock === null ? Math.floor((block.number + netuid + 1) / (tempo + 1)) : epochClock.index;
}

/** How many epochs ahead are foreseen. The longest reveal period that the chain allows is 100. */
export const EPOCHS_FORESEEN_MAX = 128;

/**
 * The epoch that a call in `block` belongs to, foreseen from the facts. Null: further away than EPOCHS_FORESEEN_MAX epochs.
 *
 * Source: subtensor subnets/weights.rs, current_epoch_with_lookahead; get_epoch_index on runtimes before the clock.
 */
export function epochOfCall(facts: EpochFacts, block: number): number | null {
  if (facts.epochClock === null) return epochIndex({ ...facts, block: { number: block } });
  // An epoch that was put off in the block of the facts is counted there already.
  if (block <= facts.block.number) return facts.epochClock.index + (shouldRunEpoch(facts, block) ? 1 : 0);
  for (const { span, index } of epochsAhead(facts, facts.epochClock)) if (block <= span.until) return index;
  return null;
}

/** Blocks from the first to the last, both included; the last is Infinity where no epoch follows. */
export interface BlockSpan {
  readonly from: number;
  readonly until: number;
}

/**
 * The blocks of the epoch `index`: from the first at whose start the chain (and the pool, a block before) counts it, until the last in which a
 * call does. Null: it is over, or further away than EPOCHS_FORESEEN_MAX epochs.
 */
export function epochSpan(facts: EpochFacts, index: number): BlockSpan | null {
  const { block, netuid, tempo, epochClock } = facts;
  if (epochClock === null) {
    const from = index * (tempo + 1) - (netuid + 1);
    const until = from + tempo;
    return until < block.number || index - epochIndex(facts) > EPOCHS_FORESEEN_MAX ? null : { from: Math.max(0, from), until };
  }
  for (const epoch of epochsAhead(facts, epochClock)) if (epoch.index === index) return epoch.span;
  return null;
}

function* epochsAhead(
  { netuid, tempo, block }: EpochFacts,
  now: EpochClock,
): Generator<{ readonly index: number; readonly span: BlockSpan }> {
  let clock = now;
  let at = block.number;
  let from = now.lastEpochBlock;
  for (let count = 0; count <= EPOCHS_FORESEEN_MAX; count += 1) {
    const next = nextEpochBlock({ netuid, tempo, epochClock: clock, block: { number: at } });
    yield { index: clock.index, span: { from, until: next === null ? Number.POSITIVE_INFINITY : next - 1 } };
    if (next === null) return;
    // Whether no epoch has run for too long is found out after the start of the block, where the count goes up.
    const before = { ...clock, blocksSinceLastStep: clock.blocksSinceLastStep + (next - 1 - at) };
    from = shouldRunEpoch({ netuid, tempo, epochClock: before }, next) ? next : next + 1;
    clock = { lastEpochBlock: next, pendingEpochAt: 0, index: clock.index + 1, blocksSinceLastStep: 0 };
    at = next;
  }
}
