/** Short-time power spectra and mel bands. */
import FFT from 'fft.js';

/** Everything after resampling is heard at this rate. */
export const HEARING_RATE_HZ = 16_000;
export const FFT_SIZE = 512;
export const BINS = FFT_SIZE / 2 + 1;
const WINDOW = 400;
const HANN = Float64Array.from({ length: WINDOW }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (n + 0.5)) / WINDOW));
const FLOOR = 1e-10;

/** `count` rows of `width` numbers. */
export interface Rows {
  readonly count: number;
  readonly width: number;
  readonly data: Float64Array;
}

/** Shape: samples at 16 kHz → one row of 257 powers per hop; 25 ms Hann windows. Units: hop in samples. */
export function powerSpectra(samples: Float64Array, hop: number): Rows {
  const count = Math.max(1, 1 + Math.floor((samples.length - WINDOW) / hop));
  const data = new Float64Array(count * BINS);
  const fft = new FFT(FFT_SIZE);
  const input = new Float64Array(FFT_SIZE);
  const output = new Float64Array(2 * FFT_SIZE);
  for (let row = 0; row < count; row++) {
    const start = row * hop;
    for (let n = 0; n < WINDOW; n++) input[n] = (samples[start + n] ?? 0) * HANN[n]!;
    fft.realTransform(output, input);
    for (let bin = 0; bin < BINS; bin++) {
      const re = output[2 * bin]!;
      const im = output[2 * bin + 1]!;
      data[row * BINS + bin] = re * re + im * im;
    }
  }
  return { count, width: BINS, data };
}

interface Band {
  readonly first: number;
  readonly weights: Float64Array;
}

export type MelBank = readonly Band[];

/**
 * Triangular mel bands. `warp` stretches the frequency axis: above 1 it reads a shorter vocal tract as if it were longer.
 * Units: hertz.
 */
export function melBank(bands: number, lowHz: number, highHz: number, warp = 1): MelBank {
  const edges = Array.from({ length: bands + 2 }, (_, n) => {
    const mel = melOf(lowHz) + ((melOf(highHz) - melOf(lowHz)) * n) / (bands + 1);
    return Math.min(warpHz(hertzOf(mel), warp), HEARING_RATE_HZ / 2) * (FFT_SIZE / HEARING_RATE_HZ);
  });
  return Array.from({ length: bands }, (_, n) => {
    const [low, middle, high] = [edges[n]!, edges[n + 1]!, edges[n + 2]!];
    const first = Math.max(0, Math.floor(low));
    const last = Math.min(BINS - 1, Math.ceil(high));
    const weights = new Float64Array(last - first + 1);
    let total = 0;
    for (let bin = first; bin <= last; bin++) {
      const rise = (bin - low) / Math.max(1e-9, middle - low);
      const fall = (high - bin) / Math.max(1e-9, high - middle);
      weights[bin - first] = Math.max(0, Math.min(rise, fall, 1));
      total += weights[bin - first]!;
    }
    // A band narrower than a bin still hears the bin it lies in.
    if (total < 1e-6) weights[Math.min(weights.length - 1, Math.max(0, Math.round(middle) - first))] = total = 1;
    return { first, weights: weights.map((weight) => weight / total) };
  });
}

/** Shape: power rows → mean power per band, in dB. */
export function melDecibels(spectra: Rows, bank: MelBank): Rows {
  const width = bank.length;
  const data = new Float64Array(spectra.count * width);
  for (let row = 0; row < spectra.count; row++) {
    for (let band = 0; band < width; band++) {
      const { first, weights } = bank[band]!;
      const start = row * spectra.width + first;
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k]! * spectra.data[start + k]!;
      data[row * width + band] = decibels(sum);
    }
  }
  return { count: spectra.count, width, data };
}

export function decibels(power: number): number {
  return 10 * Math.log10(power + FLOOR);
}

/** Linear up to 4.8 kHz, then bent so that the top of the band stays where it is. */
function warpHz(hertz: number, warp: number): number {
  const bend = 4_800;
  const top = HEARING_RATE_HZ / 2;
  return hertz <= bend ? hertz * warp : bend * warp + ((top - bend * warp) * (hertz - bend)) / (top - bend);
}

function melOf(hertz: number): number {
  return 1127 * Math.log(1 + hertz / 700);
}

function hertzOf(mel: number): number {
  return 700 * (Math.exp(mel / 1127) - 1);
}
