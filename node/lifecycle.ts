/** What runs is remembered as it starts, and stopped in reverse, each part within a bound. */
import type { Clock } from '../protocol/ports.js';
import type { Logger } from './logger.js';

export const STOP_TIMEOUT_MS = 10_000;

export interface StopReport {
  /** Parts that were still running when their time was up. */
  readonly hanging: readonly string[];
  readonly failed: readonly { readonly name: string; readonly err: unknown }[];
}

export interface Lifecycle {
  /** Remembers a part that now runs, and how it is stopped; returns the part. */
  own<T>(name: string, part: T, stop: (part: T) => unknown, stopTimeoutMs?: number): T;
  /** Newest first; goes on past a hanging or failing part. A second call returns the first one's promise. */
  stop(): Promise<StopReport>;
}

interface Owned {
  readonly name: string;
  readonly stop: () => unknown;
  readonly stopTimeoutMs: number;
}

export function createLifecycle(deps: { readonly clock: Clock; readonly logger: Logger }): Lifecycle {
  const owned: Owned[] = [];
  let stopping: Promise<StopReport> | null = null;

  async function stopAll(): Promise<StopReport> {
    const hanging: string[] = [];
    const failed: { name: string; err: unknown }[] = [];
    for (let part = owned.pop(); part !== undefined; part = owned.pop()) {
      const since = deps.clock.nowMs();
      const outcome = await stopOne(part, deps.clock);
      if (outcome.state === 'hanging') {
        hanging.push(part.name);
        deps.logger.error({ part: part.name, limitMs: part.stopTimeoutMs }, 'This part did not stop in time');
      } else if (outcome.state === 'failed') {
        failed.push({ name: part.name, err: outcome.err });
        deps.logger.error({ part: part.name, err: outcome.err }, 'This part failed while stopping');
      } else {
        deps.logger.debug({ part: part.name, elapsedMs: deps.clock.nowMs() - since }, 'stopped');
      }
    }
    return { hanging, failed };
  }

  return {
    own(name, part, stop, stopTimeoutMs = STOP_TIMEOUT_MS) {
      owned.push({ name, stop: () => stop(part), stopTimeoutMs });
      return part;
    },
    stop: () => (stopping ??= stopAll()),
  };
}

type StopOutcome = { readonly state: 'stopped' | 'hanging' } | { readonly state: 'failed'; readonly err: unknown };

async function stopOne({ stop, stopTimeoutMs }: Owned, clock: Clock): Promise<StopOutcome> {
  const timer = new AbortController();
  const late = clock.sleep(stopTimeoutMs, timer.signal).then(
    (): StopOutcome => ({ state: 'hanging' }),
    (): StopOutcome => ({ state: 'stopped' }),
  );
  const stopped = Promise.resolve()
    .then(stop)
    .then(
      (): StopOutcome => ({ state: 'stopped' }),
      (err: unknown): StopOutcome => ({ state: 'failed', err }),
    );
  const outcome = await Promise.race([stopped, late]);
  timer.abort();
  return outcome;
}
