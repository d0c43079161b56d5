/** How far a model is heard. */
import { expect } from 'chai';
import type { StandingRow } from '../../../node/ports.js';
import { scoringFailure } from '../../../scoring/failures.js';
import type { Judge } from '../../../scoring/ports.js';
import { drawPrompts, promptSetDigest } from '../../../scoring/prompts.js';
import type { ScoreRecord } from '../../../scoring/record.js';
import { aHotkey, aModel } from '../../support/keys.js';
import { aScorer, ENTRY, HEARD, JOB, NO_SIGNAL, SCORER, type ScorerSetup, SEED, TONE } from '../../support/scorer-bench.js';
import { aStanding } from '../../support/store-samples.js';

describe('scorer, in stages', () => {
  const terms = { prompts: 8, firstPrompts: 3, incumbents: 1 } as const;
  const standing = (standingPpm: number, of: Partial<StandingRow> = {}): StandingRow => ({
    ...aStanding(2),
    hotkey: aHotkey('incumbent'),
    registeredAt: 10,
    model: aModel(2),
    scorePpm: null,
    standingPpm,
    sharePpm: 0,
    ...of,
  });
  const INCUMBENT = { hotkey: aHotkey('incumbent'), registeredAt: 10, model: aModel(2), commitmentBlock: 5 };

  async function beside(standingPpm: number, setup: ScorerSetup = {}) {
    const made = await aScorer({ terms, ...setup });
    await made.stores.rounds.update(3, { entries: [INCUMBENT, ENTRY] });
    await made.stores.standings.put(2, [standing(standingPpm)]);
    return made;
  }
  const length = async (made: { scores: () => Promise<readonly { record: ScoreRecord }[]> }) =>
    (await made.scores())[0]?.record.prompts.length;

  it('hears a model no further that cannot reach the incumbents', async () => {
    const made = await beside(900_000);
    expect(await made.code()).to.equal('done');
    expect(await length(made)).to.equal(3);
    expect(made.kept.reports).to.have.nested.property('[0].verdict', 'no contender');
    expect((await made.stores.progress.stages(9)).map(({ stage, prompts }) => [stage, prompts])).to.deep.equal([['first', 3]]);
  });

  it('hears contenders through all prompts, in one session, and keeps what each stage took', async () => {
    const made = await beside(800_000);
    expect(await made.code()).to.equal('done');
    expect(await length(made)).to.equal(8);
    expect(made.runner.counts).to.deep.equal({ opened: 1, closed: 1, said: 9 });
    expect(made.kept.reports).to.have.nested.property('[0].verdict', 'challenger');
    const stages = await made.stores.progress.stages(9);
    expect(stages.map(({ stage, prompts, host }) => [stage, prompts, host])).to.deep.equal([
      ['contenders', 5, 'here'],
      ['first', 3, 'here'],
    ]);
    const [score] = await made.scores();
    expect(score?.record.promptSet).to.equal(promptSetDigest(drawPrompts(SEED, 8)));
  });

  it('lets others have their first turn, then goes on where it was', async () => {
    const made = await beside(800_000, { untried: 1 });
    expect(await made.scorer.handle(JOB, NO_SIGNAL)).to.equal('later');
    expect(await made.scores()).to.deep.equal([]);
    expect(await made.state()).to.equal('prechecked');
    expect((await made.stores.progress.of(JOB, SCORER)).map(({ prompt }) => prompt)).to.deep.equal([0, 1, 2]);

    const next = await aScorer({ terms, stores: made.stores });
    expect(await next.code()).to.equal('done');
    expect(next.runner.counts.said).to.equal(5);
    expect(await length(next)).to.equal(8);
  });

  it('makes a record of what was heard of a contender that nobody had time to hear further', async () => {
    let block = 125;
    const made = await beside(800_000, { untried: 1, block: () => block });
    expect(await made.scorer.handle(JOB, NO_SIGNAL)).to.equal('later');
    const row = (await made.stores.rounds.get(JOB.round))!;
    await made.scorer.conclude(row, [ENTRY]);
    expect(await made.scores(), 'there is time yet').to.deep.equal([]);
    block = 140;
    await made.scorer.conclude(row, [ENTRY, INCUMBENT]);
    expect(await length(made)).to.equal(3);
    expect(
      (await made.scores()).map(({ record }) => record.hotkey),
      'of what was never heard there is none',
    ).to.deep.equal([JOB.hotkey]);
    expect(await made.state()).to.equal('prechecked');
    expect(await made.code()).to.equal('done');
    expect(made.runner.counts.said).to.equal(4);
  });

  it('takes the first prompts of a contender for the record when the time for more is over', async () => {
    let asked = 0;
    const made = await beside(800_000, { block: () => (asked++ < 6 ? 125 : 140) });
    expect(await made.code()).to.equal('done');
    expect(await length(made)).to.equal(3);
    expect((await made.stores.progress.of(JOB, SCORER)).length).to.be.within(4, 7);
    expect(made.kept.reports).to.have.nested.property('[0].cut_short', true);
  });

  it('ends without a record when the round ends', async () => {
    let asked = 0;
    const made = await beside(800_000, { block: () => (asked++ < 3 ? 125 : 160) });
    expect(await made.code()).to.equal('done');
    expect(await made.scores()).to.deep.equal([]);
    expect(await made.state()).to.equal('prechecked');
    expect(made.runner.counts.closed).to.equal(1);
  });

  it('comes to the same record however often it is cut off', async () => {
    const judge: Judge['judge'] = async ({ index }) => ({ ...HEARD, scorePpm: 700_000 + index * 20_000, fingerprint: `0${index}` });
    const say = (crash: (nth: number) => boolean) => ({
      say: (_: unknown, nth: number) => {
        if (crash(nth)) throw scoringFailure('scoring.starved', { cpuMs: 1, elapsedMs: 2 });
        return TONE;
      },
    });
    const whole = await beside(730_000, { judge });
    await whole.code();
    const [expected] = await whole.scores();
    expect(expected?.record.prompts).to.have.length(8);

    const first = await beside(730_000, { judge, voice: say((nth) => nth === 2) });
    const { stores } = first;
    const ends = [await first.code()];
    for (let turn = 0; turn < 12 && ends.at(-1) !== 'done'; turn++)
      ends.push(await (await aScorer({ terms, judge, stores, voice: say((nth) => nth === 2) })).code());
    expect(ends.length).to.be.greaterThan(3);
    expect(ends.at(-1)).to.equal('done');
    expect((await first.scores())[0]?.record).to.deep.equal(expected?.record);
  });
});
