/** How far the clock of this machine is from that of the chain, judged by blocks that have just arrived. */

export interface TimedHead {
  readonly number: number;
  /** `Timestamp.Now` of that block, Unix ms: when its author began to make it. */
  readonly timestampMs: number;
  /** When its announcement came, by the clock of this machine. */
  readonly arrivedMs: number;
}

/** Blocks in a row that must agree. */
export const DRIFT_HEADS = 4;
/** Drift above this is warned of: peers ignore messages from further in the future. */
export const DRIFT_MAX_MS = 10_000;
/** How far one interval between blocks may be from the block time, as a part of it. */
const IRREGULAR = 0.5;

/**
 * Shape: heads as they came → ms that this machine is ahead of the chain (negative: behind), 0 when a block's age is below one block time.
 * Null where they say nothing: too few, a gap, or blocks that do not come in time with their timestamps, be it that the chain stumbles or
 * that its time is artificial.
 */
export function clockDrift(heads: readonly TimedHead[], blockTimeMs: number): number | null {
  const last = heads.slice(-DRIFT_HEADS);
  if (last.length < DRIFT_HEADS || !last.slice(1).every((head, i) => follows(last[i], head, blockTimeMs))) return null;
  const drifts = last.map(({ timestampMs, arrivedMs }) => {
    const ageMs = arrivedMs - timestampMs;
    return ageMs < 0 ? ageMs : Math.max(0, ageMs - blockTimeMs);
  });
  if (drifts.every((drift) => drift > 0)) return Math.min(...drifts);
  return drifts.every((drift) => drift < 0) ? Math.max(...drifts) : 0;
}

/** The one came right after the other, both by our clock and by the chain's. */
export function follows(before: TimedHead | undefined, head: TimedHead, blockTimeMs: number): boolean {
  if (before === undefined || head.number !== before.number + 1) return false;
  const regular = (intervalMs: number) => Math.abs(intervalMs - blockTimeMs) <= blockTimeMs * IRREGULAR;
  return regular(head.timestampMs - before.timestampMs) && regular(head.arrivedMs - before.arrivedMs);
}
