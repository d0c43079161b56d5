import { canonicalJson, sha256Hex } from '../protocol/digest.js';
import { createChance } from './chance.js';
import { decoysOf } from './decoys.js';
import { phonesOf, spokenOf, textOf } from './grammar.js';
import type { Phone } from './phonemes.js';
import { PROMPT_KINDS, type PromptKind } from './prompt-kinds.js';
import { drawSentence } from './sentences.js';

export interface Prompt {
  readonly index: number;
  readonly kind: PromptKind;
  /** As it is written: numbers in digits. */
  readonly text: string;
  /** The same with every number in words: what a model that reads letters is given, and what a recogniser should hear. */
  readonly spoken: string;
  readonly phones: readonly Phone[];
  /** Other texts from the same bank with about the same length: what the content judge compares against. */
  readonly decoys: readonly (readonly Phone[])[];
  /** 64 hex digits; seeds the model's random nodes. */
  readonly seed: string;
}

/** Changes whenever the bank, the grammar or the drawing changes, because then the same seed means other prompts. */
export const PROMPT_SET_VERSION = 3;

/** As many as one score record holds. */
export const PROMPTS_PER_DRAW_MAX = 128;

export interface DrawOptions {
  /** Kinds to draw from, in rotation; default all. */
  readonly kinds?: readonly PromptKind[];
}

/** What two validators must agree on before they compare scores. Shape: prompts → sha-256, 64 hex digits. */
export function promptSetDigest(prompts: readonly Prompt[]): string {
  return sha256Hex('voxd/prompts/1', canonicalJson({ version: PROMPT_SET_VERSION, prompts }));
}

/**
 * Prompts by seed: the same seed, count and options give the same prompts on every machine. Each prompt has its own stream of chance, so that the
 * first eight of sixty-four are the first eight of eight.
 *
 * Shape: 64 hex digits (any text works) → `count` prompts, every kind once before any kind comes twice.
 * Errors: throws RangeError beyond PROMPTS_PER_DRAW_MAX. Source: docs/scoring.md, "Prompts".
 */
export function drawPrompts(seed: string, count: number, options: DrawOptions = {}): readonly Prompt[] {
  if (!Number.isInteger(count) || count < 0 || count > PROMPTS_PER_DRAW_MAX) {
    throw new RangeError(`between 0 and ${PROMPTS_PER_DRAW_MAX} prompts can be drawn, not ${count}`);
  }
  const kinds = options.kinds ?? PROMPT_KINDS;
  if (kinds.length === 0) throw new RangeError('no kind of prompt to draw from');
  const order = createChance(seed, 'kinds');
  const rotation: PromptKind[] = [];
  while (rotation.length < count) rotation.push(...order.shuffle(kinds));
  return rotation.slice(0, count).map((kind, index) => drawPrompt(seed, index, kind));
}

function drawPrompt(seed: string, index: number, kind: PromptKind): Prompt {
  const chance = createChance(seed, `prompt/${index}`);
  const drawn = drawSentence(kind, chance);
  return {
    index,
    kind,
    text: textOf(drawn.sentence),
    spoken: spokenOf(drawn.sentence),
    phones: phonesOf(drawn.sentence),
    decoys: decoysOf(drawn, chance),
    seed: chance.hex32(),
  };
}
