/**
 * Which models are heard further after the first prompts. A pure function of the standings before the round, the models of the round and the
 * model's own first scores, so that every validator decides alike and none waits for another. docs/scoring.md, "Stages".
 */
import type { Hotkey, ModelDigest } from '../protocol/names.js';
import type { PromptScore } from './profile.js';

/** Standard errors above its mean that a challenger's score is thought to reach. */
export const CHALLENGER_STANDARD_ERRORS = 2;
/** Incumbents that are heard in full; at least as many as places that earn. */
export const INCUMBENTS_HEARD = 8;

export interface ContenderEntry {
  readonly hotkey: Hotkey;
  readonly registeredAt: number;
  readonly model: ModelDigest;
}

export interface StandingBefore extends ContenderEntry {
  readonly standingPpm: number;
  readonly copyOf: Hotkey | null;
}

export interface ContenderRules {
  readonly incumbents: number;
  /** Standings below this earn nothing, ppm. */
  readonly thresholdPpm: number;
}

export type ContenderVerdict = 'incumbent' | 'challenger' | 'no contender';

export interface Contenders {
  /** What a challenger must be able to reach, ppm. */
  readonly barPpm: number;
  /** The first scores decide only about those that are no incumbents. */
  verdict(entry: ContenderEntry, first: readonly PromptScore[]): ContenderVerdict;
}

/**
 * - Incumbents: the originals among the round's models with the highest standings before it, at least the threshold; equal standings by hotkey.
 * - The bar: the lowest standing of the incumbents, or the threshold while there are fewer of them than are looked for.
 * - Challengers: whose mean plus two standard errors over the first prompts reaches the bar.
 */
export function findContenders(
  of: { readonly before: readonly StandingBefore[]; readonly entries: readonly ContenderEntry[] },
  rules: ContenderRules,
): Contenders {
  const entered = new Set(of.entries.map(keyOf));
  const incumbents = of.before
    .filter((standing) => standing.copyOf === null && standing.standingPpm >= rules.thresholdPpm && entered.has(keyOf(standing)))
    .sort((a, b) => b.standingPpm - a.standingPpm || (a.hotkey < b.hotkey ? -1 : 1))
    .slice(0, rules.incumbents);
  const last = incumbents.at(-1);
  const barPpm = last === undefined || incumbents.length < rules.incumbents ? rules.thresholdPpm : last.standingPpm;
  const names = new Set(incumbents.map(keyOf));
  return {
    barPpm,
    verdict(entry, first) {
      if (names.has(keyOf(entry))) return 'incumbent';
      return reaches(first, barPpm) ? 'challenger' : 'no contender';
    },
  };
}

function keyOf({ hotkey, registeredAt, model }: ContenderEntry): string {
  return `${hotkey}@${registeredAt}/${model}`;
}

/** mean + z · SE ≥ bar, without a root: with n·bar − Σx = d > 0 it is z²·(n·Σx² − (Σx)²) ≥ d²·(n − 1). Integers only. */
function reaches(first: readonly PromptScore[], barPpm: number): boolean {
  const count = BigInt(first.length);
  const sum = first.reduce((total, { scorePpm }) => total + BigInt(scorePpm), 0n);
  const short = count * BigInt(barPpm) - sum;
  if (short <= 0n) return count > 0n;
  if (count < 2n) return false;
  const squares = first.reduce((total, { scorePpm }) => total + BigInt(scorePpm) ** 2n, 0n);
  const z = BigInt(CHALLENGER_STANDARD_ERRORS);
  return z * z * (count * squares - sum * sum) >= short * short * (count - 1n);
}
