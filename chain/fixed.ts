/**
 * Fixed point as the pallet has it (I32F32): 32 fractional bits in a bigint, products rounded down, no floats. One input, one output,
 * on every machine. Nothing here saturates because every value of an epoch stays far below 2³¹.
 */
export type Fixed = bigint;

const FRACTION_BITS = 32n;
export const ZERO: Fixed = 0n;
export const ONE: Fixed = 1n << FRACTION_BITS;
const U16_MAX = 65_535n;

/** Shape: whole number → fixed. */
export function toFixed(value: number | bigint): Fixed {
  return BigInt(value) << FRACTION_BITS;
}

/** Shape: numerator / denominator → fixed, rounded down; x / 0 is 0. */
export function ratio(numerator: bigint, denominator: bigint): Fixed {
  return denominator === 0n ? ZERO : (numerator << FRACTION_BITS) / denominator;
}

export function multiply(a: Fixed, b: Fixed): Fixed {
  return (a * b) >> FRACTION_BITS;
}

export function sum(values: readonly bigint[]): bigint {
  return values.reduce((total, value) => total + value, 0n);
}

/** Shape: each entry over the sum; unchanged where the sum is 0. */
export function normalise(values: readonly Fixed[]): Fixed[] {
  const total = sum(values);
  return total === 0n ? [...values] : values.map((value) => ratio(value, total));
}

/** Shape: [0, 1] → 0..65535, rounded down. */
export function toU16(value: Fixed): number {
  const scaled = (value * U16_MAX) >> FRACTION_BITS;
  return Number(scaled > U16_MAX ? U16_MAX : scaled < 0n ? 0n : scaled);
}

/** Shape: 0..65535 → [0, 1]. */
export function fromU16(value: number): Fixed {
  return ratio(BigInt(value), U16_MAX);
}

/** One row of a sparse matrix: column → value, no zeros. */
export type SparseRow = ReadonlyMap<number, Fixed>;
export type SparseMatrix = readonly SparseRow[];

export function mapEntries(matrix: SparseMatrix, change: (value: Fixed, row: number, column: number) => Fixed): SparseMatrix {
  return matrix.map((row, i) => {
    const next = new Map<number, Fixed>();
    for (const [j, value] of row) {
      const changed = change(value, i, j);
      if (changed !== ZERO) next.set(j, changed);
    }
    return next;
  });
}

export function rowSums(matrix: SparseMatrix): Fixed[] {
  return matrix.map((row) => sum([...row.values()]));
}

export function columnSums(matrix: SparseMatrix, columns: number): Fixed[] {
  const totals = Array.from({ length: columns }, () => ZERO);
  for (const row of matrix) for (const [j, value] of row) totals[j] = (totals[j] ?? ZERO) + value;
  return totals;
}

export function normaliseRows(matrix: SparseMatrix): SparseMatrix {
  const totals = rowSums(matrix);
  return mapEntries(matrix, (value, i) => ratio(value, totals[i] ?? ZERO));
}

export function normaliseColumns(matrix: SparseMatrix, columns: number): SparseMatrix {
  const totals = columnSums(matrix, columns);
  return mapEntries(matrix, (value, _i, j) => ratio(value, totals[j] ?? ZERO));
}

/** Shape: each column over its largest entry. */
export function upscaleColumns(matrix: SparseMatrix, columns: number): SparseMatrix {
  const largest = Array.from({ length: columns }, () => ZERO);
  for (const row of matrix) for (const [j, value] of row) if (value > (largest[j] ?? ZERO)) largest[j] = value;
  return mapEntries(matrix, (value, _i, j) => ratio(value, largest[j] ?? ZERO));
}

/** Shape: share·fresh + (1 − share)·old, over the columns of both. */
export function blend(fresh: SparseMatrix, old: SparseMatrix, share: Fixed): SparseMatrix {
  return fresh.map((row, i) => {
    const next = new Map<number, Fixed>();
    for (const [j, value] of row) next.set(j, multiply(share, value));
    for (const [j, value] of old[i] ?? []) next.set(j, (next.get(j) ?? ZERO) + multiply(ONE - share, value));
    for (const [j, value] of next) if (value === ZERO) next.delete(j);
    return next;
  });
}
