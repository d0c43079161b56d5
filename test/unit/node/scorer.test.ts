import { expect } from 'chai';
import { combinePrompts } from '../../../scoring/profile.js';
import { drawPrompts, promptSetDigest } from '../../../scoring/prompts.js';
import { decodeRecord, encodeRecord } from '../../../scoring/record.js';
import type { FakeVoiceOptions } from '../../support/fake-voice.js';
import { aScorer, ENTRY, HEARD, JOB, NO_SIGNAL, PROMPTS, ROUND, ROW, SCORER, SEED, SELF, TONE } from '../../support/scorer-bench.js';

describe('scorer', () => {
  it('writes one record that says what was heard, by whose rules and of which prompts', async () => {
    const { code, scores, state, kept, stores, runner, warnings } = await aScorer();
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
    const { code, scores, runner, kept } = await aScorer();
    await code();
    const { said } = runner.counts;
    expect(await code()).to.equal('done');
    expect(runner.counts.said).to.equal(said);
    expect(await scores()).to.have.length(1);
    expect(kept.scored).to.equal(1);
  });

  it('marks a model as scored that a killed process left running beside its score', async () => {
    const { code, stores, state, runner } = await aScorer();
    await code();
    await stores.models.put({ ...ROW, state: 'running' });
    const { said } = runner.counts;
    expect(await code()).to.equal('done');
    expect(await state()).to.equal('scored');
    expect(runner.counts.said).to.equal(said);
  });

  it('drops a job whose round is over, unknown, weighed or skipped', async () => {
    for (const block of [159, 160]) {
      const { code, scores } = await aScorer({ block });
      expect(await code()).to.equal('done');
      expect(await scores(), String(block)).to.have.length(block === 159 ? 1 : 0);
    }
    for (const state of ['weighed', 'skipped'] as const) {
      const { code, stores, scores, runner } = await aScorer();
      await stores.rounds.update(3, { state });
      expect(await code()).to.equal('done');
      expect(await scores()).to.deep.equal([]);
      expect(runner.counts.opened).to.equal(0);
    }
    const { scorer, stores } = await aScorer();
    await scorer.handle({ ...JOB, round: 2 }, NO_SIGNAL);
    expect(await stores.scores.ofRound(2)).to.deep.equal([]);
  });

  it('stops at the signal without a score', async () => {
    const stop = new AbortController();
    const voice: FakeVoiceOptions = {
      say: (_, nth) => {
        if (nth === 2) stop.abort(new Error('the node stops'));
        return nth === 2 ? new Promise<null>(() => {}) : TONE;
      },
    };
    const { code, scores, state, runner } = await aScorer({ voice });
    expect(await code(stop.signal)).to.equal('Error: the node stops');
    expect(await scores()).to.deep.equal([]);
    expect(await state()).to.equal('prechecked');
    expect(runner.counts.closed).to.equal(runner.counts.opened);
  });

  it('makes a record of a model that may not run: each prompt 0, with the reason', async () => {
    const { scorer, runner } = await aScorer();
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
