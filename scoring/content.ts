/**
 * Did it say the text? The utterance is warped onto synthetic speech of the text and of decoy texts; it counts as said when the text fits
 * clearly better than every decoy. No recogniser and no learned weights.
 */
import { createLru } from '../protocol/lru.js';
import { EASY_DECOYS } from './decoys.js';
import { pausesShortened, trimmed } from './dsp/activity.js';
import { cepstralFeatures } from './dsp/cepstrum.js';
import { type Hearing, placedShare, stretchCount, stretchWeights } from './dsp/places.js';
import { resample } from './dsp/resample.js';
import { HEARING_RATE_HZ, melBank, melDecibels, powerSpectra, type Rows } from './dsp/spectrum.js';
import { thinned, warpDistance } from './dsp/warping.js';
import { expectedDurationMs, type Phone } from './phonemes.js';
import type { Prompt } from './prompts.js';
import { REFERENCE_VOICES, synthesiseReference } from './voices/reference.js';

export interface ContentEvidence {
  /** (best easy decoy - text) / mean easy decoy; positive: the text fits better. */
  readonly margin: number;
  /** Same against decoys that differ in one word. */
  readonly hardMargin: number;
  /** Share of the hard decoys that fit worse than the text. */
  readonly hardWins: number;
  /** Share of the utterance's stretches that are found in the text where they stand: low when words are other ones, shuffled or missing. */
  readonly placed: number;
  /** Mean distance of the text per step. */
  readonly distance: number;
}

export interface ContentListener {
  listen(prompt: Prompt, samples: Float64Array): ContentEvidence;
}

const MEL_BANDS = 28;
const MEL_LOW_HZ = 80;
const MEL_HIGH_HZ = 6_500;
/** Vocal tract lengths tried on the utterance. */
const WARPS = [0.85, 0.92, 1, 1.09, 1.18] as const;
const BANKS = WARPS.map((warp) => melBank(MEL_BANDS, MEL_LOW_HZ, MEL_HIGH_HZ, warp));
const PLAIN_BANK = BANKS[2]!;
/** Frames are spread so that one utterance has about this many; distances then cost the same for short and long texts. */
const FRAMES_WANTED = 260;
const HOP_MIN = 192;
/** A drawn-out utterance is looked at in coarser frames, so that it costs no more. */
const FRAMES_MAX = 420;
/** Prompts whose reference speech is kept, about 0.9 MB each; all models of a round share their prompts. */
export const PROMPTS_KEPT = 96;

interface References {
  readonly hop: number;
  /** How much each stretch of the text tells. */
  readonly weights: readonly number[];
  /** By candidate text (the true one first), then by voice. */
  readonly candidates: readonly (readonly Rows[])[];
}

/** A listener that remembers the reference speech of recent prompts; what it returns depends on its arguments alone. */
export function createContentListener(): ContentListener {
  // Not the oldest one goes: private prompts come once and must not drive out those that every model is asked.
  const kept = createLru<References>(PROMPTS_KEPT);
  const referencesOf = (prompt: Prompt): References => {
    const key = [prompt.phones, ...prompt.decoys].map((phones) => phones.join(' ')).join('/');
    const references = kept.get(key) ?? makeReferences(prompt);
    kept.set(key, references);
    return references;
  };
  return { listen: (prompt, samples) => compare(referencesOf(prompt), pausesShortened(samples)) };
}

function makeReferences(prompt: Prompt): References {
  const hop = hopFor(prompt.phones);
  const texts = [prompt.phones, ...prompt.decoys];
  const candidates = texts.map((phones) => REFERENCE_VOICES.map((voice) => referenceFeatures(phones, voice, hop)));
  const weights = stretchWeights(
    REFERENCE_VOICES.map((_, voice) => unlike(candidates, voice)),
    stretchCount(expectedDurationMs(prompt.phones) / 1000),
  );
  return { hop, weights, candidates };
}

/** The text and the easy decoys as one voice says them. */
function unlike(candidates: References['candidates'], voice: number): readonly Rows[] {
  return candidates.slice(0, 1 + EASY_DECOYS).map((references) => references[voice]!);
}

function referenceFeatures(phones: readonly Phone[], voice: (typeof REFERENCE_VOICES)[number], hop: number): Rows {
  const audio = synthesiseReference(phones, voice);
  const samples = pausesShortened(trimmed(resample(audio.samples, audio.sampleRateHz, HEARING_RATE_HZ)));
  return cepstralFeatures(melDecibels(powerSpectra(samples, hop), PLAIN_BANK));
}

function hopFor(phones: readonly Phone[]): number {
  const samples = (expectedDurationMs(phones) * HEARING_RATE_HZ) / 1000;
  return Math.max(HOP_MIN, Math.ceil(samples / FRAMES_WANTED / 16) * 16);
}

function compare({ hop, weights, candidates }: References, samples: Float64Array): ContentEvidence {
  const spectra = powerSpectra(samples, Math.max(hop, Math.ceil(samples.length / FRAMES_MAX)));
  const heard = BANKS.map((bank) => cepstralFeatures(melDecibels(spectra, bank)));
  const hearings: Hearing[] = [];
  const perVoice = REFERENCE_VOICES.map((_, voice) => {
    const warps = likelyWarps(heard, candidates, voice);
    hearings.push({ heard: heard[warps[0]!]!, texts: unlike(candidates, voice) });
    return candidates.map((references) => Math.min(...warps.map((warp) => warpDistance(heard[warp]!, references[voice]!))));
  });
  const [text, ...decoys] = candidates.map((_, n) => mean(perVoice.map((distances) => distances[n]!)));
  const easy = decoys.slice(0, EASY_DECOYS);
  const hard = decoys.slice(EASY_DECOYS);
  return {
    margin: easy.length === 0 ? 0 : (Math.min(...easy) - text!) / mean(easy),
    hardMargin: hard.length === 0 ? 0 : (mean(hard) - text!) / mean(hard),
    hardWins: hard.length === 0 ? 1 : hard.filter((distance) => distance > text!).length / hard.length,
    placed: placedShare(hearings, weights),
    distance: text!,
  };
}

/** The tract lengths that fit the text best and a decoy best: neither side gets a choice that the other has not. */
function likelyWarps(heard: readonly Rows[], candidates: References['candidates'], voice: number): readonly number[] {
  const best = candidates.slice(0, 2).map((references) => {
    const reference = thinned(references[voice]!);
    const distances = heard.map((rows) => warpDistance(thinned(rows), reference));
    return distances.indexOf(Math.min(...distances));
  });
  return [...new Set(best)];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
