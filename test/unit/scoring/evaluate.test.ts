import { expect } from 'chai';
import type { Failure } from '../../../protocol/failure.js';
import { DEATHS_MAX, type EvaluationRequest, evaluateModel } from '../../../scoring/evaluate.js';
import { modelFailure, scoringFailure } from '../../../scoring/failures.js';
import type { Judge, RunLimits, Utterance, VerifiedModel, VoiceRunner } from '../../../scoring/ports.js';
import { combinePrompts, faultScore, type PromptScore } from '../../../scoring/profile.js';
import { drawPrompts } from '../../../scoring/prompts.js';

const PROMPTS = drawPrompts('evaluate', 6);
const LIMITS: RunLimits = { memoryBytes: 1, cpuSeconds: 1, loadTimeoutMs: 1, utteranceTimeoutMs: 1, audioSecondsMax: 1 };
// Safety: these tests hand the model through and never look into it.
const MODEL = { digest: '0'.repeat(64), manifest: {}, directory: '/nowhere' } as unknown as VerifiedModel;
const RUN_FAILED = scoringFailure('scoring.run_failed', { problem: 'test' });
const CRASHED = scoringFailure('scoring.child_crashed', { signal: 'SIGSEGV' });
const STARVED = scoringFailure('scoring.starved', { cpuMs: 1, elapsedMs: 2, dropped: 0 });

/** A voice whose audio is the call's number or what `say` returns; counts opens and closes. */
function fakeRunner(say: (utterance: Utterance, call: number) => number | Failure = () => 1, onOpen: (count: number) => void = () => {}) {
  const counts = { opened: 0, closed: 0, said: 0 };
  const runner: VoiceRunner = {
    engine: 'native',
    engineId: 'fake',
    async open() {
      onOpen(++counts.opened);
      return {
        async synthesise(utterance) {
          const said = say(utterance, counts.said++);
          if (typeof said !== 'number') throw said;
          return { audio: { samples: Float32Array.of(said), sampleRateHz: 16_000 }, elapsedMs: 1, dropped: 0 };
        },
        async close() {
          counts.closed++;
        },
      };
    },
  };
  return { runner, counts };
}

const score = (scorePpm: number): PromptScore => ({
  parts: { content: scorePpm },
  scorePpm,
  audioDigest: 'a',
  fingerprint: 'ff',
  fault: null,
});
const fakeJudge = (judge: Judge['judge'] = async () => score(800_000)): Judge => ({ judge, close: async () => {} });

function request(of: Partial<EvaluationRequest> & Pick<EvaluationRequest, 'runner'>): EvaluationRequest {
  let now = 0;
  return { judge: fakeJudge(), model: MODEL, prompts: PROMPTS, limits: LIMITS, nowMs: () => now++, ...of };
}

const rejection = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => expect.fail('it did not reject'),
    (error: unknown) => error,
  );
const faults = (prompts: readonly PromptScore[]) => prompts.map(({ fault }) => fault);

describe('evaluating a model', () => {
  it('says every prompt with its own seed, in order, the first one twice, and closes the session', async () => {
    const seeds: string[] = [];
    const { runner, counts } = fakeRunner(({ seed }) => Math.min(1, seeds.push(seed)));
    const told: number[] = [];
    const kept: number[] = [];
    const result = await evaluateModel(
      request({ runner, onPrompt: ({ index }) => told.push(index), keepAudio: async ({ index }) => void kept.push(index) }),
    );
    expect(seeds).to.deep.equal([PROMPTS[0]!.seed, ...PROMPTS.map(({ seed }) => seed)]);
    expect(told).to.deep.equal([0, 1, 2, 3, 4, 5]);
    expect(kept).to.deep.equal(told);
    expect(counts).to.deep.equal({ opened: 1, closed: 1, said: 7 });
    expect(result.prompts).to.have.length(6);
    expect(result.scorePpm).to.equal(combinePrompts(result.prompts));
    expect(result.fingerprint).to.equal('ff'.repeat(4));
  });

  it('judges one utterance while the next is said', async () => {
    const log: string[] = [];
    const { runner } = fakeRunner((_, call) => Math.min(1, log.push(`say ${call}`)));
    let release: (value: PromptScore) => void = () => {};
    const judge = fakeJudge((prompt) => {
      log.push(`judge ${prompt.index}`);
      return new Promise((resolve) => {
        release = resolve;
        setImmediate(() => release(score(1)));
      });
    });
    await evaluateModel(request({ runner, judge, prompts: PROMPTS.slice(0, 2) }));
    expect(log).to.deep.equal(['say 0', 'say 1', 'judge 0', 'say 2', 'judge 1']);
  });

  it('counts a fault of the model as zero and goes on', async () => {
    const { runner, counts } = fakeRunner((_, call) => (call === 3 ? RUN_FAILED : 1));
    const { prompts, scorePpm } = await evaluateModel(request({ runner }));
    expect(prompts[2]).to.deep.equal(faultScore('scoring.run_failed'));
    expect(faults(prompts).filter((fault) => fault === null)).to.have.length(5);
    expect(scorePpm).to.be.below(700_000);
    expect(counts.opened).to.equal(1);
  });

  it('replaces a session that died, but not for ever', async () => {
    const once = fakeRunner((_, call) => (call === 3 ? CRASHED : 1));
    expect(faults((await evaluateModel(request({ runner: once.runner }))).prompts)).to.deep.equal([
      null,
      null,
      CRASHED.code,
      null,
      null,
      null,
    ]);
    expect(once.counts).to.deep.equal({ opened: 2, closed: 2, said: 7 });

    const always = fakeRunner(() => CRASHED);
    const { prompts, scorePpm, fingerprint } = await evaluateModel(request({ runner: always.runner }));
    expect(faults(prompts)).to.deep.equal(PROMPTS.map(() => CRASHED.code));
    expect([scorePpm, fingerprint]).to.deep.equal([0, '']);
    expect(always.counts).to.deep.equal({ opened: DEATHS_MAX, closed: DEATHS_MAX, said: DEATHS_MAX });
  });

  it('gives zero on everything to a model that cannot be opened or does not repeat itself', async () => {
    const unopened = fakeRunner(undefined, () => {
      throw modelFailure('model.operator_refused', { operator: 'Loop' });
    });
    expect(faults((await evaluateModel(request({ runner: unopened.runner }))).prompts)).to.deep.equal(
      PROMPTS.map(() => 'model.operator_refused'),
    );
    expect(unopened.counts.opened).to.equal(1);

    const restless = fakeRunner((_, call) => call);
    expect(faults((await evaluateModel(request({ runner: restless.runner }))).prompts)).to.deep.equal(
      PROMPTS.map(() => 'scoring.not_repeatable'),
    );
    expect(restless.counts.closed).to.equal(1);
  });

  it('rejects as a whole when the trouble is ours, and closes the session', async () => {
    const starved = fakeRunner((_, call) => (call === 4 ? STARVED : 1));
    expect(await rejection(evaluateModel(request({ runner: starved.runner })))).to.equal(STARVED);
    expect(starved.counts.closed).to.equal(1);

    const deaf = scoringFailure('scoring.judge_failed', { problem: 'test' });
    const { runner, counts } = fakeRunner();
    expect(await rejection(evaluateModel(request({ runner, judge: fakeJudge(() => Promise.reject(deaf)) })))).to.equal(deaf);
    expect(counts.closed).to.equal(1);

    const full = new Error('disk full');
    expect(await rejection(evaluateModel(request({ runner: fakeRunner().runner, keepAudio: () => Promise.reject(full) })))).to.equal(full);
  });

  it('stops when it is told to', async () => {
    const controller = new AbortController();
    const { runner, counts } = fakeRunner((_, call) => {
      if (call === 3) controller.abort(STARVED);
      return 1;
    });
    expect(await rejection(evaluateModel(request({ runner, signal: controller.signal })))).to.equal(STARVED);
    expect(counts).to.deep.equal({ opened: 1, closed: 1, said: 4 });
  });
});
