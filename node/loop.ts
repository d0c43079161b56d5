/** A turn that comes round again and again: never two at once, missed ticks are skipped, an unexpected error is logged and the loop goes on. */
import { InvariantError } from '../protocol/failure.js';
import type { Clock } from '../protocol/ports.js';
import type { Logger } from './logger.js';

export interface LoopOptions {
  readonly name: string;
  /** Rest between the end of one turn and the start of the next. */
  readonly everyMs: number;
  readonly turn: (signal: AbortSignal) => Promise<void>;
  /** Stops the loop, as `stop()` does. */
  readonly signal?: AbortSignal;
  /** First turn at once (default) or after the first rest. */
  readonly startNow?: boolean;
}

export interface Loop {
  /** Asks for a turn without waiting for the rest to end; asked during a turn, one more follows it. */
  trigger(): void;
  /** Aborts the rest and the turn in progress; resolves when no turn is running. Idempotent. */
  stop(): Promise<void>;
}

/** Errors: none of the turn's reach the caller, save a broken invariant, which ends the process. */
export function runLoop(deps: { readonly clock: Clock; readonly logger: Logger }, options: LoopOptions): Loop {
  const stopping = new AbortController();
  const stopNow = () => stopping.abort(new Error(`loop ${options.name} stops`));
  if (options.signal?.aborted) stopNow();
  options.signal?.addEventListener('abort', stopNow, { once: true });

  let triggered = options.startNow ?? true;
  let wake: AbortController | null = null;

  async function rest(): Promise<void> {
    if (triggered) return;
    wake = new AbortController();
    await deps.clock.sleep(options.everyMs, AbortSignal.any([stopping.signal, wake.signal])).catch(() => {});
    wake = null;
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await rest();
      if (stopping.signal.aborted) return;
      triggered = false;
      try {
        await options.turn(stopping.signal);
      } catch (err) {
        if (stopping.signal.aborted) return;
        if (err instanceof InvariantError) throw err;
        deps.logger.error({ loop: options.name, err }, 'A loop had an unexpected error and goes on');
      }
    }
  }

  const done = run().finally(() => options.signal?.removeEventListener('abort', stopNow));
  return {
    trigger() {
      triggered = true;
      wake?.abort();
    },
    stop() {
      stopNow();
      return done;
    },
  };
}
