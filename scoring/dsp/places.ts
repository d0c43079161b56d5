/**
 * Word by word, as far as that goes without words: the utterance is cut in short stretches, and each is looked for in the text and in every easy
 * decoy. Where the text was said, a stretch is found in the text, and where it stands; where it was not, it is found anywhere.
 */
import type { Rows } from './spectrum.js';
import { distancesOf, stretchCosts } from './warping.js';

/** A stretch comes about so often, expected seconds of the text; it is half as long again. */
const STRETCH_SECONDS = 0.3;
const STRETCHES_MIN = 6;
const STRETCHES_MAX = 24;
const STRETCH_LENGTH = 1.5;
/** Found this near to where it stands counts as in its place; share of the text. */
const PLACE_TOLERANCE = 0.12;
/** How much cheaper its place may be elsewhere and count as not found; above the second, found. Share of the cost elsewhere. */
const LEAD_LOST = -0.06;
const LEAD_FOUND = -0.01;

/** What one reference voice makes of an utterance. */
export interface Hearing {
  readonly heard: Rows;
  /** The text first, then the easy decoys. */
  readonly texts: readonly Rows[];
}

export function stretchCount(seconds: number): number {
  return Math.max(STRETCHES_MIN, Math.min(STRETCHES_MAX, Math.round(seconds / STRETCH_SECONDS)));
}

/**
 * How much each stretch of a text tells: little where the text says the same twice, or where a decoy says it too ("the word is").
 * Shape: by voice the text and its easy decoys → a weight per stretch, mean 1.
 */
export function stretchWeights(voices: readonly (readonly Rows[])[], count: number): readonly number[] {
  const alone = new Float64Array(count);
  for (const texts of voices) {
    const { away } = searchStretches({ heard: texts[0]!, texts }, count);
    for (let n = 0; n < count; n++) alone[n] = alone[n]! + away[n]!;
  }
  const mean = alone.reduce((sum, cost) => sum + cost, 0) / count;
  return Array.from(alone, (cost) => (mean > 0 ? cost / mean : 1));
}

/** Shape: what each reference voice hears, a weight per stretch → share of the stretches that are in their place, 0..1. */
export function placedShare(voices: readonly Hearing[], weights: readonly number[]): number {
  const count = weights.length;
  const here = new Float64Array(count);
  const away = new Float64Array(count);
  for (const voice of voices) {
    const found = searchStretches(voice, count);
    for (let n = 0; n < count; n++) {
      here[n] = here[n]! + found.here[n]!;
      away[n] = away[n]! + found.away[n]!;
    }
  }
  let placed = 0;
  weights.forEach((weight, n) => {
    const lead = (away[n]! - here[n]!) / Math.max(1e-9, away[n]!);
    placed += weight * Math.max(0, Math.min(1, (lead - LEAD_LOST) / (LEAD_FOUND - LEAD_LOST)));
  });
  return placed / weights.reduce((sum, weight) => sum + weight, 0);
}

/** Per stretch the cheapest place about where it stands in the text, and the cheapest anywhere else. */
function searchStretches({ heard, texts }: Hearing, count: number): { readonly here: Float64Array; readonly away: Float64Array } {
  const here = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  const away = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  texts.forEach((text, at) => {
    const distances = distancesOf(heard, text);
    for (let n = 0; n < count; n++) {
      const middle = (n + 0.5) / count;
      const from = Math.max(0, Math.floor((middle - STRETCH_LENGTH / 2 / count) * heard.count));
      const to = Math.min(heard.count, Math.ceil((middle + STRETCH_LENGTH / 2 / count) * heard.count));
      const { costs, middles } = stretchCosts(distances, from, to);
      for (let j = 0; j < costs.length; j++) {
        const inPlace = at === 0 && Math.abs(middles[j]! - middle) < PLACE_TOLERANCE;
        if (inPlace) here[n] = Math.min(here[n]!, costs[j]!);
        else away[n] = Math.min(away[n]!, costs[j]!);
      }
    }
  });
  return { here, away };
}
