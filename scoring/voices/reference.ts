/**
 * The judge's own speaker: a cascade formant synthesiser in plain float64, so that every node hears the same reference. It needs no model
 * and no network; it is clear, not natural.
 * Source: the cascade/parallel layout is Klatt's (1980); the data is in formants.ts.
 */
import type { Audio } from '../audio.js';
import type { Phone } from '../phonemes.js';
import { FIFTH_FORMANT, FORMANTS } from './formants.js';
import { type Plan, planOf } from './plan.js';
import { createBand, createNoise, createResonance, glottalSlope } from './resonator.js';
import { hissScale, SYNTH } from './synth.js';
import { FRAME_MS, type Tracks, tracksOf } from './tracks.js';

export interface ReferenceVoice {
  readonly id: string;
  readonly pitchHz: number;
  /** 1 is an adult man's tract; shorter tracts are above it. */
  readonly formantScale: number;
  /** 1 is about 4.5 syllables a second. */
  readonly rate: number;
  /** How far the melody moves; 0 is monotone. */
  readonly liveliness: number;
  /** Breath beside the voice, 0..1. */
  readonly breathiness: number;
  readonly seed: number;
}

export const REFERENCE_VOICES: readonly ReferenceVoice[] = [
  { id: 'adam', pitchHz: 112, formantScale: 1, rate: 1, liveliness: 1, breathiness: 0.04, seed: 0x5eed0001 },
  { id: 'eve', pitchHz: 196, formantScale: 1.16, rate: 1.08, liveliness: 1.1, breathiness: 0.08, seed: 0x5eed0002 },
];

export const REFERENCE_SAMPLE_RATE_HZ = 16_000;
/** Pieces shorter than a frame are walked in steps of this many samples per frame. */
const STEPS_PER_FRAME = 2;
/** Slow wander of the pitch, share of it. */
const FLUTTER = 0.006;

/**
 * Speak a sequence of phones. A pure function: the same phones and voice give the same samples, bit for bit.
 * Shape: phones → mono audio, peak 0.7, about 50 ms of silence at both ends. Errors: throws TypeError on what is not a phone.
 */
export function synthesiseReference(phones: readonly Phone[], voice: ReferenceVoice, sampleRateHz = REFERENCE_SAMPLE_RATE_HZ): Audio {
  return speakPlan(planOf(phones), voice, sampleRateHz);
}

/** The same from a plan: sounds whose lengths and formants somebody else has set. */
export function speakPlan(plan: Plan, voice: ReferenceVoice, sampleRateHz = REFERENCE_SAMPLE_RATE_HZ): Audio {
  const tracks = tracksOf(plan, voice.rate, voice.liveliness);
  const samples = render(tracks, voice, sampleRateHz);
  const peak = samples.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  const gain = peak > 0 ? SYNTH.peak / peak : 0;
  return { samples: Float32Array.from(samples, (value) => value * gain), sampleRateHz };
}

function render(tracks: Tracks, voice: ReferenceVoice, sampleRateHz: number): Float64Array {
  const hop = Math.round((sampleRateHz * FRAME_MS) / 1000);
  const chunk = hop / STEPS_PER_FRAME;
  const out = new Float64Array(tracks.frames * hop);
  const noise = createNoise(voice.seed);
  const tract = Array.from({ length: FORMANTS + 1 }, () => createResonance(sampleRateHz));
  const hissBands = [createBand(sampleRateHz), createBand(sampleRateHz)];
  const fifth = tract[FORMANTS];
  fifth?.tune(Math.min(FIFTH_FORMANT.hz * voice.formantScale, sampleRateHz * 0.45), FIFTH_FORMANT.widthHz);
  let phase = 0;
  let wander = 0;
  let before = 0;
  for (let from = 0; from < out.length; from += chunk) {
    const at = from / hop;
    for (let n = 0; n < FORMANTS; n += 1) {
      tract[n]?.tune(read(tracks.formantsHz[n], at) * voice.formantScale, read(tracks.widthsHz[n], at) * voice.formantScale);
    }
    const hissHz = read(tracks.hissHz, Math.floor(at)) * hissScale(voice);
    for (const band of hissBands) band.tune(hissHz, read(tracks.hissWidthHz, Math.floor(at)));
    wander += 0.02 * (noise() - wander);
    const pitchHz = voice.pitchHz * 2 ** (read(tracks.melody, at) / 12) * (1 + FLUTTER * 6 * wander);
    for (let n = from; n < from + chunk && n < out.length; n += 1) {
      const t = n / hop;
      const voicing = read(tracks.voicing, t);
      const white = noise();
      phase += pitchHz / sampleRateHz;
      phase -= Math.floor(phase);
      const breath = read(tracks.breath, t) + voice.breathiness * voicing * (glottalSlope(phase) === 0 ? 0.4 : 1);
      let sound = voicing * glottalSlope(phase) * SYNTH.pulseGain + white * breath * SYNTH.breathGain;
      for (const resonance of tract) sound = resonance.step(sound);
      const lifted = sound - SYNTH.lift * before;
      before = sound;
      let hiss = white * read(tracks.hiss, t) * SYNTH.hissGain;
      for (const band of hissBands) hiss = band.step(hiss);
      out[n] = lifted + hiss + SYNTH.room * noise();
    }
  }
  return out;
}

/** Linear between frames; the last value goes on. */
function read(track: Float64Array | undefined, at: number): number {
  if (track === undefined) return 0;
  const left = Math.floor(at);
  const a = track[left] ?? track.at(-1) ?? 0;
  const b = track[left + 1] ?? a;
  return a + (b - a) * (at - left);
}
