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
import { fullStrategy, type HeardPrompts, type Stage, type StageName, type Strategy } from './strategies.js';

/** What one prompt took, whole milliseconds. */
export interface PromptTimings {
  readonly synthesisMs: number;
  readonly judgeMs: number;
}

/** What one stage took in this process, whole milliseconds; prompts that were heard before are not in it. */
export interface StageTimings extends PromptTimings {
  readonly stage: StageName;
  readonly prompts: number;
  /** Pre-check, start of the process, reading of the model; of every process the stage needed. */
  readonly loadMs: number;
  readonly totalMs: number;
}

export interface EvaluationRequest {
  readonly runner: VoiceRunner;
  readonly judge: Judge;
  readonly model: VerifiedModel;
  /** All prompts the model may be asked. */
  readonly prompts: readonly Prompt[];
  /** Which of them, in which steps; default: all at once. */
  readonly strategy?: Strategy;
  /** What an earlier run has heard, by `Prompt.index`; it is not said again. */
  readonly heard?: HeardPrompts;
  readonly limits: RunLimits;
  /** Monotonic milliseconds, for timings only. */
  readonly nowMs: () => number;
  /** Called in the order of the prompts, as soon as a score is known, without what depends on all prompts; the prompt after the next waits for it. */
  readonly onPrompt?: (prompt: Prompt, score: PromptScore, timings: PromptTimings) => unknown;
  readonly onStage?: (timings: StageTimings) => unknown;
  /** Asked before each prompt. False ends the evaluation where it is, without an error. */
  readonly mayGoOn?: (stage: Stage) => Promise<boolean> | boolean;
  readonly keepAudio?: (prompt: Prompt, audio: Audio, score: PromptScore) => Promise<void>;
  readonly signal?: AbortSignal;
}

export interface Evaluation {
  /** False: `mayGoOn` ended it before the strategy did. */
  readonly complete: boolean;
  /** By `Prompt.index`, earlier runs included. */
  readonly heard: HeardPrompts;
  /** The same in the order of the prompts. */
  readonly prompts: readonly PromptScore[];
  readonly scorePpm: number;
  /** Of the first utterances; empty when all of them failed. */
  readonly fingerprint: string;
  readonly stages: readonly StageTimings[];
  readonly timings: { readonly loadMs: number; readonly synthesisMs: number; readonly judgeMs: number; readonly totalMs: number };
}

/** A model whose process died this often gets no further one; the prompts that are left count 0. */
export const DEATHS_MAX = 3;

/** Faults after which the process goes on living; after any other one it is replaced. */
const HARMLESS = /^scoring\.(run_failed|audio_\w+|prompt_\w+)$/;

/**
 * Let the model say what the strategy asks for and judge it, the one while the other is being said, in one session through all stages.
 *
 * The model's own faults (failures of disposition `skip`) score the prompt 0 under their code; a model that cannot be opened, or that says the
 * first prompt differently the second time, scores 0 on all of them. The scores depend on model, prompts, engine and limits alone: an
 * evaluation that goes on where a killed one ended comes to the same, save that its process has its processor time anew.
 *
 * Errors: rejects with the failure when the trouble is ours (any other disposition); then the model is not scored at all.
 */
export async function evaluateModel(request: EvaluationRequest): Promise<Evaluation> {
  const { prompts, judge, nowMs, signal } = request;
  const startedMs = nowMs();
  const strategy = request.strategy ?? fullStrategy(prompts);
  const heard = new Map(request.heard ?? []);
  const stages: StageTimings[] = [];
  /** The first thing it ever says is said twice. */
  let untried = heard.size === 0;
  let clock = stopwatch();
  const voice = createVoice(request, (spent) => {
    clock.loadMs += spent.loadMs ?? 0;
    clock.synthesisMs += spent.synthesisMs ?? 0;
  });
  voice.remember(prompts.flatMap(({ index }) => heard.get(index)?.fault ?? []));

  const settle = async (prompt: Prompt, score: PromptScore, timings: PromptTimings) => {
    heard.set(prompt.index, score);
    await request.onPrompt?.(prompt, score, timings);
  };
  const judgeOne = async (prompt: Prompt, audio: Audio, synthesisMs: number) => {
    const fromMs = nowMs();
    const score = await judge.judge(prompt, audio);
    const judgeMs = nowMs() - fromMs;
    clock.judgeMs += judgeMs;
    await request.keepAudio?.(prompt, audio, score);
    await settle(prompt, score, { synthesisMs: Math.round(synthesisMs), judgeMs: Math.round(judgeMs) });
  };

  // At most one utterance is being judged while the next is synthesised; its rejection is kept until it is asked for.
  let judging: Promise<Failed | null> = Promise.resolve(null);
  const judged = async () => {
    await rethrow(judging);
    judging = Promise.resolve(null);
  };
  /** False: it was told to end. */
  const hear = async (stage: Stage): Promise<boolean> => {
    for (const prompt of stage.prompts) {
      if (heard.has(prompt.index)) continue;
      signal?.throwIfAborted();
      if (request.mayGoOn !== undefined && !(await request.mayGoOn(stage))) return false;
      const before = clock.synthesisMs;
      const spoken = await voice.say(prompt, untried);
      untried = false;
      const synthesisMs = clock.synthesisMs - before;
      await judged();
      clock.prompts += 1;
      if (spoken.ok) judging = held(judgeOne(prompt, spoken.audio, synthesisMs));
      else await settle(prompt, faultScore(spoken.fault), { synthesisMs: Math.round(synthesisMs), judgeMs: 0 });
    }
    return true;
  };

  let complete = true;
  try {
    for (let stage = strategy.next(heard); stage !== null && complete; stage = strategy.next(heard)) {
      clock = stopwatch();
      const fromMs = nowMs();
      complete = await hear(stage);
      await judged();
      signal?.throwIfAborted();
      const timings = rounded({ stage: stage.name, ...clock, totalMs: nowMs() - fromMs });
      stages.push(timings);
      await request.onStage?.(timings);
    }
  } finally {
    await judging;
    await voice.close();
  }
  const inOrder = [...heard].sort(([a], [b]) => a - b).map(([, score]) => score);
  const scores = judge.conclude?.(inOrder) ?? inOrder;
  const sum = (part: 'loadMs' | 'synthesisMs' | 'judgeMs') => stages.reduce((total, timings) => total + timings[part], 0);
  return {
    complete,
    heard,
    prompts: scores,
    scorePpm: combinePrompts(scores),
    fingerprint: joinFingerprints(scores.map(({ fingerprint }) => fingerprint)),
    stages,
    timings: { loadMs: sum('loadMs'), synthesisMs: sum('synthesisMs'), judgeMs: sum('judgeMs'), totalMs: Math.round(nowMs() - startedMs) },
  };
}

interface Stopwatch {
  prompts: number;
  loadMs: number;
  synthesisMs: number;
  judgeMs: number;
}

function stopwatch(): Stopwatch {
  return { prompts: 0, loadMs: 0, synthesisMs: 0, judgeMs: 0 };
}

function rounded({ stage, prompts, ...times }: StageTimings): StageTimings {
  const { loadMs, synthesisMs, judgeMs, totalMs } = times;
  return {
    stage,
    prompts,
    loadMs: Math.round(loadMs),
    synthesisMs: Math.round(synthesisMs),
    judgeMs: Math.round(judgeMs),
    totalMs: Math.round(totalMs),
  };
}

type Spoken = { readonly ok: true; readonly audio: Audio } | { readonly ok: false; readonly fault: string };

interface Voice {
  /** Faults of an earlier run, in order: what they ended stays ended. */
  remember(faults: readonly string[]): void;
  /** `twice`: say it again and insist on the same samples. */
  say(prompt: Prompt, twice: boolean): Promise<Spoken>;
  close(): Promise<void>;
}

/** A session that is opened when needed and replaced when its process died, DEATHS_MAX times. */
function createVoice(
  { runner, model, limits, nowMs, signal }: EvaluationRequest,
  onTime: (spent: { readonly loadMs?: number; readonly synthesisMs?: number }) => void,
): Voice {
  let session: VoiceSession | null = null;
  let deaths = 0;
  /** Once set, nothing more is said. */
  let finalFault: string | null = null;

  const open = async (): Promise<VoiceSession> => {
    const fromMs = nowMs();
    const opened = await runner.open(model, limits, signal);
    onTime({ loadMs: nowMs() - fromMs });
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
    const { audio } = await session.synthesise({ phones: prompt.phones, text: prompt.spoken, seed: prompt.seed }, signal);
    onTime({ synthesisMs: nowMs() - fromMs });
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
    remember(faults) {
      const notRepeatable = faults.find((fault) => fault === scoringFailure('scoring.not_repeatable').code);
      const fatal = faults.filter((fault) => !HARMLESS.test(fault));
      deaths = fatal.length;
      finalFault = notRepeatable ?? fatal[DEATHS_MAX - 1] ?? null;
    },
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
