/** What neurons say they hold. Hints only: whoever is asked for a model proves it chunk by chunk. Time is passed in. */
import { createLru } from './lru.js';
import type { Hotkey, ModelDigest } from './names.js';

/** Neurons whose hints are kept; the one heard of longest ago is forgotten. */
export const HOLDERS_KEPT_MAX = 512;
/** Models of one neuron; the one it named longest ago is forgotten. */
export const HOLDER_MODELS_KEPT_MAX = 64;

export interface Holders {
  /** Adds to what this neuron said before: one message does not hold all. */
  put(hotkey: Hotkey, models: readonly ModelDigest[], untilMs: number): void;
  /** Who says to hold a model, whoever spoke last first. */
  of(model: ModelDigest, nowMs: number): readonly Hotkey[];
}

export function createHolders(): Holders {
  const hints = createLru<{ readonly hotkey: Hotkey; readonly untilMs: Map<ModelDigest, number> }>(HOLDERS_KEPT_MAX);
  return {
    put(hotkey, models, untilMs) {
      const known = hints.get(hotkey)?.untilMs ?? new Map<ModelDigest, number>();
      for (const model of models) {
        // Gossip does not keep order.
        const until = Math.max(untilMs, known.get(model) ?? 0);
        known.delete(model);
        known.set(model, until);
      }
      for (const model of known.keys()) {
        if (known.size <= HOLDER_MODELS_KEPT_MAX) break;
        known.delete(model);
      }
      hints.set(hotkey, { hotkey, untilMs: known });
    },
    of: (model, nowMs) =>
      hints
        .values()
        .filter(({ untilMs }) => nowMs < (untilMs.get(model) ?? 0))
        .map(({ hotkey }) => hotkey)
        .reverse(),
  };
}
