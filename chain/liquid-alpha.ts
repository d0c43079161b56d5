/** Liquid alpha: how fast a bond follows the weight depends on how far that weight stands from consensus. */
import { clamp, type Fixed, fromU16, multiply, ONE, ratio, type SparseMatrix, type SparseRow, saturate, toFixed, ZERO } from './fixed.js';

export interface LiquidAlpha {
  /** u16, 65535 = 1: slowest. */
  readonly alphaLow: number;
  /** u16, 65535 = 1: fastest. */
  readonly alphaHigh: number;
  /** i16, hundredths. */
  readonly steepness: number;
}

/** The exponent is held within ±20. */
const FARTHEST_EXPONENT = 20;
/** The series stops before this term. */
const SERIES_TERMS = 32n;
/** e with 23 fractional bits: what the pallet's library returns for an exponent of exactly 1. */
const E: Fixed = 22_802_600n << 9n;
const HALF = ONE >> 1n;

/**
 * Yuma3 bonds with an own alpha for each pair of validator and miner. `weights` are the weights for bonds, `bonds` the stored ones, both in [0, 1].
 *
 * Shape: only columns of the new weights; a bond into a seat that the validator no longer names is gone at once. Rows keep the order of the weights.
 * The pallet walks each row with a cursor that only goes up: in a row that is not ascending, what stands after a larger uid counts as 0 when
 * alpha is chosen. That is reproduced here.
 * Source: subtensor pallets/subtensor, epoch/run_epoch.rs compute_liquid_alpha_values_sparse and epoch/math.rs mat_ema_alpha_sparse.
 */
export function liquidBonds(weights: SparseMatrix, bonds: SparseMatrix, consensus: readonly Fixed[], settings: LiquidAlpha): SparseMatrix {
  const none: SparseRow = new Map();
  return weights.map((row, i) => {
    const old = bonds[i] ?? none;
    const seen = { weights: whatACursorSees(row), bonds: whatACursorSees(old) };
    const next = new Map<number, Fixed>();
    for (const [j, weight] of row) {
      const alpha = liquidAlpha(consensus[j] ?? ZERO, seen.weights.get(j) ?? ZERO, seen.bonds.get(j) ?? ZERO, settings);
      const value = multiply(ONE - alpha, old.get(j) ?? ZERO) + multiply(alpha, weight);
      if (value > ZERO) next.set(j, value < ONE ? value : ONE);
    }
    return next;
  });
}

/** Shape: between alphaLow and alphaHigh; the further a bond that is bought stands above consensus, or one that is sold above the weight, the faster. */
export function liquidAlpha(consensus: Fixed, weight: Fixed, bond: Fixed, { alphaLow, alphaHigh, steepness }: LiquidAlpha): Fixed {
  const low = fromU16(alphaLow);
  const high = fromU16(alphaHigh);
  const difference = clamp(weight >= bond ? weight - consensus : bond - weight, ZERO, ONE);
  const exponent = multiply(ratio(toFixed(steepness), toFixed(-100)), difference - HALF);
  const sigmoid = ratio(ONE, saturate(ONE + exponential(exponent)));
  return clamp(low + multiply(sigmoid, high - low), low, high);
}

/**
 * e to the power of x, x held within ±20.
 *
 * The same truncated Taylor series in the same rounding as the library the pallet uses, so the result is the pallet's to the last bit.
 * Against the true value it is 1 % too small at 20, where the series ends too early, and right to eight digits up to 5; what is made of it here,
 * 1 / (1 + eˣ), is within two units of 2⁻³² everywhere.
 * Source: substrate-fixed 0.6.0, transcendental.rs; subtensor epoch/math.rs exp_safe.
 */
export function exponential(x: Fixed): Fixed {
  const limit = toFixed(FARTHEST_EXPONENT);
  const exponent = clamp(x, -limit, limit);
  if (exponent === ZERO) return ONE;
  if (exponent === ONE) return E;
  const size = exponent < ZERO ? -exponent : exponent;
  let term = size;
  let result = size + ONE;
  for (let k = 2n; k < SERIES_TERMS; k += 1n) {
    term = multiply(term, size) / k;
    result += term;
  }
  return exponent < ZERO ? ratio(ONE, result) : result;
}

function whatACursorSees(row: SparseRow): SparseRow {
  const seen = new Map<number, Fixed>();
  let highest = -1;
  for (const [j, value] of row) {
    if (j <= highest) continue;
    highest = j;
    seen.set(j, value);
  }
  return seen;
}
