import type { Clock } from '../../protocol/ports.js';

/** Time that passes when told to. `sleep` passes it. */
export function createManualClock(startMs = 1_700_000_000_000): Clock & { pass(ms: number): void } {
  let nowMs = startMs;
  return {
    nowMs: () => nowMs,
    async sleep(ms) {
      nowMs += ms;
    },
    pass(ms) {
      nowMs += ms;
    },
  };
}
