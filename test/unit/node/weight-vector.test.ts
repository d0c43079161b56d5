import { expect } from 'chai';
import { heldBackSince } from '../../../node/weights/vector.js';

describe('rounds that the gate held back', () => {
  const note = { code: 'weights.low_coverage', facts: { heard: 1 } };
  const rounds = [
    { round: 9, state: 'open', note: null },
    { round: 8, state: 'open', note },
    { round: 7, state: 'skipped', note },
    { round: 6, state: 'weighed', note: null },
    { round: 5, state: 'skipped', note },
  ] as const;

  it('are those after the one whose weights are wanted, oldest first', () => {
    expect(heldBackSince(rounds, 6)).to.deep.equal([
      { round: 7, ...note },
      { round: 8, ...note },
    ]);
  });

  it('are all of them where none was weighed', () => {
    expect(heldBackSince(rounds.slice(2), null).map(({ round }) => round)).to.deep.equal([5, 7]);
  });
});
