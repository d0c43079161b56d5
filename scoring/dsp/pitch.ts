/** Fundamental frequency by normalised autocorrelation. */
import { resample } from './resample.js';
import { HEARING_RATE_HZ } from './spectrum.js';

const RATE_HZ = 8_000;
const HOP = 80;
const WINDOW = 240;
const LOW_HZ = 60;
const HIGH_HZ = 420;
/** A frame is voiced when a period repeats at least this well. */
const VOICED = 0.5;
/** A shorter period wins over a longer one that repeats only a little better: octave errors go down, not up. */
const OCTAVE_BIAS = 0.1;
const LAG_MIN = Math.floor(RATE_HZ / HIGH_HZ);
const LAG_MAX = Math.ceil(RATE_HZ / LOW_HZ);
/** By lag, above the shortest one. */
const OCTAVES = Float64Array.from({ length: LAG_MAX + 1 }, (_, lag) => Math.log2(lag / LAG_MIN));

export interface PitchTrack {
  /** Hertz per 10 ms frame, 0 where unvoiced. */
  readonly hertz: Float64Array;
  /** How well the best period repeats, -1..1. */
  readonly strength: Float64Array;
}

/** Shape: samples at 16 kHz → one pitch per 10 ms. Source: docs/scoring.md, "Prosody"; Boersma 1993 for the strength measure. */
export function pitchTrack(samples: Float64Array): PitchTrack {
  const low = resample(samples, HEARING_RATE_HZ, RATE_HZ);
  const frames = Math.max(0, Math.floor((low.length - WINDOW - LAG_MAX) / HOP) + 1);
  const hertz = new Float64Array(frames);
  const strength = new Float64Array(frames);
  const likeness = new Float64Array(LAG_MAX + 2);
  for (let frame = 0; frame < frames; frame++) {
    const start = frame * HOP;
    const lag = bestLag(low, start, likeness);
    strength[frame] = likeness[lag]!;
    if (likeness[lag]! >= VOICED) hertz[frame] = RATE_HZ / (lag + parabola(likeness, lag, LAG_MIN, LAG_MAX));
  }
  return { hertz, strength };
}

function bestLag(x: Float64Array, start: number, likeness: Float64Array): number {
  let energy = 0;
  for (let n = start; n < start + WINDOW; n++) energy += x[n]! * x[n]!;
  let shifted = 0;
  for (let n = start + LAG_MIN; n < start + LAG_MIN + WINDOW; n++) shifted += x[n]! * x[n]!;
  correlate(x, start, likeness);
  let best = LAG_MIN;
  let bestValue = Number.NEGATIVE_INFINITY;
  for (let lag = LAG_MIN; lag <= LAG_MAX; lag++) {
    likeness[lag] = likeness[lag]! / Math.sqrt(energy * Math.max(0, shifted) + 1e-12);
    const value = likeness[lag]! - OCTAVE_BIAS * OCTAVES[lag]!;
    if (value > bestValue) {
      bestValue = value;
      best = lag;
    }
    shifted += x[start + lag + WINDOW]! ** 2 - x[start + lag]! ** 2 || 0;
  }
  return best;
}

/** Products of the window and what follows it, one sum per lag, four lags side by side. */
function correlate(x: Float64Array, start: number, sums: Float64Array): void {
  let lag = LAG_MIN;
  for (; lag + 3 <= LAG_MAX; lag += 4) {
    let [s0, s1, s2, s3] = [0, 0, 0, 0];
    for (let n = start, m = start + lag; n < start + WINDOW; n++, m++) {
      const value = x[n]!;
      s0 += value * x[m]!;
      s1 += value * x[m + 1]!;
      s2 += value * x[m + 2]!;
      s3 += value * x[m + 3]!;
    }
    sums[lag] = s0;
    sums[lag + 1] = s1;
    sums[lag + 2] = s2;
    sums[lag + 3] = s3;
  }
  for (; lag <= LAG_MAX; lag++) {
    let sum = 0;
    for (let n = start; n < start + WINDOW; n++) sum += x[n]! * x[n + lag]!;
    sums[lag] = sum;
  }
}

function parabola(y: Float64Array, at: number, first: number, last: number): number {
  if (at <= first || at >= last) return 0;
  const bend = y[at - 1]! - 2 * y[at]! + y[at + 1]!;
  return bend < 0 ? (y[at - 1]! - y[at + 1]!) / (2 * bend) : 0;
}

export interface Melody {
  /** Share of speaking frames that have a pitch. */
  readonly voicedShare: number;
  /** Spread of the pitch, semitones. */
  readonly spreadSemitones: number;
  /** Share of neighbouring voiced frames more than three semitones apart. */
  readonly jumpShare: number;
  /** Mean harmonics-to-noise ratio of voiced frames, dB. */
  readonly harmonicityDb: number;
}

/** Shape: a pitch track and which of its frames speak → four numbers about it. */
export function melodyOf({ hertz, strength }: PitchTrack, speaking: readonly boolean[]): Melody {
  let [active, jumps, neighbours, harmonics] = [0, 0, 0, 0];
  const tones: number[] = [];
  let previous = Number.NaN;
  for (let frame = 0; frame < hertz.length; frame++) {
    if (speaking[frame]) active++;
    if (!speaking[frame] || hertz[frame] === 0) {
      previous = Number.NaN;
      continue;
    }
    const tone = 12 * Math.log2(hertz[frame]! / 100);
    tones.push(tone);
    const clean = Math.min(0.9999, strength[frame]!);
    harmonics += 10 * Math.log10(clean / (1 - clean));
    if (!Number.isNaN(previous)) {
      neighbours++;
      if (Math.abs(tone - previous) > 3) jumps++;
    }
    previous = tone;
  }
  return {
    voicedShare: active === 0 ? 0 : tones.length / active,
    spreadSemitones: spreadOf(tones),
    jumpShare: neighbours === 0 ? 1 : jumps / neighbours,
    harmonicityDb: tones.length === 0 ? -20 : harmonics / tones.length,
  };
}

/**
 * Standard deviation of the middle 90 percent, each tone taken in the octave around the median, so that octave errors do not pass for
 * melody.
 */
function spreadOf(tones: readonly number[]): number {
  const sorted = [...tones].sort((a, b) => a - b);
  const median = sorted[sorted.length >> 1] ?? 0;
  const folded = sorted.map((tone) => tone - 12 * Math.round((tone - median) / 12)).sort((a, b) => a - b);
  const cut = Math.floor(folded.length * 0.05);
  const kept = folded.slice(cut, folded.length - cut);
  if (kept.length < 5) return 0;
  const mean = kept.reduce((sum, tone) => sum + tone, 0) / kept.length;
  return Math.sqrt(kept.reduce((sum, tone) => sum + (tone - mean) ** 2, 0) / kept.length);
}
