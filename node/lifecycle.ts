/** Starting in order and stopping in reverse, each step bounded. */
import type { Clock } from '../protocol/ports.js';
import type { Logger } from './logger.js';
import type { Service } from './service.js';

export const STOP_TIMEOUT_MS = 10_000;

export interface LifecycleOptions {
  readonly signal: AbortSignal;
  /** Longest wait for one service to stop. */
  readonly stopTimeoutMs?: number;
}

export interface StopReport {
  /** Services that were still running when their time was up. */
  readonly hanging: readonly string[];
  readonly failed: readonly { readonly name: string; readonly err: unknown }[];
}

export interface RunningServices {
  /** Newest first; goes on past a hanging or failing one. A second call returns the first one's promise. */
  stop(): Promise<StopReport>;
}

/**
 * Start services in order.
 * Errors: whatever the failing service rejected with, after those already started were stopped, newest first.
 */
export async function startAll(
  services: readonly Service[],
  deps: { readonly clock: Clock; readonly logger: Logger },
  options: LifecycleOptions,
): Promise<RunningServices> {
  const started: Service[] = [];
  let stopping: Promise<StopReport> | null = null;
  const stop = () => (stopping ??= stopAll([...started].reverse(), deps, options.stopTimeoutMs ?? STOP_TIMEOUT_MS));
  try {
    for (const service of services) {
      options.signal.throwIfAborted();
      const since = deps.clock.nowMs();
      await service.start(options.signal);
      started.push(service);
      deps.logger.debug({ service: service.name, elapsedMs: deps.clock.nowMs() - since }, 'Service started');
    }
  } catch (err) {
    await stop();
    throw err;
  }
  return { stop };
}

async function stopAll(
  services: readonly Service[],
  deps: { readonly clock: Clock; readonly logger: Logger },
  stopTimeoutMs: number,
): Promise<StopReport> {
  const hanging: string[] = [];
  const failed: { name: string; err: unknown }[] = [];
  for (const service of services) {
    const since = deps.clock.nowMs();
    const outcome = await stopOne(service, deps.clock, stopTimeoutMs);
    if (outcome.state === 'hanging') {
      hanging.push(service.name);
      deps.logger.error({ service: service.name, limitMs: stopTimeoutMs }, 'Service did not stop in time');
    } else if (outcome.state === 'failed') {
      failed.push({ name: service.name, err: outcome.err });
      deps.logger.error({ service: service.name, err: outcome.err }, 'Service failed while stopping');
    } else {
      deps.logger.debug({ service: service.name, elapsedMs: deps.clock.nowMs() - since }, 'Service stopped');
    }
  }
  return { hanging, failed };
}

type StopOutcome = { readonly state: 'stopped' | 'hanging' } | { readonly state: 'failed'; readonly err: unknown };

async function stopOne(service: Service, clock: Clock, limitMs: number): Promise<StopOutcome> {
  const timer = new AbortController();
  const late = clock.sleep(limitMs, timer.signal).then(
    (): StopOutcome => ({ state: 'hanging' }),
    (): StopOutcome => ({ state: 'stopped' }),
  );
  const stopped = Promise.resolve()
    .then(() => service.stop())
    .then(
      (): StopOutcome => ({ state: 'stopped' }),
      (err: unknown): StopOutcome => ({ state: 'failed', err }),
    );
  const outcome = await Promise.race([stopped, late]);
  timer.abort();
  return outcome;
}
