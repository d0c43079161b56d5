/**
 * When committed weights become weights. A commit belongs to an epoch and is revealed in exactly one later epoch: by its owner when it was a hash, by
 * the chain itself when it was locked to a round of the beacon. Before that it is early, after it it is lost.
 *
 * Source: subtensor subnets/weights.rs, is_reveal_block_range; coinbase/reveal_commits.rs; bittensor-drand 2 for the choice of the round.
 */
import type { Failure } from '../protocol/failure.js';
import { err, ok, type Result } from '../protocol/result.js';
import { roundAt, timeOfRound } from './beacon.js';
import { type BlockSpan, type EpochFacts, epochIndex, epochOfCall, epochSpan } from './epoch.js';
import { chainFailure } from './failures.js';
import type { WeightFacts } from './ports.js';

/** The longest `RevealPeriodEpochs` that the chain lets an owner set. */
export const REVEAL_PERIOD_EPOCHS_MAX = 100;
/** Blocks after its epoch has opened at which the round of a timelocked commit is aimed, if it has as many: the epoch may be put off by a few. */
export const REVEAL_SAFETY_BLOCKS = 3;
/** Blocks from the time of a round to the one that opens what was locked to it: a pulse is on chain a block later, and is used in the block after. */
export const PULSE_BLOCKS = 2;
/** A commit is counted in this many blocks: at once, so that a later inclusion makes it early rather than lost. */
export const INCLUSION_BLOCKS = 1;

export interface RevealTiming {
  /** The newest block known: nothing is included at or below it. */
  readonly head: { readonly number: number };
  /** Unix time of this machine. */
  readonly nowSeconds: number;
  /** The length of a slot, as the runtime declares it. Blocks may come slower than that, never faster. */
  readonly blockTimeMs: number;
}

/** A commit included now: the epoch it belongs to, and the blocks in which it can be revealed. Later than `until` it is lost. */
export interface RevealSpan extends BlockSpan {
  readonly commitEpoch: number;
}

export interface RevealRound extends RevealSpan {
  /** What to lock the commit to. */
  readonly round: number;
}

type RevealFacts = EpochFacts & Pick<WeightFacts, 'commitReveal'>;
type RoundFacts = RevealFacts & Pick<WeightFacts, 'timeMs'>;

/**
 * The epoch in which a commit included in the next block is revealed.
 * Errors: chain.reveal_unforeseen.
 */
export function revealSpan(facts: RevealFacts, head: { readonly number: number }): Result<RevealSpan, Failure> {
  const period = facts.commitReveal?.revealPeriodEpochs ?? 0;
  const unforeseen = (reason: string) => err(chainFailure('chain.reveal_unforeseen', { netuid: facts.netuid, reason }));
  if (facts.tempo === 0) return unforeseen('it runs no epochs (tempo 0)');
  if (period < 1 || period > REVEAL_PERIOD_EPOCHS_MAX) return unforeseen(`its reveal period is ${period} epochs`);
  const commitEpoch = epochOfCall(facts, Math.max(head.number, facts.block.number) + INCLUSION_BLOCKS);
  const span = commitEpoch === null ? null : epochSpan(facts, commitEpoch + period);
  return commitEpoch === null || span === null
    ? unforeseen(`what is known of block ${facts.block.number} is too old`)
    : ok({ ...span, commitEpoch });
}

/**
 * The round to lock weights to that are committed now.
 *
 * Shape: late enough not to be stored before the commit is included, and known to the chain soon after the reveal epoch has opened. Weights locked to
 * an earlier round could be read earlier; those locked to a round that the chain learns after the epoch would be lost. So blocks are timed from the
 * chain's own clock, at the earliest that each can come: a block that comes later, and a commit that is included later, make the round early.
 * Errors: chain.reveal_unforeseen, chain.beacon_unknown, chain.tempo_too_short.
 */
export function revealRound(facts: RoundFacts, { head, nowSeconds, blockTimeMs }: RevealTiming): Result<RevealRound, Failure> {
  const span = revealSpan(facts, head);
  if (!span.ok) return span;
  const beacon = facts.commitReveal?.beacon ?? null;
  if (beacon === null) return err(chainFailure('chain.beacon_unknown'));
  const { periodSeconds, genesisSeconds, lastStoredRound } = beacon;
  const { from, until } = span.value;
  const slotMs = facts.timeMs - (facts.timeMs % blockTimeMs);
  const earliestOf = (block: number) => (slotMs + (block - facts.block.number) * blockTimeMs) / 1000;

  const last = until - PULSE_BLOCKS;
  const aim = earliestOf(Math.min(from + REVEAL_SAFETY_BLOCKS, last));
  const stored =
    Math.max(lastStoredRound, roundAt(beacon, nowSeconds)) + Math.floor((INCLUSION_BLOCKS * blockTimeMs) / 1000 / periodSeconds) + 1;
  const round = Math.max(1, stored, Math.floor((aim - genesisSeconds) / periodSeconds));
  if (last < from || timeOfRound(beacon, round) > earliestOf(last)) {
    const { netuid, tempo } = facts;
    return err(chainFailure('chain.tempo_too_short', { netuid, tempo, from, until, round }));
  }
  return ok({ ...span.value, round });
}

/** The blocks in which a commit of that epoch is revealed: the first is when to expect it, the last the deadline. Null: they are over, or not foreseen. */
export function revealWindow(facts: RevealFacts, commitEpoch: number): BlockSpan | null {
  return epochSpan(facts, commitEpoch + (facts.commitReveal?.revealPeriodEpochs ?? 0));
}

export type RevealPhase = 'early' | 'open' | 'over';

/** Where the reveal of a commit of that epoch stands in the block after `head`: what the pool would say to it now. */
export function revealPhase(facts: RevealFacts, commitEpoch: number, head: { readonly number: number } = facts.block): RevealPhase {
  const span = revealWindow(facts, commitEpoch);
  if (span === null) return commitEpoch + (facts.commitReveal?.revealPeriodEpochs ?? 0) > epochIndex(facts) ? 'early' : 'over';
  const next = Math.max(head.number, facts.block.number) + 1;
  if (next < span.from) return 'early';
  return next <= span.until ? 'open' : 'over';
}
