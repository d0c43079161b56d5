/** What must hold when honest voices of every contract meet every cheat. Pure: facts in, verdicts out. */
import type { Cheat } from '../../scoring/voices/cheats.js';
import { size } from '../words.js';
import { agreement, type CheckedFacts, copy, paid, replay, rounds, weights } from './checks.js';
import type { Check, Footprint, LeaderboardRow } from './result.js';
import { type HonestVoice, isCheat, ORIGINAL } from './voices.js';

/** How a cheat is found out: by a fault at every prompt or at some, or because the text was not said. */
type Tell =
  | { readonly faults: readonly string[]; readonly at: 'every prompt' | 'some prompts' }
  /** Most that content may be, ppm. */
  | { readonly contentMaxPpm: number };

/** Of few prompts one may be a minimal pair that sounds like the other text: of 40 that were tried against another pair, three were taken for it. */
const CONTENT_MAX_PPM = 250_000;
const OTHER_WORDS: Tell = { contentMaxPpm: CONTENT_MAX_PPM };
const TOO_LONG_AT_WORK: Tell = { faults: ['scoring.cpu_exceeded', 'scoring.utterance_timeout'], at: 'every prompt' };
const always = (fault: string): Tell => ({ faults: [fault], at: 'every prompt' });

export const TELLS: Readonly<Record<Cheat, Tell>> = {
  noise: OTHER_WORDS,
  'wrong-text': OTHER_WORDS,
  'prompt-table': OTHER_WORDS,
  'crash-on-hard': { faults: ['scoring.run_failed'], at: 'some prompts' },
  slow: TOO_LONG_AT_WORK,
  endless: TOO_LONG_AT_WORK,
  'memory-bomb': always('scoring.memory_exceeded'),
  'not-a-number': always('scoring.audio_not_finite'),
  silence: always('scoring.audio_silent'),
  hour: always('scoring.audio_too_long'),
};

/** Best first; within one row the order is the draw's. The voice that reads letters is only held against the last: English spelling costs it some words. */
const TIERS: readonly (readonly HonestVoice[])[] = [
  ['piper', 'female', 'sherpa', 'matcha', 'kokoro'],
  ['sherpa-noisy'],
  ['kokoro-muffled'],
];
const CLEAR_MIN_PPM = 850_000;
const LETTERS: HonestVoice = 'mms';

/** Each validator hears one model at a time, and looks for a moment at how it can confine it. */
export const MODELS_AT_ONCE_MAX = 8;
/** Twenty-one nodes with up to eight database connections each, a process for each of them; five database servers of six; what hears models; the nodes. */
export const PROCESSES_MAX = 240;
export const RESIDENT_BYTES_MAX = 8 * 1024 ** 3;

export function gauntletChecks(facts: CheckedFacts & { readonly footprint: Footprint | null }): readonly Check[] {
  const { leaderboard, footprint } = facts;
  return [
    rounds(facts),
    ranking(leaderboard),
    cheatsNamed(leaderboard),
    cheatsBelow(leaderboard),
    cheatsEarnNothing(leaderboard),
    copy(leaderboard, ORIGINAL.gauntlet),
    agreement(facts.rounds, 0),
    weights(facts.chainRows),
    paid(leaderboard),
    replay(facts.rounds),
    bounded(footprint),
  ];
}

function ranking(rows: readonly LeaderboardRow[]): Check {
  const score = (voice: HonestVoice) => rows.find((row) => row.voice === voice)?.score_ppm ?? Number.NaN;
  const tiers = TIERS.map((tier) => ({ tier, scores: tier.map(score) }));
  const falling = tiers.every(({ scores }, at) => at === 0 || Math.min(...(tiers[at - 1]?.scores ?? [])) > Math.max(...scores));
  const clear = Math.min(...(tiers[0]?.scores ?? [])) >= CLEAR_MIN_PPM;
  const letters = score(LETTERS) > score('kokoro-muffled');
  return {
    name: 'ranking',
    ok: falling && clear && letters,
    detail: `${tiers.map(({ tier, scores }) => tier.map((voice, at) => `${voice} ${scores[at]}`).join(', ')).join(' > ')}; ${LETTERS} ${score(LETTERS)} (ppm)`,
  };
}

/** Whether the record says of a cheat what it does. */
export function isFoundOut(row: LeaderboardRow): boolean {
  if (row.voice === 'copy') return row.copy_of !== null;
  if (!isCheat(row.voice) || row.prompts === 0) return false;
  const tell = TELLS[row.voice];
  if ('contentMaxPpm' in tell) return Object.keys(row.faults).length === 0 && (row.parts['content'] ?? Number.NaN) <= tell.contentMaxPpm;
  const told = tell.faults.reduce((sum, fault) => sum + (row.faults[fault] ?? 0), 0);
  const other = Object.values(row.faults).reduce((sum, count) => sum + count, 0) - told;
  return other === 0 && (tell.at === 'every prompt' ? told === row.prompts : told > 0);
}

/** In words: what the record says of a voice. */
export function foundOut(row: LeaderboardRow, nameOf: (hotkey: string) => string): string {
  if (row.copy_of !== null) return `copy of ${nameOf(row.copy_of)}: ${row.copy_evidence ?? ''}`;
  const faults = Object.entries(row.faults);
  if (faults.length > 0) return faults.map(([code, count]) => `${code} at ${count} of ${row.prompts} prompts`).join(', ');
  if (row.prompts === 0) return 'not heard';
  const content = row.parts['content'] ?? 0;
  return content <= CONTENT_MAX_PPM ? `did not say the text: content ${(content / 1e6).toFixed(2)}` : 'said the text';
}

const cheating = (rows: readonly LeaderboardRow[]) => rows.filter(({ voice }) => voice === 'copy' || isCheat(voice));

function cheatsNamed(rows: readonly LeaderboardRow[]): Check {
  const cheats = cheating(rows);
  const missed = cheats.filter((row) => !isFoundOut(row));
  return {
    name: 'cheats_named',
    ok: cheats.length > Object.keys(TELLS).length && missed.length === 0,
    detail:
      missed.length === 0
        ? `${cheats.length} cheats, each with its reason`
        : missed.map((row) => `${row.name}: ${foundOut(row, (hotkey) => hotkey)}`).join('; '),
  };
}

function cheatsBelow(rows: readonly LeaderboardRow[]): Check {
  const cheats = rows.filter(({ voice }) => isCheat(voice));
  const honest = rows.filter(({ voice }) => voice !== 'copy' && !isCheat(voice));
  const best = Math.max(...cheats.map(({ score_ppm }) => score_ppm ?? Number.NaN));
  const worst = Math.min(...honest.map(({ score_ppm }) => score_ppm ?? Number.NaN));
  return { name: 'cheats_below', ok: best < worst, detail: `best cheat ${best}, worst honest voice ${worst} (ppm)` };
}

function cheatsEarnNothing(rows: readonly LeaderboardRow[]): Check {
  const earning = cheating(rows).filter(
    (row) => row.incentive > 0 || row.emission_rao > 0n || Object.values(row.weights).some((value) => value > 0),
  );
  return {
    name: 'cheats_earn_nothing',
    ok: earning.length === 0,
    detail: earning.length === 0 ? 'no weight, no incentive, no emission' : earning.map(({ name }) => name).join(', '),
  };
}

function bounded(footprint: Footprint | null): Check {
  if (footprint === null) return { name: 'bounded', ok: true, detail: 'not looked at: this system does not tell' };
  const { processes, models, resident_bytes } = footprint;
  return {
    name: 'bounded',
    ok: processes <= PROCESSES_MAX && models <= MODELS_AT_ONCE_MAX && resident_bytes <= RESIDENT_BYTES_MAX,
    detail: `at most ${processes} processes, ${models} of them with a foreign model, ${size(resident_bytes)} together`,
  };
}
