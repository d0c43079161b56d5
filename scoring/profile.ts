/** What one utterance and one model are worth under a profile, in integers. */

import { canonicalJson, sha256Hex } from '../protocol/digest.js';
import type { Audio } from './audio.js';
import { BUILTIN, partsOf, scoreOf } from './builtin.js';
import { type ContentListener, createContentListener } from './content.js';
import { peakOf, SILENCE_PEAK } from './dsp/loudness.js';
import { audioDigest, fingerprintOf } from './fingerprint.js';
import { hear } from './hearing.js';
import { squareRoot } from './integers.js';
import { expectedDurationMs } from './phonemes.js';
import { PROMPT_SET_VERSION, type Prompt } from './prompts.js';
import { REFERENCE_VOICES } from './voices/reference.js';

export { fingerprintDistance } from './fingerprint.js';

/** Parts of a prompt's score, integer ppm. */
export interface PromptScore {
  /** Named parts of this profile, each 0..1_000_000. */
  readonly parts: Readonly<Record<string, number>>;
  readonly scorePpm: number;
  /** sha-256 of the quantised log-mel spectrum, 64 hex digits: what two validators compare. */
  readonly audioDigest: string;
  /** Compact log-mel picture for copy detection, hex; empty where the audio was invalid. */
  readonly fingerprint: string;
  /** Code of the fault that made it 0 (`scoring.*`), or null. */
  readonly fault: string | null;
  /** Direction of the speaker embedding, hex; only where the profile has one. It is needed until all prompts are heard, and is not in the record. */
  readonly voice?: string;
  /** What was measured, for people: beside the record, never in it. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface Profile {
  readonly id: string;
  /** Changes with every change of code that can move a score. */
  readonly codeVersion: number;
}

export const BUILTIN_PROFILE: Profile = { id: 'builtin-1', codeVersion: 3 };

/** Shape: profile and engine identity → 64 hex digits. Scores of different scorer digests are never mixed. */
export function scorerDigest(of: { readonly profile: Profile; readonly engineId: string }): string {
  const voices = REFERENCE_VOICES.map(({ id }) => id);
  return sha256Hex('voxd/scorer/1', canonicalJson({ ...of, builtin: BUILTIN, promptSetVersion: PROMPT_SET_VERSION, voices }));
}

export const SAMPLE_RATE_HZ_MIN = 8_000;
export const SAMPLE_RATE_HZ_MAX = 48_000;
/** Shorter than this nothing can have been said. */
const SECONDS_MIN = 0.2;
/** Longer audio is not listened to; sandboxes cut off well before. */
const SECONDS_MAX = 60;
const PAUSE_AT_END_MS = 200;

export type JudgeUtterance = (prompt: Prompt, audio: Audio) => PromptScore;

/** A judge of profile builtin-1 that keeps the reference speech of recent prompts. What it says depends on its arguments alone. */
export function createUtteranceJudge(listener: ContentListener = createContentListener()): JudgeUtterance {
  return (prompt, audio) => {
    const fault = faultOf(audio);
    if (fault !== null) return faultScore(fault);
    const heard = hear(audio);
    const expectedSeconds = (expectedDurationMs(prompt.phones) - PAUSE_AT_END_MS) / 1000;
    const parts = partsOf(heard, listener.listen(prompt, heard.speech), expectedSeconds);
    return {
      parts: Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, ppm(part)])),
      scorePpm: ppm(scoreOf(parts)),
      audioDigest: audioDigest(heard.mel),
      fingerprint: fingerprintOf(heard.mel),
      fault: null,
    };
  };
}

/** Judge one utterance. Pure; never throws on any audio. */
export const judgeUtterance: JudgeUtterance = createUtteranceJudge();

/** The score of a prompt on which the model itself failed. */
export function faultScore(fault: string): PromptScore {
  return { parts: {}, scorePpm: 0, audioDigest: '', fingerprint: '', fault };
}

/** How many standard errors are taken off the mean: a model heard on few prompts must be better to count the same. Half of one. */
const DOUBT_NUMERATOR = 1n;
const DOUBT_DENOMINATOR = 2n;

/**
 * The score of a model: the mean of its prompts less half a standard error. Faults count 0 and nothing is dropped.
 * Shape: all prompts → ppm, in integer arithmetic. Source: docs/scoring.md, "From prompts to a model".
 */
export function combinePrompts(scores: readonly Pick<PromptScore, 'scorePpm'>[]): number {
  if (scores.length === 0) return 0;
  const count = BigInt(scores.length);
  const values = scores.map(({ scorePpm }) => BigInt(scorePpm));
  const sum = values.reduce((total, value) => total + value, 0n);
  if (count === 1n) return Number(sum);
  // count² · (count - 1) · squared standard error, kept whole until the root.
  const scatter = values.reduce((total, value) => total + (count * value - sum) ** 2n, 0n);
  const doubt = (DOUBT_NUMERATOR * squareRoot(scatter / (count * count * count * (count - 1n)))) / DOUBT_DENOMINATOR;
  const score = sum / count - doubt;
  return Number(score < 0n ? 0n : score);
}

function faultOf({ samples, sampleRateHz }: Audio): string | null {
  if (samples.length === 0) return 'scoring.audio_empty';
  if (!Number.isInteger(sampleRateHz) || sampleRateHz < SAMPLE_RATE_HZ_MIN || sampleRateHz > SAMPLE_RATE_HZ_MAX)
    return 'scoring.audio_shape';
  if (!samples.every(Number.isFinite)) return 'scoring.audio_not_finite';
  if (samples.length > SECONDS_MAX * sampleRateHz) return 'scoring.audio_too_long';
  if (samples.length < SECONDS_MIN * sampleRateHz) return 'scoring.audio_too_short';
  return peakOf(samples) < SILENCE_PEAK ? 'scoring.audio_silent' : null;
}

function ppm(share: number): number {
  return Math.round(Math.max(0, Math.min(1, share)) * 1_000_000);
}
