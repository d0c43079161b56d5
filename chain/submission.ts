/** May these weights be sent now? The pallet's own checks, asked beforehand, so that nothing is sent in vain and each "no" says what to do. */
import type { Failure } from '../protocol/failure.js';
import { blocksUntilEpoch } from './epoch.js';
import { chainFailure } from './failures.js';
import type { WeightFacts } from './ports.js';
import type { Uid } from './snapshot.js';

export interface PlannedVector {
  readonly uids: readonly Uid[];
  readonly values: readonly number[];
  readonly versionKey: bigint;
}

export type SubmissionMethod = 'set_weights' | 'set_mechanism_weights';

export type SubmissionPlan =
  | { readonly action: 'submit'; readonly method: SubmissionMethod }
  /** By itself it becomes possible after `blocks` blocks, at the earliest. */
  | { readonly action: 'wait'; readonly blocks: number; readonly because: Failure }
  /** Waiting does not help. */
  | { readonly action: 'refuse'; readonly because: Failure };

const U16_MAX = 65_535;

/**
 * What to do with a weight vector at `head` (default: the block the facts were read at).
 *
 * Shape: refusals come before waits; of several waits the longest.
 * Units: `blocks` is at least 1.
 * Errors: chain.bad_vector, commit_reveal_required, mechanism_missing, not_registered, seat_gone, stake_too_low, version_key, too_few_weights,
 * no_permit; waits: no_permit, rate_limited.
 * Source: subtensor pallets/subtensor, subnets/weights.rs, internal_set_weights, in its order.
 */
export function planSubmission(facts: WeightFacts, vector: PlannedVector, head: { readonly number: number } = facts.block): SubmissionPlan {
  const refusal = vectorFault(vector) ?? refusalOf(facts, vector);
  if (refusal !== null) return { action: 'refuse', because: refusal };
  const at = { ...facts, block: { ...facts.block, number: Math.max(head.number, facts.block.number) } };
  const waits = [permitWait(at, vector), rateWait(at)].filter((plan) => plan !== null);
  const never = waits.find(({ action }) => action === 'refuse');
  if (never !== undefined) return never;
  const longest = waits.reduce<SubmissionPlan | null>(
    (best, plan) => (best !== null && blocksOf(best) >= blocksOf(plan) ? best : plan),
    null,
  );
  return longest ?? { action: 'submit', method: facts.mechanism === 0 ? 'set_weights' : 'set_mechanism_weights' };
}

/** What no chain would take, or what would mean nothing there. */
function vectorFault({ uids, values }: PlannedVector): Failure | null {
  const bad = (reason: string) => chainFailure('chain.bad_vector', { reason });
  if (uids.length !== values.length) return bad(`${uids.length} uids but ${values.length} values`);
  if (uids.length === 0) return bad('it is empty');
  const odd = uids.find((uid) => !isU16(uid));
  if (odd !== undefined) return bad(`${odd} is no uid`);
  const twice = uids.find((uid, index) => uids.indexOf(uid) !== index);
  if (twice !== undefined) return bad(`uid ${twice} is in it twice`);
  const wrong = values.find((value) => !isU16(value));
  if (wrong !== undefined) return bad(`${wrong} is no weight (0..${U16_MAX})`);
  if (values.every((value) => value === 0)) return bad('all its values are 0');
  return null;
}

function refusalOf(facts: WeightFacts, vector: PlannedVector): Failure | null {
  const { netuid, mechanism, mechanismCount, uid, stakeRao, stakeThresholdRao, neuronCount } = facts;
  if (facts.commitRevealEnabled) return chainFailure('chain.commit_reveal_required', { netuid });
  if (mechanismCount !== undefined && mechanism >= mechanismCount) return chainFailure('chain.mechanism_missing', { netuid, mechanism });
  if (uid === null) return chainFailure('chain.not_registered', { netuid });
  if (stakeRao < stakeThresholdRao && !facts.isOwner) {
    return chainFailure('chain.stake_too_low', { stakeRao: String(stakeRao), requiredRao: String(stakeThresholdRao) });
  }
  if (facts.weightsVersionKey !== 0n && vector.versionKey < facts.weightsVersionKey) {
    return chainFailure('chain.version_key', { required: String(facts.weightsVersionKey), given: String(vector.versionKey) });
  }
  const outside = vector.uids.find((each) => each >= neuronCount);
  if (outside !== undefined) return chainFailure('chain.seat_gone', { netuid, error: `uid ${outside} of ${neuronCount}` });
  const required = Math.min(neuronCount, facts.minAllowedWeights);
  if (vector.uids.length < required && !isLoneSelfWeight(facts, vector)) {
    return chainFailure('chain.too_few_weights', { required, given: vector.uids.length });
  }
  return null;
}

/** Permits are given at each epoch to the largest stakes: without stake there is nothing to wait for. */
function permitWait(facts: WeightFacts, vector: PlannedVector): SubmissionPlan | null {
  const { netuid, stakeRao } = facts;
  if (facts.validatorPermit || facts.isOwner || isLoneSelfWeight(facts, vector)) return null;
  const blocks = blocksUntilEpoch(facts);
  if (stakeRao === 0n || blocks === null) {
    const next =
      stakeRao === 0n
        ? 'Add stake to the hotkey: permits go to the largest stakes at each epoch.'
        : 'This subnet runs no epochs (tempo 0).';
    return { action: 'refuse', because: chainFailure('chain.no_permit', { netuid, next }) };
  }
  const next = `Permits are given to the largest stakes at the next epoch, in ${inBlocks(blocks)}; if there is none then, add stake.`;
  return { action: 'wait', blocks, because: chainFailure('chain.no_permit', { netuid, blocksLeft: blocks, next }) };
}

/** `LastUpdate` is the block of registration for a new seat, so its first weights have to wait as well. */
function rateWait({ block, lastUpdate, rateLimitBlocks, mechanism }: WeightFacts): SubmissionPlan | null {
  const blocksLeft = lastUpdate + rateLimitBlocks - block.number;
  if (lastUpdate === 0 || blocksLeft <= 0) return null;
  const method = mechanism === 0 ? 'set_weights' : 'set_mechanism_weights';
  const because = chainFailure('chain.rate_limited', { method, blocksLeft, rateLimitBlocks, lastUpdate, wait: inBlocks(blocksLeft) });
  return { action: 'wait', blocks: blocksLeft, because };
}

function isLoneSelfWeight({ uid }: WeightFacts, { uids }: PlannedVector): boolean {
  return uids.length === 1 && uids[0] === uid;
}

function blocksOf(plan: SubmissionPlan): number {
  return plan.action === 'wait' ? plan.blocks : 0;
}

function isU16(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= U16_MAX;
}

export function inBlocks(count: number): string {
  return count === 1 ? '1 block' : `${count} blocks`;
}
