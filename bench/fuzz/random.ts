/** Chance that can be repeated: the same seed, the same numbers. */
export interface Chance {
  /** 0 to n − 1. */
  below(n: number): number;
  pick<T>(list: readonly T[]): T;
  bytes(length: number): Uint8Array;
}

/** xorshift32 over a mixed seed; good enough to break things with. */
export function createChance(seed: number): Chance {
  let state = (Math.imul(seed ^ (seed >>> 16), 0x45d9f3b) ^ 0x9e3779b9) >>> 0 || 1;
  const next = () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
  const below = (n: number) => Math.floor((next() / 2 ** 32) * n);
  return {
    below,
    pick(list) {
      const found = list[below(list.length)];
      if (found === undefined) throw new RangeError('a pick from nothing');
      return found;
    },
    bytes: (length) => Uint8Array.from({ length }, () => next() & 0xff),
  };
}
