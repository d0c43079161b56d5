import type { Hotkey, ModelDigest } from '../protocol/names.js';
import type { Kinship } from './copies.js';

/** Earlier models of a registration that are remembered, so that their copies stay copies when it offers a better one. */
export const ANCESTORS_KEPT = 8;
/**
 * Rounds in a row that a model without a new score goes on being ranked while the next one of its miner waits to be heard. Counted from the last score, so
 * that no further submission lengthens it.
 */
export const WAITING_ROUNDS_MAX = 4;

/** A hotkey's score history folded to one number. */
export interface Standing {
  readonly hotkey: Hotkey;
  readonly registeredAt: number;
  readonly model: ModelDigest;
  readonly commitmentBlock: number;
  /** Score of this round; null when nobody we believe heard the model. */
  readonly scorePpm: number | null;
  readonly standingPpm: number;
  /** Rounds in a row without a score. */
  readonly unheardRounds: number;
  /** What this registration offered before, oldest first. */
  readonly ancestors: readonly { readonly model: ModelDigest; readonly commitmentBlock: number }[];
}

export interface HeardModel {
  readonly hotkey: Hotkey;
  readonly registeredAt: number;
  readonly model: ModelDigest;
  readonly commitmentBlock: number;
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
  readonly before: readonly (Standing & { readonly kinship?: Kinship | null })[];
  readonly heard: readonly HeardModel[];
  readonly registered: (hotkey: Hotkey, registeredAt: number) => boolean;
  readonly alphaPercent: number;
}): readonly Standing[] {
  const key = (entry: { hotkey: Hotkey; registeredAt: number }) => `${entry.hotkey}@${entry.registeredAt}`;
  const before = new Map(of.before.map((entry) => [key(entry), entry]));
  const after = new Map<string, Standing>();
  for (const old of of.before) after.set(key(old), { ...standingOf(old), scorePpm: null, unheardRounds: old.unheardRounds + 1 });
  for (const { hotkey, registeredAt, model, commitmentBlock, scorePpm } of of.heard) {
    if (scorePpm === null) continue;
    const old = before.get(key({ hotkey, registeredAt }));
    const same = old !== undefined && old.model === model;
    const standingPpm = same ? Math.floor((old.standingPpm * (100 - of.alphaPercent) + scorePpm * of.alphaPercent) / 100) : scorePpm;
    after.set(key({ hotkey, registeredAt }), {
      hotkey,
      registeredAt,
      model,
      commitmentBlock,
      scorePpm,
      standingPpm,
      unheardRounds: 0,
      ancestors: same || old === undefined ? (old?.ancestors ?? []) : ancestorsOf(old, model),
    });
  }
  return [...after.values()]
    .filter((entry) => of.registered(entry.hotkey, entry.registeredAt))
    .sort((a, b) => (a.hotkey < b.hotkey ? -1 : 1));
}

/** Without whatever else the row of a round before holds. */
function standingOf({ hotkey, registeredAt, model, commitmentBlock, scorePpm, standingPpm, unheardRounds, ancestors }: Standing): Standing {
  return { hotkey, registeredAt, model, commitmentBlock, scorePpm, standingPpm, unheardRounds, ancestors };
}

/** A copy was never its own: it protects nobody. */
function ancestorsOf(old: Standing & { readonly kinship?: Kinship | null }, next: ModelDigest): Standing['ancestors'] {
  const { model, commitmentBlock, ancestors, kinship } = old;
  if (kinship?.kind === 'copy') return ancestors;
  return [...ancestors, { model, commitmentBlock }].filter((ancestor) => ancestor.model !== next).slice(-ANCESTORS_KEPT);
}
