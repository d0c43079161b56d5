import { expect } from 'chai';
import { type Claimant, COPY_DISTANCE_PPM, findCopies } from '../../../scoring/copies.js';
import { aHotkey, aModel } from '../../support/keys.js';

/** Fingerprints of these tests are numbers in ppm; their distance is their difference. */
const distance = (a: string, b: string) => Math.abs(Number(a) - Number(b));
const claim = (n: number, over: Partial<Claimant> = {}): Claimant => ({
  hotkey: aHotkey(n),
  model: aModel(n),
  commitmentBlock: n,
  tensorDigests: [],
  fingerprint: String(n * 1_000_000),
  ...over,
});

describe('copies', () => {
  it('are found by package, by tensors and by output, and the earliest commitment keeps the name', () => {
    const claims = [
      claim(1, { tensorDigests: ['a', 'b', 'c', 'd'] }),
      claim(2, { model: aModel(1) }),
      claim(3, { tensorDigests: ['a', 'b', 'c', 'x', 'y'] }),
      claim(4, { fingerprint: String(1_000_000 + COPY_DISTANCE_PPM - 1) }),
      claim(6, { tensorDigests: ['a', 'b', 'x', 'y'] }),
      claim(5, { fingerprint: String(1_000_000 + COPY_DISTANCE_PPM) }),
    ];
    expect(findCopies([...claims].reverse(), distance)).to.deep.equal([
      { copy: aHotkey(2), original: aHotkey(1), because: 'same package', measure: 0 },
      { copy: aHotkey(3), original: aHotkey(1), because: 'same tensors', measure: 50 },
      { copy: aHotkey(4), original: aHotkey(1), because: 'same output', measure: COPY_DISTANCE_PPM - 1 },
    ]);
  });

  it('never serve as originals: a voice near a copy but far from its original stands for itself', () => {
    const near = COPY_DISTANCE_PPM - 1;
    const claims = [claim(1), claim(2, { fingerprint: String(1_000_000 + near) }), claim(3, { fingerprint: String(1_000_000 + 2 * near) })];
    expect(findCopies(claims, distance).map(({ copy }) => copy)).to.deep.equal([aHotkey(2)]);
  });

  it('cannot be told without tensors and audio', () => {
    expect(findCopies([claim(1, { fingerprint: '' }), claim(2, { fingerprint: '' })], distance)).to.deep.equal([]);
  });

  it('in one block are decided by the hotkey text, the same for everybody', () => {
    const twins = [claim(8, { commitmentBlock: 1, model: aModel(0) }), claim(9, { commitmentBlock: 1, model: aModel(0) })];
    const [first] = twins.map(({ hotkey }) => hotkey).sort();
    expect(findCopies(twins, distance)[0]!.original).to.equal(first);
  });
});
