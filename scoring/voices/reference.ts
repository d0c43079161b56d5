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
  let peak = 0;
  for (let n = 0; n < samples.length; n++) peak = Math.max(peak, Math.abs(samples[n]!));
  const gain = peak > 0 ? SYNTH.peak / peak : 0;
  const out = new Float32Array(samples.length);
  for (let n = 0; n < out.length; n++) out[n] = samples[n]! * gain;
  return { samples: out, sampleRateHz };
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
  const [sound, hiss, room] = [new Float64Array(hop), new Float64Array(hop), new Float64Array(hop)];
  let phase = 0;
  let wander = 0;
  let before = 0;
  for (let step = 0; step < tracks.frames * STEPS_PER_FRAME; step++) {
    const at = step / STEPS_PER_FRAME;
    const frame = Math.floor(at);
    const from = Math.ceil(step * chunk);
    const count = Math.ceil((step + 1) * chunk) - from;
    for (let n = 0; n < FORMANTS; n += 1) {
      tract[n]?.tune(read(tracks.formantsHz[n], at) * voice.formantScale, read(tracks.widthsHz[n], at) * voice.formantScale);
    }
    const hissHz = read(tracks.hissHz, frame) * hissScale(voice);
    for (const band of hissBands) band.tune(hissHz, read(tracks.hissWidthHz, frame));
    wander += 0.02 * (noise() - wander);
    const pitchHz = voice.pitchHz * 2 ** (read(tracks.melody, at) / 12) * (1 + FLUTTER * 6 * wander);
    const [voicing0, voicing1] = neighbours(tracks.voicing, frame);
    const [breath0, breath1] = neighbours(tracks.breath, frame);
    const [hiss0, hiss1] = neighbours(tracks.hiss, frame);
    for (let n = 0; n < count; n++) {
      const t = (from + n) / hop - frame;
      const voicing = voicing0 + (voicing1 - voicing0) * t;
      const white = noise();
      phase += pitchHz / sampleRateHz;
      phase -= Math.floor(phase);
      const slope = glottalSlope(phase);
      const breath = breath0 + (breath1 - breath0) * t + voice.breathiness * voicing * (slope === 0 ? 0.4 : 1);
      sound[n] = voicing * slope * SYNTH.pulseGain + white * breath * SYNTH.breathGain;
      hiss[n] = white * (hiss0 + (hiss1 - hiss0) * t) * SYNTH.hissGain;
      room[n] = SYNTH.room * noise();
    }
    for (const resonance of tract) resonance.run(sound, count);
    for (const band of hissBands) band.run(hiss, count);
    for (let n = 0; n < count; n++) {
      out[from + n] = sound[n]! - SYNTH.lift * before + hiss[n]! + room[n]!;
      before = sound[n]!;
    }
  }
  return out;
}

/** Linear between frames; the last value goes on. */
function read(track: Float64Array | undefined, at: number): number {
  if (track === undefined) return 0;
  const [a, b] = neighbours(track, Math.floor(at));
  return a + (b - a) * (at - Math.floor(at));
}

function neighbours(track: Float64Array, frame: number): readonly [number, number] {
  const last = track.length - 1;
  return [track[Math.min(frame, last)] ?? 0, track[Math.min(frame + 1, last)] ?? 0];
}
