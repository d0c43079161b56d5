/** Windowed-sinc resampling in float64: the same output bits on every machine. */
import { createLru } from '../../protocol/lru.js';

/** Zero crossings of the sinc on each side. */
const CROSSINGS = 16;
const KAISER_BETA = 8.6;
/** Share of the lower Nyquist frequency that passes. */
const PASS = 0.95;

/**
 * Shape: samples at one rate → samples at another; length is `ceil(length · to / from)`. Units: hertz, integers.
 * Source: J. O. Smith, "Digital Audio Resampling", polyphase form with a Kaiser window.
 */
export function resample(samples: ArrayLike<number>, fromHz: number, toHz: number): Float64Array {
  if (fromHz === toHz) return new Float64Array(samples);
  const common = gcd(fromHz, toHz);
  const up = toHz / common;
  const down = fromHz / common;
  const { taps, half } = tablesOf(fromHz, toHz, up);
  const width = 2 * half;
  const length = Math.ceil((samples.length * up) / down);
  const out = new Float64Array(length);
  for (let n = 0; n < length; n++) {
    const position = n * down;
    const center = Math.floor(position / up);
    const table = taps[position % up]!;
    const first = center - half + 1;
    const from = Math.max(0, -first);
    const to = Math.min(width, samples.length - first);
    let sum = 0;
    for (let k = from; k < to; k++) sum += samples[first + k]! * table[k]!;
    out[n] = sum;
  }
  return out;
}

interface Tables {
  readonly half: number;
  readonly taps: readonly Float64Array[];
}

/** Pairs of rates whose tables are kept: a round hears few rates, each of them often. */
const TABLES_KEPT = 8;
const tables = createLru<Tables>(TABLES_KEPT);

function tablesOf(fromHz: number, toHz: number, phases: number): Tables {
  const key = `${fromHz}/${toHz}`;
  const known = tables.get(key);
  if (known) return known;
  const cutoff = PASS * Math.min(1, toHz / fromHz);
  const half = Math.ceil(CROSSINGS / cutoff);
  const made = { half, taps: phaseTable(phases, half, cutoff) };
  tables.set(key, made);
  return made;
}

function phaseTable(phases: number, half: number, cutoff: number): readonly Float64Array[] {
  const scale = 1 / bessel0(KAISER_BETA);
  return Array.from({ length: phases }, (_, phase) => {
    const table = new Float64Array(2 * half);
    let total = 0;
    for (let k = 0; k < table.length; k++) {
      const t = k - half + 1 - phase / phases;
      const edge = Math.min(1, Math.abs(t) / half);
      const window = bessel0(KAISER_BETA * Math.sqrt(1 - edge * edge)) * scale;
      table[k] = sinc(t * cutoff) * window;
      total += table[k]!;
    }
    return table.map((value) => value / total);
  });
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

function bessel0(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
