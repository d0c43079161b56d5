/** The part of the contest that looks at single prompts: how much of a lead is noise, and that nobody gains by failing. */
import { expect } from 'chai';
import fc from 'fast-check';
import { createChance } from '../../../scoring/chance.js';
import { beats, type Contender, doubtPpm, holdContest } from '../../../scoring/contest.js';
import { anyHeardFamilies, CONTEST_RULES, contender, noBetter, sayingPrompts } from '../../support/contenders.js';
import { aHotkey } from '../../support/keys.js';

const rules = CONTEST_RULES;
const block = fc.nat(5_000);
const placeOf = (list: readonly Contender[], at: number, { hotkey }: Contender) =>
  holdContest(list, rules, at).find((place) => place.hotkey === hotkey);
const shareOf = (list: readonly Contender[], at: number, one: Contender) => placeOf(list, at, one)?.sharePpm ?? 0;
const chosenFrom = (list: readonly Contender[], which: number) => list[which % Math.max(1, list.length)];

describe('doubt about a lead', () => {
  it('is made of the prompts at which the challenger is the worse one', () => {
    expect(doubtPpm([900_000, 100_000, 900_000, 100_000], [500_000, 500_000, 500_000, 500_000])).to.equal(230_940);
    expect(doubtPpm([900_000, 500_000], [0, 500_000])).to.equal(0);
    expect(doubtPpm([900_000], [950_000]), 'one prompt says nothing').to.equal(0);
    expect(doubtPpm([1_000_000, 0, 7], [1_000_000, 500_000]), 'over the prompts that both spoke').to.equal(500_000);
  });

  it('is the standard error of the mean difference where there is no lead', () => {
    const chance = createChance('doubt', 'even');
    const prompts = () => Array.from({ length: 4_000 }, () => chance.below(1_000_001));
    const [one, other] = [prompts(), prompts()];
    const differences = one.map((ppm, at) => ppm - other[at]!);
    const mean = differences.reduce((sum, each) => sum + each, 0) / differences.length;
    const variance = differences.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (differences.length - 1);
    expect(doubtPpm(one, other) / Math.sqrt(variance / differences.length)).to.be.within(0.95, 1.05);
  });

  it('holds off a lead that other prompts might have turned', () => {
    const steady = sayingPrompts(contender(1, 0), Array<number>(8).fill(500_000));
    const lucky = sayingPrompts(contender(2, 0), [1_000_000, 1_000_000, 1_000_000, 900_000, 900_000, 100_000, 100_000, 300_000]);
    expect(lucky.standingPpm - steady.standingPpm).to.be.above(rules.epsilonPpm);
    expect(beats(lucky, steady, rules, 9_999)).to.equal(false);
    expect(beats({ ...lucky, promptsPpm: [] }, steady, rules, 9_999)).to.equal(true);
  });

  it('does not save an incumbent that fails: who is as good or better at every prompt passes it', () => {
    const failing = sayingPrompts(contender(1, 0), [1_000_000, 0, 1_000_000]);
    const honest = sayingPrompts(contender(2, 0), [970_000, 960_000, 1_000_000]);
    expect(beats(honest, failing, rules, 3)).to.equal(true);
  });

  it('lets no voice gain a win by a prompt that it says worse, nor lose one by a prompt that it says better', () => {
    fc.assert(
      fc.property(anyHeardFamilies, fc.nat(8), fc.nat(8), fc.nat(7), fc.nat(1_000_000), block, (list, first, second, prompt, ppm, at) => {
        const [challenger, incumbent] = [chosenFrom(list, first), chosenFrom(list, second)];
        if (challenger === undefined || incumbent === undefined) return;
        const before = beats(challenger, incumbent, rules, at);
        if (before) expect(beats(challenger, noBetter(incumbent, prompt, ppm), rules, at)).to.equal(true);
        else expect(beats(noBetter(challenger, prompt, ppm), incumbent, rules, at)).to.equal(false);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('a contest of voices that were heard', () => {
  it('does not depend on the order of the list, and shares out everything or nothing', () => {
    fc.assert(
      fc.property(anyHeardFamilies, block, (list, at) => {
        const places = holdContest(list, rules, at);
        expect(holdContest([...list].reverse(), rules, at)).to.deep.equal(places);
        expect(places.reduce((sum, { sharePpm }) => sum + sharePpm, 0)).to.equal(places.length === 0 ? 0 : 1_000_000);
        for (let n = 1; n < places.length; n++) expect(places[n]!.sharePpm).to.be.at.most(places[n - 1]!.sharePpm);
      }),
      { numRuns: 500 },
    );
  });

  it('never pays a voice more, nor gives it a better place, for a prompt that it says worse or fails', () => {
    fc.assert(
      fc.property(
        anyHeardFamilies,
        fc.nat(8),
        fc.nat(7),
        fc.oneof(fc.constant(0), fc.nat(1_000_000)),
        block,
        (list, which, prompt, ppm, at) => {
          const chosen = chosenFrom(list, which);
          if (chosen === undefined) return;
          const worse = list.map((one) => (one === chosen ? noBetter(one, prompt, ppm) : one));
          expect(shareOf(worse, at, chosen)).to.be.at.most(shareOf(list, at, chosen));
          expect(placeOf(worse, at, chosen)?.rank ?? 99).to.be.at.least(placeOf(list, at, chosen)?.rank ?? 99);
        },
      ),
      { numRuns: 5_000 },
    );
  });

  it('never pays an owner more for one more copy of his voice, however often the copy fails', () => {
    fc.assert(
      fc.property(
        anyHeardFamilies,
        fc.nat(8),
        fc.array(fc.nat(7), { maxLength: 4 }),
        fc.boolean(),
        block,
        (list, which, failures, kin, at) => {
          const best = chosenFrom(list, which);
          if (best === undefined) return;
          const owner = best.coldkey ?? aHotkey('owner');
          const mine = list.map((one) => (one === best ? { ...one, coldkey: owner } : one));
          fc.pre(holdContest(mine, rules, at).some(({ hotkey, rank }) => hotkey === best.hotkey && rank !== null));
          const named = { coldkey: kin ? aHotkey('straw man') : owner, parent: kin ? best.hotkey : null };
          const extra = failures.reduce(
            (one, prompt) => noBetter(one, prompt, 0),
            sayingPrompts(contender(99, 0, { commitmentBlock: 3_000, ...named }), best.promptsPpm),
          );
          const total = (of: readonly Contender[]) =>
            of.reduce((sum, one) => sum + (one.coldkey === owner || one === extra ? shareOf(of, at, one) : 0), 0);
          expect(total([...mine, extra])).to.be.at.most(total(mine));
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
