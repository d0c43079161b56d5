import { expect } from 'chai';
import fc from 'fast-check';
import { checkVector, gate, quantise, WEIGHT_MAX } from '../../../scoring/weights.js';
import { aHotkey } from '../../support/keys.js';

const seats = (n: number) => Array.from({ length: n }, (_, uid) => ({ uid, hotkey: aHotkey(uid) }));
const shares = (...ppm: number[]) => new Map(ppm.map((share, uid) => [aHotkey(uid), share]));
const judge = (ppm: number[], heard: number, entered: number) =>
  gate({ shares: shares(...ppm), coverage: { round: 7, entered, heard }, minimumPercent: 80, thresholdPpm: 50_000 });

describe('weight vector', () => {
  it('has 65535 for the largest share, rounds the others down and leaves zeros out', () => {
    expect(quantise(shares(600_000, 0, 400_000), seats(3), 1)).to.deep.equal({
      uids: [0, 2],
      values: [WEIGHT_MAX, 43_690],
      hotkeys: [aHotkey(0), aHotkey(2)],
    });
  });

  it('is filled up with zeros when the chain wants more entries', () => {
    expect(quantise(shares(0, 1_000_000), seats(5), 3)).to.deep.include({ uids: [0, 1, 2], values: [0, WEIGHT_MAX, 0] });
    expect(quantise(shares(0, 1_000_000), seats(2), 1024).uids).to.deep.equal([0, 1]);
  });

  it('drops shares of hotkeys that have no seat any more', () => {
    expect(quantise(shares(500_000, 500_000), seats(1), 1)).to.deep.include({ uids: [0], values: [WEIGHT_MAX] });
  });

  it('always passes the check that vectors given by hand must pass', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1_000_000), { minLength: 1, maxLength: 20 }), fc.nat(30), (ppm, minimum) => {
        fc.pre(ppm.some((share) => share > 0));
        const vector = quantise(shares(...ppm), seats(ppm.length), minimum);
        expect(checkVector(vector.uids, vector.values).ok).to.equal(true);
        expect(Math.max(...vector.values)).to.equal(WEIGHT_MAX);
        expect(vector.uids).to.deep.equal([...vector.uids].sort((a, b) => a - b));
      }),
    );
  });
});

describe('sanity gate', () => {
  it('lets a covered, meaningful vector pass', () => {
    expect(judge([1_000_000, 0], 4, 5).ok).to.equal(true);
  });

  for (const [what, code, verdict] of [
    ['low coverage', 'weights.low_coverage', judge([1_000_000], 3, 4)],
    ['an empty round', 'weights.low_coverage', judge([1_000_000], 0, 0)],
    ['all zero', 'weights.nobody_qualifies', judge([0, 0], 5, 5)],
    ['nobody', 'weights.nobody_qualifies', judge([], 5, 5)],
    ['NaN', 'weights.not_a_vector', judge([Number.NaN], 5, 5)],
    ['a negative share', 'weights.not_a_vector', judge([-1, 5], 5, 5)],
  ] as const)
    it(`stops ${what}`, () => {
      expect(verdict.ok ? 'passed' : verdict.error.code).to.equal(code);
    });
});

describe('a vector given by hand', () => {
  for (const [uids, values, problem] of [
    [[1, 2], [1], '2 uids but 1 values'],
    [[], [], 'it is empty'],
    [[1, 1], [1, 2], 'uid 1 is there twice'],
    [[70_000], [1], '70000 is not a uid'],
    [[1], [65_536], '65536 is not a weight'],
    [[1], [0.5], '0.5 is not a weight'],
    [[1, 2], [0, 0], 'every value is 0'],
  ] as const)
    it(`is refused: ${problem}`, () => {
      const verdict = checkVector(uids, values);
      expect(verdict.ok ? null : verdict.error.facts['problem']).to.equal(problem);
    });
});
