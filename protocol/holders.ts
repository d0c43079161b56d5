/** What neurons say they hold. Hints only: whoever is asked for a model proves it chunk by chunk. Time is passed in. */
import { createLru } from './lru.js';
import type { Hotkey, ModelDigest } from './names.js';

/** Neurons whose hint is kept; the one heard of longest ago is forgotten. */
export const HOLDERS_KEPT_MAX = 512;

export interface Holders {
  /** Replaces what this neuron said before. */
  put(hotkey: Hotkey, models: readonly ModelDigest[], untilMs: number): void;
  /** Who says to hold a model, the newest hint first. */
  of(model: ModelDigest, nowMs: number): readonly Hotkey[];
}

export function createHolders(): Holders {
  const hints = createLru<{ readonly hotkey: Hotkey; readonly models: ReadonlySet<ModelDigest>; readonly untilMs: number }>(
    HOLDERS_KEPT_MAX,
  );
  return {
    put: (hotkey, models, untilMs) => hints.set(hotkey, { hotkey, models: new Set(models), untilMs }),
    of: (model, nowMs) =>
      hints
        .values()
        .filter((hint) => nowMs < hint.untilMs && hint.models.has(model))
        .map(({ hotkey }) => hotkey)
        .reverse(),
  };
}
