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

/**
 * Where in `whole` a stretch of `part` fits best, wherever that is.
 * Shape: rows `from`..`to` of part → middle of the best place, 0..1 of the whole.
 */
export function bestPlace(part: Rows, from: number, to: number, whole: Rows): number {
  const columns = whole.count;
  const { width } = part;
  let costs = new Float64Array(columns);
  let starts = Float64Array.from({ length: columns }, (_, j) => j);
  let nextCosts = new Float64Array(columns);
  let nextStarts = new Float64Array(columns);
  for (let i = from; i < to; i++) {
    for (let j = 0; j < columns; j++) {
      let squares = 0;
      for (let k = 0, p = i * width, q = j * width; k < width; k++, p++, q++) {
        const difference = part.data[p]! - whole.data[q]!;
        squares += difference * difference;
      }
      const distance = Math.sqrt(squares);
      const stay = costs[j]! + distance;
      const step = j > 0 ? costs[j - 1]! + distance : Number.POSITIVE_INFINITY;
      const skip = j > 1 ? costs[j - 2]! + 1.5 * distance : Number.POSITIVE_INFINITY;
      const source = i === from || (stay < step && stay < skip) ? j : step <= skip ? j - 1 : j - 2;
      nextCosts[j] = i === from ? distance : Math.min(stay, step, skip);
      nextStarts[j] = i === from ? j : starts[source]!;
    }
    [costs, nextCosts] = [nextCosts, costs];
    [starts, nextStarts] = [nextStarts, starts];
  }
  let best = 0;
  for (let j = 1; j < columns; j++) if (costs[j]! < costs[best]!) best = j;
  return (starts[best]! + best + 1) / (2 * columns);
}
