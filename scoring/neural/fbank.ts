/** What speaker models hear: log filterbank energies as Kaldi computes them. */
import FFT from 'fft.js';

export const FBANK_BANDS = 80;
const RATE_HZ = 16_000;
const WINDOW = 400;
const HOP = 160;
const SIZE = 512;
const LOW_HZ = 20;
const PREEMPHASIS = 0.97;
/** The models were trained on 16-bit integers. */
const SCALE = 32_768;
/** Smallest float32 step at 1: Kaldi's floor before the logarithm. */
const FLOOR = 2 ** -23;
const HAMMING = Float64Array.from({ length: WINDOW }, (_, n) => 0.54 - 0.46 * Math.cos((2 * Math.PI * n) / (WINDOW - 1)));

const melOf = (hertz: number) => 1127 * Math.log(1 + hertz / 700);

/** Triangles in the mel domain: row after row, `SIZE / 2` weights each. */
const BANK: Float64Array = (() => {
  const low = melOf(LOW_HZ);
  const step = (melOf(RATE_HZ / 2) - low) / (FBANK_BANDS + 1);
  const bins = SIZE / 2;
  const out = new Float64Array(FBANK_BANDS * bins);
  for (let band = 0; band < FBANK_BANDS; band++) {
    const left = low + band * step;
    for (let bin = 0; bin < bins; bin++) {
      const mel = melOf((bin * RATE_HZ) / SIZE);
      out[band * bins + bin] = Math.max(0, Math.min((mel - left) / step, (left + 2 * step - mel) / step));
    }
  }
  return out;
})();

export interface Fbank {
  readonly frames: number;
  /** float32 [frames, 80], mean over time taken off each band. */
  readonly data: Float32Array;
}

/**
 * 25 ms Hamming windows every 10 ms, no dither, mean of each window removed, pre-emphasis 0.97, bands from 20 Hz to 8 kHz.
 * Shape: samples at 16 kHz, at least one window (shorter audio is followed by silence) → features. Source: Kaldi `compute-fbank-feats`.
 */
export function speakerFbank(samples: ArrayLike<number>): Fbank {
  const frames = Math.max(1, 1 + Math.floor((samples.length - WINDOW) / HOP));
  const levels = new Float64Array(frames * FBANK_BANDS);
  const fft = new FFT(SIZE);
  const raw = new Float64Array(WINDOW);
  const input = new Float64Array(SIZE);
  const output = new Float64Array(2 * SIZE);
  const bins = SIZE / 2;
  const powers = new Float64Array(bins);
  for (let frame = 0; frame < frames; frame++) {
    let mean = 0;
    for (let n = 0; n < WINDOW; n++) mean += raw[n] = (samples[frame * HOP + n] ?? 0) * SCALE;
    mean /= WINDOW;
    for (let n = 0; n < WINDOW; n++) {
      const before = raw[Math.max(0, n - 1)]! - mean;
      input[n] = (raw[n]! - mean - PREEMPHASIS * before) * HAMMING[n]!;
    }
    fft.realTransform(output, input);
    for (let bin = 0; bin < bins; bin++) powers[bin] = output[2 * bin]! ** 2 + output[2 * bin + 1]! ** 2;
    for (let band = 0; band < FBANK_BANDS; band++) {
      let sum = 0;
      for (let bin = 0; bin < bins; bin++) sum += BANK[band * bins + bin]! * powers[bin]!;
      levels[frame * FBANK_BANDS + band] = Math.log(Math.max(sum, FLOOR));
    }
  }
  return { frames, data: centredBands(levels, frames) };
}

function centredBands(levels: Float64Array, frames: number): Float32Array {
  const out = new Float32Array(levels.length);
  for (let band = 0; band < FBANK_BANDS; band++) {
    let mean = 0;
    for (let frame = 0; frame < frames; frame++) mean += levels[frame * FBANK_BANDS + band]!;
    mean /= frames;
    for (let frame = 0; frame < frames; frame++) out[frame * FBANK_BANDS + band] = levels[frame * FBANK_BANDS + band]! - mean;
  }
  return out;
}
