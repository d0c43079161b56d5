/** Profile neural-1: from what the judges said to parts and a score. Every constant of it stands here; docs/scoring.md explains them. */
import { canonicalJson, sha256Hex } from '../../protocol/digest.js';
import { type Profile, type PromptScore, scorerDigest } from '../profile.js';
import { errorRate, type Recognition } from './errors.js';
import type { NeuralGraph } from './source.js';

export const NEURAL_PROFILE: Profile = { id: 'neural-1', codeVersion: 2 };

/** 0 up to `from`, 1 from `to` on, straight between; with `from` above `to` it falls. Thousandths. */
type Ramp = readonly [from: number, to: number];

export const NEURAL = {
  weightsPercent: { content: 28, naturalness: 24, clean: 14, prosody: 10, spectrum: 8, rate: 6, voice: 6, padding: 4 },
  /** No part weighs less than this in the product, ppm. */
  floorPpm: 20_000,
  /** The whole score is multiplied by these ramps of two parts: what was not said, or is no speech, cannot be made up for. */
  gate: { content: [80, 400], activity: [0, 1_000] },
  /** Share of Silero's steps that are speech, and the probability from which one is. */
  activity: { speech: 500, share: [150, 450] },
  /** Errors per word, or twice the errors per character where those are fewer; and how much the warping judge may take away. */
  content: { error: [400, 40], warpingShare: 150 },
  /** Overall quality by DNSMOS: a floor, never a reward. */
  dnsmos: [1_500, 2_600],
  utmos: [1_300, 4_200],
  /** Cosine of an utterance's voice and the mean voice of the others. */
  voice: [250, 600],
} as const;

/**
 * Second-degree fits of the published DNSMOS P.835 model, highest power first, in units of 1e-8.
 * Source: DNS-Challenge, `dnsmos_local.py`.
 */
const DNSMOS_FITS = {
  signal: [-8_397_278, 122_083_953, 524_390],
  background: [-13_166_888, 160_915_514, -39_604_546],
  overall: [-6_766_283, 111_546_468, 4_602_535],
} as const;

export interface Dnsmos {
  readonly signal: number;
  readonly background: number;
  readonly overall: number;
}

/** Shape: the network's three raw numbers per window → opinion scores, mean over windows. */
export function dnsmosOf(windows: readonly ArrayLike<number>[]): Dnsmos {
  const mean = (at: number, [a, b, c]: readonly [number, number, number]) =>
    windows.reduce((sum, raw) => sum + (a * raw[at]! ** 2 + b * raw[at]! + c) / 1e8, 0) / Math.max(1, windows.length);
  return { signal: mean(0, DNSMOS_FITS.signal), background: mean(1, DNSMOS_FITS.background), overall: mean(2, DNSMOS_FITS.overall) };
}

/** Shape: probabilities, one per step → share of the steps that are speech. */
export function speechShare(probabilities: readonly number[]): number {
  const spoken = probabilities.filter((value) => value * 1000 >= NEURAL.activity.speech).length;
  return spoken / Math.max(1, probabilities.length);
}

/** What the networks said about one utterance. Numbers that are not finite count as the worst there is. */
export interface Heard {
  readonly transcript: string;
  readonly recognition: Recognition;
  readonly speechShare: number;
  readonly dnsmos: Dnsmos;
  readonly utmos: number;
  /** Speaker embedding of any length. */
  readonly embedding: ArrayLike<number>;
}

/**
 * One prompt under neural-1. The voice part comes when all prompts have been heard (`concludeVoices`).
 * Shape: what builtin-1 says of the utterance, what the networks say → score.
 */
export function neuralScore(builtin: PromptScore, heard: Heard): PromptScore {
  if (builtin.fault !== null) return { ...builtin, parts: {} };
  const { content: warping = 0, clean = 0, prosody = 0, spectrum = 0, rate = 0, padding = 0 } = builtin.parts;
  const parts = {
    activity: ppm(ramp(heard.speechShare, NEURAL.activity.share)),
    content: ppm(contentPart(heard.recognition, warping / 1e6)),
    warping,
    naturalness: ppm(ramp(heard.utmos, NEURAL.utmos)),
    // Two judges that are fooled by different things: the worse one counts.
    clean: Math.min(clean, ppm(ramp(heard.dnsmos.overall, NEURAL.dnsmos))),
    prosody,
    spectrum,
    rate,
    padding,
  };
  return {
    ...builtin,
    parts,
    scorePpm: neuralScoreOf(parts),
    voice: voiceprint(heard.embedding),
    details: detailsOf(heard),
  };
}

/**
 * How much each utterance sounds like the others: the cosine of its embedding and the mean embedding of the other prompts. Faults have no
 * voice; a model that said one prompt only is like itself.
 * Shape: all prompts of a model, as `neuralScore` made them → the same with their voice part and final score.
 */
export function concludeVoices(scores: readonly PromptScore[]): readonly PromptScore[] {
  const voices = scores.map(({ voice }) => unitOf(voice ?? ''));
  const known = voices.filter((voice) => voice !== null);
  const sum = known.reduce<readonly number[]>((total, voice) => voice.map((value, n) => value + (total[n] ?? 0)), []);
  return scores.map((score, at) => {
    if (score.fault !== null) return score;
    const voice = voices[at] ?? null;
    const part =
      voice === null
        ? 0
        : known.length < 2
          ? 1
          : ramp(
              cosine(
                voice,
                sum.map((value, n) => value - (voice[n] ?? 0)),
              ),
              NEURAL.voice,
            );
    const parts = { ...score.parts, voice: ppm(part) };
    return { ...score, parts, scorePpm: neuralScoreOf(parts) };
  });
}

/** Weighted geometric mean of the parts, times the gates. A part that is not known yet counts in full. Shape: parts in ppm → ppm. */
export function neuralScoreOf(parts: Readonly<Record<string, number>>): number {
  let logarithm = 0;
  for (const [name, percent] of Object.entries(NEURAL.weightsPercent)) {
    logarithm += (percent / 100) * Math.log(Math.max(NEURAL.floorPpm, parts[name] ?? 1e6) / 1e6);
  }
  const gates = Object.entries(NEURAL.gate).reduce((product, [name, gate]) => product * ramp((parts[name] ?? 0) / 1e6, gate), 1);
  return ppm(Math.exp(logarithm) * gates);
}

function contentPart({ words, characters }: Recognition, warping: number): number {
  const error = Math.min(errorRate(words), 2 * errorRate(characters));
  return ramp(error, NEURAL.content.error) * (1 - (NEURAL.content.warpingShare / 1000) * (1 - warping));
}

/** The models of the profile, tokenizer included, as sha-256. */
export type NeuralDigests = Readonly<Record<NeuralGraph | 'whisperTokenizer', string>>;

/** Shape: engine, and the bytes of every model → 64 hex digits. It covers builtin-1, whose parts are used. */
export function neuralScorerDigest(of: { readonly engineId: string; readonly models: NeuralDigests }): string {
  const base = scorerDigest({ profile: NEURAL_PROFILE, engineId: of.engineId });
  return sha256Hex('voxd/scorer-neural/1', canonicalJson({ base, models: of.models, neural: NEURAL, dnsmos: DNSMOS_FITS }));
}

function detailsOf({ transcript, recognition, speechShare: share, dnsmos, utmos }: Heard): Readonly<Record<string, unknown>> {
  return {
    transcript,
    words: recognition.words,
    characters: recognition.characters,
    speechPercent: Math.round(share * 100),
    dnsmosMilli: { signal: milli(dnsmos.signal), background: milli(dnsmos.background), overall: milli(dnsmos.overall) },
    utmosMilli: milli(utmos),
  };
}

/** A direction in 8 bits per axis: what is kept of an embedding until all prompts are heard. Empty: none. */
function voiceprint(embedding: ArrayLike<number>): string {
  const values = Array.from(embedding);
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (!Number.isFinite(largest) || largest === 0 || values.some(Number.isNaN)) return '';
  return values.map((value) => (Math.round((value / largest) * 127) & 0xff).toString(16).padStart(2, '0')).join('');
}

function unitOf(print: string): readonly number[] | null {
  if (print === '') return null;
  const values = Array.from(Buffer.from(print, 'hex'), (byte) => (byte > 127 ? byte - 256 : byte));
  const length = Math.hypot(...values);
  return values.map((value) => value / length);
}

function cosine(a: readonly number[], b: readonly number[]): number {
  const [lengthA, lengthB] = [Math.hypot(...a), Math.hypot(...b)];
  return lengthA * lengthB === 0 ? 0 : a.reduce((sum, value, n) => sum + value * (b[n] ?? 0), 0) / (lengthA * lengthB);
}

function ramp(value: number, [from, to]: Ramp): number {
  return Number.isFinite(value) ? Math.max(0, Math.min(1, (value * 1000 - from) / (to - from))) : 0;
}

function ppm(share: number): number {
  return Math.round(Math.max(0, Math.min(1, share)) * 1_000_000);
}

function milli(value: number): number {
  return Number.isFinite(value) ? Math.round(value * 1000) : -1;
}
