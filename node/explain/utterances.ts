/** Which utterances are kept for people, and what is made of them to look at. */
import type { Audio } from '../../scoring/audio.js';
import { speechPicture } from '../../scoring/pictures/speech.js';
import { encodeWav } from '../../scoring/wav.js';
import type { PageUtterance } from './page.js';

/** Utterances kept of one model and round: the first ones, for everybody the same, and the worst of the others. */
export const FIRST_SAMPLES_KEPT = 2;
export const WORST_SAMPLES_KEPT = 6;

export interface KeptUtterance {
  readonly prompt: number;
  readonly kind: string;
  readonly scorePpm: number;
}

/**
 * Shape: what is kept and what came → whether it is to be kept, and the one that goes for it (null: none). A better one goes for a worse one.
 */
export function makesPlace<T extends KeptUtterance>(
  kept: readonly T[],
  arrived: KeptUtterance,
): { readonly keep: boolean; readonly goes: T | null } {
  if (arrived.prompt < FIRST_SAMPLES_KEPT) return { keep: true, goes: null };
  const others = kept.filter(({ prompt }) => prompt >= FIRST_SAMPLES_KEPT && prompt !== arrived.prompt);
  if (others.length < WORST_SAMPLES_KEPT) return { keep: true, goes: null };
  const best = others.reduce((top, sample) => (sample.scorePpm > top.scorePpm ? sample : top));
  return best.scorePpm > arrived.scorePpm ? { keep: true, goes: best } : { keep: false, goes: null };
}

/** Shape: prompt 3 of kind plain → "prompt-03-plain". */
export function utteranceName({ prompt, kind }: Pick<KeptUtterance, 'prompt' | 'kind'>): string {
  return `prompt-${String(prompt).padStart(2, '0')}-${kind}`;
}

/** The samples as they are judged, the file as it is kept. */
export function pageUtterance(of: KeptUtterance, audio: Audio, wav: Uint8Array = encodeWav(audio)): PageUtterance {
  const { prompt, kind, scorePpm } = of;
  const { svg, words } = speechPicture(audio, `prompt ${prompt} · ${kind} · ${(scorePpm / 10_000).toFixed(2)} %`);
  return { prompt, kind, scorePpm, svg, words, wav };
}
