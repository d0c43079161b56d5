/** How and when: the way by which weights get on chain now, and where the reveal of a commit stands. Pure. */
import { roundAt } from '../chain/beacon.js';
import { epochIndex, nextEpochBlock } from '../chain/epoch.js';
import type { WeightFacts } from '../chain/ports.js';
import { type PlannedVector, planSubmission } from '../chain/submission.js';
import type { Failure } from '../protocol/failure.js';
import type { SubmissionWay } from './ports.js';
import { submissionFailure } from './weight-failures.js';

export type CommitRevealChoice = 'auto' | 'timelocked' | 'hash';

export type WayPlan =
  | { readonly action: 'submit'; readonly way: SubmissionWay; readonly method: string }
  | { readonly action: 'wait'; readonly blocks: number; readonly because: Failure }
  | { readonly action: 'refuse'; readonly because: Failure };

/** The chain applies timelocked weights so many blocks after the reveal epoch has opened, as its own clients do. */
const REVEAL_OFFSET_BLOCKS = 3;

export function planWay(facts: WeightFacts, vector: PlannedVector, choice: CommitRevealChoice): WayPlan {
  const plan = planSubmission({ ...facts, commitRevealEnabled: false }, vector);
  if (plan.action !== 'submit' || !facts.commitRevealEnabled) return plan.action === 'submit' ? { ...plan, way: 'open' } : plan;
  const { commitReveal, mechanism, netuid } = facts;
  const timelocked = commitReveal !== null && commitReveal.timelockVersion !== null && commitReveal.beacon !== null;
  if (timelocked && choice !== 'hash') return { action: 'submit', way: 'timelocked', method: nameOf('commit_timelocked', mechanism) };
  if (commitReveal?.byHash === true && choice !== 'timelocked')
    return { action: 'submit', way: 'hash', method: nameOf('commit', mechanism) };
  return { action: 'refuse', because: submissionFailure('weights.no_way', { netuid, wanted: choice }) };
}

function nameOf(verb: string, mechanism: number): string {
  return mechanism === 0 ? `${verb}_weights` : `${verb}_mechanism_weights`;
}

/** First and last block of the epoch in which a commit of `commitEpoch` is revealed; null where epochs never come. */
export function revealWindow(facts: WeightFacts, commitEpoch: number): { readonly from: number; readonly until: number } | null {
  const next = nextEpochBlock(facts);
  if (next === null) return null;
  const length = facts.epochClock === null ? facts.tempo + 1 : facts.tempo;
  const ahead = commitEpoch + (facts.commitReveal?.revealPeriodEpochs ?? 1) - epochIndex(facts);
  const from = next + (ahead - 1) * length;
  return { from, until: from + length - 1 };
}

export type RevealPhase = 'early' | 'open' | 'over';

/** Where the reveal epoch stands in the block after that of the facts. */
export function revealPhase(facts: WeightFacts, commitEpoch: number): RevealPhase {
  const wanted = commitEpoch + (facts.commitReveal?.revealPeriodEpochs ?? 1);
  const next = epochIndex(facts) + (nextEpochBlock(facts) === facts.block.number + 1 ? 1 : 0);
  if (next < wanted) return 'early';
  return next === wanted ? 'open' : 'over';
}

/** The round of the beacon a commit in the next block has to be locked to. */
export function revealRoundFor(facts: WeightFacts, nowMs: number, blockTimeMs: number): number | null {
  const { commitReveal } = facts;
  if (!commitReveal?.beacon) return null;
  const epoch = epochIndex(facts) + (nextEpochBlock(facts) === facts.block.number + 1 ? 1 : 0);
  const window = revealWindow(facts, epoch);
  if (window === null) return null;
  const atMs = nowMs + (window.from + REVEAL_OFFSET_BLOCKS - facts.block.number) * blockTimeMs;
  return Math.max(commitReveal.beacon.lastStoredRound + 1, roundAt(commitReveal.beacon, atMs / 1000));
}

/** What the chain would say to these weights if they were revealed now. Null: nothing. */
export function revealRefusal(facts: WeightFacts, vector: PlannedVector): Failure | null {
  const plan = planSubmission({ ...facts, commitRevealEnabled: false, lastUpdate: 0 }, vector);
  return plan.action === 'submit' ? null : plan.because;
}
