/**
 * Fixed point as the pallet has it (I32F32): 32 fractional bits in a bigint, products rounded down, quotients towards 0, sums of columns and
 * products held within ±2³¹. No floats: one input, one output, on every machine.
 */
export type Fixed = bigint;

const FRACTION_BITS = 32n;
export const ZERO: Fixed = 0n;
export const ONE: Fixed = 1n << FRACTION_BITS;
const U16_MAX = 65_535n;
const MAX: Fixed = (1n << 63n) - 1n;
const MIN: Fixed = -(1n << 63n);

export function saturate(value: Fixed): Fixed {
  return value > MAX ? MAX : value < MIN ? MIN : value;
}

/** Shape: whole number → fixed. */
export function toFixed(value: number | bigint): Fixed {
  return BigInt(value) << FRACTION_BITS;
}

/** Shape: numerator / denominator → fixed, rounded towards 0; x / 0 is 0. */
export function ratio(numerator: bigint, denominator: bigint): Fixed {
  return denominator === 0n ? ZERO : (numerator << FRACTION_BITS) / denominator;
}

/** Shape: a · b, rounded down. */
export function multiply(a: Fixed, b: Fixed): Fixed {
  return saturate((a * b) >> FRACTION_BITS);
}

/** Shape: `share` of a whole amount (rao), rounded down. */
export function part(amount: bigint, share: Fixed): bigint {
  return (amount * share) >> FRACTION_BITS;
}

export function clamp(value: Fixed, low: Fixed, high: Fixed): Fixed {
  const capped = value < high ? value : high;
  return capped > low ? capped : low;
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

/** One row of a sparse matrix: column → value. A zero that is written down stays, and so does the order of the entries. */
export type SparseRow = ReadonlyMap<number, Fixed>;
export type SparseMatrix = readonly SparseRow[];

export function mapEntries(matrix: SparseMatrix, change: (value: Fixed, row: number, column: number) => Fixed): SparseMatrix {
  return matrix.map((row, i) => {
    const next = new Map<number, Fixed>();
    for (const [j, value] of row) next.set(j, change(value, i, j));
    return next;
  });
}

/** Shape: the entries above 0, ascending by column. */
export function ascending(row: SparseRow): SparseRow {
  return new Map([...row].filter(([, value]) => value > ZERO).sort(([a], [b]) => a - b));
}

export function rowSums(matrix: SparseMatrix): Fixed[] {
  return matrix.map((row) => sum([...row.values()]));
}

export function columnSums(matrix: SparseMatrix, columns: number): Fixed[] {
  const totals = Array.from({ length: columns }, () => ZERO);
  for (const row of matrix) for (const [j, value] of row) totals[j] = saturate((totals[j] ?? ZERO) + value);
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

/** Shape: share·fresh + (1 − share)·old, over the columns of both, ascending. */
export function blend(fresh: SparseMatrix, old: SparseMatrix, share: Fixed): SparseMatrix {
  const rest = saturate(ONE - share);
  return fresh.map((row, i) => {
    const next = new Map<number, Fixed>();
    for (const [j, value] of row) next.set(j, multiply(share, value));
    for (const [j, value] of old[i] ?? []) next.set(j, saturate((next.get(j) ?? ZERO) + multiply(rest, value)));
    return ascending(next);
  });
}
