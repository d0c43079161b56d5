/** Building blocks of the reference synthesiser: two-pole filters, a glottal pulse and noise, all with float64 state of their own. */

export interface Filter {
  tune(hz: number, widthHz: number): void;
  /** The first `count` samples of a block, in place; the state goes on into the next block. */
  run(block: Float64Array, count: number): void;
}

/** A two-pole resonance with gain 1 at 0 Hz: one formant of a cascade. */
export function createResonance(sampleRateHz: number): Filter {
  // State lives in typed arrays: captured numbers would be allocated anew at every assignment.
  const [gains, past] = [Float64Array.of(1, 0, 0), new Float64Array(2)];
  return {
    tune(hz, widthHz) {
      const radius = Math.exp((-Math.PI * widthHz) / sampleRateHz);
      const c = -radius * radius;
      const b = 2 * radius * Math.cos((2 * Math.PI * hz) / sampleRateHz);
      gains[0] = 1 - b - c;
      gains[1] = b;
      gains[2] = c;
    },
    run(block, count) {
      const [a, b, c] = [gains[0]!, gains[1]!, gains[2]!];
      let [y1, y2] = [past[0]!, past[1]!];
      for (let n = 0; n < count; n++) {
        const y = a * block[n]! + b * y1 + c * y2;
        y2 = y1;
        y1 = y;
        block[n] = y;
      }
      past[0] = y1;
      past[1] = y2;
    },
  };
}

/** A two-pole band pass with gain 1 at its centre and zeros at 0 Hz and half the sample rate. */
export function createBand(sampleRateHz: number): Filter {
  const [gains, past] = [new Float64Array(3), new Float64Array(4)];
  return {
    tune(hz, widthHz) {
      const omega = (2 * Math.PI * Math.min(hz, BAND_CENTRE_MAX * sampleRateHz)) / sampleRateHz;
      const alpha = (Math.sin(omega) * widthHz) / (2 * hz);
      gains[0] = alpha / (1 + alpha);
      gains[1] = (-2 * Math.cos(omega)) / (1 + alpha);
      gains[2] = (1 - alpha) / (1 + alpha);
    },
    run(block, count) {
      const [b0, a1, a2] = [gains[0]!, gains[1]!, gains[2]!];
      let [x1, x2, y1, y2] = [past[0]!, past[1]!, past[2]!, past[3]!];
      for (let n = 0; n < count; n++) {
        const x = block[n]!;
        const y = b0 * (x - x2) - a1 * y1 - a2 * y2;
        x2 = x1;
        x1 = x;
        y2 = y1;
        y1 = y;
        block[n] = y;
      }
      past.set([x1, x2, y1, y2]);
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
  const state = Int32Array.of(seed >>> 0 || 0x9e3779b9);
  const uniform = () => {
    let bits = state[0]!;
    bits ^= bits << 13;
    bits ^= bits >>> 17;
    bits ^= bits << 5;
    state[0] = bits;
    return (bits >>> 0) / 4294967296 - 0.5;
  };
  return () => (uniform() + uniform() + uniform()) * 2;
}
