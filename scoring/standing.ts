import type { Hotkey, ModelDigest } from '../protocol/names.js';

/** A hotkey's score history folded to one number. */
export interface Standing {
  readonly hotkey: Hotkey;
  readonly registeredAt: number;
  readonly model: ModelDigest;
  /** Score of this round; null when nobody we believe heard the model. */
  readonly scorePpm: number | null;
  readonly standingPpm: number;
}

export interface HeardModel {
  readonly hotkey: Hotkey;
  readonly registeredAt: number;
  readonly model: ModelDigest;
  readonly scorePpm: number | null;
}

/**
 * Fold one round into the standings.
 *
 * - The first score of a model is its standing; later ones move it by `alphaPercent`.
 * - A model that was not heard keeps its standing: absence is never zero.
 * - A new model of the same registration keeps the old model's standing alive until it has itself been scored.
 * - A registration that is no longer in the subnet is dropped.
 *
 * Shape: one entry per registration, ascending hotkey. Units: ppm, rounded down.
 * Source: docs/scoring.md, "Standing".
 */
export function foldStandings(of: {
  readonly before: readonly Standing[];
  readonly heard: readonly HeardModel[];
  readonly registered: (hotkey: Hotkey, registeredAt: number) => boolean;
  readonly alphaPercent: number;
}): readonly Standing[] {
  const key = (entry: { hotkey: Hotkey; registeredAt: number }) => `${entry.hotkey}@${entry.registeredAt}`;
  const before = new Map(of.before.map((entry) => [key(entry), entry]));
  const after = new Map<string, Standing>();
  for (const old of of.before) after.set(key(old), { ...old, scorePpm: null });
  for (const heard of of.heard) {
    const old = before.get(key(heard));
    if (heard.scorePpm === null) continue;
    const same = old !== undefined && old.model === heard.model;
    const standingPpm = same
      ? Math.floor((old.standingPpm * (100 - of.alphaPercent) + heard.scorePpm * of.alphaPercent) / 100)
      : heard.scorePpm;
    after.set(key(heard), { ...heard, scorePpm: heard.scorePpm, standingPpm });
  }
  return [...after.values()]
    .filter((entry) => of.registered(entry.hotkey, entry.registeredAt))
    .sort((a, b) => (a.hotkey < b.hotkey ? -1 : 1));
}
