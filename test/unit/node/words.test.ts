import { expect } from 'chai';
import { size } from '../../../node/words.js';

describe('a size in words', () => {
  const MIB = 2 ** 20;
  for (const [bytes, words] of [
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [37_759, '36.9 KiB'],
    [MIB - 1, '1.0 MiB'],
    [281 * MIB, '281.0 MiB'],
    [1.25 * 1024 * MIB, '1.3 GiB'],
    [5_000 * 1024 * 1024 * MIB, '5000.0 TiB'],
  ] as const)
    it(`${bytes}: ${words}`, () => expect(size(bytes)).to.equal(words));
});
