/** How clean speech is, from its mel picture and its envelope. */
import FFT from 'fft.js';
import { percentile } from './activity.js';
import { decibels, HEARING_RATE_HZ, type Rows } from './spectrum.js';

/** A band's distance between speech and floor counts up to this much, so that digital silence is not better than a quiet room. */
const BAND_SNR_MAX_DB = 50;

/**
 * Speech over floor, band by band, and the mean of the bands: a hum fills two bands and costs two bands.
 * Shape: log-mel rows in dB → dB. Source: docs/scoring.md, "Clean".
 */
export function bandSnrDb(mel: Rows): number {
  let sum = 0;
  const column = new Float64Array(mel.count);
  for (let band = 0; band < mel.width; band++) {
    for (let row = 0; row < mel.count; row++) column[row] = mel.data[row * mel.width + band]!;
    sum += Math.min(BAND_SNR_MAX_DB, percentile(column, 0.95) - percentile(column, 0.05));
  }
  return sum / mel.width;
}

const ENVELOPE_SIZE = 1024;
const ENVELOPE_RATE_HZ = 100;

/** Share of the envelope's movement between 2 and 8 Hz, the rhythm of syllables. Shape: frame levels in dB at 100 Hz → 0..1. */
export function syllableModulation(levelsDb: Float64Array, first: number, end: number): number {
  const input = new Float64Array(ENVELOPE_SIZE);
  const length = Math.min(ENVELOPE_SIZE, end - first);
  let mean = 0;
  for (let n = 0; n < length; n++) {
    input[n] = 10 ** (levelsDb[first + n]! / 20);
    mean += input[n]! / length;
  }
  for (let n = 0; n < length; n++) input[n] = input[n]! - mean;
  const output = new Float64Array(2 * ENVELOPE_SIZE);
  new FFT(ENVELOPE_SIZE).realTransform(output, input);
  let [rhythm, all] = [0, 0];
  for (let bin = 1; bin < ENVELOPE_SIZE / 2; bin++) {
    const hertz = (bin * ENVELOPE_RATE_HZ) / ENVELOPE_SIZE;
    const power = output[2 * bin]! ** 2 + output[2 * bin + 1]! ** 2;
    if (hertz >= 0.5) all += power;
    if (hertz >= 2 && hertz <= 8) rhythm += power;
  }
  return all === 0 ? 0 : rhythm / all;
}

const STEP = 40;
const EDGE_DB = 30;
const HOLE_STEPS_MIN = 4;
const HOLE_STEPS_MAX = 80;

/**
 * Holes per second: stretches of 20 to 400 ms that begin with a fall and end with a rise of 30 dB within 5 ms. A stop consonant has one such
 * edge, a lost packet or a bad join has both. Shape: samples at 16 kHz.
 */
export function holesPerSecond(samples: Float64Array): number {
  const levels = Float64Array.from({ length: Math.floor(samples.length / STEP) }, (_, step) => {
    let sum = 0;
    for (let n = step * STEP; n < (step + 1) * STEP; n++) sum += samples[n]! ** 2;
    return Math.max(-80, decibels(sum / STEP));
  });
  let holes = 0;
  let fell = Number.NEGATIVE_INFINITY;
  for (let step = 2; step < levels.length; step++) {
    const change = levels[step]! - levels[step - 2]!;
    if (change <= -EDGE_DB) fell = step;
    const length = step - fell;
    if (change >= EDGE_DB && length >= HOLE_STEPS_MIN && length <= HOLE_STEPS_MAX) {
      holes++;
      fell = Number.NEGATIVE_INFINITY;
    }
  }
  return (holes * HEARING_RATE_HZ) / Math.max(1, samples.length);
}

/** Lags of a repetition, 10 ms frames, and how alike the two must be. */
const REPEAT_MIN = 8;
const REPEAT_MAX = 40;
const REPEAT_DB = 3;
/** Something that does not move repeats itself without anybody stuttering. */
const MOVING_DB = 6;

/** Share of the frames that are said again at once. Shape: log-mel rows at 10 ms → 0..1. */
export function repeatedShare(mel: Rows): number {
  const { count, width, data } = mel;
  const repeated = new Uint8Array(count);
  const unlike = (a: number, b: number) => {
    let sum = 0;
    for (let band = 0; band < width; band++) sum += Math.abs(data[a * width + band]! - data[b * width + band]!);
    return sum / width;
  };
  const moves = Float64Array.from({ length: count }, (_, row) => (row >= 4 ? unlike(row, row - 4) : 0));
  for (let lag = REPEAT_MIN; lag <= REPEAT_MAX; lag++) {
    const apart = Float64Array.from({ length: Math.max(0, count - lag) }, (_, row) => unlike(row, row + lag));
    for (let from = 0; from + lag <= apart.length; from++) {
      let [sum, moving] = [0, 0];
      for (let row = from; row < from + lag; row++) {
        sum += apart[row]!;
        moving += moves[row]!;
      }
      if (sum / lag < REPEAT_DB && moving / lag > MOVING_DB) repeated.fill(1, from, from + lag);
    }
  }
  return repeated.reduce((sum, value) => sum + value, 0) / Math.max(1, count);
}

/** A fall is taken over so many 10 ms frames, from frames at most so far below the loud ones. */
const FALL_FRAMES = 8;
const FALL_FROM_DB = 12;

/**
 * How fast sounds die away: 90th percentile of the fall over 80 ms from loud frames. A room or noise fills what follows a sound. The level of a
 * frame is the mean of its bands in dB, so that a hum counts for the bands it fills only. Shape: log-mel rows at 10 ms → dB.
 */
export function decayDb(mel: Rows): number {
  const levels = Float64Array.from({ length: mel.count }, (_, row) => {
    let sum = 0;
    for (let band = 0; band < mel.width; band++) sum += mel.data[row * mel.width + band]!;
    return sum / mel.width;
  });
  const loud = percentile(levels, 0.95) - FALL_FROM_DB;
  const falls: number[] = [];
  for (let row = 0; row + FALL_FRAMES < levels.length; row++) {
    if (levels[row]! > loud) falls.push(levels[row]! - levels[row + FALL_FRAMES]!);
  }
  return falls.length === 0 ? 0 : percentile(falls, 0.9);
}

export interface Balance {
  /** 1.5..3.4 kHz against 0.2..1 kHz, dB. */
  readonly midDb: number;
  /** 1..1.6 kHz against 0.2..0.8 kHz, dB. */
  readonly lowMidDb: number;
  /** 4..7.5 kHz against 0.2..3.4 kHz, dB. */
  readonly highDb: number;
}

/** Long-term balance of speaking frames. Shape: power rows (257 bins to 8 kHz) and which of them speak. */
export function balanceOf(spectra: Rows, speaking: readonly boolean[]): Balance {
  const mean = new Float64Array(spectra.width);
  for (let row = 0; row < spectra.count; row++) {
    if (!speaking[row]) continue;
    for (let bin = 0; bin < spectra.width; bin++) mean[bin] = mean[bin]! + spectra.data[row * spectra.width + bin]!;
  }
  const power = (lowHz: number, highHz: number) => {
    const [from, to] = [lowHz, highHz].map((hertz) => Math.round((hertz * (spectra.width - 1)) / 8_000));
    let sum = 0;
    for (let bin = from!; bin < to!; bin++) sum += mean[bin]!;
    return sum / Math.max(1, to! - from!);
  };
  return {
    lowMidDb: decibels(power(1_000, 1_600)) - decibels(power(200, 800)),
    midDb: decibels(power(1_500, 3_400)) - decibels(power(200, 1_000)),
    highDb: decibels(power(4_000, 7_500)) - decibels(power(200, 3_400)),
  };
}
