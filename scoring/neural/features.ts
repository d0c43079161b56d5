/** What the neural judges are given of one utterance. Everything here is float64 until the last step, so it is the same on every machine. */
import type { Audio } from '../audio.js';
import { activityOf, trimmed } from '../dsp/activity.js';
import { centred, levelled } from '../dsp/loudness.js';
import { resample } from '../dsp/resample.js';
import { HEARING_RATE_HZ } from '../dsp/spectrum.js';
import { type Fbank, speakerFbank } from './fbank.js';
import { type MelBands, WHISPER_SECONDS, whisperMel } from './whisper-mel.js';

/** The networks hear so much of an utterance; builtin-1, beside them, hears all of it. */
const SAMPLES_HEARD = WHISPER_SECONDS * HEARING_RATE_HZ;
/** Shorter speech is repeated up to this length: networks with many strides have nothing to say of a syllable. */
const SAMPLES_FILLED = HEARING_RATE_HZ;

export interface NeuralFeatures {
  /** 16 kHz, speaking frames at RMS 0.05, from first to last sound, within ±1, at most 30 s. */
  readonly speech: Float32Array;
  /** The same, at least a second of it. */
  readonly filled: Float32Array;
  /** [bands, 3000]. */
  readonly mel: Float32Array;
  readonly fbank: Fbank;
}

/** Shape: audio that the profile accepts (finite, not silent) → features. */
export function neuralFeatures(audio: Audio, bands: MelBands): NeuralFeatures {
  const samples = centred(resample(audio.samples, audio.sampleRateHz, HEARING_RATE_HZ));
  const whole = levelled(samples, activityOf(samples));
  const speech = Float32Array.from(trimmed(whole).subarray(0, SAMPLES_HEARD), (value) => Math.max(-1, Math.min(1, value)));
  const filled = repeated(speech, Math.max(speech.length, SAMPLES_FILLED));
  return { speech, filled, mel: whisperMel(speech, bands), fbank: speakerFbank(filled) };
}

export const DNSMOS_SAMPLES = 144_160;

/**
 * The 9.01 s windows DNSMOS listens to: shorter speech is repeated until it fills one; longer speech is covered from end to end by as few as
 * are needed, evenly placed.
 */
export function dnsmosWindows(speech: Float32Array): readonly Float32Array[] {
  if (speech.length === 0) return [];
  if (speech.length <= DNSMOS_SAMPLES) return [repeated(speech, DNSMOS_SAMPLES)];
  const count = Math.ceil(speech.length / DNSMOS_SAMPLES);
  return Array.from({ length: count }, (_, n) => {
    const start = Math.floor(((speech.length - DNSMOS_SAMPLES) * n) / (count - 1));
    return speech.slice(start, start + DNSMOS_SAMPLES);
  });
}

function repeated(speech: Float32Array, length: number): Float32Array {
  return Float32Array.from({ length }, (_, n) => speech[n % speech.length]!);
}

/** Silero's step at 16 kHz, and what it wants to hear again of the step before. Without it the network says nothing is speech. */
export const SILERO_WINDOW = 512;
export const SILERO_CONTEXT = 64;

/** Shape: speech → one input of 64 + 512 samples per step; the last is followed by silence. */
export function sileroWindows(speech: Float32Array): readonly Float32Array[] {
  const count = Math.ceil(speech.length / SILERO_WINDOW);
  return Array.from({ length: count }, (_, at) => {
    const start = at * SILERO_WINDOW - SILERO_CONTEXT;
    return Float32Array.from({ length: SILERO_CONTEXT + SILERO_WINDOW }, (_unused, n) => speech[start + n] ?? 0);
  });
}
