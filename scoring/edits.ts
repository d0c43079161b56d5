/** How far two sequences are apart, by edit distance. */

export interface Errors {
  readonly substitutions: number;
  readonly deletions: number;
  readonly insertions: number;
  /** Length of what should have been said. */
  readonly length: number;
}

/** Of ways with equally few errors the one that substitutes most is taken. Shape: sequences → counts. Source: Levenshtein 1966. */
export function countErrors(expected: readonly string[], heard: readonly string[]): Errors {
  const width = heard.length + 1;
  const cost = new Int32Array((expected.length + 1) * width);
  for (let n = 1; n < width; n++) cost[n] = n;
  for (let m = 1; m <= expected.length; m++) {
    cost[m * width] = m;
    for (let n = 1; n < width; n++) {
      const swap = cost[(m - 1) * width + n - 1]! + (expected[m - 1] === heard[n - 1] ? 0 : 1);
      cost[m * width + n] = Math.min(swap, cost[(m - 1) * width + n]! + 1, cost[m * width + n - 1]! + 1);
    }
  }
  let [m, n, substitutions, deletions, insertions] = [expected.length, heard.length, 0, 0, 0];
  while (m > 0 || n > 0) {
    const here = cost[m * width + n]!;
    const same = m > 0 && n > 0 && expected[m - 1] === heard[n - 1];
    if (m > 0 && n > 0 && here === cost[(m - 1) * width + n - 1]! + (same ? 0 : 1)) {
      if (!same) substitutions++;
      m--;
      n--;
    } else if (m > 0 && here === cost[(m - 1) * width + n]! + 1) {
      deletions++;
      m--;
    } else {
      insertions++;
      n--;
    }
  }
  return { substitutions, deletions, insertions, length: expected.length };
}
