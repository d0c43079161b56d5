/** What goes wrong with recorded speech, as functions of samples at 16 kHz: deterministic, plain, and not the judge's own code. */
import { type Chance, createChance } from '../../scoring/chance.js';

export type Change = (samples: Float32Array, chance: Chance) => Float32Array;

const RATE_HZ = 16_000;

/** About normal, sd 1. */
export function noiseOf(chance: Chance, length: number): Float32Array {
  const one = () => chance.below(2 ** 24) / 2 ** 24 - 0.5;
  // Hashing is slow: a second of noise, read from changing places.
  const pool = Float32Array.from({ length: RATE_HZ }, () => (one() + one() + one()) * 2);
  let at = 0;
  return Float32Array.from({ length }, (_, n) => {
    if (n % 4_001 === 0) at = chance.below(RATE_HZ);
    return pool[at++ % RATE_HZ]!;
  });
}

export function rms(samples: Float32Array): number {
  return Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / Math.max(1, samples.length));
}

export const noisy =
  (snrDb: number): Change =>
  (samples, chance) => {
    const size = rms(samples) * 10 ** (-snrDb / 20);
    const noise = noiseOf(chance, samples.length);
    return samples.map((value, n) => value + size * noise[n]!);
  };

export const clipped =
  (gain: number): Change =>
  (samples) => {
    const peak = samples.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    return samples.map((value) => Math.max(-peak, Math.min(peak, value * gain)));
  };

/** Windowed sinc, 255 taps. */
export const lowpassed =
  (hertz: number): Change =>
  (samples) => {
    const taps = Float64Array.from({ length: 255 }, (_, n) => {
      const t = n - 127;
      const edge = (2 * hertz) / RATE_HZ;
      const sinc = t === 0 ? edge : Math.sin(Math.PI * edge * t) / (Math.PI * t);
      return sinc * (0.54 + 0.46 * Math.cos((Math.PI * t) / 127));
    });
    return samples.map((_, n) => taps.reduce((sum, tap, k) => sum + tap * (samples[n + k - 127] ?? 0), 0));
  };

export const quiet =
  (gainDb: number): Change =>
  (samples) =>
    samples.map((value) => value * 10 ** (gainDb / 20));

export const bits =
  (depth: number): Change =>
  (samples) =>
    samples.map((value) => Math.round(value * 2 ** (depth - 1)) / 2 ** (depth - 1));

export const hum =
  (levelDb: number, hertz: readonly number[] = [60, 180]): Change =>
  (samples) => {
    const size = rms(samples) * 10 ** (levelDb / 20) * Math.SQRT2;
    return samples.map((value, n) => value + hertz.reduce((sum, hz) => sum + size * Math.sin((2 * Math.PI * hz * n) / RATE_HZ), 0));
  };

/** Direct sound and a decaying tail of sparse echoes. */
export const reverberant =
  (seconds: number, level: number): Change =>
  (samples, chance) => {
    const echoes = Array.from({ length: 60 }, () => ({
      at: 200 + chance.below(Math.round(seconds * RATE_HZ)),
      sign: chance.below(2) * 2 - 1,
    }));
    return samples.map((value, n) =>
      echoes.reduce((sum, { at, sign }) => sum + (samples[n - at] ?? 0) * level * sign * 10 ** ((-3 * at) / (seconds * RATE_HZ)), value),
    );
  };

/** `holeMs` of nothing in every `everyMs`. */
export const holed =
  (holeMs: number, everyMs: number): Change =>
  (samples) =>
    samples.map((value, n) => (n % (16 * everyMs) < 16 * holeMs ? 0 : value));

/** Played faster or slower by overlapping pieces; the pitch stays. */
export const tempo =
  (factor: number): Change =>
  (samples) => {
    const [size, hop] = [640, 320];
    const out = new Float32Array(Math.ceil(samples.length / factor) + size);
    const weight = new Float32Array(out.length);
    for (let to = 0, last = 0; to + size < out.length; to += hop) {
      const wanted = Math.round(to * factor);
      // The place nearby that carries on best from the last piece.
      let [best, bestLike] = [wanted, Number.NEGATIVE_INFINITY];
      for (let from = Math.max(0, wanted - 120); to > 0 && from <= wanted + 120; from += 2) {
        let like = 0;
        for (let n = 0; n < hop; n += 2) like += (samples[from + n] ?? 0) * (samples[last + hop + n] ?? 0);
        if (like > bestLike) [best, bestLike] = [from, like];
      }
      for (let n = 0; n < size; n++) {
        const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * (n + 0.5)) / size);
        out[to + n] = out[to + n]! + window * (samples[best + n] ?? 0);
        weight[to + n] = weight[to + n]! + window;
      }
      last = best;
    }
    return out.map((value, n) => value / Math.max(0.1, weight[n]!)).slice(0, Math.ceil(samples.length / factor));
  };

/** Every `everyMs` the last `pieceMs` are said again. */
export const stuttered =
  (pieceMs: number, everyMs: number): Change =>
  (samples) => {
    const out: number[] = [];
    for (let from = 0; from < samples.length; from += 16 * everyMs) {
      const stretch = samples.subarray(from, from + 16 * everyMs);
      for (const value of stretch) out.push(value);
      for (const value of stretch.subarray(Math.max(0, stretch.length - 16 * pieceMs))) out.push(value);
    }
    return Float32Array.from(out);
  };

export const reversed: Change = (samples) => samples.slice().reverse();
export const firstHalf: Change = (samples) => samples.slice(0, samples.length / 2);
export const lastHalf: Change = (samples) => samples.slice(samples.length / 2);

export const padded =
  (seconds: number): Change =>
  (samples) => {
    const out = new Float32Array(samples.length + 2 * seconds * RATE_HZ);
    out.set(samples, seconds * RATE_HZ);
    return out;
  };

/** Fresh chance for one system and one prompt. */
export function chanceOf(system: string, seed: string): Chance {
  return createChance(seed, `system/${system}`);
}
