/**
 * The private slice: a few prompts per model that only one validator knows while it listens. Nobody can have trained for them, not even one who
 * had a hand in the seed of the round. Pure; docs/scoring.md, "Private slice".
 */
import { sha256Hex } from '../protocol/digest.js';
import type { Hotkey, ModelDigest } from '../protocol/names.js';
import { squareRoot } from './integers.js';
import { drawPrompts, PROMPTS_PER_DRAW_MAX, type Prompt } from './prompts.js';

/** Private prompts of each model in each round. */
export const PRIVATE_PROMPTS = 4;
/** A model may do so much worse on the private prompts before it costs anything, ppm; and never less than the noise. */
export const PRIVATE_ALLOWANCE_PPM = 50_000;
/** Standard errors of the difference that count as noise. */
const NOISE_STANDARD_ERRORS = 3n;
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
 * What a model says worse in private than in public is taken off its score, beyond the allowance.
 *
 * An honest model draws both from the same source, so it loses nothing, and models go on being compared on the same public prompts.
 *
 * Shape: the score, its public prompts and everybody's private ones, ppm → ppm, at most the score. Integers only.
 */
export function withPrivateSlice(scorePpm: number, publicPpm: readonly number[], privatePpm: readonly number[]): number {
  if (privatePpm.length < PRIVATE_PROMPTS_MIN || publicPpm.length === 0) return scorePpm;
  const inPublic = momentsOf(publicPpm);
  const inPrivate = momentsOf(privatePpm);
  const gap = inPublic.mean - inPrivate.mean;
  const noise = NOISE_STANDARD_ERRORS * squareRoot(inPublic.squaredError + inPrivate.squaredError);
  const allowance = noise > BigInt(PRIVATE_ALLOWANCE_PPM) ? noise : BigInt(PRIVATE_ALLOWANCE_PPM);
  const excess = gap - allowance;
  return excess <= 0n ? scorePpm : Math.max(0, scorePpm - Number(excess));
}

/** Mean and squared standard error of the mean, rounded down. */
function momentsOf(values: readonly number[]): { readonly mean: bigint; readonly squaredError: bigint } {
  const count = BigInt(values.length);
  const sum = values.reduce((total, value) => total + BigInt(value), 0n);
  const squares = values.reduce((total, value) => total + BigInt(value) ** 2n, 0n);
  if (count < 2n) return { mean: sum / count, squaredError: 0n };
  return { mean: sum / count, squaredError: (count * squares - sum * sum) / (count * count * (count - 1n)) };
}
