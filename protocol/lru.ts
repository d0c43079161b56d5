/** A map that forgets what was used longest ago. */
export interface Lru<V> {
  get(key: string): V | undefined;
  has(key: string): boolean;
  set(key: string, value: V): void;
  delete(key: string): void;
  /** What was used longest ago comes first. Looking at them uses none. */
  values(): readonly V[];
  readonly size: number;
}

export function createLru<V>(max: number): Lru<V> {
  const entries = new Map<string, V>();
  const touch = (key: string, value: V) => {
    entries.delete(key);
    entries.set(key, value);
  };
  return {
    get size() {
      return entries.size;
    },
    get(key) {
      const value = entries.get(key);
      if (value !== undefined) touch(key, value);
      return value;
    },
    values: () => [...entries.values()],
    has: (key) => entries.has(key),
    set(key, value) {
      touch(key, value);
      if (entries.size <= max) return;
      const [oldest] = entries.keys();
      if (oldest !== undefined) entries.delete(oldest);
    },
    delete: (key) => {
      entries.delete(key);
    },
  };
}
