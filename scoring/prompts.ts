import type { Phone } from './phonemes.js';

export type PromptKind = 'plain' | 'question' | 'numbers' | 'list' | 'clusters' | 'minimal-pair' | 'long' | 'expressive';

export interface Prompt {
  readonly index: number;
  readonly kind: PromptKind;
  readonly text: string;
  readonly phones: readonly Phone[];
  /** Other texts from the same bank with about the same length: what the content judge compares against. */
  readonly decoys: readonly (readonly Phone[])[];
  /** 64 hex digits; seeds the model's random nodes. */
  readonly seed: string;
}
