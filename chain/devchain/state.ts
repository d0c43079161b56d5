/** The chain's state as keys and values, now and at each of the last blocks. */
import type { Store, StoreView } from './storage-item.js';

/** What a block changed: key → new value, or null for removed. */
export type Changes = ReadonlyMap<string, string | null>;

export interface State {
  /** The newest block's state. */
  readonly now: StoreView;
  /** The state after block `number`; null when it is no longer (or not yet) held. */
  at(number: number): StoreView | null;
  commit(number: number, changes: Changes): void;
  /** Forgets every block after `number`. */
  rewind(number: number): void;
  oldest(): number;
}

interface Version {
  readonly block: number;
  readonly value: string | null;
}

/**
 * Keeps every value of the last `historyBlocks` blocks; older values go as blocks come.
 *
 * Shape: the values at block `base`, the number of blocks to keep → state.
 */
export function createState(initial: Iterable<readonly [string, string]>, base: number, historyBlocks: number): State {
  const versions = new Map<string, Version[]>();
  const touched = new Map<number, readonly string[]>();
  let sorted: string[] | null = null;
  let head = base;
  let oldest = base;
  for (const [key, value] of initial) versions.set(key, [{ block: base, value }]);

  function valueAt(key: string, number: number): string | null {
    const list = versions.get(key);
    if (list === undefined) return null;
    for (let i = list.length - 1; i >= 0; i -= 1) if (list[i]!.block <= number) return list[i]!.value;
    return null;
  }

  function keysWith(prefix: string, number: number): readonly string[] {
    sorted ??= [...versions.keys()].sort();
    const found: string[] = [];
    for (let i = lowerBound(sorted, prefix); i < sorted.length && sorted[i]!.startsWith(prefix); i += 1) {
      if (valueAt(sorted[i]!, number) !== null) found.push(sorted[i]!);
    }
    return found;
  }

  /** Keeps the order: sorting all keys anew takes longer than making a block. */
  function insert(key: string): void {
    if (sorted !== null) sorted.splice(lowerBound(sorted, key), 0, key);
  }

  function withdraw(key: string): void {
    if (sorted !== null) sorted.splice(lowerBound(sorted, key), 1);
  }

  const viewAt = (number: number): StoreView => ({
    get: (key) => valueAt(key, number),
    keysWith: (prefix) => keysWith(prefix, number),
  });

  /** Forgets the values that only blocks before `number` could see. */
  function forgetBefore(number: number): void {
    for (; oldest < number; oldest += 1) {
      for (const key of touched.get(oldest + 1) ?? []) {
        const list = versions.get(key);
        if (list === undefined) continue;
        let keep = 0;
        while (keep + 1 < list.length && list[keep + 1]!.block <= oldest + 1) keep += 1;
        list.splice(0, keep);
        if (list.length === 1 && list[0]!.value === null) {
          versions.delete(key);
          withdraw(key);
        }
      }
      touched.delete(oldest + 1);
    }
  }

  return {
    now: { get: (key) => valueAt(key, head), keysWith: (prefix) => keysWith(prefix, head) },
    at: (number) => (number < oldest || number > head ? null : viewAt(number)),
    commit: (number, changes) => {
      for (const [key, value] of changes) {
        const list = versions.get(key);
        if (list === undefined) {
          versions.set(key, [{ block: number, value }]);
          insert(key);
        } else list.push({ block: number, value });
      }
      touched.set(number, [...changes.keys()]);
      head = number;
      forgetBefore(head - historyBlocks);
    },
    rewind: (number) => {
      for (; head > number; head -= 1) {
        for (const key of touched.get(head) ?? []) {
          const list = versions.get(key);
          list?.splice(list.findIndex(({ block }) => block === head));
          if (list?.length !== 0) continue;
          versions.delete(key);
          withdraw(key);
        }
        touched.delete(head);
      }
    },
    oldest: () => oldest,
  };
}

export interface Overlay extends Store {
  changes(): Changes;
  /** Writes what was changed here into the store beneath. */
  apply(to: Store): void;
}

/** Changes on top of a store that is not touched until they are applied. */
export function createOverlay(beneath: StoreView): Overlay {
  const changes = new Map<string, string | null>();
  return {
    get: (key) => {
      const changed = changes.get(key);
      return changed === undefined ? beneath.get(key) : changed;
    },
    put: (key, value) => void changes.set(key, value),
    remove: (key) => void changes.set(key, null),
    keysWith: (prefix) => {
      const keys = new Set(beneath.keysWith(prefix));
      for (const [key, value] of changes) {
        if (!key.startsWith(prefix)) continue;
        if (value === null) keys.delete(key);
        else keys.add(key);
      }
      return [...keys].sort();
    },
    changes: () => changes,
    apply: (to) => {
      for (const [key, value] of changes) {
        if (value === null) to.remove(key);
        else to.put(key, value);
      }
    },
  };
}

function lowerBound(sorted: readonly string[], key: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
