/** The queue of scoring jobs in memory (test/contracts/queue.ts). */
import type { ScoringJob, ScoringQueue } from '../../node/ports.js';
import { isFailure } from '../../protocol/failure.js';

const MEMORY_ATTEMPTS_MAX = 5;

/** `retryAfterMs`: rest before a failed job comes back. */
export function createMemoryQueue(options: { readonly retryAfterMs?: number } = {}): ScoringQueue {
  interface Item {
    readonly job: ScoringJob;
    attempts: number;
    later: boolean;
    state: 'waiting' | 'resting' | 'running' | 'done' | 'dead';
  }
  const items = new Map<string, Item>();
  const wakers = new Set<() => void>();
  const wake = () => {
    for (const waker of wakers) waker();
  };
  const count = (...states: Item['state'][]) => [...items.values()].filter((item) => states.includes(item.state)).length;
  return {
    async add(jobs) {
      for (const job of jobs) {
        const key = `${job.round}/${job.model}/${job.hotkey}`;
        if (!items.has(key)) items.set(key, { job, attempts: 0, later: false, state: 'waiting' });
      }
      wake();
    },
    async work(handler, concurrency) {
      const stopping = new AbortController();
      const running = new Set<Promise<void>>();
      const timers = new Set<NodeJS.Timeout>();
      async function perform(item: Item): Promise<void> {
        item.attempts += 1;
        try {
          item.later = (await handler(item.job, stopping.signal)) === 'later';
          if (item.later) item.attempts = 0;
          item.state = item.later ? 'waiting' : 'done';
        } catch (err) {
          const disposition = isFailure(err) ? err.disposition : 'retry';
          if (disposition === 'skip') item.state = 'done';
          else if (stopping.signal.aborted) item.state = 'waiting';
          else if (disposition === 'fatal' || item.attempts >= MEMORY_ATTEMPTS_MAX) item.state = 'dead';
          else {
            item.state = 'resting';
            const timer = setTimeout(() => {
              timers.delete(timer);
              item.state = 'waiting';
              wake();
            }, options.retryAfterMs ?? 1);
            timers.add(timer);
          }
        }
      }
      function take(): void {
        while (!stopping.signal.aborted && running.size < concurrency) {
          const waiting = [...items.values()].filter((candidate) => candidate.state === 'waiting');
          const item = waiting.find(({ later }) => !later) ?? waiting[0];
          if (item === undefined) return;
          item.state = 'running';
          const done = perform(item).finally(() => {
            running.delete(done);
            take();
          });
          running.add(done);
        }
      }
      wakers.add(take);
      take();
      return {
        async stop() {
          stopping.abort(new Error('the worker stops'));
          wakers.delete(take);
          for (const timer of timers) clearTimeout(timer);
          await Promise.all(running);
          for (const item of items.values()) if (item.state === 'resting') item.state = 'waiting';
        },
      };
    },
    untried: async () => [...items.values()].filter(({ state, later }) => state === 'waiting' && !later).length,
    depth: async () => ({ waiting: count('waiting', 'resting'), running: count('running'), dead: count('dead') }),
  };
}
