import { canonicalJson, sha256Hex } from '../protocol/digest.js';
import type { Phone } from './phonemes.js';

export const PROMPT_KINDS = ['plain', 'question', 'numbers', 'list', 'clusters', 'minimal-pair', 'long', 'expressive'] as const;
export type PromptKind = (typeof PROMPT_KINDS)[number];

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

/** Changes whenever the bank, the grammar or the drawing changes, because then the same seed means other prompts. */
export const PROMPT_SET_VERSION = 1;

export interface DrawOptions {
  /** Kinds to draw from, in rotation; default all. */
  readonly kinds?: readonly PromptKind[];
}

/** What two validators must agree on before they compare scores. Shape: prompts → sha-256, 64 hex digits. */
export function promptSetDigest(prompts: readonly Prompt[]): string {
  return sha256Hex('voxd/prompts/1', canonicalJson({ version: PROMPT_SET_VERSION, prompts }));
}

/** STUB being replaced: draws a fixed sentence. */
export function drawPrompts(seed: string, count: number, _options: DrawOptions = {}): readonly Prompt[] {
  const phones = ['DH', 'AH0', '|', 'K', 'AE1', 'T', '|', 'S', 'AE1', 'T', '.'];
  const decoy = ['AH0', '|', 'D', 'AO1', 'G', '|', 'R', 'AE1', 'N', '.'];
  return Array.from({ length: count }, (_, index) => ({
    index,
    kind: 'plain',
    text: 'The cat sat.',
    phones,
    decoys: [decoy],
    seed: sha256Hex('voxd/prompt-seed/1', seed, String(index)),
  }));
}
