import { expect } from 'chai';
import fc from 'fast-check';
import { createChance } from '../../../scoring/chance.js';

describe('chance', () => {
  it('gives the same stream for the same seed and label, and another for another', () => {
    const stream = (seed: string, label: string) =>
      Array.from(
        { length: 40 },
        (
          (chance) => () =>
            chance.below(1000)
        )(createChance(seed, label)),
      );
    expect(stream('a', 'x')).to.deep.equal(stream('a', 'x'));
    expect(stream('a', 'x')).to.not.deep.equal(stream('a', 'y'));
    expect(stream('a', 'x')).to.not.deep.equal(stream('b', 'x'));
  });

  it('is pinned: what a seed means never changes by accident', () => {
    const chance = createChance('00', 'pin');
    expect([chance.below(1000), chance.below(1000), chance.below(1000)]).to.deep.equal([589, 690, 291]);
  });

  it('stays below its bound and reaches every value', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 2 ** 32 }), (seed, bound) => {
        const value = createChance(seed, 'bound').below(bound);
        return Number.isInteger(value) && value >= 0 && value < bound;
      }),
    );
    const counts = new Array(7).fill(0);
    const chance = createChance('seed', 'fair');
    for (let n = 0; n < 7000; n++) counts[chance.below(7)]++;
    for (const count of counts) expect(count).to.be.within(880, 1120);
  });

  it('shuffles without loss and refuses bounds that make no sense', () => {
    const items = Array.from({ length: 50 }, (_, n) => n);
    const shuffled = createChance('s', 'shuffle').shuffle(items);
    expect(shuffled).to.not.deep.equal(items);
    expect([...shuffled].sort((a, b) => a - b)).to.deep.equal(items);
    for (const bound of [0, -1, 1.5, 2 ** 33, Number.NaN]) expect(() => createChance('s', 'x').below(bound)).to.throw(RangeError);
  });
});
