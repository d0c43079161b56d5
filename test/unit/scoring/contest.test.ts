import { expect } from 'chai';
import fc from 'fast-check';
import { beats, type Contender, epsilonAt, holdContest } from '../../../scoring/contest.js';
import { anyFamilies, CONTEST_RULES, contender } from '../../support/contenders.js';
import { aHotkey } from '../../support/keys.js';

const rules = CONTEST_RULES;
const anyContenders = fc
  .array(fc.tuple(fc.nat(1_000_000), fc.nat(2000)), { maxLength: 9 })
  .map((list) => list.map(([ppm, block], n) => contender(n, ppm, { commitmentBlock: block })));

const brief = (list: readonly Contender[], block: number) =>
  holdContest(list, rules, block).map(({ hotkey, rank, behind, sharePpm }) => [hotkey, rank ?? behind, sharePpm] as const);

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

  it('asks for less lead over an old incumbent, but never less than the floor', () => {
    expect([0, 500, 1000, 5000].map((age) => epsilonAt(age, rules))).to.deep.equal([20_000, 11_000, 2_000, 2_000]);
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

  describe('with families and owners', () => {
    it('leaves a place to the derivative only where it is better by the whole epsilon, however old its original is', () => {
      const original = contender(1, 800_000);
      const derived = (ppm: number) => contender(2, ppm, { parent: aHotkey(1) });
      const other = contender(3, 300_000);
      expect(brief([original, derived(815_000), other], 50_000)).to.deep.equal([
        [aHotkey(1), 1, 750_000],
        [aHotkey(3), 2, 250_000],
        [aHotkey(2), aHotkey(1), 0],
      ]);
      expect(brief([original, derived(820_001), other], 50_000).map(([hotkey]) => hotkey)).to.deep.equal([2, 3, 1].map(aHotkey));
    });

    it('gives one place to an owner, the best of his voices', () => {
      const owner = aHotkey('owner');
      const mine = [contender(1, 700_000, { coldkey: owner }), contender(2, 900_000, { coldkey: owner })];
      expect(brief([...mine, contender(3, 500_000)], 0).map(([hotkey, rank]) => [hotkey, rank])).to.deep.equal([
        [aHotkey(2), 1],
        [aHotkey(3), 2],
        [aHotkey(1), aHotkey(2)],
      ]);
    });

    it('does not let a younger sister hold off a challenger', () => {
      const owner = aHotkey('owner');
      const old = contender(1, 800_000, { coldkey: owner });
      const sister = contender(900, 800_000, { coldkey: owner });
      const challenger = contender(901, 805_000);
      expect(brief([old, sister, challenger], 2_000).map(([hotkey]) => hotkey)).to.deep.equal([901, 1, 900].map(aHotkey));
    });

    it('keeps a family together whose original takes no part', () => {
      const absent = aHotkey('absent');
      const places = brief([contender(1, 700_000, { parent: absent }), contender(2, 750_000, { parent: absent })], 0);
      expect(places.filter(([, , share]) => share > 0).map(([hotkey]) => hotkey)).to.deep.equal([aHotkey(2)]);
    });

    it('does not depend on the order of the list, and shares out everything or nothing', () => {
      fc.assert(
        fc.property(anyFamilies, fc.nat(5000), (list, block) => {
          const places = holdContest(list, rules, block);
          expect(holdContest([...list].reverse(), rules, block)).to.deep.equal(places);
          expect(places.reduce((sum, { sharePpm }) => sum + sharePpm, 0)).to.equal(places.length === 0 ? 0 : 1_000_000);
          const owners = list.filter(({ hotkey }) => places.some((place) => place.hotkey === hotkey && place.rank !== null));
          const named = owners.flatMap(({ coldkey }) => coldkey ?? []);
          expect(new Set(named).size).to.equal(named.length);
        }),
      );
    });

    it('never lowers the share of a voice that is better', () => {
      fc.assert(
        fc.property(anyFamilies, fc.nat(8), fc.nat(400_000), fc.nat(5000), (list, which, gain, block) => {
          const chosen = list[which % Math.max(1, list.length)];
          if (chosen === undefined) return;
          const share = (of: readonly Contender[]) =>
            holdContest(of, rules, block).find(({ hotkey }) => hotkey === chosen.hotkey)?.sharePpm ?? 0;
          const better = list.map((one) => (one === chosen ? { ...one, standingPpm: Math.min(1_000_000, one.standingPpm + gain) } : one));
          expect(share(better)).to.be.at.least(share(list));
        }),
        { numRuns: 2_000 },
      );
    });

    it('never pays an owner or a family more for one more voice that is no better than the best it has', () => {
      fc.assert(
        fc.property(anyFamilies, fc.nat(8), fc.nat(1_000_000), fc.boolean(), fc.nat(5000), (list, which, less, sameOwner, block) => {
          const best = list[which % Math.max(1, list.length)];
          if (best === undefined) return;
          const owner = best.coldkey ?? aHotkey('owner');
          const mine = list.map((one) => (one === best ? { ...one, coldkey: owner } : one));
          const extra = contender(99, Math.max(0, best.standingPpm - less), {
            commitmentBlock: 3_000,
            coldkey: sameOwner ? owner : aHotkey('straw man'),
            parent: sameOwner ? null : best.hotkey,
          });
          const total = (of: readonly Contender[]) =>
            holdContest(of, rules, block).reduce(
              (sum, { hotkey, sharePpm }) =>
                sum + (of.find((one) => one.hotkey === hotkey)!.coldkey === owner || hotkey === extra.hotkey ? sharePpm : 0),
              0,
            );
          fc.pre(holdContest(mine, rules, block).some(({ hotkey, rank }) => hotkey === best.hotkey && rank !== null));
          expect(total([...mine, extra])).to.be.at.most(total(mine));
        }),
        { numRuns: 1_000 },
      );
    });
  });
});
