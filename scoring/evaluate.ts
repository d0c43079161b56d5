/**
 * How one model is heard. Asynchronous although it lies in the core: it only talks to ports, so that it runs against a real sandbox and a
 * fake one alike.
 */
import { type Failure, isFailure } from '../protocol/failure.js';
import type { Audio } from './audio.js';
import { scoringFailure } from './failures.js';
import { joinFingerprints } from './fingerprint.js';
import type { Judge, RunLimits, VerifiedModel, VoiceRunner, VoiceSession } from './ports.js';
import { combinePrompts, faultScore, type PromptScore } from './profile.js';
import type { Prompt } from './prompts.js';

export interface EvaluationRequest {
  readonly runner: VoiceRunner;
  readonly judge: Judge;
  readonly model: VerifiedModel;
  readonly prompts: readonly Prompt[];
  readonly limits: RunLimits;
  /** Monotonic milliseconds, for timings only. */
  readonly nowMs: () => number;
  /** Called in the order of the prompts, as soon as a score is known. */
  readonly onPrompt?: (prompt: Prompt, score: PromptScore) => void;
  readonly keepAudio?: (prompt: Prompt, audio: Audio) => Promise<void>;
  readonly signal?: AbortSignal;
}

export interface Evaluation {
  readonly prompts: readonly PromptScore[];
  readonly scorePpm: number;
  /** Of the first utterances; empty when all of them failed. */
  readonly fingerprint: string;
  readonly timings: { readonly loadMs: number; readonly synthesisMs: number; readonly judgeMs: number; readonly totalMs: number };
}

/** A model whose process died this often gets no further one; the prompts that are left count 0. */
export const DEATHS_MAX = 3;

/** Faults after which the process goes on living; after any other one it is replaced. */
const HARMLESS = /^scoring\.(run_failed|audio_\w+|prompt_\w+)$/;

/**
 * Let the model say every prompt and judge it, the one while the other is being said.
 *
 * The model's own faults (failures of disposition `skip`) score the prompt 0 under their code; a model that cannot be opened, or that says the
 * first prompt differently the second time, scores 0 on all of them. The scores depend on model, prompts, engine and limits alone.
 *
 * Errors: rejects with the failure when the trouble is ours (any other disposition); then the model is not scored at all.
 */
export async function evaluateModel(request: EvaluationRequest): Promise<Evaluation> {
  const { prompts, judge, nowMs, signal } = request;
  const startedMs = nowMs();
  const timings = { loadMs: 0, synthesisMs: 0, judgeMs: 0 };
  const scores: PromptScore[] = [];
  const voice = createVoice(request, timings);

  const settle = (prompt: Prompt, score: PromptScore) => {
    scores.push(score);
    request.onPrompt?.(prompt, score);
  };
  const judgeOne = async (prompt: Prompt, audio: Audio) => {
    const fromMs = nowMs();
    const [score] = await Promise.all([judge.judge(prompt, audio), request.keepAudio?.(prompt, audio)]);
    timings.judgeMs += nowMs() - fromMs;
    settle(prompt, score);
  };

  // At most one utterance is being judged while the next is synthesised; its rejection is kept until it is asked for.
  let judging: Promise<Failed | null> = Promise.resolve(null);
  try {
    for (const [at, prompt] of prompts.entries()) {
      signal?.throwIfAborted();
      const spoken = await voice.say(prompt, at === 0);
      await rethrow(judging);
      judging = Promise.resolve(null);
      if (spoken.ok) judging = held(judgeOne(prompt, spoken.audio));
      else settle(prompt, faultScore(spoken.fault));
    }
    await rethrow(judging);
    signal?.throwIfAborted();
  } finally {
    await judging;
    await voice.close();
  }
  return {
    prompts: scores,
    scorePpm: combinePrompts(scores),
    fingerprint: joinFingerprints(scores.map(({ fingerprint }) => fingerprint)),
    timings: {
      loadMs: Math.round(timings.loadMs),
      synthesisMs: Math.round(timings.synthesisMs),
      judgeMs: Math.round(timings.judgeMs),
      totalMs: Math.round(nowMs() - startedMs),
    },
  };
}

type Spoken = { readonly ok: true; readonly audio: Audio } | { readonly ok: false; readonly fault: string };

interface Voice {
  /** `twice`: say it again and insist on the same samples. */
  say(prompt: Prompt, twice: boolean): Promise<Spoken>;
  close(): Promise<void>;
}

/** A session that is opened when needed and replaced when its process died, DEATHS_MAX times. */
function createVoice({ runner, model, limits, nowMs, signal }: EvaluationRequest, timings: { loadMs: number; synthesisMs: number }): Voice {
  let session: VoiceSession | null = null;
  let deaths = 0;
  /** Once set, nothing more is said. */
  let finalFault: string | null = null;

  const open = async (): Promise<VoiceSession> => {
    const fromMs = nowMs();
    const opened = await runner.open(model, limits, signal);
    timings.loadMs += nowMs() - fromMs;
    return opened;
  };
  const close = async () => {
    const closing = session;
    session = null;
    await closing?.close();
  };
  const utter = async (prompt: Prompt): Promise<Audio> => {
    session ??= await open();
    const fromMs = nowMs();
    const { audio } = await session.synthesise({ phones: prompt.phones, text: prompt.text, seed: prompt.seed }, signal);
    timings.synthesisMs += nowMs() - fromMs;
    return audio;
  };
  const onFault = async (fault: Failure): Promise<void> => {
    if (session === null) finalFault = fault.code;
    else if (!HARMLESS.test(fault.code)) {
      await close();
      deaths++;
      if (deaths === DEATHS_MAX) finalFault = fault.code;
    }
  };

  return {
    close,
    async say(prompt, twice) {
      if (finalFault !== null) return { ok: false, fault: finalFault };
      try {
        const audio = await utter(prompt);
        if (!twice || sameAudio(audio, await utter(prompt))) return { ok: true, audio };
        finalFault = scoringFailure('scoring.not_repeatable').code;
        return { ok: false, fault: finalFault };
      } catch (error) {
        if (!isFailure(error) || error.disposition !== 'skip') throw error;
        await onFault(error);
        return { ok: false, fault: error.code };
      }
    },
  };
}

function sameAudio(a: Audio, b: Audio): boolean {
  return (
    a.sampleRateHz === b.sampleRateHz &&
    a.samples.length === b.samples.length &&
    a.samples.every((value, at) => Object.is(value, b.samples[at]))
  );
}

interface Failed {
  readonly error: unknown;
}

/** Shape: a promise → one that never rejects and carries the error instead. */
function held(work: Promise<void>): Promise<Failed | null> {
  return work.then(
    () => null,
    (error: unknown) => ({ error }),
  );
}

async function rethrow(work: Promise<Failed | null>): Promise<void> {
  const failed = await work;
  if (failed) throw failed.error;
}
