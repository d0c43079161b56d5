/** Seeded chance (mulberry32): the same seed, the same course. */
export interface Chance {
  /** 0 to 1, 1 excluded. */
  next(): number;
  /** 0 to below `n`. */
  below(n: number): number;
  /** True with this probability. */
  happens(probability: number): boolean;
  /** Up to `count` different ones, in random order. */
  some<T>(of: readonly T[], count: number): T[];
}

export function createChance(seed: number): Chance {
  let state = seed >>> 0;
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  const below = (n: number) => Math.floor(next() * n);
  return {
    next,
    below,
    happens: (probability) => next() < probability,
    some(of, count) {
      const rest = [...of];
      return Array.from({ length: Math.min(count, rest.length) }, () => rest.splice(below(rest.length), 1)[0]!);
    },
  };
}
