/**
 * Forty and more ways to speak a prompt, from clear to not at all, each with its place in an order that anybody would agree on. Half of them
 * (`held`) were never looked at while a threshold of the judge was set.
 */
import type { Audio } from '../../scoring/audio.js';
import type { Chance } from '../../scoring/chance.js';
import { isSeparator, type Phone } from '../../scoring/phonemes.js';
import type { Prompt } from '../../scoring/prompts.js';
import { planOf } from '../../scoring/voices/plan.js';
import { type ReferenceVoice, speakPlan } from '../../scoring/voices/reference.js';
import {
  bits,
  type Change,
  chanceOf,
  clipped,
  firstHalf,
  holed,
  hum,
  lastHalf,
  lowpassed,
  noiseOf,
  noisy,
  padded,
  quiet,
  reverberant,
  reversed,
  stuttered,
  tempo,
} from './degradations.js';

/** 6 clear; 5 a small fault; 4 plainly worse; 3 bad; 2 hardly of use; 1 not the text, or no speech. */
export type Tier = 1 | 2 | 3 | 4 | 5 | 6;

export interface SpeechSystem {
  readonly id: string;
  readonly tier: Tier;
  readonly half: 'tuned' | 'held';
  readonly speak: (prompt: Prompt, others: Others) => Audio;
}

/** Prompts that were not asked for: of another kind, and of the same kind. */
export interface Others {
  readonly unlike: Prompt;
  readonly alike: Prompt;
}

const RATE_HZ = 16_000;

/** None of them is a voice of the judge's own; `drift` moves every sound's formants and length by up to that share, as another mouth would. */
interface Stranger extends ReferenceVoice {
  readonly drift: number;
}

function stranger(
  id: string,
  pitchHz: number,
  formantScale: number,
  rate: number,
  drift: number,
  more: Partial<ReferenceVoice> = {},
): Stranger {
  return { id, pitchHz, formantScale, rate, drift, liveliness: 1, breathiness: 0.06, seed: id.length * 7919 + pitchHz, ...more };
}

const TUNED = stranger('tuned', 150, 1.08, 0.92, 0.04);
const HELD = stranger('held', 178, 1.12, 1.06, 0.05, { breathiness: 0.08 });

export function speakAs(voice: Stranger, phones: readonly Phone[]): Float32Array {
  const plan = planOf(phones);
  const drifts = new Map<string, { readonly length: number; readonly scale: readonly number[] }>();
  const driftOf = (key: string) => {
    const known = drifts.get(key);
    if (known) return known;
    const chance = chanceOf(voice.id, key);
    const one = (size: number) => 1 + (size * (chance.below(2_001) - 1_000)) / 1_000;
    const made = { length: one(4 * voice.drift), scale: [0, 1, 2, 3].map(() => one(voice.drift)) };
    drifts.set(key, made);
    return made;
  };
  const pieces = plan.pieces.map((piece) => {
    const { length, scale } = driftOf(piece.formantsHz.join(' '));
    const formantsHz = piece.formantsHz.map((hz, n) => hz * scale[n]!) as unknown as typeof piece.formantsHz;
    return { ...piece, ms: piece.ms * length, formantsHz };
  });
  return speakPlan({ ...plan, pieces }, voice, RATE_HZ).samples;
}

const audio = (samples: Float32Array): Audio => ({ samples, sampleRateHz: RATE_HZ });
const half = (of: 'tuned' | 'held') => ({ half: of, voice: of === 'tuned' ? TUNED : HELD });

function voiced(id: string, tier: Tier, of: 'tuned' | 'held', voice: Stranger): SpeechSystem {
  return { id, tier, half: of, speak: (prompt) => audio(speakAs(voice, prompt.phones)) };
}

function spoilt(id: string, tier: Tier, of: 'tuned' | 'held', change: Change): SpeechSystem {
  const { voice } = half(of);
  return { id, tier, half: of, speak: (prompt) => audio(change(speakAs(voice, prompt.phones), chanceOf(id, prompt.seed))) };
}

/** Says other words than asked. */
function reworded(
  id: string,
  tier: Tier,
  of: 'tuned' | 'held',
  words: (prompt: Prompt, others: Others, chance: Chance) => readonly Phone[],
): SpeechSystem {
  const { voice } = half(of);
  return { id, tier, half: of, speak: (prompt, others) => audio(speakAs(voice, words(prompt, others, chanceOf(id, prompt.seed)))) };
}

/** No speech at all, for as long as the prompt takes. */
function sound(id: string, of: 'tuned' | 'held', make: (length: number, chance: Chance) => Float32Array): SpeechSystem {
  return {
    id,
    tier: 1,
    half: of,
    speak: (prompt) => audio(make(speakAs(half(of).voice, prompt.phones).length, chanceOf(id, prompt.seed))),
  };
}

interface Marked {
  readonly word: readonly Phone[];
  readonly mark: Phone;
}

function markedWords(phones: readonly Phone[]): readonly Marked[] {
  const words: Marked[] = [];
  let word: Phone[] = [];
  for (const phone of phones) {
    if (!isSeparator(phone)) word.push(phone);
    else {
      if (word.length > 0) words.push({ word, mark: phone });
      word = [];
    }
  }
  return words;
}

const joined = (words: readonly Marked[]): readonly Phone[] => words.flatMap(({ word, mark }) => [...word, mark]);

/** The words in an order in which hardly any stands where it stood; the marks stay. */
export function shuffledWords(phones: readonly Phone[], chance: Chance): readonly Phone[] {
  const words = markedWords(phones);
  const order = chance.shuffle(words.map((_, at) => at));
  return joined(words.map(({ mark }, at) => ({ word: words[order[at]!]!.word, mark })));
}

/** Every `nth` word of more than two sounds becomes one of the other text. */
export function substituted(phones: readonly Phone[], from: readonly Phone[], share: number, chance: Chance): readonly Phone[] {
  const words = markedWords(phones);
  const long = chance.shuffle(words.flatMap(({ word }, at) => (word.length > 2 ? [at] : [])));
  const changed = new Set(long.slice(0, Math.max(1, Math.round(share * words.length))));
  const pool = markedWords(from).filter(({ word }) => word.length > 2);
  return joined(words.map((one, at) => (changed.has(at) ? { word: chance.pick(pool).word, mark: one.mark } : one)));
}

const whisper: Partial<ReferenceVoice> = { breathiness: 0 };

/** Nothing is voiced: breath where the voice was. */
function whispered(of: 'tuned' | 'held'): SpeechSystem {
  const { voice } = half(of);
  return {
    id: `whisper-${of}`,
    tier: 2,
    half: of,
    speak: (prompt) => {
      const plan = planOf(prompt.phones);
      const pieces = plan.pieces.map((piece) => ({ ...piece, breath: piece.breath + 0.6 * piece.voicing, voicing: 0 }));
      return speakPlan({ ...plan, pieces }, { ...voice, ...whisper }, RATE_HZ);
    },
  };
}

const tone = (hertz: number) => (length: number) =>
  Float32Array.from({ length }, (_, n) => 0.5 * Math.sin((2 * Math.PI * hertz * n) / RATE_HZ));
const syllabic = (length: number, chance: Chance) =>
  noiseOf(chance, length).map((value, n) => 0.2 * value * Math.max(0, Math.sin((2 * Math.PI * 4 * n) / RATE_HZ)));

export const SPEECH_SYSTEMS: readonly SpeechSystem[] = [
  voiced('voice-a', 6, 'tuned', TUNED),
  voiced('voice-low', 6, 'tuned', stranger('low', 96, 0.97, 0.95, 0.03)),
  voiced('voice-child', 6, 'tuned', stranger('child', 255, 1.24, 1, 0.03)),
  voiced('voice-b', 6, 'held', HELD),
  voiced('voice-deep', 6, 'held', stranger('deep', 84, 0.94, 1.1, 0.05)),
  voiced('voice-high', 6, 'held', stranger('high', 228, 1.19, 0.9, 0.04, { breathiness: 0.1 })),
  spoilt('quiet', 6, 'tuned', quiet(-36)),
  spoilt('quieter', 6, 'held', quiet(-42)),
  voiced('accent', 5, 'tuned', stranger('accent', 135, 1.04, 1, 0.09)),
  voiced('other-accent', 5, 'held', stranger('other accent', 190, 1.13, 0.95, 0.09)),
  spoilt('noise-30', 5, 'tuned', noisy(30)),
  spoilt('noise-27', 5, 'held', noisy(27)),
  spoilt('tempo-1.25', 5, 'held', tempo(1.25)),
  spoilt('tempo-0.8', 5, 'tuned', tempo(0.8)),
  spoilt('hum-faint', 5, 'tuned', hum(-26)),
  spoilt('bits-9', 5, 'held', bits(9)),
  spoilt('noise-20', 4, 'tuned', noisy(20)),
  spoilt('noise-17', 4, 'held', noisy(17)),
  spoilt('clip-3', 4, 'tuned', clipped(3)),
  spoilt('clip-4', 4, 'held', clipped(4)),
  spoilt('lowpass-3400', 4, 'tuned', lowpassed(3_400)),
  spoilt('lowpass-3000', 4, 'held', lowpassed(3_000)),
  spoilt('hum-loud', 4, 'held', hum(-6, [50, 150])),
  spoilt('bits-6', 4, 'tuned', bits(6)),
  spoilt('padding', 4, 'held', padded(3)),
  spoilt('tempo-0.55', 4, 'tuned', tempo(0.55)),
  spoilt('noise-10', 3, 'tuned', noisy(10)),
  spoilt('noise-7', 3, 'held', noisy(7)),
  spoilt('reverb', 3, 'tuned', reverberant(0.7, 0.5)),
  spoilt('reverb-hall', 3, 'held', reverberant(1.1, 0.45)),
  spoilt('holes', 3, 'tuned', holed(80, 250)),
  spoilt('holes-short', 3, 'held', holed(50, 160)),
  voiced('monotone', 3, 'tuned', { ...TUNED, liveliness: 0 }),
  voiced('monotone-high', 3, 'held', { ...HELD, liveliness: 0.05 }),
  spoilt('lowpass-1500', 3, 'tuned', lowpassed(1_500)),
  spoilt('stutter', 3, 'held', stuttered(150, 600)),
  spoilt('stutter-slow', 3, 'tuned', stuttered(250, 900)),
  reworded('one-substituted', 5, 'tuned', ({ phones }, { unlike }, chance) => substituted(phones, unlike.phones, 0, chance)),
  reworded('third-substituted', 3, 'held', ({ phones }, { unlike }, chance) => substituted(phones, unlike.phones, 1 / 3, chance)),
  spoilt('noise-0', 2, 'tuned', noisy(0)),
  spoilt('noise-3-below', 2, 'held', noisy(-3)),
  spoilt('clip-10', 3, 'tuned', clipped(10)),
  spoilt('clip-14', 3, 'held', clipped(14)),
  spoilt('lowpass-700', 2, 'tuned', lowpassed(700)),
  spoilt('lowpass-900', 2, 'held', lowpassed(900)),
  spoilt('tempo-2', 2, 'tuned', tempo(2)),
  spoilt('tempo-2.2', 2, 'held', tempo(2.2)),
  whispered('tuned'),
  whispered('held'),
  spoilt('first-half', 2, 'tuned', firstHalf),
  spoilt('last-half', 2, 'held', lastHalf),
  reworded('shuffled', 2, 'tuned', ({ phones }, _, chance) => shuffledWords(phones, chance)),
  reworded('shuffled-b', 2, 'held', ({ phones }, _, chance) => shuffledWords(phones, chance)),
  reworded('two-thirds-substituted', 2, 'tuned', ({ phones }, { unlike }, chance) => substituted(phones, unlike.phones, 2 / 3, chance)),
  reworded('wrong-text', 1, 'tuned', (_, { unlike }) => unlike.phones),
  reworded('wrong-text-b', 1, 'held', (_, { unlike }) => unlike.phones),
  reworded('same-kind-text', 1, 'tuned', (_, { alike }) => alike.phones),
  reworded('same-kind-text-b', 1, 'held', (_, { alike }) => alike.phones),
  reworded('decoy-text', 1, 'tuned', ({ decoys }) => decoys[0]!),
  reworded('decoy-text-b', 1, 'held', ({ decoys }) => decoys[1]!),
  spoilt('reversed', 1, 'tuned', reversed),
  spoilt('reversed-b', 1, 'held', reversed),
  sound('white-noise', 'tuned', (length, chance) => noiseOf(chance, length).map((value) => value * 0.1)),
  sound('syllabic-noise', 'held', syllabic),
  sound('tone', 'held', tone(220)),
  sound('silence', 'held', (length) => new Float32Array(length)),
];
