/** What to do, in sentences: the numbers are those of the contest and of the record. */
import type { Hotkey } from '../../protocol/names.js';
import type { Climb, Goal } from '../../scoring/climb.js';
import type { Kinship } from '../../scoring/copies.js';
import { FAULTS, type PartLoss } from '../../scoring/losses.js';
import { WAITING_ROUNDS_MAX } from '../../scoring/standing.js';
import type { StandingRow } from '../ports.js';

/** Less than this is not worth a sentence, ppm. */
const LOSS_SAID_PPM = 1_000;
const PARTS_SAID = 3;

const PART_WORDS: Readonly<Record<string, string>> = {
  content: 'words that are not the text',
  clean: 'noise, clipping or holes',
  prosody: 'too little melody, or a broken one',
  rate: 'too fast, too slow, or long pauses',
  spectrum: 'a dull or shrill sound',
  padding: 'silence before or behind the speech',
  naturalness: 'an unnatural sound',
  voice: 'a voice that changes from prompt to prompt',
  activity: 'sound that is no speech',
  [FAULTS]: 'prompts that were not spoken',
};

export function points(ppm: number): string {
  return (ppm / 10_000).toFixed(2);
}

/** What each part is about, for tables and pages. */
export function partWords(part: string): string {
  return PART_WORDS[part] ?? '';
}

export function adviceOf(of: {
  readonly standing:
    | (Pick<StandingRow, 'copyOf' | 'standingPpm'> & Partial<Pick<StandingRow, 'behind' | 'kinship' | 'unheardRounds'>>)
    | null;
  readonly climb: Climb | null;
  readonly parts: readonly PartLoss[];
}): readonly string[] {
  const { standing, climb, parts } = of;
  if (standing === null) {
    if (parts.length === 0) return ['It has not been scored yet: see that it is registered, committed, announced and reachable.'];
    return ['It has no standing yet: the round it was heard in is not weighed.', ...lossSentences(parts)];
  }
  if (standing.copyOf !== null) return ['Offer a voice of its own: copies earn nothing, however good.'];
  const { behind = null, kinship = null, unheardRounds = 0 } = standing;
  return [
    ...(unheardRounds > 0 ? [waitingSentence(unheardRounds)] : []),
    ...(behind === null ? [] : [behindSentence(behind, kinship)]),
    ...(climb === null ? [] : climbSentences(climb, standing.standingPpm)),
    ...lossSentences(parts),
  ];
}

function waitingSentence(rounds: number): string {
  return `It has had no new score for ${rounds} rounds. While a newer model of its miner waits to be heard it keeps its place for ${WAITING_ROUNDS_MAX} rounds at most: see that the new one is announced and reachable.`;
}

function behindSentence(behind: Hotkey, kinship: Kinship | null): string {
  if (kinship?.of === behind)
    return `It was made from the voice of ${behind}: it earns in its place only, with a lead of the whole epsilon over it.`;
  return `A voice of the same owner or family stands for it, ${behind}: together they have one place.`;
}

function climbSentences({ rank, next, lead, thresholdPpm, defencePpm }: Climb, standingPpm: number): readonly string[] {
  if (rank === 1) {
    const atLeast = points(standingPpm + defencePpm);
    return [
      `It leads. A later voice must stand above ${atLeast} to pass it: ${points(defencePpm)} points of epsilon, or the noise where that is more.`,
    ];
  }
  const below =
    rank === null && standingPpm < thresholdPpm
      ? [`Standings below ${points(thresholdPpm)} earn nothing; ${points(thresholdPpm - standingPpm)} points are missing.`]
      : [];
  return [...below, ...[next, lead].flatMap((goal) => (goal === null ? [] : goalSentences(goal, standingPpm)))];
}

function goalSentences(goal: Goal, standingPpm: number): readonly string[] {
  const { rank, rivalStandingPpm, standingPpm: wanted, newVoicePpm, epsilonPpm, noisePpm } = goal;
  const margin = Math.max(epsilonPpm, noisePpm);
  const why = `place ${rank} has ${points(rivalStandingPpm)}; a later voice must lead by more than ${points(margin)}, the larger of epsilon ${points(epsilonPpm)} and noise ${points(noisePpm)}`;
  const now =
    wanted === null
      ? `Place ${rank}: out of reach for this voice (${why}).`
      : `Place ${rank}: a standing of ${points(wanted)}, ${points(wanted - standingPpm)} points more than now (${why}).`;
  if (newVoicePpm === null) return [now, `A new voice could not take place ${rank} either while the margin is that wide.`];
  return [now, `A new voice takes place ${rank} with a first score of ${points(newVoicePpm)}.`];
}

function lossSentences(parts: readonly PartLoss[]): readonly string[] {
  const costly = parts.filter(({ lostPpm }) => lostPpm >= LOSS_SAID_PPM).slice(0, PARTS_SAID);
  if (costly.length === 0) return ['No part of it leaves anything to wish for.'];
  return [`Most is lost by ${costly.map(({ part, lostPpm }) => `${part} (${points(lostPpm)} points: ${partWords(part)})`).join(', ')}.`];
}
