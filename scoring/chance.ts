import { createHash } from 'node:crypto';

/**
 * A stream of seeded random integers: sha-256 over a label, the seed and a counter, read as big-endian 32-bit words. The same on every machine,
 * and independent of the order in which other streams are read.
 */
export interface Chance {
  /** Uniform in 0..bound-1, by rejection. Units: bound is 1..2^32. */
  below(bound: number): number;
  /** One element of a list that is not empty. */
  pick<T>(items: readonly T[]): T;
  /** The elements in a random order. */
  shuffle<T>(items: readonly T[]): T[];
  /** True `count` times out of `of`, on average. */
  chance(count: number, of: number): boolean;
  /** 32 fresh bytes as hex. */
  hex32(): string;
}

const WORDS_PER_BLOCK = 8;
const RANGE = 2 ** 32;

/** Shape: any seed text and a label that separates uses of the same seed → its stream. Source: docs/scoring.md, "Chance". */
export function createChance(seed: string, label: string): Chance {
  const head = `voxd/chance/1\n${label}\n${seed}\n`;
  let counter = 0;
  let block = Buffer.alloc(0);
  let at = WORDS_PER_BLOCK;
  const word = (): number => {
    if (at === WORDS_PER_BLOCK) {
      block = createHash('sha256').update(`${head}${counter++}`).digest();
      at = 0;
    }
    return block.readUInt32BE(4 * at++);
  };
  const below = (bound: number): number => {
    if (!Number.isInteger(bound) || bound < 1 || bound > RANGE) throw new RangeError(`no random integer below ${bound}`);
    const limit = RANGE - (RANGE % bound);
    for (;;) {
      const value = word();
      if (value < limit) return value % bound;
    }
  };
  const pick = <T>(items: readonly T[]): T => items[below(items.length)]!;
  const shuffle = <T>(items: readonly T[]): T[] => {
    const out = [...items];
    for (let i = out.length - 1; i > 0; i--) {
      const j = below(i + 1);
      [out[i], out[j]] = [out[j]!, out[i]!];
    }
    return out;
  };
  return {
    below,
    pick,
    shuffle,
    chance: (count, of) => below(of) < count,
    hex32: () => {
      let hex = '';
      for (let i = 0; i < 8; i++) hex += word().toString(16).padStart(8, '0');
      return hex;
    },
  };
}
