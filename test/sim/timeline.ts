import type { Clock } from '../../protocol/ports.js';

/**
 * Time that jumps from one event to the next. Events of one moment happen in the order in which they were planned; each is awaited before the
 * next, so that the same plan always takes the same course.
 */
export interface Timeline {
  readonly clock: Clock;
  /** For what goes on beside events and is awaited by none of them: sleeping takes its time. */
  readonly besideClock: Clock;
  at(atMs: number, happen: () => void | Promise<void>): void;
  after(delayMs: number, happen: () => void | Promise<void>): void;
  /** Everything up to and including this time. */
  run(untilMs: number): Promise<void>;
  readonly pending: number;
}

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly happen: () => void | Promise<void>;
}

export function createTimeline(startMs: number): Timeline {
  const heap: Event[] = [];
  let nowMs = startMs;
  let planned = 0;

  function at(atMs: number, happen: Event['happen']): void {
    push(heap, { atMs: Math.max(atMs, nowMs), order: planned++, happen });
  }

  function sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = () => reject(signal?.reason);
      if (signal?.aborted === true) {
        abort();
        return;
      }
      signal?.addEventListener('abort', abort, { once: true });
      at(nowMs + ms, () => {
        if (signal?.aborted === true) return;
        signal?.removeEventListener('abort', abort);
        resolve();
        return settled();
      });
    });
  }

  return {
    besideClock: { nowMs: () => nowMs, sleep },
    // Whoever waits inside an event would wait for an event behind it: waiting takes no time here.
    clock: { nowMs: () => nowMs, sleep: async () => {} },
    at,
    after: (delayMs, happen) => at(nowMs + delayMs, happen),
    async run(untilMs) {
      for (let next = heap[0]; next !== undefined && next.atMs <= untilMs; next = heap[0]) {
        pop(heap);
        nowMs = next.atMs;
        await next.happen();
      }
      nowMs = Math.max(nowMs, untilMs);
    },
    get pending() {
      return heap.length;
    },
  };
}

/** Everything that can go on without time passing has gone on. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const before = (a: Event, b: Event) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);

function push(heap: Event[], event: Event): void {
  let at = heap.push(event) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!before(event, heap[parent]!)) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = event;
}

function pop(heap: Event[]): void {
  const last = heap.pop()!;
  if (heap.length === 0) return;
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    if (left >= heap.length) break;
    const child = left + 1 < heap.length && before(heap[left + 1]!, heap[left]!) ? left + 1 : left;
    if (!before(heap[child]!, last)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
}
