/** What a model needs to stand higher. Asked of the contest itself, so that it cannot say anything else. */
import type { Hotkey } from '../protocol/names.js';
import { type Contender, type ContestRules, doubtPpm, epsilonAt, holdContest } from './contest.js';
import { byCommitment } from './copies.js';

export interface Goal {
  readonly rank: number;
  /** Who has that place now. */
  readonly rival: Hotkey;
  readonly rivalStandingPpm: number;
  /** Lowest standing that takes the place, its prompts lifted as much, all else as it is; null: not even a perfect one does. */
  readonly standingPpm: number | null;
  /** The same for a new voice committed at the next block. */
  readonly newVoicePpm: number | null;
  /** Lead over the rival that a later commitment must exceed: the larger of the two. */
  readonly epsilonPpm: number;
  readonly noisePpm: number;
}

export interface Climb {
  /** Null: below the threshold, or another voice of its family or owner stands for it. */
  readonly rank: number | null;
  readonly contenders: number;
  readonly thresholdPpm: number;
  /** Lead that a voice committed later needs over this one at least. */
  readonly defencePpm: number;
  /** The place above; null for the first. */
  readonly next: Goal | null;
  /** The first place; null for the first and the second, where it is `next`. */
  readonly lead: Goal | null;
}

const PERFECT_PPM = 1_000_000;

/** Shape: the originals of a weighed round, its rules and block, and one of them → its place, and what the next and the first one take. */
export function climbOf(
  of: { readonly contenders: readonly Contender[]; readonly rules: ContestRules; readonly block: number },
  hotkey: Hotkey,
): Climb | null {
  const own = of.contenders.find((contender) => contender.hotkey === hotkey);
  if (own === undefined) return null;
  const places = holdContest(of.contenders, of.rules, of.block);
  const rank = places.find((place) => place.hotkey === hotkey)?.rank ?? null;
  const goal = (wanted: number): Goal | null => {
    const holder = places.find((place) => place.rank === wanted && place.hotkey !== hotkey);
    const rival = of.contenders.find((contender) => contender.hotkey === holder?.hotkey);
    if (rival === undefined) return null;
    const standingPpm = lowestFor(of, own, wanted);
    const then = atStanding(own, standingPpm ?? PERFECT_PPM);
    const [earlier, later] = byCommitment(own, rival) < 0 ? [then, rival] : [rival, then];
    return {
      rank: wanted,
      rival: rival.hotkey,
      rivalStandingPpm: rival.standingPpm,
      standingPpm,
      newVoicePpm: lowestFor(of, { ...own, commitmentBlock: of.block }, wanted),
      epsilonPpm: epsilonAt(of.block - earlier.commitmentBlock, of.rules),
      noisePpm: of.rules.standardErrors * doubtPpm(later.promptsPpm, earlier.promptsPpm),
    };
  };
  const placed = places.filter((place) => place.rank !== null).length;
  const nextRank = (rank ?? placed + 1) - 1;
  return {
    rank,
    contenders: placed,
    thresholdPpm: of.rules.thresholdPpm,
    defencePpm: epsilonAt(of.block - own.commitmentBlock, of.rules),
    next: nextRank >= 1 ? goal(nextRank) : null,
    lead: nextRank >= 2 ? goal(1) : null,
  };
}

/**
 * The voice as it would be with another standing: each prompt gains the same part of what it lacks, or loses the same part of what it has.
 * Shape: standing in ppm → its prompts; 1,000,000 is the best at each.
 */
export function atStanding(own: Contender, standingPpm: number): Contender {
  const [gain, room] = [standingPpm - own.standingPpm, PERFECT_PPM - own.standingPpm];
  const promptsPpm = own.promptsPpm.map((ppm) =>
    gain > 0 ? ppm + Math.floor(((PERFECT_PPM - ppm) * gain) / room) : Math.floor((ppm * standingPpm) / Math.max(1, own.standingPpm)),
  );
  return { ...own, standingPpm, promptsPpm };
}

/** By halves: a higher standing never has a worse place. */
function lowestFor(
  of: { readonly contenders: readonly Contender[]; readonly rules: ContestRules; readonly block: number },
  own: Contender,
  rank: number,
): number | null {
  const others = of.contenders.filter(({ hotkey }) => hotkey !== own.hotkey);
  const reaches = (standingPpm: number) => {
    const places = holdContest([...others, atStanding(own, standingPpm)], of.rules, of.block);
    return (places.find(({ hotkey }) => hotkey === own.hotkey)?.rank ?? Number.POSITIVE_INFINITY) <= rank;
  };
  if (!reaches(PERFECT_PPM)) return null;
  let [low, high] = [-1, PERFECT_PPM];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (reaches(middle)) high = middle;
    else low = middle;
  }
  return high;
}
