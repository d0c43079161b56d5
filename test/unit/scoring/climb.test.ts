import { expect } from 'chai';
import fc from 'fast-check';
import { atStanding, climbOf } from '../../../scoring/climb.js';
import { holdContest } from '../../../scoring/contest.js';
import { FAULTS, lossesOf } from '../../../scoring/losses.js';
import { CONTEST_RULES, contender } from '../../support/contenders.js';
import { aHotkey } from '../../support/keys.js';

const rules = CONTEST_RULES;
const anyContest = fc
  .array(
    fc.record({ ppm: fc.nat(1_000_000), block: fc.nat(2_000), prompts: fc.array(fc.nat(1_000_000), { minLength: 4, maxLength: 4 }) }),
    {
      minLength: 1,
      maxLength: 7,
    },
  )
  .map((list) => list.map(({ ppm, block, prompts }, n) => contender(n, ppm, { commitmentBlock: block, promptsPpm: prompts })));

describe('what a voice needs to climb', () => {
  it('is the standing of the one above, and the margin, and one more', () => {
    const contenders = [contender(1, 800_000), contender(500, 700_000), contender(600, 600_000)];
    const climb = climbOf({ contenders, rules, block: 1_001 }, aHotkey(600));
    expect(climb).to.deep.include({ rank: 3, contenders: 3, thresholdPpm: 100_000 });
    // 501 blocks old: 20,000 - 18,000 · 501 / 1000.
    expect(climb?.next).to.deep.equal({
      rank: 2,
      rival: aHotkey(500),
      rivalStandingPpm: 700_000,
      standingPpm: 710_983,
      newVoicePpm: 710_983,
      epsilonPpm: 10_982,
      noisePpm: 0,
    });
    expect(climb?.lead).to.include({ rank: 1, rival: aHotkey(1), standingPpm: 802_001, epsilonPpm: 2_000 });
  });

  it('is less for a voice that was there first and was passed, and counts anew for a new one', () => {
    const contenders = [contender(1, 800_000), contender(500, 900_000)];
    const { next } = climbOf({ contenders, rules, block: 1_001 }, aHotkey(1))!;
    // The later one must lead by more than 2,000: with 898,000 it does not.
    expect(next).to.include({ rank: 1, standingPpm: 898_000, newVoicePpm: 910_983, epsilonPpm: 2_000 });
  });

  it('says what a leader is guarded by, and what is out of reach', () => {
    const contenders = [contender(1, 995_000, { commitmentBlock: 900 }), contender(950, 300_000)];
    expect(climbOf({ contenders, rules, block: 1_000 }, aHotkey(1))).to.deep.include({
      rank: 1,
      next: null,
      lead: null,
      defencePpm: 18_200,
    });
    expect(climbOf({ contenders, rules, block: 1_000 }, aHotkey(950))?.next).to.include({ standingPpm: null, newVoicePpm: null });
    const below = climbOf({ contenders: [contender(1, 50_000)], rules, block: 1_000 }, aHotkey(1));
    expect(below).to.include({ rank: null, contenders: 0, next: null });
    expect(climbOf({ contenders, rules, block: 1_000 }, aHotkey(7))).to.equal(null);
  });

  it('holds in the contest itself: with that standing it has the place, with one less it has not', () => {
    fc.assert(
      fc.property(anyContest, fc.nat(4_000), fc.nat(6), (contenders, block, pick) => {
        const own = contenders[pick % contenders.length]!;
        const climb = climbOf({ contenders, rules, block }, own.hotkey)!;
        for (const goal of [climb.next, climb.lead]) {
          if (goal === null) continue;
          const rankWith = (standingPpm: number) =>
            holdContest([...contenders.filter((one) => one !== own), atStanding(own, standingPpm)], rules, block).find(
              ({ hotkey }) => hotkey === own.hotkey,
            )?.rank ?? 99;
          if (goal.standingPpm === null) expect(rankWith(1_000_000)).to.be.above(goal.rank);
          else {
            expect(rankWith(goal.standingPpm)).to.be.at.most(goal.rank);
            expect(goal.standingPpm).to.be.above(own.standingPpm);
            expect(rankWith(goal.standingPpm - 1)).to.be.above(goal.rank);
          }
        }
      }),
    );
  });
});

describe('where the points go', () => {
  const parts = { content: 1_000_000, clean: 500_000, prosody: 1_000_000, rate: 1_000_000, spectrum: 1_000_000, padding: 250_000 };

  it('is what the mean would gain by each part alone, the dearest first', () => {
    const losses = lossesOf([{ parts, scorePpm: 0, fault: null }]);
    expect(losses.map(({ part }) => part).slice(0, 2)).to.deep.equal(['clean', 'padding']);
    // 0.5^0.22 · 0.25^0.04 = 0.812252; without the one 0.946058, without the other 0.858565.
    expect(losses[0]).to.deep.equal({ part: 'clean', meanPpm: 500_000, worstPpm: 500_000, lostPpm: 133_805 });
    expect(losses[1]?.lostPpm).to.equal(46_313);
    expect(losses.slice(2).every(({ lostPpm }) => lostPpm === 0)).to.equal(true);
  });

  it('counts prompts that were not spoken as lost in full, and takes them out of the means', () => {
    const losses = lossesOf([
      { parts, scorePpm: 0, fault: null },
      { parts: {}, scorePpm: 0, fault: 'scoring.run_failed' },
    ]);
    expect(losses[0]).to.deep.equal({ part: FAULTS, meanPpm: null, worstPpm: null, lostPpm: 500_000 });
    expect(losses[1]).to.deep.equal({ part: 'clean', meanPpm: 500_000, worstPpm: 500_000, lostPpm: 66_903 });
    expect(lossesOf([])).to.deep.equal([]);
    expect(lossesOf([{ parts: {}, scorePpm: 0, fault: 'x' }])).to.have.length(1);
  });

  it('follows the profile that made the record', () => {
    const neural = {
      ...parts,
      clean: 1_000_000,
      padding: 1_000_000,
      naturalness: 500_000,
      activity: 1_000_000,
      warping: 1_000_000,
      voice: 1_000_000,
    };
    const [dearest] = lossesOf([{ parts: neural, scorePpm: 0, fault: null }]);
    // 1 - 0.5^0.24
    expect(dearest).to.include({ part: 'naturalness', lostPpm: 153_255 });
  });
});
