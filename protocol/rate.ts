/** A token bucket that needs one number per key (GCRA): the theoretical arrival time of the next token. Time is passed in. */
export interface RateLimit {
  /** One token per this time in the long run… */
  readonly intervalMs: number;
  /** …and this many at once. */
  readonly burst: number;
}

/** The new arrival time if `cost` tokens are there at `nowMs`, else null. `arrivalMs` of a fresh key is 0. */
export function takeTokens(limit: RateLimit, arrivalMs: number, nowMs: number, cost = 1): number | null {
  const next = Math.max(arrivalMs, nowMs) + cost * limit.intervalMs;
  return next - nowMs > limit.burst * limit.intervalMs ? null : next;
}

export interface RateLimiter {
  /** Would `take` succeed? Changes nothing. */
  peek(key: string, nowMs: number, cost?: number): boolean;
  take(key: string, nowMs: number, cost?: number): boolean;
  readonly size: number;
}

/**
 * One bucket per key. When `keysMax` buckets are in use the one used longest ago is forgotten: its owner gets a full bucket, nobody else loses any.
 */
export function createRateLimiter(limit: RateLimit, keysMax: number): RateLimiter {
  const arrivals = new Map<string, number>();
  return {
    get size() {
      return arrivals.size;
    },
    peek: (key, nowMs, cost) => takeTokens(limit, arrivals.get(key) ?? 0, nowMs, cost) !== null,
    take(key, nowMs, cost) {
      const next = takeTokens(limit, arrivals.get(key) ?? 0, nowMs, cost);
      if (next === null) return false;
      arrivals.delete(key);
      arrivals.set(key, next);
      if (arrivals.size > keysMax) {
        const [oldest] = arrivals.keys();
        if (oldest !== undefined) arrivals.delete(oldest);
      }
      return true;
    },
  };
}

/** Bytes under a rate, for senders that wait rather than drop: debt is allowed once, then it is waited for. Time is passed in. */
export interface Pacer {
  /** How long until something may be sent; 0: now. */
  waitMs(nowMs: number): number;
  take(bytes: number, nowMs: number): void;
}

/** What an idle pacer may send at once, in time at its rate. */
export const PACER_BURST_MS = 100;

/** Null: no limit. */
export function createPacer(bytesPerSecond: number | null): Pacer {
  if (bytesPerSecond === null) return { waitMs: () => 0, take: () => {} };
  let paidUntilMs = Number.NEGATIVE_INFINITY;
  return {
    waitMs: (nowMs) => Math.max(0, Math.ceil(paidUntilMs - nowMs)),
    take(bytes, nowMs) {
      paidUntilMs = Math.max(paidUntilMs, nowMs - PACER_BURST_MS) + (bytes * 1000) / bytesPerSecond;
    },
  };
}
