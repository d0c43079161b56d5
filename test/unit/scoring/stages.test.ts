import { expect } from 'chai';
import fc from 'fast-check';
import { findContenders, type StandingBefore } from '../../../scoring/contenders.js';
import { evaluateModel } from '../../../scoring/evaluate.js';
import { scoringFailure } from '../../../scoring/failures.js';
import type { Judge, RunLimits, VerifiedModel } from '../../../scoring/ports.js';
import { faultScore, type PromptScore } from '../../../scoring/profile.js';
import { drawPrompts } from '../../../scoring/prompts.js';
import { auditStrategy, fullStrategy, precheckStrategy, type Strategy, stagedStrategy } from '../../../scoring/strategies.js';
import { createFakeVoice } from '../../support/fake-voice.js';
import { aHotkey, aModel } from '../../support/keys.js';

const PROMPTS = drawPrompts('stages', 16);
const LIMITS: RunLimits = { memoryBytes: 1, cpuSeconds: 1, loadTimeoutMs: 1, utteranceTimeoutMs: 1, audioSecondsMax: 60 };
// Safety: the fake voice never looks at its model.
const MODEL = { digest: aModel(1), manifest: {}, directory: '/nowhere' } as unknown as VerifiedModel;
const TONE = { samples: Float32Array.from({ length: 1_600 }, (_, n) => Math.sin(n / 9) / 3), sampleRateHz: 16_000 };
const scored = (scorePpm: number): PromptScore => ({ parts: {}, scorePpm, audioDigest: '', fingerprint: '', fault: null });
const JUDGE: Judge = { judge: async ({ index }) => scored(500_000 + index), close: async () => {} };

/** The stages it goes through when everything is heard at once. */
function walk(strategy: Strategy): readonly (readonly [string, readonly number[]])[] {
  const heard = new Map<number, PromptScore>();
  const stages: (readonly [string, readonly number[]])[] = [];
  for (let stage = strategy.next(heard); stage !== null; stage = strategy.next(heard)) {
    stages.push([stage.name, stage.prompts.map(({ index }) => index)]);
    for (const { index } of stage.prompts) heard.set(index, scored(1));
  }
  return stages;
}

describe('strategies', () => {
  const upTo = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n);

  it('hear one prompt, all of them, or the first and then the rest of contenders', () => {
    expect(walk(precheckStrategy(PROMPTS))).to.deep.equal([['precheck', [0]]]);
    expect(walk(fullStrategy(PROMPTS))).to.deep.equal([['full', upTo(0, 16)]]);
    const staged = (isContender: boolean) => stagedStrategy({ prompts: PROMPTS, firstPrompts: 8, isContender: () => isContender });
    expect(walk(staged(false))).to.deep.equal([['first', upTo(0, 8)]]);
    expect(walk(staged(true))).to.deep.equal([
      ['first', upTo(0, 8)],
      ['contenders', upTo(8, 16)],
    ]);
  });

  it('ask about a contender once its first prompts are heard, with their scores in order', () => {
    const asked: number[][] = [];
    const isContender = (first: readonly PromptScore[]) => asked.push(first.map(({ scorePpm }) => scorePpm)) < 0;
    const strategy = stagedStrategy({ prompts: PROMPTS, firstPrompts: 2, isContender });
    expect(strategy.next(new Map([[1, scored(11)]]))?.name).to.equal('first');
    expect(
      strategy.next(
        new Map([
          [1, scored(11)],
          [0, scored(10)],
        ]),
      ),
    ).to.equal(null);
    expect(asked).to.deep.equal([[10, 11]]);
  });

  it('audit a few prompts drawn by seed', () => {
    const sampleOf = (seed: string) => walk(auditStrategy({ prompts: PROMPTS, sample: 4, seed }))[0]?.[1] ?? [];
    expect(sampleOf('a')).to.deep.equal(sampleOf('a'));
    expect(sampleOf('a')).to.have.length(4);
    expect([...sampleOf('a')].sort((x, y) => x - y)).to.deep.equal(sampleOf('a'));
    expect(new Set(['a', 'b', 'c', 'd', 'e'].map((seed) => sampleOf(seed).join())).size).to.be.greaterThan(2);
  });
});

describe('contenders', () => {
  const RULES = { incumbents: 2, thresholdPpm: 100_000 };
  const entry = (n: number) => ({ hotkey: aHotkey(`miner ${n}`), registeredAt: 1, model: aModel(n) });
  const standing = (n: number, standingPpm: number, over: Partial<StandingBefore> = {}): StandingBefore => ({
    ...entry(n),
    standingPpm,
    copyOf: null,
    ...over,
  });
  const first = (...ppm: number[]) => ppm.map(scored);

  it('are the best standings, whatever they say now', () => {
    const found = findContenders(
      { before: [standing(1, 900_000), standing(2, 800_000), standing(3, 700_000)], entries: [1, 2, 3].map(entry) },
      RULES,
    );
    expect([1, 2, 3].map((n) => found.verdict(entry(n), first(0, 0, 0)))).to.deep.equal(['incumbent', 'incumbent', 'no contender']);
    expect(found.barPpm).to.equal(800_000);
  });

  it('are those whose interval reaches the last incumbent', () => {
    const found = findContenders({ before: [standing(1, 900_000), standing(2, 800_000)], entries: [1, 2, 3].map(entry) }, RULES);
    const verdict = (...ppm: number[]) => found.verdict(entry(3), first(...ppm));
    expect(verdict(800_000, 800_000)).to.equal('challenger');
    expect(verdict(799_999, 799_999)).to.equal('no contender');
    // mean 700,000, standard error 50,000: it reaches 800,000 exactly
    expect(verdict(650_000, 750_000)).to.equal('challenger');
    expect(verdict(650_000, 749_998)).to.equal('no contender');
    expect(verdict()).to.equal('no contender');
  });

  it('need only reach the threshold while there are few incumbents', () => {
    const found = findContenders({ before: [standing(1, 900_000)], entries: [1, 3].map(entry) }, RULES);
    expect(found.verdict(entry(3), first(100_000, 100_000))).to.equal('challenger');
    expect(found.verdict(entry(3), first(99_999, 99_999))).to.equal('no contender');
  });

  it('are no copies, no models that left, and no earlier registrations', () => {
    const before = [
      standing(1, 900_000, { copyOf: aHotkey('x') }),
      standing(2, 880_000),
      standing(3, 860_000, { registeredAt: 0 }),
      standing(4, 840_000),
    ];
    const found = findContenders({ before, entries: [1, 3, 4].map(entry) }, RULES);
    expect([1, 3, 4].map((n) => found.verdict(entry(n), first(0, 0)))).to.deep.equal(['no contender', 'no contender', 'incumbent']);
    expect(found.barPpm).to.equal(100_000);
  });

  it('do not depend on the order of anything, and a better voice is never left out for it', () => {
    const ppm = fc.integer({ min: 0, max: 1_000_000 });
    fc.assert(
      fc.property(
        fc.array(ppm, { maxLength: 12 }),
        fc.array(ppm, { minLength: 2, maxLength: 8 }),
        fc.nat(100_000),
        (standings, heard, more) => {
          const before = standings.map((value, n) => standing(n + 10, value));
          const entries = [entry(1), ...before];
          const found = findContenders({ before, entries }, RULES);
          const verdict = found.verdict(entry(1), first(...heard));
          const turned = findContenders({ before: [...before].reverse(), entries: [...entries].reverse() }, RULES);
          expect(turned.verdict(entry(1), first(...[...heard].reverse()))).to.equal(verdict);
          if (verdict === 'challenger')
            expect(found.verdict(entry(1), first(...heard.map((value) => value + more)))).to.equal('challenger');
        },
      ),
    );
  });
});

describe('evaluating in stages', () => {
  const of = (over: Partial<Parameters<typeof evaluateModel>[0]>) =>
    evaluateModel({
      runner: createFakeVoice({ say: () => TONE }),
      judge: JUDGE,
      model: MODEL,
      prompts: PROMPTS,
      limits: LIMITS,
      nowMs: () => 0,
      ...over,
    });

  it('goes on from any prompt to the same scores', async () => {
    const whole = await of({});
    for (const cut of [1, 5, 15]) {
      const heard = new Map([...whole.heard].slice(0, cut));
      const runner = createFakeVoice({ say: () => TONE });
      const rest = await of({ runner, heard });
      expect(rest.prompts).to.deep.equal(whole.prompts);
      expect(rest.scorePpm).to.equal(whole.scorePpm);
      expect(runner.counts.said).to.equal(16 - cut);
    }
  });

  it('does not forget the deaths of an earlier run, nor that a model does not repeat itself', async () => {
    const dead = scoringFailure('scoring.child_crashed', { signal: 'SIGSEGV' }).code;
    const runner = createFakeVoice({ say: () => TONE });
    const heard = new Map([0, 1, 2].map((index) => [index, faultScore(dead)]));
    expect((await of({ runner, heard })).prompts.map(({ fault }) => fault)).to.deep.equal(PROMPTS.map(() => dead));
    expect(runner.counts.opened).to.equal(0);
    const restless = new Map([[0, faultScore('scoring.not_repeatable')]]);
    expect((await of({ runner, heard: restless })).scorePpm).to.equal(0);
  });

  it('ends where it is told to, with what it has', async () => {
    let left = 5;
    const ended = await of({ mayGoOn: () => left-- > 0 });
    expect(ended.complete).to.equal(false);
    expect([...ended.heard.keys()]).to.deep.equal([0, 1, 2, 3, 4]);
    expect(ended.stages.map(({ stage, prompts }) => [stage, prompts])).to.deep.equal([['full', 5]]);
  });
});
