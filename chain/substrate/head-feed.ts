import type { BlockRef } from '../snapshot.js';

/** Heads that only ever rise, to everybody who listens. */
export interface HeadFeed {
  /** A head that is not above the last one is passed over. */
  push(head: BlockRef): void;
  last(): BlockRef | null;
  /** Returns the way to stop. Errors: RangeError above `MAX_LISTENERS`. */
  listen(listener: (head: BlockRef) => void): () => void;
  listeners(): number;
}

/** One more is a leak. */
export const MAX_LISTENERS = 64;

export function createHeadFeed(): HeadFeed {
  const listeners = new Set<(head: BlockRef) => void>();
  let last: BlockRef | null = null;
  return {
    push: (head) => {
      if (last !== null && head.number <= last.number) return;
      last = head;
      for (const listener of [...listeners]) listener(head);
    },
    last: () => last,
    listen: (listener) => {
      if (listeners.size >= MAX_LISTENERS) throw new RangeError(`more than ${MAX_LISTENERS} listeners on one chain connection`);
      const own = (head: BlockRef) => listener(head);
      listeners.add(own);
      return () => {
        listeners.delete(own);
      };
    },
    listeners: () => listeners.size,
  };
}
