import { expect } from 'chai';
import fc from 'fast-check';
import { ANCESTORS_KEPT, foldStandings, type HeardModel, type Standing } from '../../../scoring/standing.js';
import { aHotkey, aModel } from '../../support/keys.js';

const heard = (scorePpm: number | null, over: Partial<HeardModel> = {}): HeardModel => ({
  hotkey: aHotkey(1),
  registeredAt: 10,
  model: aModel(1),
  commitmentBlock: 20,
  scorePpm,
  ...over,
});
const standing = (standingPpm: number, over: Partial<Standing> = {}): Standing => ({
  ...heard(null),
  standingPpm,
  unheardRounds: 0,
  ancestors: [],
  ...over,
});
const fold = (before: readonly Standing[], now: readonly HeardModel[], registered: () => boolean = () => true) =>
  foldStandings({ before, heard: now, registered, alphaPercent: 30 });

describe('standing', () => {
  it('begins with the first score and then follows by alpha', () => {
    expect(fold([], [heard(800_000)])[0]!.standingPpm).to.equal(800_000);
    expect(fold([standing(800_000)], [heard(600_001)])[0]).to.include({ standingPpm: 740_000, scorePpm: 600_001 });
  });

  it('is kept by absence: not heard, or not in the round at all', () => {
    expect(fold([standing(800_000)], [heard(null)])[0]).to.include({ standingPpm: 800_000, scorePpm: null });
    expect(fold([standing(800_000)], [])[0]!.standingPpm).to.equal(800_000);
    expect(fold([], [heard(null)])).to.deep.equal([]);
  });

  it('of the old model protects the miner until the new one is scored', () => {
    const waiting = fold([standing(800_000)], [heard(null, { model: aModel(2) })]);
    expect(waiting[0]).to.include({ standingPpm: 800_000, model: aModel(1) });
    expect(fold(waiting, [heard(300_000, { model: aModel(2) })])[0]).to.include({ standingPpm: 300_000, model: aModel(2) });
  });

  it('counts the rounds without a score, whatever is submitted meanwhile, and begins again with one', () => {
    const waiting = fold(fold([standing(800_000)], [heard(null, { model: aModel(2) })]), [heard(null, { model: aModel(3) })]);
    expect(waiting[0]).to.include({ unheardRounds: 2, model: aModel(1), commitmentBlock: 20 });
    expect(fold(waiting, [heard(1, { model: aModel(3), commitmentBlock: 90 })])[0]).to.include({ unheardRounds: 0, commitmentBlock: 90 });
  });

  it('remembers what was offered before, save what was a copy, and not more than it may', () => {
    const next = (n: number) => [heard(500_000, { model: aModel(n), commitmentBlock: n })];
    let before: readonly Standing[] = [standing(800_000)];
    for (let n = 2; n < ANCESTORS_KEPT + 4; n++) before = fold(before, next(n));
    expect(before[0]!.ancestors).to.have.length(ANCESTORS_KEPT);
    expect(before[0]!.ancestors.at(-1)).to.deep.equal({ model: aModel(ANCESTORS_KEPT + 2), commitmentBlock: ANCESTORS_KEPT + 2 });
    const kinship = {
      kind: 'copy',
      of: aHotkey(2),
      model: aModel(9),
      because: 'same package',
      tensorsPercent: 100,
      distancePpm: 0,
    } as const;
    expect(
      foldStandings({ before: [{ ...standing(1), kinship }], heard: next(2), registered: () => true, alphaPercent: 30 })[0],
    ).to.deep.include({
      ancestors: [],
      model: aModel(2),
    });
  });

  it('ends with the registration', () => {
    expect(fold([standing(800_000)], [heard(1)], () => false)).to.deep.equal([]);
    const again = fold([standing(800_000)], [heard(500_000, { registeredAt: 99 })]);
    expect(again).to.have.length(2);
  });

  it('stays between the old standing and the new score', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.nat(1_000_000), fc.integer({ min: 0, max: 100 }), (old, score, alphaPercent) => {
        const [after] = foldStandings({ before: [standing(old)], heard: [heard(score)], registered: () => true, alphaPercent });
        expect(after!.standingPpm).to.be.within(Math.min(old, score), Math.max(old, score));
      }),
    );
  });
});
