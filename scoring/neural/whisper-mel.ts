/** What Whisper hears: log-mel pictures of 30 seconds. */
import { createPowerSpectrum } from './dft.js';

export const WHISPER_RATE_HZ = 16_000;
export const WHISPER_SECONDS = 30;
export const WHISPER_FRAMES = 3000;
export type MelBands = 80 | 128;

const WINDOW = 400;
const HOP = 160;
const BINS = WINDOW / 2 + 1;
const SAMPLES = WHISPER_RATE_HZ * WHISPER_SECONDS;
const POWER_FLOOR = 1e-10;
/** Orders of magnitude below the loudest cell that are kept. */
const RANGE = 8;
const HANN = Float64Array.from({ length: WINDOW }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / WINDOW));

/** Slaney's mel scale: linear up to 1 kHz, then 27 steps for each factor of 6.4. */
const LINEAR_HZ = 200 / 3;
const BEND_HZ = 1000;
const BEND_MEL = BEND_HZ / LINEAR_HZ;
const STEP = Math.log(6.4) / 27;

const melOf = (hertz: number) => (hertz < BEND_HZ ? hertz / LINEAR_HZ : BEND_MEL + Math.log(hertz / BEND_HZ) / STEP);
const hertzOf = (mel: number) => (mel < BEND_MEL ? mel * LINEAR_HZ : BEND_HZ * Math.exp(STEP * (mel - BEND_MEL)));

interface Band {
  readonly first: number;
  readonly weights: Float64Array;
}

/**
 * Triangles of equal area between 0 and 8 kHz.
 * Shape: bands → per band the first of the 201 bins it hears and its weights. Source: Slaney, Auditory Toolbox (1998); librosa's `mel` with
 * its defaults.
 */
export function whisperBands(bands: MelBands): readonly Band[] {
  const top = melOf(WHISPER_RATE_HZ / 2);
  const edges = Array.from({ length: bands + 2 }, (_, n) => hertzOf((top * n) / (bands + 1)));
  const binHz = WHISPER_RATE_HZ / WINDOW;
  return Array.from({ length: bands }, (_, n) => {
    const [low, middle, high] = [edges[n]!, edges[n + 1]!, edges[n + 2]!];
    const first = Math.ceil(low / binHz);
    const last = Math.min(BINS - 1, Math.floor(high / binHz));
    const area = 2 / (high - low);
    const weights = Float64Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => {
      const hertz = (first + at) * binHz;
      return Math.max(0, Math.min((hertz - low) / (middle - low), (high - hertz) / (high - middle))) * area;
    });
    return { first, weights };
  });
}

const BANKS = { 80: whisperBands(80), 128: whisperBands(128) } as const;
const spectrum = createPowerSpectrum(WINDOW);

/**
 * Shape: samples at 16 kHz → float32 [bands, 3000], one column per 10 ms; what is longer than 30 s is cut off, shorter audio is followed by
 * silence. Source: the preprocessing that Whisper was trained with (Radford et al. 2022, §2.2).
 */
export function whisperMel(samples: ArrayLike<number>, bands: MelBands): Float32Array {
  const out = new Float32Array(bands * WHISPER_FRAMES).fill(Math.log10(POWER_FLOOR));
  const length = Math.min(samples.length, SAMPLES);
  const at = (n: number): number => {
    const mirrored = n < 0 ? -n : n >= SAMPLES ? 2 * SAMPLES - 2 - n : n;
    return mirrored < length ? samples[mirrored]! : 0;
  };
  const frame = new Float64Array(WINDOW);
  const powers = new Float64Array(BINS);
  let loudest = Math.log10(POWER_FLOOR);
  // Windows are centred on their frame; those behind the audio hold nothing.
  for (let column = 0; column < WHISPER_FRAMES && column * HOP - WINDOW / 2 < length; column++) {
    const start = column * HOP - WINDOW / 2;
    for (let n = 0; n < WINDOW; n++) frame[n] = at(start + n) * HANN[n]!;
    spectrum(frame, powers);
    BANKS[bands].forEach(({ first, weights }, band) => {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k]! * powers[first + k]!;
      const level = Math.log10(Math.max(sum, POWER_FLOOR));
      out[band * WHISPER_FRAMES + column] = level;
      if (level > loudest) loudest = level;
    });
  }
  return out.map((level) => (Math.max(level, loudest - RANGE) + 4) / 4);
}
