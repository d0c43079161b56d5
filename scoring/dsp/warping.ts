/** Dynamic time warping between two feature sequences. */
import type { Rows } from './spectrum.js';

/** Half width of the band around the diagonal, share of the longer sequence. */
const BAND = 0.2;

/**
 * Mean Euclidean distance along the best alignment; both sequences are walked from start to end.
 * Shape: rows of equal width → a distance per step of the path. Source: Sakoe and Chiba 1978, symmetric form; docs/scoring.md, "Content".
 */
export function warpDistance(a: Rows, b: Rows): number {
  const [rows, columns] = [a.count, b.count];
  const reach = Math.max(4, BAND * Math.max(rows, columns));
  const distances = new Float64Array(columns);
  let costs = new Float64Array(columns).fill(Number.POSITIVE_INFINITY);
  let nextCosts = new Float64Array(columns);
  for (let i = 0; i < rows; i++) {
    const center = rows === 1 ? 0 : (i * (columns - 1)) / (rows - 1);
    const from = Math.max(0, Math.ceil(center - reach));
    const to = Math.min(columns - 1, Math.floor(center + reach));
    nextCosts.fill(Number.POSITIVE_INFINITY);
    distancesFrom(a, i, b, from, to + 1, distances, 0);
    let left = Number.POSITIVE_INFINITY;
    let corner = from > 0 ? costs[from - 1]! : Number.POSITIVE_INFINITY;
    for (let j = from; j <= to; j++) {
      const distance = distances[j]!;
      const above = costs[j]!;
      // A diagonal step counts as two, so that no slope is cheaper than another.
      const diagonal = corner + 2 * distance;
      const straight = (above <= left ? above : left) + distance;
      left = i === 0 && j === 0 ? distance : diagonal <= straight ? diagonal : straight;
      nextCosts[j] = left;
      corner = above;
    }
    [costs, nextCosts] = [nextCosts, costs];
  }
  // Every path has as many steps: the first one, and one for each row and column more.
  return costs[columns - 1]! / (rows + columns - 1);
}

/** Euclidean distances. Shape: rows of equal width → one row per row of `a`, one column per row of `b`. */
export function distancesOf(a: Rows, b: Rows): Rows {
  const data = new Float64Array(a.count * b.count);
  for (let i = 0; i < a.count; i++) distancesFrom(a, i, b, 0, b.count, data, i * b.count);
  return { count: a.count, width: b.count, data };
}

/**
 * From one row of `a` to the rows `from`..`to` of `b`, written to `out[at + row]`. Four rows side by side, because one sum alone waits for each
 * of its additions; each sum is in the order of its features.
 */
function distancesFrom(a: Rows, row: number, b: Rows, from: number, to: number, out: Float64Array, at: number): void {
  const { width, data: left } = a;
  const right = b.data;
  const start = row * width;
  let j = from;
  for (; j + 4 <= to; j += 4) {
    let [s0, s1, s2, s3] = [0, 0, 0, 0];
    let [q0, q1, q2, q3] = [j * width, (j + 1) * width, (j + 2) * width, (j + 3) * width];
    for (let k = start; k < start + width; k++) {
      const value = left[k]!;
      const d0 = value - right[q0++]!;
      const d1 = value - right[q1++]!;
      const d2 = value - right[q2++]!;
      const d3 = value - right[q3++]!;
      s0 += d0 * d0;
      s1 += d1 * d1;
      s2 += d2 * d2;
      s3 += d3 * d3;
    }
    out[at + j] = Math.sqrt(s0);
    out[at + j + 1] = Math.sqrt(s1);
    out[at + j + 2] = Math.sqrt(s2);
    out[at + j + 3] = Math.sqrt(s3);
  }
  for (; j < to; j++) {
    let sum = 0;
    for (let k = 0, q = j * width; k < width; k++, q++) {
      const difference = left[start + k]! - right[q]!;
      sum += difference * difference;
    }
    out[at + j] = Math.sqrt(sum);
  }
}

/** Every other row: for a first look. */
export function thinned({ count, width, data }: Rows): Rows {
  const half = Math.ceil(count / 2);
  const kept = new Float64Array(half * width);
  for (let row = 0; row < half; row++) kept.set(data.subarray(2 * row * width, (2 * row + 1) * width), row * width);
  return { count: half, width, data: kept };
}

export interface StretchCosts {
  /** By last column: cost of the best alignment that ends there, summed over the rows. */
  readonly costs: Float64Array;
  /** Its middle, 0..1 of the columns. */
  readonly middles: Float64Array;
}

/**
 * A stretch of rows aligned to the columns wherever it fits: every end with its cheapest beginning. A column may be skipped for half its price
 * again. Shape: distances, rows `from`..`to` → a cost per column.
 */
export function stretchCosts({ width: columns, data }: Rows, from: number, to: number): StretchCosts {
  let costs = new Float64Array(columns);
  let starts = new Int32Array(columns);
  let nextCosts = new Float64Array(columns);
  let nextStarts = new Int32Array(columns);
  for (let j = 0; j < columns; j++) {
    costs[j] = data[from * columns + j]!;
    starts[j] = j;
  }
  for (let i = from + 1; i < to; i++) {
    let one = Number.POSITIVE_INFINITY;
    let two = Number.POSITIVE_INFINITY;
    for (let j = 0, at = i * columns; j < columns; j++, at++) {
      const distance = data[at]!;
      const own = costs[j]!;
      const stay = own + distance;
      const step = one + distance;
      const skip = two + 1.5 * distance;
      if (stay < step && stay < skip) {
        nextCosts[j] = stay;
        nextStarts[j] = starts[j]!;
      } else if (step <= skip) {
        nextCosts[j] = step;
        nextStarts[j] = starts[j - 1]!;
      } else {
        nextCosts[j] = skip;
        nextStarts[j] = starts[j - 2]!;
      }
      two = one;
      one = own;
    }
    [costs, nextCosts] = [nextCosts, costs];
    [starts, nextStarts] = [nextStarts, starts];
  }
  const middles = new Float64Array(columns);
  for (let end = 0; end < columns; end++) middles[end] = (starts[end]! + end + 1) / (2 * columns);
  return { costs, middles };
}
