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
  /** How many times the doubt, a standard error, the lead must exceed. */
  readonly standardErrors: number;
  /** Standings below this earn nothing, ppm. */
  readonly thresholdPpm: number;
  /** What each place is worth, permille; later places get nothing. */
  readonly curve: readonly number[];
}

export interface Contender {
  readonly hotkey: Hotkey;
  /** Who owns the hotkey; null: not known. */
  readonly coldkey: Hotkey | null;
  /** The original that it was made from; null: it is one. */
  readonly parent: Hotkey | null;
  readonly model: ModelDigest;
  readonly commitmentBlock: number;
  readonly standingPpm: number;
  /** This round's score per prompt, same prompts for all; empty when it was not heard this round. */
  readonly promptsPpm: readonly number[];
}

export interface Place {
  readonly hotkey: Hotkey;
  /** 1 is the best; null: another one of its cluster stands for it. */
  readonly rank: number | null;
  /** Who stands for it; null: it stands for itself. */
  readonly behind: Hotkey | null;
  readonly sharePpm: number;
}

/**
 * Rank voices and share out the reward.
 *
 * One voice per family (an original and what was made from it), then one per coldkey, then a place for each of those: no number of kin or of hotkeys earns
 * more than the best of them alone. Each choice is a ladder; within a family the whole epsilon is asked for, however old the original is.
 *
 * Shape: contenders, copies not among them → those at or above the threshold: first the places, best first, then those that stand behind another one, by
 * hotkey. Shares add up to 1,000,000 exactly when there is any place. Source: docs/scoring.md, "Contest".
 */
export function holdContest(contenders: readonly Contender[], rules: ContestRules, block: number): readonly Place[] {
  const able = contenders.filter(({ standingPpm }) => standingPpm >= rules.thresholdPpm);
  const behind = new Map<Hotkey, Hotkey>();
  const best = (of: readonly Contender[], clusterOf: (contender: Contender) => string, by: ContestRules): readonly Contender[] =>
    [...groups(of, clusterOf)].map((group) => {
      const [first, ...rest] = ladderOf(group, by, block);
      for (const { hotkey } of rest) behind.set(hotkey, first!.hotkey);
      return first!;
    });
  const roots = rootsOf(contenders);
  const heads = best(able, ({ hotkey }) => roots.get(hotkey)!, {
    ...rules,
    epsilonFloorPpm: Math.max(rules.epsilonPpm, rules.epsilonFloorPpm),
  });
  const owners = best(heads, ({ coldkey, hotkey }) => coldkey ?? `hotkey ${hotkey}`, rules);
  const ladder = ladderOf(owners, rules, block);
  const shares = sharesFor(ladder.length, rules.curve);
  return [
    ...ladder.map(({ hotkey }, index) => ({ hotkey, rank: index + 1, behind: null, sharePpm: shares[index]! })),
    ...[...behind.keys()].sort().map((hotkey) => ({ hotkey, rank: null, behind: standsFor(hotkey, behind), sharePpm: 0 })),
  ];
}

/**
 * Contenders enter in the order of their commitments, each at the bottom, and climb while they beat the one above. So a tie, or a lead within the noise,
 * leaves the earlier one in front.
 */
function ladderOf(contenders: readonly Contender[], rules: ContestRules, block: number): readonly Contender[] {
  const ladder: Contender[] = [];
  for (const contender of [...contenders].sort(byCommitment)) {
    let place = ladder.length;
    while (place > 0 && beats(contender, ladder[place - 1]!, rules, block)) place--;
    ladder.splice(place, 0, contender);
  }
  return ladder;
}

/** The original at the head of each one's family. A parent that takes no part still names the family. */
function rootsOf(contenders: readonly Contender[]): ReadonlyMap<Hotkey, Hotkey> {
  const parents = new Map(contenders.map(({ hotkey, parent }) => [hotkey, parent]));
  return new Map(
    contenders.map(({ hotkey }) => {
      let root = hotkey;
      // Parents are earlier than their children, so this ends; the bound is for rows that nobody made.
      for (let step = 0; step < contenders.length; step++) root = parents.get(root) ?? root;
      return [hotkey, root];
    }),
  );
}

function groups(contenders: readonly Contender[], clusterOf: (contender: Contender) => string): Iterable<readonly Contender[]> {
  const found = new Map<string, Contender[]>();
  for (const contender of contenders) {
    const cluster = clusterOf(contender);
    const members = found.get(cluster) ?? [];
    members.push(contender);
    found.set(cluster, members);
  }
  return found.values();
}

function standsFor(hotkey: Hotkey, behind: ReadonlyMap<Hotkey, Hotkey>): Hotkey {
  const next = behind.get(hotkey);
  return next === undefined ? hotkey : standsFor(next, behind);
}

/**
 * A challenger committed later wins only by more than max(epsilon, z times the doubt). Monotone: no prompt that the incumbent says worse saves it, and
 * none that the challenger says better costs it.
 */
export function beats(challenger: Contender, incumbent: Contender, rules: ContestRules, block: number): boolean {
  const lead = challenger.standingPpm - incumbent.standingPpm;
  const noise = rules.standardErrors * doubtPpm(challenger.promptsPpm, incumbent.promptsPpm);
  return lead > Math.max(epsilonAt(block - incumbent.commitmentBlock, rules), noise);
}

/** Units: ppm. Falls linearly with the incumbent's age in blocks, rounded down. */
export function epsilonAt(ageBlocks: number, rules: ContestRules): number {
  if (ageBlocks >= rules.epsilonDecayBlocks) return rules.epsilonFloorPpm;
  const fallen = Math.floor(((rules.epsilonPpm - rules.epsilonFloorPpm) * Math.max(0, ageBlocks)) / rules.epsilonDecayBlocks);
  return rules.epsilonPpm - fallen;
}

/**
 * How little a lead says, by the prompts at which the challenger was the worse one. Without a true lead, half of the differences lie there, so that twice
 * their squares make the standard error of the mean difference. Where the incumbent fails there is no doubt: its faults must not look like noise.
 *
 * Shape: scores of the challenger and of the incumbent on the same prompts → ppm, rounded down; 0 when fewer than two are shared.
 * Source: docs/scoring.md, "Contest".
 */
export function doubtPpm(challenger: readonly number[], incumbent: readonly number[]): number {
  const shared = Math.min(challenger.length, incumbent.length);
  if (shared < 2) return 0;
  let squares = 0n;
  for (let i = 0; i < shared; i++) squares += BigInt(Math.max(0, incumbent[i]! - challenger[i]!)) ** 2n;
  const count = BigInt(shared);
  return Number(squareRoot((2n * squares) / (count * (count - 1n))));
}

function sharesFor(places: number, curve: readonly number[]): readonly number[] {
  const worth = Array.from({ length: places }, (_, index) => curve[index] ?? 0);
  const total = worth.reduce((sum, part) => sum + part, 0);
  if (total === 0) return worth;
  const shares = worth.map((part) => Math.floor((part * 1_000_000) / total));
  shares[0]! += 1_000_000 - shares.reduce((sum, part) => sum + part, 0);
  return shares;
}
