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
  let costs = new Float64Array(columns).fill(Number.POSITIVE_INFINITY);
  let steps = new Float64Array(columns);
  let nextCosts = new Float64Array(columns);
  let nextSteps = new Float64Array(columns);
  const { width } = a;
  for (let i = 0; i < rows; i++) {
    const center = rows === 1 ? 0 : (i * (columns - 1)) / (rows - 1);
    const from = Math.max(0, Math.ceil(center - reach));
    const to = Math.min(columns - 1, Math.floor(center + reach));
    nextCosts.fill(Number.POSITIVE_INFINITY);
    for (let j = from; j <= to; j++) {
      let squares = 0;
      for (let k = 0, p = i * width, q = j * width; k < width; k++, p++, q++) {
        const difference = a.data[p]! - b.data[q]!;
        squares += difference * difference;
      }
      const distance = Math.sqrt(squares);
      if (i === 0 && j === 0) {
        nextCosts[0] = distance;
        nextSteps[0] = 1;
        continue;
      }
      // A diagonal step counts as two, so that no slope is cheaper than another.
      const diagonal = j > 0 ? costs[j - 1]! + 2 * distance : Number.POSITIVE_INFINITY;
      const down = costs[j]! + distance;
      const right = j > from ? nextCosts[j - 1]! + distance : Number.POSITIVE_INFINITY;
      if (diagonal <= down && diagonal <= right) {
        nextCosts[j] = diagonal;
        nextSteps[j] = steps[j - 1]! + 2;
      } else if (down <= right) {
        nextCosts[j] = down;
        nextSteps[j] = steps[j]! + 1;
      } else {
        nextCosts[j] = right;
        nextSteps[j] = nextSteps[j - 1]! + 1;
      }
    }
    [costs, nextCosts] = [nextCosts, costs];
    [steps, nextSteps] = [nextSteps, steps];
  }
  return costs[columns - 1]! / steps[columns - 1]!;
}

/** Euclidean distances. Shape: rows of equal width → one row per row of `a`, one column per row of `b`. */
export function distancesOf(a: Rows, b: Rows): Rows {
  const { width } = a;
  const data = new Float64Array(a.count * b.count);
  for (let i = 0, at = 0; i < a.count; i++) {
    for (let j = 0; j < b.count; j++, at++) {
      let squares = 0;
      for (let k = 0, p = i * width, q = j * width; k < width; k++, p++, q++) {
        const difference = a.data[p]! - b.data[q]!;
        squares += difference * difference;
      }
      data[at] = Math.sqrt(squares);
    }
  }
  return { count: a.count, width: b.count, data };
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
  let starts = new Float64Array(columns);
  let nextCosts = new Float64Array(columns);
  let nextStarts = new Float64Array(columns);
  for (let j = 0; j < columns; j++) {
    costs[j] = data[from * columns + j]!;
    starts[j] = j;
  }
  for (let i = from + 1; i < to; i++) {
    for (let j = 0; j < columns; j++) {
      const distance = data[i * columns + j]!;
      const stay = costs[j]! + distance;
      const step = j > 0 ? costs[j - 1]! + distance : Number.POSITIVE_INFINITY;
      const skip = j > 1 ? costs[j - 2]! + 1.5 * distance : Number.POSITIVE_INFINITY;
      const back = stay < step && stay < skip ? 0 : step <= skip ? 1 : 2;
      nextCosts[j] = back === 0 ? stay : back === 1 ? step : skip;
      nextStarts[j] = starts[j - back]!;
    }
    [costs, nextCosts] = [nextCosts, costs];
    [starts, nextStarts] = [nextStarts, starts];
  }
  return { costs, middles: starts.map((start, end) => (start + end + 1) / (2 * columns)) };
}
