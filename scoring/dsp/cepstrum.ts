/** Cepstral features for comparing what was said, not who said it or how loud. */
import type { Rows } from './spectrum.js';

const CEPSTRA = 12;
/** Deltas count this many times as much as the cepstra themselves. */
const DELTA_WEIGHT = 2.5;
const DELTA_REACH = 2;
export const FEATURES = 2 * CEPSTRA;

/**
 * Shape: log-mel rows in dB → rows of 12 cepstra and 12 deltas, each cepstrum brought to mean 0 and variance 1 over the utterance.
 * Source: docs/scoring.md, "Content".
 */
export function cepstralFeatures(mel: Rows): Rows {
  const cepstra = normalised(cosineTransform(mel));
  const data = new Float64Array(mel.count * FEATURES);
  const last = mel.count - 1;
  for (let row = 0; row < mel.count; row++) {
    for (let c = 0; c < CEPSTRA; c++) {
      let slope = 0;
      for (let reach = 1; reach <= DELTA_REACH; reach++) {
        const after = cepstra[Math.min(last, row + reach) * CEPSTRA + c]!;
        const before = cepstra[Math.max(0, row - reach) * CEPSTRA + c]!;
        slope += reach * (after - before);
      }
      data[row * FEATURES + c] = cepstra[row * CEPSTRA + c]!;
      data[row * FEATURES + CEPSTRA + c] = (DELTA_WEIGHT * slope) / 10;
    }
  }
  return { count: mel.count, width: FEATURES, data };
}

function cosineTransform(mel: Rows): Float64Array {
  const basis = Array.from({ length: CEPSTRA }, (_, c) =>
    Float64Array.from({ length: mel.width }, (_, band) => Math.cos((Math.PI * (c + 1) * (band + 0.5)) / mel.width)),
  );
  const out = new Float64Array(mel.count * CEPSTRA);
  for (let row = 0; row < mel.count; row++) {
    for (let c = 0; c < CEPSTRA; c++) {
      const wave = basis[c]!;
      let sum = 0;
      for (let band = 0; band < mel.width; band++) sum += mel.data[row * mel.width + band]! * wave[band]!;
      out[row * CEPSTRA + c] = sum;
    }
  }
  return out;
}

function normalised(cepstra: Float64Array): Float64Array {
  const count = cepstra.length / CEPSTRA;
  const out = new Float64Array(cepstra.length);
  for (let c = 0; c < CEPSTRA; c++) {
    let sum = 0;
    let squares = 0;
    for (let row = 0; row < count; row++) {
      const value = cepstra[row * CEPSTRA + c]!;
      sum += value;
      squares += value * value;
    }
    const mean = sum / count;
    const deviation = Math.sqrt(Math.max(1e-6, squares / count - mean * mean));
    for (let row = 0; row < count; row++) out[row * CEPSTRA + c] = (cepstra[row * CEPSTRA + c]! - mean) / deviation;
  }
  return out;
}
