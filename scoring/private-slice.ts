/**
 * The private slice: a few prompts per model that only one validator knows while it listens. Nobody can have trained for them, not even one who
 * had a hand in the seed of the round. Pure; docs/scoring.md, "Private slice".
 */
import { sha256Hex } from '../protocol/digest.js';
import type { Hotkey, ModelDigest } from '../protocol/names.js';
import { drawPrompts, PROMPTS_PER_DRAW_MAX, type Prompt } from './prompts.js';

/** Private prompts of each model in each round. */
export const PRIVATE_PROMPTS = 4;
/** A model may do so much worse on the best of the private prompts before it costs anything, ppm. */
export const PRIVATE_ALLOWANCE_PPM = 50_000;
/** The best of so many private prompts is looked at, the second best of twice as many. */
const BEST_OF = 4;
/** Fewer private prompts than this, over all believed validators, say nothing. */
const PRIVATE_PROMPTS_MIN = 4;

/**
 * The seed of one validator's private prompts of one model.
 *
 * The secret was committed to in the round before; the seed of the round is in it, so that no secret can have been picked for what it draws.
 * Shape: the seed of the round and the secret of the validator, as hex → 64 hex digits.
 */
export function privateSeed(of: {
  readonly roundSeed: string;
  readonly secret: string;
  readonly validator: Hotkey;
  readonly model: ModelDigest;
}): string {
  return sha256Hex(`voxd/private/1|${of.roundSeed}|${of.validator}|${of.model}|${of.secret}`);
}

/** Shape: PRIVATE_PROMPTS prompts, numbered after every public one. */
export function drawPrivatePrompts(of: Parameters<typeof privateSeed>[0]): readonly Prompt[] {
  return drawPrompts(privateSeed(of), PRIVATE_PROMPTS).map((prompt) => ({ ...prompt, index: PROMPTS_PER_DRAW_MAX + prompt.index }));
}

/**
 * A score may not lie far above what the model says well in private: above the best quarter of the private prompts and the allowance.
 *
 * An honest model draws both from the same source: that its better private prompts all lie below its public mean hardly ever happens. And no fault, in
 * public or in private, can raise what is left; a spread that it makes itself buys nothing. Models go on being compared on the same public prompts.
 *
 * Shape: the score and everybody's private prompts, ppm → ppm, at most the score.
 */
export function withPrivateSlice(scorePpm: number, privatePpm: readonly number[]): number {
  if (privatePpm.length < PRIVATE_PROMPTS_MIN) return scorePpm;
  const best = [...privatePpm].sort((a, b) => b - a)[Math.ceil(privatePpm.length / BEST_OF) - 1]!;
  return Math.min(scorePpm, best + PRIVATE_ALLOWANCE_PPM);
}
