/** From standings to shares: who beats whom, and what a place is worth. Integers only. */

import type { Hotkey, ModelDigest } from '../protocol/names.js';
import { byCommitment } from './copies.js';
import { squareRoot } from './integers.js';

export interface ContestRules {
  /** Lead that a challenger needs over a fresh incumbent, ppm. */
  readonly epsilonPpm: number;
  /** Lead that it needs once the incumbent is `epsilonDecayBlocks` old, ppm. */
  readonly epsilonFloorPpm: number;
  readonly epsilonDecayBlocks: number;
  /** Standard errors that the lead must exceed. */
  readonly standardErrors: number;
  /** Standings below this earn nothing, ppm. */
  readonly thresholdPpm: number;
  /** What each place is worth, permille; later places get nothing. */
  readonly curve: readonly number[];
}

export interface Contender {
  readonly hotkey: Hotkey;
  readonly model: ModelDigest;
  readonly commitmentBlock: number;
  readonly standingPpm: number;
  /** This round's score per prompt, same prompts for all; empty when it was not heard this round. */
  readonly promptsPpm: readonly number[];
}

export interface Place {
  readonly hotkey: Hotkey;
  /** 1 is the best. */
  readonly rank: number;
  readonly sharePpm: number;
}

/**
 * Rank originals and share out the reward.
 *
 * Contenders enter in the order of their commitments, each at the bottom, and climb while they beat the one above. So a tie, or a lead
 * within the noise, leaves the earlier one in front.
 *
 * Shape: one place per contender at or above the threshold, best first; shares add up to 1,000,000 exactly when there is any place.
 * Source: docs/scoring.md, "Contest".
 */
export function holdContest(contenders: readonly Contender[], rules: ContestRules, block: number): readonly Place[] {
  const ladder: Contender[] = [];
  for (const contender of [...contenders].filter((c) => c.standingPpm >= rules.thresholdPpm).sort(byCommitment)) {
    let place = ladder.length;
    while (place > 0 && beats(contender, ladder[place - 1]!, rules, block)) place--;
    ladder.splice(place, 0, contender);
  }
  const shares = sharesFor(ladder.length, rules.curve);
  return ladder.map(({ hotkey }, index) => ({ hotkey, rank: index + 1, sharePpm: shares[index]! }));
}

/** A challenger committed later wins only by more than max(epsilon, z standard errors of the paired differences). */
export function beats(challenger: Contender, incumbent: Contender, rules: ContestRules, block: number): boolean {
  const lead = challenger.standingPpm - incumbent.standingPpm;
  const noise = rules.standardErrors * pairedStandardErrorPpm(challenger.promptsPpm, incumbent.promptsPpm);
  return lead > Math.max(epsilonAt(block - incumbent.commitmentBlock, rules), noise);
}

/** Units: ppm. Falls linearly with the incumbent's age in blocks, rounded down. */
export function epsilonAt(ageBlocks: number, rules: ContestRules): number {
  if (ageBlocks >= rules.epsilonDecayBlocks) return rules.epsilonFloorPpm;
  const fallen = Math.floor(((rules.epsilonPpm - rules.epsilonFloorPpm) * Math.max(0, ageBlocks)) / rules.epsilonDecayBlocks);
  return rules.epsilonPpm - fallen;
}

/** Units: ppm, rounded down. 0 when there are fewer than two common prompts. */
export function pairedStandardErrorPpm(a: readonly number[], b: readonly number[]): number {
  const n = Math.min(a.length, b.length);
  if (n < 2) return 0;
  let sum = 0n;
  let squares = 0n;
  for (let i = 0; i < n; i++) {
    const difference = BigInt(a[i]! - b[i]!);
    sum += difference;
    squares += difference * difference;
  }
  const count = BigInt(n);
  // variance of the mean = (n Σd² − (Σd)²) / (n² (n − 1))
  return Number(squareRoot((count * squares - sum * sum) / (count * count * (count - 1n))));
}

function sharesFor(places: number, curve: readonly number[]): readonly number[] {
  const worth = Array.from({ length: places }, (_, index) => curve[index] ?? 0);
  const total = worth.reduce((sum, part) => sum + part, 0);
  if (total === 0) return worth;
  const shares = worth.map((part) => Math.floor((part * 1_000_000) / total));
  shares[0]! += 1_000_000 - shares.reduce((sum, part) => sum + part, 0);
  return shares;
}
