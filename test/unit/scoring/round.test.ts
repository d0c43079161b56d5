import { expect } from 'chai';
import fc from 'fast-check';
import { phaseAt, roundOf, roundSeed, roundWindow } from '../../../scoring/round.js';
import { aHash } from '../../support/keys.js';

const schedule = { cadenceBlocks: 360, commitPercent: 60, revealPercent: 75 };

describe('rounds', () => {
  it('cover every block exactly once, phases in order', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e9 }),
        fc.integer({ min: 4, max: 5000 }),
        fc.integer({ min: 1, max: 98 }),
        (block, cadenceBlocks, commitPercent) => {
          const plan = { cadenceBlocks, commitPercent, revealPercent: commitPercent + 1 };
          const window = roundWindow(roundOf(block, plan), plan);
          expect(block).to.be.within(window.opensAt, window.endsAt - 1);
          expect(window.opensAt).to.be.at.most(window.revealsAt);
          expect(window.revealsAt).to.be.at.most(window.weighsAt);
          expect(window.weighsAt).to.be.at.most(window.endsAt);
          const expected = block < window.revealsAt ? 'scoring' : block < window.weighsAt ? 'revealing' : 'weighing';
          expect(phaseAt(block, window)).to.equal(expected);
        },
      ),
    );
  });

  it('have the windows of the documentation', () => {
    expect(roundWindow(2, schedule)).to.deep.equal({ round: 2, opensAt: 720, revealsAt: 936, weighsAt: 990, endsAt: 1080 });
  });

  it('draw another seed for every chain, subnet, mechanism, round and opening block', () => {
    const base = { genesis: aHash('g'), netuid: 1, mechanism: 0, round: 3, openedBy: aHash('b') };
    const seeds = [
      base,
      { ...base, genesis: aHash('h') },
      { ...base, netuid: 2 },
      { ...base, mechanism: 1 },
      { ...base, round: 4 },
      { ...base, openedBy: aHash('c') },
    ].map(roundSeed);
    expect(new Set(seeds).size).to.equal(6);
    expect(roundSeed(base))
      .to.equal(seeds[0])
      .and.to.match(/^[0-9a-f]{64}$/);
  });
});
