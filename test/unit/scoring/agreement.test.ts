import { expect } from 'chai';
import fc from 'fast-check';
import { sha256Hex } from '../../../protocol/digest.js';
import type { Hotkey } from '../../../protocol/names.js';
import { agreementOf, comparable, compareRecords, kendallTauPpm, type SignedRecord } from '../../../scoring/agreement.js';
import {
  AUDIT_PROMPTS_MAX,
  type AuditedPrompt,
  type AuditOutcome,
  type AuditVerdict,
  auditedPrompts,
  CLEAN_AUDITS_WANTED,
  contradictionOf,
  DISBELIEF_ROUNDS_MAX,
  disbeliefs,
  disputedPrompts,
  drawAudits,
  judgeAudit,
  taskKey,
} from '../../../scoring/audit.js';
import { drawPrivatePrompts, PRIVATE_ALLOWANCE_PPM, withPrivateSlice } from '../../../scoring/private-slice.js';
import { combinePrompts, faultScore } from '../../../scoring/profile.js';
import { drawPrompts } from '../../../scoring/prompts.js';
import type { ScoreRecord } from '../../../scoring/record.js';
import { fullStrategy, type Strategy, stagedStrategy, withPrivateStage } from '../../../scoring/strategies.js';
import { aHotkey, aModel } from '../../support/keys.js';
import { aRecord } from '../../support/store-samples.js';

const PPM = fc.integer({ min: 0, max: 1_000_000 });

function record(n: number, prompts: readonly number[], over: Partial<ScoreRecord> = {}): ScoreRecord {
  const said = prompts.map((scorePpm, at) => ({ scorePpm, parts: {}, audioDigest: sha256Hex(`${n}/${at}/${scorePpm}`), fault: null }));
  return aRecord({ hotkey: aHotkey(n), model: aModel(n), prompts: said, scorePpm: combinePrompts(said), fingerprint: '', ...over });
}

const by = (n: number, one: ScoreRecord): SignedRecord => ({ validator: aHotkey(`v${n}`), record: one });

describe('agreement', () => {
  it('is the textbook tau-b', () => {
    const scaled = (values: readonly number[]) => values.map((value) => value * 100_000);
    expect(kendallTauPpm(scaled([1, 2, 3, 4]), scaled([1, 2, 3, 4]))).to.equal(1_000_000);
    expect(kendallTauPpm(scaled([1, 2, 3, 4]), scaled([4, 3, 2, 1]))).to.equal(-1_000_000);
    // One pair of six the other way round: (5 - 1) / 6.
    expect(kendallTauPpm(scaled([1, 2, 3, 4]), scaled([1, 2, 4, 3]))).to.equal(666_667);
    // A tie in x only: 5 / √(5 · 6).
    expect(kendallTauPpm(scaled([1, 2, 3, 3]), scaled([1, 2, 3, 4]))).to.equal(912_871);
    expect(kendallTauPpm([500_000, 502_000], [501_000, 500_000]), 'nobody can tell these apart').to.equal(null);
    expect(kendallTauPpm([], [])).to.equal(null);
  });

  it('is symmetric, within bounds, 1 with itself, and blind to the order of models', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(PPM, PPM), { maxLength: 12 }), fc.nat(), (pairs, turn) => {
        const [x, y] = [pairs.map(([a]) => a), pairs.map(([, b]) => b)];
        const tau = kendallTauPpm(x, y);
        expect(kendallTauPpm(y, x)).to.equal(tau);
        if (tau !== null) expect(Math.abs(tau)).to.be.at.most(1_000_000);
        expect([null, 1_000_000]).to.include(kendallTauPpm(x, x));
        const at = pairs.length === 0 ? 0 : turn % pairs.length;
        const turned = <T>(list: readonly T[]) => [...list.slice(at), ...list.slice(0, at)];
        expect(kendallTauPpm(turned(x), turned(y))).to.equal(tau);
      }),
    );
  });

  it('compares the prompts that both heard, and nothing of another scorer, seed or prompt set', () => {
    const long = record(1, [900_000, 800_000, 100_000, 100_000]);
    const shortOne = record(1, [900_000, 800_000]);
    expect(compareRecords(long, shortOne)).to.deep.include({ differencePpm: 0, promptDifferencePpm: 0, prompts: 2, digestsEqual: 2 });
    for (const over of [{ scorer: sha256Hex('x') }, { seed: sha256Hex('x') }, { promptSet: sha256Hex('x') }, { round: 13 }])
      expect(comparable(long, { ...long, ...over })).to.equal(false);
    const [pair] = agreementOf([by(1, long), by(2, { ...long, scorer: sha256Hex('x'), scorePpm: 0 })]);
    expect(pair).to.deep.include({ models: 0, incomparable: 1, tauPpm: null, differencePpmMax: 0, alarm: false });
  });

  it('raises the alarm at 5,001 ppm, not at 5,000', () => {
    const one = record(1, [500_000]);
    const alarm = (off: number) => agreementOf([by(1, one), by(2, record(1, [500_000 + off]))])[0]?.alarm;
    expect([alarm(5_000), alarm(5_001)]).to.deep.equal([false, true]);
  });
});

describe('audits', () => {
  const some = [1, 2, 3, 4].flatMap((validator) => [1, 2, 3].map((n) => by(validator, record(n, [600_000, 500_000]))));
  const draw = (over: Partial<Parameters<typeof drawAudits>[0]> = {}) =>
    drawAudits({ seed: 'ab', self: aHotkey('v1'), records: some, disbelieved: new Set<Hotkey>(), count: 3, ...over }).map(taskKey);

  it('are drawn alike whatever the order of arrival, never of ourselves, and otherwise with another secret', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(some, { minLength: some.length }), (records) => {
        expect(draw({ records })).to.deep.equal(draw());
      }),
    );
    expect(draw({ count: 100 })).to.have.length(9);
    expect(draw({ count: 100 }).some((key) => key.startsWith(aHotkey('v1')))).to.equal(false);
    const seeds = Array.from({ length: 40 }, (_, n) => draw({ seed: `seed ${n}`, count: 1 })[0]);
    expect(new Set(seeds).size).to.be.greaterThan(6);
  });

  it('are always made of what is disputed, contradicts itself, or comes from somebody who is not believed', () => {
    const disputed = by(2, record(1, [700_000, 600_000]));
    const broken = by(3, record(2, [600_000, 500_000], { scorePpm: 999_999 }));
    const rest = some.filter((one) => taskKey(one) !== taskKey(disputed) && taskKey(one) !== taskKey(broken));
    const drawn = drawAudits({
      seed: 'ab',
      self: aHotkey('v1'),
      records: [...rest, disputed, broken],
      disbelieved: new Set([aHotkey('v4')]),
      count: 0,
    });
    expect(drawn.map(({ validator, cause }) => [validator, cause])).to.have.deep.members([
      [aHotkey('v2'), 'dispute'],
      [aHotkey('v3'), 'dispute'],
      [aHotkey('v4'), 'doubt'],
    ]);
    expect(contradictionOf(broken.record)).to.match(/999999/);
    expect(contradictionOf(disputed.record)).to.equal(null);
  });

  it('ask the prompts of the fingerprint and some by lot', () => {
    const long = record(
      1,
      Array.from({ length: 64 }, () => 500_000),
    );
    const asked = auditedPrompts('seed', long);
    expect(asked).to.have.length(AUDIT_PROMPTS_MAX);
    expect(asked.slice(0, 4)).to.deep.equal([0, 1, 2, 3]);
    expect([...asked].sort((a, b) => a - b)).to.deep.equal(asked);
    expect(auditedPrompts('another', long)).to.not.deep.equal(asked);
    expect(auditedPrompts('seed', record(1, [1, 2]))).to.deep.equal([0, 1]);
  });

  const heard = (theirsPpm: number, oursPpm: number, wasmPpm: number | null = null, count = 4): readonly AuditedPrompt[] =>
    Array.from({ length: count }, (_, at) => ({ at, private: false, theirsPpm, oursPpm, wasmPpm }));
  const verdict = (prompts: readonly AuditedPrompt[], engine: 'native' | 'wasm' = 'native') =>
    judgeAudit({ prompts, engine, fingerprints: null });

  it('are settled by the wasm engine', () => {
    expect(disputedPrompts(heard(505_000, 500_000))).to.deep.equal([]);
    expect(disputedPrompts(heard(505_001, 500_000))).to.have.length(4);
    expect(verdict(heard(505_000, 500_000)).verdict).to.equal('reproduced');
    expect(verdict(heard(550_000, 500_000)).verdict).to.equal('unheard');
    expect(verdict(heard(550_000, 500_000, 500_001))).to.deep.include({ verdict: 'not_reproduced', oursWrong: false });
    expect(verdict(heard(550_000, 500_000, 549_999))).to.deep.include({ verdict: 'ours_wrong', oursWrong: true });
    expect(verdict(heard(550_000, 500_000, 100_000))).to.deep.include({ verdict: 'not_reproduced', oursWrong: true });
    expect(verdict(heard(550_000, 500_000), 'wasm')).to.deep.include({ verdict: 'not_reproduced', oursWrong: false });
  });

  it('find a fingerprint that is not what the prompts sound like', () => {
    const prompts = heard(500_000, 500_000);
    const [a, b] = ['00ff'.repeat(240), 'ff00'.repeat(240)];
    expect(judgeAudit({ prompts, engine: 'native', fingerprints: { theirs: a, ours: a } }).verdict).to.equal('reproduced');
    expect(judgeAudit({ prompts, engine: 'native', fingerprints: { theirs: b, ours: a } }).verdict).to.equal('not_reproduced');
    expect(judgeAudit({ prompts, engine: 'native', fingerprints: { theirs: '', ours: a } }).verdict).to.equal('not_reproduced');
  });

  it('never blame the side that the wasm engine bears out', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(PPM, PPM), { minLength: 1, maxLength: 20 }), (pairs) => {
        const honest = pairs.map(([mine, wasm], at) => ({ at, private: false, theirsPpm: wasm, oursPpm: mine, wasmPpm: wasm }));
        expect(verdict(honest).verdict).to.not.equal('not_reproduced');
        const right = pairs.map(([theirs, wasm], at) => ({ at, private: false, theirsPpm: theirs, oursPpm: wasm, wasmPpm: wasm }));
        expect(verdict(right).oursWrong).to.equal(false);
      }),
    );
  });

  const outcome = (round: number, said: AuditVerdict): AuditOutcome => ({ round, validator: aHotkey('v1'), verdict: said, reason: said });

  it('leave a validator disbelieved until enough later rounds were clean, or the memory ends', () => {
    const failed = outcome(10, 'not_reproduced');
    const clean = [11, 12, 13].map((round) => outcome(round, 'reproduced'));
    expect(disbeliefs([failed], 10)).to.have.length(1);
    expect(disbeliefs([failed], 9)).to.deep.equal([]);
    expect(
      disbeliefs([failed, outcome(10, 'reproduced'), outcome(11, 'reproduced'), outcome(11, 'reproduced')], 12)[0]?.cleanRounds,
    ).to.equal(1);
    expect(disbeliefs([failed, ...clean.slice(0, CLEAN_AUDITS_WANTED - 1)], 20)).to.have.length(1);
    expect(disbeliefs([failed, ...clean], 20)).to.deep.equal([]);
    expect(disbeliefs([failed, ...clean, outcome(14, 'not_reproduced')], 14)).to.have.length(1);
    expect(disbeliefs([failed, outcome(11, 'unheard'), outcome(12, 'unheard'), outcome(13, 'unheard')], 20)).to.have.length(1);
    expect(disbeliefs([failed], 10 + DISBELIEF_ROUNDS_MAX - 1)).to.have.length(1);
    expect(disbeliefs([failed], 10 + DISBELIEF_ROUNDS_MAX)).to.deep.equal([]);
  });

  it('come to the same in any order', () => {
    const rows = fc.array(
      fc.record({
        round: fc.integer({ min: 0, max: 12 }),
        validator: fc.constantFrom(aHotkey('v1'), aHotkey('v2')),
        verdict: fc.constantFrom<AuditVerdict>('reproduced', 'not_reproduced', 'ours_wrong', 'unheard'),
        reason: fc.constantFrom('a', 'b'),
      }),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(rows, fc.nat(14), (audits, round) => {
        expect(disbeliefs([...audits].reverse(), round)).to.deep.equal(disbeliefs(audits, round));
      }),
    );
  });
});

describe('the private slice of a score', () => {
  const secrets = fc.array(PPM, { maxLength: 16 });

  it('takes nothing from a model that is as good in private, never adds anything, and asks no order', () => {
    fc.assert(
      fc.property(PPM, secrets, (score, secret) => {
        const after = withPrivateSlice(score, secret);
        expect(after).to.be.at.most(score).and.at.least(0);
        expect(withPrivateSlice(score, [...secret].reverse())).to.equal(after);
      }),
    );
    fc.assert(
      fc.property(PPM, fc.integer({ min: 4, max: 16 }), (score, count) => {
        expect(withPrivateSlice(score, Array<number>(count).fill(Math.max(0, score - PRIVATE_ALLOWANCE_PPM)))).to.equal(score);
      }),
    );
  });

  it('never leaves more to a model that fails more, in public or in private', () => {
    fc.assert(
      fc.property(fc.array(PPM, { minLength: 1, maxLength: 64 }), secrets, fc.nat(63), fc.nat(15), PPM, (open, secret, at, where, ppm) => {
        const score = (prompts: readonly number[]) => combinePrompts(prompts.map((scorePpm) => ({ scorePpm })));
        const worse = (prompts: readonly number[], n: number) =>
          prompts.map((one, i) => (i === n % prompts.length ? Math.min(one, ppm) : one));
        // Mean and doubt are rounded, which may be worth one ppm.
        expect(withPrivateSlice(score(worse(open, at)), worse(secret, where))).to.be.at.most(withPrivateSlice(score(open), secret) + 1);
      }),
      { numRuns: 2_000 },
    );
  });

  it('looks at the best quarter, and lets no spread of the public prompts excuse it', () => {
    const flat = (ppm: number) => Array<number>(4).fill(ppm);
    expect(withPrivateSlice(900_000, flat(900_000 - PRIVATE_ALLOWANCE_PPM))).to.equal(900_000);
    expect(withPrivateSlice(900_000, flat(400_000))).to.equal(450_000);
    expect(withPrivateSlice(900_000, flat(0))).to.equal(PRIVATE_ALLOWANCE_PPM);
    expect(withPrivateSlice(900_000, flat(400_000).slice(1)), 'three prompts say nothing').to.equal(900_000);
    expect(withPrivateSlice(900_000, [0, 950_000, 200_000, 100_000]), 'noise').to.equal(900_000);
    expect(withPrivateSlice(900_000, [0, 950_000, 200_000, 100_000, ...flat(0)]), 'twice the noise').to.equal(250_000);
  });

  it('is heard by every model before contenders are heard further, and after everything where there are no contenders', () => {
    const prompts = drawPrompts('ab', 4);
    const own = drawPrivatePrompts({ roundSeed: 'ab', secret: '12', validator: aHotkey('v1'), model: aModel(1) });
    const order = (strategy: Strategy): readonly string[] => {
      const heard = new Map<number, ReturnType<typeof faultScore>>();
      const names: string[] = [];
      for (let stage = strategy.next(heard); stage !== null; stage = strategy.next(heard)) {
        names.push(stage.name);
        for (const { index } of stage.prompts) heard.set(index, faultScore('x'));
      }
      return names;
    };
    const staged = (isContender: boolean) => stagedStrategy({ prompts, firstPrompts: 2, isContender: () => isContender });
    expect(order(withPrivateStage(staged(true), own))).to.deep.equal(['first', 'private', 'contenders']);
    expect(order(withPrivateStage(staged(false), own))).to.deep.equal(['first', 'private']);
    expect(order(withPrivateStage(fullStrategy(prompts), own))).to.deep.equal(['full', 'private']);
    expect(order(withPrivateStage(fullStrategy(prompts), []))).to.deep.equal(['full']);
  });

  it('is another one for each validator, model and secret, and is numbered after the public prompts', () => {
    const of = { roundSeed: 'ab', secret: '12', validator: aHotkey('v1'), model: aModel(1) };
    const texts = [
      of,
      { ...of, secret: '13' },
      { ...of, validator: aHotkey('v2') },
      { ...of, model: aModel(2) },
      { ...of, roundSeed: 'cd' },
    ].map((one) =>
      drawPrivatePrompts(one)
        .map(({ text }) => text)
        .join(),
    );
    expect(new Set(texts).size).to.equal(5);
    expect(drawPrivatePrompts(of).map(({ index }) => index)).to.deep.equal([128, 129, 130, 131]);
  });
});
