/**
 * Generations of the subtensor runtime. A generation is data: what exists in it, under which number, and the few rules in which its behaviour
 * differs. The pallets are written once, for the newest; runtime.ts cuts them to the generation asked for.
 */
import type { Generation } from './generation-shape.js';
import { CLOCK } from './generations/clock.js';
import { METAGRAPH } from './generations/metagraph.js';
import { STORAGE } from './generations/storage.js';

/** In the order of time. `storage`: spec 100 to 250; `metagraph`: 250 to 422; `clock`: 423 and later. */
export const GENERATION_NAMES = ['storage', 'metagraph', 'clock'] as const;
export type GenerationName = (typeof GENERATION_NAMES)[number];

const GENERATIONS: Readonly<Record<GenerationName, Generation>> = { storage: STORAGE, metagraph: METAGRAPH, clock: CLOCK };

export function generationOf(name: GenerationName): Generation {
  return GENERATIONS[name];
}
