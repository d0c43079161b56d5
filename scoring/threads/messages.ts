/** What the pool and its threads say to each other. Both ends are ours; nothing foreign passes. */
import type { NeuralFeatures } from '../neural/features.js';
import type { MelBands } from '../neural/whisper-mel.js';
import type { PromptScore } from '../profile.js';
import type { Prompt } from '../prompts.js';

export interface JudgeRequest {
  readonly id: number;
  readonly prompt: Prompt;
  readonly samples: Float32Array;
  readonly sampleRateHz: number;
  /** Features for neural judges are wanted, with so many bands; null: none. */
  readonly bands: MelBands | null;
}

export interface Listened {
  readonly score: PromptScore;
  readonly features: NeuralFeatures | null;
}

export type JudgeReply = { readonly id: number; readonly listened: Listened } | { readonly id: number; readonly problem: string };
