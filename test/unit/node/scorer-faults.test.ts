/** Whose fault it is that a model was not heard, and what that costs whom. */
import { expect } from 'chai';
import { nodeFailure } from '../../../node/failures.js';
import { modelFailure, scoringFailure } from '../../../scoring/failures.js';
import { aScorer, HEARD, JOB, ROW, type ScorerSetup, TONE } from '../../support/scorer-bench.js';

describe('scorer, when something goes wrong', () => {
  it('has a model fetched again that left the cache, and comes back for it', async () => {
    const { code, state, scores, warnings } = await aScorer({ openModel: async () => null });
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
    const { code, scores, state } = await aScorer({ voice });
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
    const { code, scores } = await aScorer({ voice });
    expect(await code()).to.equal('done');
    const [score] = await scores();
    expect(score!.record.scorePpm).to.equal(0);
    expect(new Set(score!.record.prompts.map(({ fault }) => fault))).to.deep.equal(new Set(['model.operator_refused']));
  });

  it('leaves a model unscored, and in the state it had, when the trouble is ours', async () => {
    const troubles: readonly [string, ScorerSetup][] = [
      ['scoring.starved retry', { voice: { say: () => Promise.reject(scoringFailure('scoring.starved', { cpuMs: 1, elapsedMs: 2 })) } }],
      ['scoring.judge_failed retry', { judge: () => Promise.reject(scoringFailure('scoring.judge_failed', { problem: 'test' })) }],
    ];
    for (const [expected, setup] of troubles)
      for (const before of ['prechecked', 'scored', 'running'] as const) {
        const { code, scores, state, stores, kept, warnings } = await aScorer(setup);
        await stores.models.put({ ...ROW, state: before });
        expect(await code()).to.equal(expected);
        expect(await scores()).to.deep.equal([]);
        expect(await state()).to.equal(before === 'running' ? 'prechecked' : before);
        expect(kept.scored).to.equal(0);
        expect(warnings).to.deep.equal([`model not scored (${expected.split(' ')[0]})`]);
      }
  });

  it('keeps the score when the evidence cannot be kept, and says so once', async () => {
    const full = () => Promise.reject(nodeFailure('store.full', { where: '/data' }));
    for (const evidence of [{ keepAudio: full }, { keepReport: full }, { keepAudio: full, keepReport: full }]) {
      const { code, scores, state, kept, warnings } = await aScorer({ evidence });
      expect(await code()).to.equal('done');
      expect((await scores())[0]?.record.scorePpm).to.be.greaterThan(0);
      expect(await state()).to.equal('scored');
      expect(kept.scored).to.equal(1);
      expect(warnings).to.deep.equal(['the score is kept, its evidence is not: is the disk full?']);
    }
  });

  it('does not write over what others made of the row while the model spoke', async () => {
    for (const failing of [false, true]) {
      const setup = await aScorer({
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
    const { code, kept, state, scores } = await aScorer({ voice });
    expect(await code()).to.equal('model.digest_mismatch retry');
    expect(kept.dropped).to.deep.equal([JOB.model]);
    expect(await state()).to.equal('announced');
    expect(await scores()).to.deep.equal([]);
  });
});
