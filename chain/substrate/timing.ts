import type { Clock } from '../../protocol/ports.js';

/** The machine's own clock, for compositions that bring none. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason);
      const stop = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', stop);
        resolve();
      }, ms);
      signal?.addEventListener('abort', stop, { once: true });
    }),
};

/** The promise's outcome, or the failure that `expired` makes once `ms` have passed. Leaves no timer behind. */
export async function withDeadline<T>(clock: Clock, promise: Promise<T>, ms: number, expired: () => Error): Promise<T> {
  const timer = new AbortController();
  const deadline = clock.sleep(ms, timer.signal).then(
    () => {
      throw expired();
    },
    () => new Promise<never>(() => undefined),
  );
  try {
    return await Promise.race([promise, deadline]);
  } finally {
    timer.abort();
    // The loser of the race may still reject; it has been answered for.
    promise.catch(() => undefined);
  }
}
