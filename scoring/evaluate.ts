/** How one model is heard: through ports only, so that it runs against a real sandbox and against a fake one alike. Asynchronous, like ports.ts. */
import type { Audio } from './audio.js';
import type { Judge, RunLimits, VerifiedModel, VoiceRunner } from './ports.js';
import type { PromptScore } from './profile.js';
import type { Prompt } from './prompts.js';

export interface EvaluationRequest {
  readonly runner: VoiceRunner;
  readonly judge: Judge;
  readonly model: VerifiedModel;
  readonly prompts: readonly Prompt[];
  readonly limits: RunLimits;
  /** Monotonic milliseconds, for timings only. */
  readonly nowMs: () => number;
  readonly onPrompt?: (prompt: Prompt, score: PromptScore) => void;
  readonly keepAudio?: (prompt: Prompt, audio: Audio) => Promise<void>;
  readonly signal?: AbortSignal;
}

export interface Evaluation {
  readonly prompts: readonly PromptScore[];
  readonly scorePpm: number;
  readonly fingerprint: string;
  readonly timings: { readonly loadMs: number; readonly synthesisMs: number; readonly judgeMs: number; readonly totalMs: number };
}

/** STUB being replaced. Rejects with a `retry` failure when the trouble is ours: then the whole model is unscored. */
export async function evaluateModel(_request: EvaluationRequest): Promise<Evaluation> {
  throw new Error('not written yet');
}
