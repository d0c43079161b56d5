import { type drawPrivatePrompts, PRIVATE_PROMPTS, privateSeed } from '../../scoring/private-slice.js';
import { drawPrompts, PROMPTS_PER_DRAW_MAX } from '../../scoring/prompts.js';

const STOCK_SIZE = 64;

/**
 * Private prompts out of a stock drawn once, chosen by their seed: who hears them, whether they are those of the promised secret and what they add to a
 * score is all as it is, and the words in them say nothing to ears that are made up.
 */
export function privateFromStock(): typeof drawPrivatePrompts {
  const stock = drawPrompts('private prompts of the simulation', STOCK_SIZE);
  return (of) => {
    const seed = Buffer.from(privateSeed(of), 'hex');
    return Array.from({ length: PRIVATE_PROMPTS }, (_, at) => ({
      ...stock[seed.readUInt32LE(4 * at) % STOCK_SIZE]!,
      index: PROMPTS_PER_DRAW_MAX + at,
    }));
  };
}
