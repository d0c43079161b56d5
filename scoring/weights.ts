/** The last step before the chain: shares become the u16 vector, if the vector is fit to be sent. */
import { defineFailures, type Failure } from '../protocol/failure.js';
import type { Hotkey, Uid } from '../protocol/names.js';
import { err, ok, type Result } from '../protocol/result.js';

export const WEIGHT_MAX = 65_535;

export const weightsFailure = defineFailures({
  'weights.low_coverage': {
    disposition: 'retry',
    message: 'Only {heard} of {entered} models of round {round} were heard ({percent} %), fewer than {minimumPercent} %.',
    hint: 'Nothing is sent and the weights on chain stay. See `voxd status` for models waiting to be fetched or scored.',
  },
  'weights.nobody_qualifies': {
    disposition: 'retry',
    message: 'No model of round {round} stands at or above the threshold of {thresholdPpm} ppm.',
    hint: 'Nothing is sent and the weights on chain stay. See `voxd explain HOTKEY` for what each model lacks.',
  },
  'weights.not_a_vector': {
    disposition: 'fatal',
    message: 'The weights are not a vector: {problem}.',
    hint: 'Give as many values as uids, each uid once, whole values from 0 to 65535 and at least one above 0.',
    exit: 2,
  },
});
export type WeightsCode = Parameters<typeof weightsFailure>[0];

export interface WeightVector {
  /** Ascending. */
  readonly uids: readonly Uid[];
  /** 0..65535, the largest is 65535. */
  readonly values: readonly number[];
  /** Who sits on each uid, for the check just before signing. */
  readonly hotkeys: readonly Hotkey[];
}

export interface Coverage {
  readonly round: number;
  /** Models that took part in the round. */
  readonly entered: number;
  /** Models with a believed score of this round, or rejected for a fault of their own. */
  readonly heard: number;
}

/**
 * Refuse a vector that would misinform the chain: low coverage, nobody above the threshold, anything that is not a number.
 *
 * Shape: shares in ppm by hotkey → nothing, or the reason to stay silent.
 */
export function gate(of: {
  readonly shares: ReadonlyMap<Hotkey, number>;
  readonly coverage: Coverage;
  readonly minimumPercent: number;
  readonly thresholdPpm: number;
}): Result<null, Failure<WeightsCode>> {
  const { round, entered, heard } = of.coverage;
  const percent = entered === 0 ? 0 : Math.floor((heard * 100) / entered);
  if (percent < of.minimumPercent)
    return err(weightsFailure('weights.low_coverage', { round, entered, heard, percent, minimumPercent: of.minimumPercent }));
  for (const [hotkey, share] of of.shares)
    if (!Number.isInteger(share) || share < 0)
      return err(weightsFailure('weights.not_a_vector', { problem: `share ${share} of ${hotkey}` }));
  if (![...of.shares.values()].some((share) => share > 0))
    return err(weightsFailure('weights.nobody_qualifies', { round, thresholdPpm: of.thresholdPpm }));
  return ok(null);
}

/**
 * Scale shares to the u16 vector that the chain stores.
 *
 * Shape: positive entries and, when the chain wants more entries than there are positive ones, zeros for the lowest other uids; ascending uid.
 * Units: share in ppm; weight 0..65535, the largest is 65535 (the chain scales so by itself, hence its row equals ours).
 */
export function quantise(
  shares: ReadonlyMap<Hotkey, number>,
  seats: readonly { readonly uid: Uid; readonly hotkey: Hotkey }[],
  minAllowedWeights: number,
): WeightVector {
  const largest = Math.max(0, ...shares.values());
  const wanted = Math.min(seats.length, minAllowedWeights);
  const valued = seats.map((seat) => ({
    ...seat,
    value: largest === 0 ? 0 : Math.floor(((shares.get(seat.hotkey) ?? 0) * WEIGHT_MAX) / largest),
  }));
  const positive = valued.filter(({ value }) => value > 0);
  const zeros = valued.filter(({ value }) => value === 0).sort((a, b) => a.uid - b.uid);
  const entries = [...positive, ...zeros.slice(0, Math.max(0, wanted - positive.length))].sort((a, b) => a.uid - b.uid);
  return { uids: entries.map((e) => e.uid), values: entries.map((e) => e.value), hotkeys: entries.map((e) => e.hotkey) };
}

/**
 * Give `percent` of everything to one hotkey, the rest to those it was meant for, in proportion.
 *
 * Shape: shares in any unit → shares in a unit a hundred times as fine; unchanged without a burn.
 */
export function withBurn(
  shares: ReadonlyMap<Hotkey, number>,
  burn: { readonly percent: number; readonly hotkey: Hotkey } | null,
): ReadonlyMap<Hotkey, number> {
  if (burn === null) return shares;
  const total = [...shares.values()].reduce((sum, share) => sum + share, 0);
  const rest = new Map([...shares].map(([hotkey, share]) => [hotkey, share * (100 - burn.percent)] as const));
  return rest.set(burn.hotkey, (rest.get(burn.hotkey) ?? 0) + total * burn.percent);
}

/** A vector given by hand, checked as strictly as our own. Errors: weights.not_a_vector. */
export function checkVector(uids: readonly number[], values: readonly number[]): Result<null, Failure<WeightsCode>> {
  const problem = vectorProblem(uids, values);
  return problem === null ? ok(null) : err(weightsFailure('weights.not_a_vector', { problem }));
}

function vectorProblem(uids: readonly number[], values: readonly number[]): string | null {
  if (uids.length !== values.length) return `${uids.length} uids but ${values.length} values`;
  if (uids.length === 0) return 'it is empty';
  const twice = uids.find((uid, index) => uids.indexOf(uid) !== index);
  if (twice !== undefined) return `uid ${twice} is there twice`;
  const badUid = uids.find((uid) => !Number.isInteger(uid) || uid < 0 || uid > WEIGHT_MAX);
  if (badUid !== undefined) return `${badUid} is not a uid`;
  const badValue = values.find((value) => !Number.isInteger(value) || value < 0 || value > WEIGHT_MAX);
  if (badValue !== undefined) return `${badValue} is not a weight`;
  return values.some((value) => value > 0) ? null : 'every value is 0';
}
