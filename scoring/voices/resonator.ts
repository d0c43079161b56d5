/** Building blocks of the reference synthesiser: two-pole filters, a glottal pulse and noise, all with float64 state of their own. */

export interface Filter {
  tune(hz: number, widthHz: number): void;
  step(input: number): number;
}

/** A two-pole resonance with gain 1 at 0 Hz: one formant of a cascade. */
export function createResonance(sampleRateHz: number): Filter {
  let a = 1;
  let b = 0;
  let c = 0;
  let y1 = 0;
  let y2 = 0;
  return {
    tune(hz, widthHz) {
      const radius = Math.exp((-Math.PI * widthHz) / sampleRateHz);
      c = -radius * radius;
      b = 2 * radius * Math.cos((2 * Math.PI * hz) / sampleRateHz);
      a = 1 - b - c;
    },
    step(input) {
      const y = a * input + b * y1 + c * y2;
      y2 = y1;
      y1 = y;
      return y;
    },
  };
}

/** A two-pole band pass with gain 1 at its centre and zeros at 0 Hz and half the sample rate. */
export function createBand(sampleRateHz: number): Filter {
  let b0 = 0;
  let a1 = 0;
  let a2 = 0;
  let x1 = 0;
  let x2 = 0;
  let y1 = 0;
  let y2 = 0;
  return {
    tune(hz, widthHz) {
      const omega = (2 * Math.PI * Math.min(hz, BAND_CENTRE_MAX * sampleRateHz)) / sampleRateHz;
      const alpha = (Math.sin(omega) * widthHz) / (2 * hz);
      b0 = alpha / (1 + alpha);
      a1 = (-2 * Math.cos(omega)) / (1 + alpha);
      a2 = (1 - alpha) / (1 + alpha);
    },
    step(input) {
      const y = b0 * (input - x2) - a1 * y1 - a2 * y2;
      x2 = x1;
      x1 = input;
      y2 = y1;
      y1 = y;
      return y;
    },
  };
}
const BAND_CENTRE_MAX = 0.46;

const OPEN_SHARE = 0.62;

/** The slope of the air flow through the glottis, which is what radiates. Units: phase 0..1 of one cycle → about -2..1. */
export function glottalSlope(phase: number): number {
  if (phase >= OPEN_SHARE) return 0;
  const at = phase / OPEN_SHARE;
  return at * (2 - 3 * at) * 2;
}

/** White noise, sd 1 (near enough to normal: three uniforms). xorshift32 on integers, the same on every machine. */
export function createNoise(seed: number): () => number {
  let state = seed >>> 0 || 0x9e3779b9;
  const uniform = () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 4294967296 - 0.5;
  };
  return () => (uniform() + uniform() + uniform()) * 2;
}
