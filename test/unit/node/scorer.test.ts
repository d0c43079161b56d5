import { expect } from 'chai';
import { nodeFailure } from '../../../node/failures.js';
import { NO_METRICS } from '../../../node/metrics.js';
import type { ModelRow, RoundRow, ScoringJob, StandingRow, Stores } from '../../../node/ports.js';
import { createScorer, type Evidence, type ScorerOptions } from '../../../node/rounds/scorer.js';
import { isFailure } from '../../../protocol/failure.js';
import { modelFailure, scoringFailure } from '../../../scoring/failures.js';
import type { Judge, RunLimits, VerifiedModel } from '../../../scoring/ports.js';
import { combinePrompts, type PromptScore } from '../../../scoring/profile.js';
import { drawPrompts, promptSetDigest } from '../../../scoring/prompts.js';
import { decodeRecord, encodeRecord, type ScoreRecord } from '../../../scoring/record.js';
import { createFakeVoice, type FakeVoiceOptions } from '../../support/fake-voice.js';
import { aHash, aHotkey, aModel } from '../../support/keys.js';
import { createMemoryStores } from '../../support/memory-stores.js';
import { createRecordingLog } from '../../support/recording-log.js';
import { aStanding } from '../../support/store-samples.js';

const SELF = aHotkey('validator');
const SCORER = 'ab'.repeat(32);
const SEED = 'cd'.repeat(32);
const PROMPTS = 4;
const JOB: ScoringJob = { round: 3, hotkey: aHotkey('miner'), model: aModel(1) };
const ENTRY = { hotkey: JOB.hotkey, registeredAt: 10, model: JOB.model, commitmentBlock: 20 };
const ROUND: RoundRow = {
  round: 3,
  openedAt: { number: 120, hash: aHash(120) },
  opening: null,
  seed: SEED,
  entries: [ENTRY],
  state: 'open',
  note: null,
  weighing: null,
};
const ROW: ModelRow = { ...ENTRY, state: 'prechecked', reason: null, attempts: 2, manifest: null, tensorDigests: ['t'] };
const LIMITS: RunLimits = { memoryBytes: 1, cpuSeconds: 1, loadTimeoutMs: 1, utteranceTimeoutMs: 1, audioSecondsMax: 60 };
// Safety: the fake voice never looks at its model.
const MODEL = { digest: JOB.model, manifest: {}, directory: '/nowhere' } as unknown as VerifiedModel;
const HEARD: PromptScore = { parts: { content: 800_000 }, scorePpm: 800_000, audioDigest: 'ef'.repeat(32), fingerprint: '0a', fault: null };
const TONE = { samples: Float32Array.from({ length: 1_600 }, (_, n) => Math.sin(n / 9) / 3), sampleRateHz: 16_000 };
const NO_SIGNAL = new AbortController().signal;

interface Setup {
  readonly voice?: FakeVoiceOptions;
  readonly judge?: Judge['judge'];
  readonly evidence?: Partial<Evidence>;
  readonly openModel?: (row: ModelRow) => Promise<VerifiedModel | null>;
  readonly block?: number | (() => number);
  readonly stores?: Stores;
  readonly untried?: number;
  readonly terms?: Partial<ScorerOptions>;
}

async function setUp({
  voice = { say: () => TONE },
  judge = async () => HEARD,
  evidence = {},
  openModel = async () => MODEL,
  block = 125,
  untried = 0,
  terms = {},
  stores = createMemoryStores(),
}: Setup = {}) {
  await stores.rounds.open(ROUND);
  await stores.models.put(ROW);
  const { log, warnings } = createRecordingLog();
  const runner = createFakeVoice(voice);
  const kept = { dropped: [] as string[], audio: [] as number[], reports: [] as object[], scored: 0 };
  const scorer = createScorer(
    {
      stores,
      runner,
      judge: { judge, close: async () => {} },
      openModel,
      dropModel: async ({ model }) => void kept.dropped.push(model),
      untried: async () => untried,
      evidence: {
        keepAudio: async (_round, _hotkey, { index }) => void kept.audio.push(index),
        keepReport: async (_round, _hotkey, report) => void kept.reports.push(report),
        ...evidence,
      },
      clock: { nowMs: () => 5_000, sleep: async () => {} },
      log,
      metrics: NO_METRICS,
      finalizedBlock: () => (typeof block === 'number' ? block : block()),
      onScored: () => kept.scored++,
    },
    {
      self: SELF,
      netuid: 7,
      scorer: SCORER,
      host: 'here',
      engine: 'native',
      engineId: 'fake',
      strategy: 'staged',
      prompts: PROMPTS,
      firstPrompts: PROMPTS,
      incumbents: 2,
      thresholdPpm: 100_000,
      limits: LIMITS,
      schedule: { cadenceBlocks: 40, commitPercent: 60, revealPercent: 75 },
      ...terms,
    },
  );
  return {
    stores,
    runner,
    kept,
    warnings,
    scorer,
    code: (signal = NO_SIGNAL) =>
      scorer.handle(JOB, signal).then(
        () => 'done',
        (error: unknown) => (isFailure(error) ? `${error.code} ${error.disposition}` : String(error)),
      ),
    state: async () => (await stores.models.get(JOB.hotkey, JOB.model))?.state,
    scores: () => stores.scores.ofRound(3),
  };
}

describe('scorer', () => {
  it('writes one record that says what was heard, by whose rules and of which prompts', async () => {
    const { code, scores, state, kept, stores, runner, warnings } = await setUp();
    expect(await code()).to.equal('done');
    const [score, ...more] = await scores();
    expect(more).to.deep.equal([]);
    expect(score).to.deep.equal({
      record: {
        version: 1,
        netuid: 7,
        round: 3,
        hotkey: JOB.hotkey,
        model: JOB.model,
        scorer: SCORER,
        promptSet: promptSetDigest(drawPrompts(SEED, PROMPTS)),
        seed: SEED,
        engine: 'native',
        prompts: Array.from({ length: PROMPTS }, () => ({
          scorePpm: 800_000,
          parts: { content: 800_000 },
          audioDigest: 'ef'.repeat(32),
          fault: null,
        })),
        scorePpm: combinePrompts(Array.from({ length: PROMPTS }, () => HEARD)),
        fingerprint: score?.record.fingerprint,
      },
      validator: SELF,
      envelope: new Uint8Array(),
      receivedAtMs: 5_000,
    });
    expect(score!.record.fingerprint).to.match(/^(0a)+$/);
    expect(decodeRecord(encodeRecord(score!.record))).to.deep.equal({ ok: true, value: score!.record });
    expect(await state()).to.equal('scored');
    expect((await stores.models.get(JOB.hotkey, JOB.model))?.attempts).to.equal(0);
    expect(kept).to.deep.include({ audio: [0, 1, 2, 3], scored: 1 });
    expect(kept.reports).to.have.length(1);
    expect(runner.counts.closed).to.equal(runner.counts.opened);
    expect(warnings).to.deep.equal([]);
  });

  it('does a job once', async () => {
    const { code, scores, runner, kept } = await setUp();
    await code();
    const { said } = runner.counts;
    expect(await code()).to.equal('done');
    expect(runner.counts.said).to.equal(said);
    expect(await scores()).to.have.length(1);
    expect(kept.scored).to.equal(1);
  });

  it('marks a model as scored that a killed process left running beside its score', async () => {
    const { code, stores, state, runner } = await setUp();
    await code();
    await stores.models.put({ ...ROW, state: 'running' });
    const { said } = runner.counts;
    expect(await code()).to.equal('done');
    expect(await state()).to.equal('scored');
    expect(runner.counts.said).to.equal(said);
  });

  it('drops a job whose round is over, unknown, weighed or skipped', async () => {
    for (const block of [159, 160]) {
      const { code, scores } = await setUp({ block });
      expect(await code()).to.equal('done');
      expect(await scores(), String(block)).to.have.length(block === 159 ? 1 : 0);
    }
    for (const state of ['weighed', 'skipped'] as const) {
      const { code, stores, scores, runner } = await setUp();
      await stores.rounds.update(3, { state });
      expect(await code()).to.equal('done');
      expect(await scores()).to.deep.equal([]);
      expect(runner.counts.opened).to.equal(0);
    }
    const { scorer, stores } = await setUp();
    await scorer.handle({ ...JOB, round: 2 }, NO_SIGNAL);
    expect(await stores.scores.ofRound(2)).to.deep.equal([]);
  });

  it('has a model fetched again that left the cache, and comes back for it', async () => {
    const { code, state, scores, warnings } = await setUp({ openModel: async () => null });
    expect(await code()).to.equal('node.model_gone retry');
    expect(await state()).to.equal('announced');
    expect(await scores()).to.deep.equal([]);
    expect(warnings).to.deep.equal(['model not scored (node.model_gone)']);
  });

  it('scores the faults of the model 0 and goes on', async () => {
    const voice = {
      say: (_: unknown, nth: number) => {
        if (nth === 3) throw scoringFailure('scoring.run_failed', { problem: 'test' });
        return TONE;
      },
    };
    const { code, scores, state } = await setUp({ voice });
    expect(await code()).to.equal('done');
    const [score] = await scores();
    expect(score!.record.prompts.map(({ fault }) => fault)).to.deep.equal([null, null, 'scoring.run_failed', null]);
    expect(await state()).to.equal('scored');
  });

  it('scores a model 0 that cannot be opened by its own fault', async () => {
    const voice = {
      open() {
        throw modelFailure('model.operator_refused', { operator: 'Loop' });
      },
    };
    const { code, scores } = await setUp({ voice });
    expect(await code()).to.equal('done');
    const [score] = await scores();
    expect(score!.record.scorePpm).to.equal(0);
    expect(new Set(score!.record.prompts.map(({ fault }) => fault))).to.deep.equal(new Set(['model.operator_refused']));
  });

  it('leaves a model unscored, and in the state it had, when the trouble is ours', async () => {
    const troubles: readonly [string, Setup][] = [
      ['scoring.starved retry', { voice: { say: () => Promise.reject(scoringFailure('scoring.starved', { cpuMs: 1, elapsedMs: 2 })) } }],
      ['scoring.judge_failed retry', { judge: () => Promise.reject(scoringFailure('scoring.judge_failed', { problem: 'test' })) }],
    ];
    for (const [expected, setup] of troubles)
      for (const before of ['prechecked', 'scored', 'running'] as const) {
        const { code, scores, state, stores, kept, warnings } = await setUp(setup);
        await stores.models.put({ ...ROW, state: before });
        expect(await code()).to.equal(expected);
        expect(await scores()).to.deep.equal([]);
        expect(await state()).to.equal(before === 'running' ? 'prechecked' : before);
        expect(kept.scored).to.equal(0);
        expect(warnings).to.deep.equal([`model not scored (${expected.split(' ')[0]})`]);
      }
  });

  it('stops at the signal without a score', async () => {
    const stop = new AbortController();
    const voice: FakeVoiceOptions = {
      say: (_, nth) => {
        if (nth === 2) stop.abort(new Error('the node stops'));
        return nth === 2 ? new Promise<null>(() => {}) : TONE;
      },
    };
    const { code, scores, state, runner } = await setUp({ voice });
    expect(await code(stop.signal)).to.equal('Error: the node stops');
    expect(await scores()).to.deep.equal([]);
    expect(await state()).to.equal('prechecked');
    expect(runner.counts.closed).to.equal(runner.counts.opened);
  });

  it('keeps the score when the evidence cannot be kept, and says so once', async () => {
    const full = () => Promise.reject(nodeFailure('store.full', { where: '/data' }));
    for (const evidence of [{ keepAudio: full }, { keepReport: full }, { keepAudio: full, keepReport: full }]) {
      const { code, scores, state, kept, warnings } = await setUp({ evidence });
      expect(await code()).to.equal('done');
      expect((await scores())[0]?.record.scorePpm).to.be.greaterThan(0);
      expect(await state()).to.equal('scored');
      expect(kept.scored).to.equal(1);
      expect(warnings).to.deep.equal(['the score is kept, its evidence is not: is the disk full?']);
    }
  });

  it('does not write over what others made of the row while the model spoke', async () => {
    for (const failing of [false, true]) {
      const setup = await setUp({
        judge: async () => {
          await setup.stores.models.put({ ...ROW, registeredAt: 99, state: 'superseded' });
          if (failing) throw scoringFailure('scoring.judge_failed', { problem: 'test' });
          return HEARD;
        },
      });
      await setup.code();
      expect(await setup.stores.models.get(JOB.hotkey, JOB.model)).to.deep.equal({ ...ROW, registeredAt: 99, state: 'superseded' });
      expect(await setup.scores()).to.have.length(failing ? 0 : 1);
    }
  });

  it('drops a package that was damaged after it was verified, and has it fetched again', async () => {
    const damaged = modelFailure('model.digest_mismatch', { file: 'voice.onnx', offset: 0 });
    const voice = {
      open() {
        throw damaged;
      },
    };
    const { code, kept, state, scores } = await setUp({ voice });
    expect(await code()).to.equal('model.digest_mismatch retry');
    expect(kept.dropped).to.deep.equal([JOB.model]);
    expect(await state()).to.equal('announced');
    expect(await scores()).to.deep.equal([]);
  });

  describe('in stages', () => {
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

    async function beside(standingPpm: number, setup: Setup = {}) {
      const made = await setUp({ terms, ...setup });
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

      const next = await setUp({ terms, stores: made.stores });
      expect(await next.code()).to.equal('done');
      expect(next.runner.counts.said).to.equal(5);
      expect(await length(next)).to.equal(8);
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
        ends.push(await (await setUp({ terms, judge, stores, voice: say((nth) => nth === 2) })).code());
      expect(ends.length).to.be.greaterThan(3);
      expect(ends.at(-1)).to.equal('done');
      expect((await first.scores())[0]?.record).to.deep.equal(expected?.record);
    });
  });

  it('makes a record of a model that may not run: each prompt 0, with the reason', async () => {
    const { scorer, runner } = await setUp();
    const record = scorer.refusedRecord(ROUND, ENTRY, 'model.too_large');
    expect(record).to.deep.include({ round: 3, hotkey: JOB.hotkey, model: JOB.model, scorer: SCORER, scorePpm: 0, fingerprint: '' });
    expect(record.promptSet).to.equal(promptSetDigest(drawPrompts(SEED, PROMPTS)));
    expect(record.prompts).to.have.length(PROMPTS);
    expect(
      record.prompts.every(({ scorePpm, fault, audioDigest }) => scorePpm === 0 && fault === 'model.too_large' && audioDigest === ''),
    ).to.equal(true);
    expect(decodeRecord(encodeRecord(record)).ok).to.equal(true);
    expect(runner.counts.opened).to.equal(0);
  });
});
