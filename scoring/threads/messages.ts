/** What the pool and its threads say to each other. Both ends are ours; nothing foreign passes. */
import type { PromptScore } from '../profile.js';
import type { Prompt } from '../prompts.js';

export interface JudgeRequest {
  readonly id: number;
  readonly prompt: Prompt;
  readonly samples: Float32Array;
  readonly sampleRateHz: number;
}

export type JudgeReply = { readonly id: number; readonly score: PromptScore } | { readonly id: number; readonly problem: string };
