/** The checks that a chain makes on weights, asked beforehand: when they are set openly, and when what was committed is revealed, where failing is silent. */
import type { Failure } from '../protocol/failure.js';
import { blocksUntilEpoch } from './epoch.js';
import { chainFailure } from './failures.js';
import type { WeightEntry, WeightFacts } from './ports.js';
import type { Uid } from './snapshot.js';

export interface PlannedVector {
  readonly uids: readonly Uid[];
  readonly values: readonly number[];
  readonly versionKey: bigint;
}

/** Not now. By itself it becomes possible after `blocks` blocks, at the earliest; at least 1. */
export interface Wait {
  readonly action: 'wait';
  readonly blocks: number;
  readonly because: Failure;
}

/** Waiting does not help. */
export interface Refusal {
  readonly action: 'refuse';
  readonly because: Failure;
}

const U16_MAX = 65_535;

/** What no chain would take, or what would mean nothing there. Errors: chain.bad_vector. */
export function vectorFault({ uids, values }: PlannedVector): Failure | null {
  const bad = (reason: string) => chainFailure('chain.bad_vector', { reason });
  if (uids.length !== values.length) return bad(`${uids.length} uids but ${values.length} values`);
  if (uids.length === 0) return bad('it is empty');
  const odd = uids.find((uid) => !isU16(uid));
  if (odd !== undefined) return bad(`${odd} is no uid`);
  if (new Set(uids).size < uids.length) return bad(`uid ${uids.find((uid, index) => uids.indexOf(uid) !== index)} is in it twice`);
  const wrong = values.find((value) => !isU16(value));
  if (wrong !== undefined) return bad(`${wrong} is no weight (0..${U16_MAX})`);
  if (values.every((value) => value === 0)) return bad('all its values are 0');
  return null;
}

/**
 * What waiting does not mend.
 * Errors: chain.root_weights, mechanism_missing, not_registered, stake_too_low, version_key, seat_gone, too_few_weights.
 * Source: subtensor pallets/subtensor, subnets/weights.rs, internal_set_weights.
 */
export function standingFault(facts: WeightFacts, vector: PlannedVector): Failure | null {
  const { netuid, mechanism, mechanismCount, uid, stakeRao, stakeThresholdRao, neuronCount } = facts;
  if (netuid === 0) return chainFailure('chain.root_weights');
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

/** Permits are given at each epoch to the largest stakes: without stake there is nothing to wait for. Errors: chain.no_permit. */
export function permitFault(facts: WeightFacts, vector: PlannedVector): Wait | Refusal | null {
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

/** Of what a node does about weights, the one call that safe mode admits. Source: subtensor runtime/src/lib.rs, SafeModeWhitelistedCalls. */
const ADMITTED_IN_SAFE_MODE = 'set_weights';

/** Safe mode refuses in the block, once the transaction has its nonce: it is better waited for. Errors: chain.paused. */
export function pauseFault({ block, safeModeUntil }: WeightFacts, method: string): Wait | null {
  const blocks = (safeModeUntil ?? 0) - block.number;
  if (blocks <= 0 || method === ADMITTED_IN_SAFE_MODE) return null;
  const because = chainFailure('chain.paused', { method, error: `until block ${safeModeUntil}`, blocksLeft: blocks });
  return { action: 'wait', blocks, because };
}

/** What the chain would say to committed weights if they were revealed now. Errors: those of `standingFault` and `permitFault`. */
export function revealFault(facts: WeightFacts, vector: PlannedVector): Failure | null {
  return vectorFault(vector) ?? standingFault(facts, vector) ?? permitFault(facts, vector)?.because ?? null;
}

/**
 * Weights and commits share one limit. `LastUpdate` is the block of registration for a new seat, so its first weights have to wait as well.
 * What is sent now is in the next block at the earliest, and that block is the one whose distance counts.
 * Errors: chain.rate_limited.
 */
export function rateFault({ block, lastUpdate, rateLimitBlocks }: WeightFacts, method: string): Wait | null {
  const blocksLeft = lastUpdate + rateLimitBlocks - (block.number + 1);
  if (lastUpdate === 0 || blocksLeft <= 0) return null;
  const because = chainFailure('chain.rate_limited', { method, blocksLeft, rateLimitBlocks, lastUpdate, wait: inBlocks(blocksLeft) });
  return { action: 'wait', blocks: blocksLeft, because };
}

/**
 * The row as the chain stores it: the largest becomes 65535, the others in proportion, rounded to the nearest.
 * Source: subtensor epoch/math.rs, vec_u16_max_upscale_to_u16: in 32 fractional bits, rounded down between the steps.
 */
export function maxUpscaled(values: readonly number[]): readonly number[] {
  const largest = BigInt(Math.max(0, ...values));
  if (largest === 0n) return values;
  const half = 1n << (FRACTION_BITS - 1n);
  const scale = (BigInt(U16_MAX) << FRACTION_BITS) / largest;
  return values.map((value) => {
    const scaled = largest > SCALED_BEFORE_DIVIDED ? BigInt(value) * scale : ((BigInt(value) * BigInt(U16_MAX)) << FRACTION_BITS) / largest;
    return Number((scaled + half) >> FRACTION_BITS);
  });
}

const FRACTION_BITS = 32n;
/** Above this the chain divides first, so that no product is too large for it. */
const SCALED_BEFORE_DIVIDED = 32_768n;

/** Whether that row of the chain is what this vector becomes there. */
export function isStored({ uids, values }: Pick<PlannedVector, 'uids' | 'values'>, stored: readonly WeightEntry[]): boolean {
  if (stored.length !== uids.length) return false;
  const scaled = maxUpscaled(values);
  const row = new Map(stored.map(({ uid, value }) => [uid, value]));
  return uids.every((uid, index) => row.get(uid) === scaled[index]);
}

function isLoneSelfWeight({ uid }: WeightFacts, { uids }: PlannedVector): boolean {
  return uids.length === 1 && uids[0] === uid;
}

function isU16(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= U16_MAX;
}

export function inBlocks(count: number): string {
  return count === 1 ? '1 block' : `${count} blocks`;
}
