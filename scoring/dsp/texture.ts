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

export interface Balance {
  /** 1.5..3.4 kHz against 0.2..1 kHz, dB. */
  readonly midDb: number;
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
    midDb: decibels(power(1_500, 3_400)) - decibels(power(200, 1_000)),
    highDb: decibels(power(4_000, 7_500)) - decibels(power(200, 3_400)),
  };
}
