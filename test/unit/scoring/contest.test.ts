import { expect } from 'chai';
import fc from 'fast-check';
import { beats, type Contender, type ContestRules, epsilonAt, holdContest, pairedStandardErrorPpm } from '../../../scoring/contest.js';
import { aHotkey, aModel } from '../../support/keys.js';

const rules: ContestRules = {
  epsilonPpm: 20_000,
  epsilonFloorPpm: 2_000,
  epsilonDecayBlocks: 1000,
  standardErrors: 2,
  thresholdPpm: 100_000,
  curve: [600, 200, 100, 60, 40],
};
const contender = (n: number, standingPpm: number, over: Partial<Contender> = {}): Contender => ({
  hotkey: aHotkey(n),
  model: aModel(n),
  commitmentBlock: n,
  standingPpm,
  promptsPpm: [],
  ...over,
});
const anyContenders = fc
  .array(fc.tuple(fc.nat(1_000_000), fc.nat(2000)), { maxLength: 9 })
  .map((list) => list.map(([ppm, block], n) => contender(n, ppm, { commitmentBlock: block })));

describe('contest', () => {
  it('pays places by the curve, to the last ppm', () => {
    const places = holdContest([contender(1, 900_000), contender(2, 500_000), contender(3, 300_000), contender(4, 99_999)], rules, 2000);
    expect(places.map(({ sharePpm }) => sharePpm)).to.deep.equal(
      [666_668, 222_222, 111_111].map((s, i) => (i === 0 ? 1_000_000 - 222_222 - 111_111 : s)),
    );
    expect(places.map(({ hotkey }) => hotkey)).to.deep.equal([aHotkey(1), aHotkey(2), aHotkey(3)]);
  });

  it('leaves the earlier one in front on a tie or a lead within epsilon', () => {
    const incumbent = contender(1, 800_000);
    expect(beats(contender(2, 800_000), incumbent, rules, 1)).to.equal(false);
    expect(beats(contender(2, 820_000), incumbent, rules, 1)).to.equal(false);
    expect(beats(contender(2, 820_001), incumbent, rules, 1)).to.equal(true);
  });

  it('asks for less lead over an old incumbent, but never less than the floor or the noise', () => {
    expect([0, 500, 1000, 5000].map((age) => epsilonAt(age, rules))).to.deep.equal([20_000, 11_000, 2_000, 2_000]);
    const noisy = { promptsPpm: [900_000, 100_000, 900_000, 100_000] };
    const steady = { promptsPpm: [500_000, 500_000, 500_000, 500_000] };
    const se = pairedStandardErrorPpm(noisy.promptsPpm, steady.promptsPpm);
    expect(se).to.equal(230_940);
    expect(beats(contender(2, 900_000, noisy), contender(1, 500_000, steady), rules, 9999)).to.equal(false);
    expect(beats(contender(2, 900_000, steady), contender(1, 500_000, steady), rules, 9999)).to.equal(true);
  });

  it('does not depend on the order in which contenders are listed', () => {
    fc.assert(
      fc.property(anyContenders, fc.nat(5000), (list, block) => {
        expect(holdContest([...list].reverse(), rules, block)).to.deep.equal(holdContest(list, rules, block));
      }),
    );
  });

  it('shares out everything or nothing, never more to a later place', () => {
    fc.assert(
      fc.property(anyContenders, fc.nat(5000), (list, block) => {
        const places = holdContest(list, rules, block);
        const sum = places.reduce((total, { sharePpm }) => total + sharePpm, 0);
        expect(sum).to.equal(places.length === 0 ? 0 : 1_000_000);
        for (let i = 1; i < places.length; i++) expect(places[i]!.sharePpm).to.be.at.most(places[i - 1]!.sharePpm);
      }),
    );
  });

  it('never rewards a better standing with a worse place', () => {
    fc.assert(
      fc.property(anyContenders, fc.nat(1_000_000), fc.nat(5000), (list, gain, block) => {
        if (list.length === 0) return;
        const rank = (of: readonly Contender[]) =>
          holdContest(of, rules, block).find(({ hotkey }) => hotkey === list[0]!.hotkey)?.rank ?? 99;
        const better = [{ ...list[0]!, standingPpm: Math.min(1_000_000, list[0]!.standingPpm + gain) }, ...list.slice(1)];
        expect(rank(better)).to.be.at.most(rank(list));
      }),
    );
  });
});
