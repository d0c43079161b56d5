/** Symbols as the token ids of a voice. */
import type { Failure } from '../protocol/failure.js';
import { err, ok, type Result } from '../protocol/result.js';
import { scoringFailure } from './failures.js';
import type { Manifest } from './manifest.js';

export interface TokenisedText {
  readonly ids: readonly number[];
  /** Symbols that have ids, and those that were left out because the map lacks them. */
  readonly spoken: number;
  readonly dropped: number;
}

/**
 * Shape: symbols → token ids, pads where the manifest puts them, for `a b` between `^` and `$`:
 * `none` ^ a b $, `after-each` ^ a _ b _ $, `after-start` ^ _ a _ b _ $ (Piper), `around` _ ^ _ a _ b _ $ _ (Matcha).
 *
 * A symbol that the voice's map lacks is left out and counted, or refused where the manifest says `error`: what is not said is judged as not
 * said. Errors: scoring.prompt_unspeakable, scoring.prompt_too_long.
 */
export function tokenise(manifest: Manifest, symbols: readonly string[]): Result<TokenisedText, Failure> {
  const { map, bos, eos, pad, pads } = manifest.tokens;
  const said: (readonly number[])[] = [];
  for (const symbol of symbols) {
    const ids = Object.hasOwn(map, symbol) ? map[symbol] : undefined;
    if (ids !== undefined) said.push(ids);
    else if (manifest.text.unknown === 'error') return err(scoringFailure('scoring.prompt_unspeakable', { symbol }));
  }
  if (said.length === 0) return err(scoringFailure('scoring.prompt_unspeakable', { symbol: symbols[0] ?? '' }));
  const each = pads === 'none' ? [] : pad;
  const before = pads === 'around' ? pad : [];
  const after = pads === 'around' && eos.length > 0 ? pad : [];
  const start = pads === 'after-start' || (pads === 'around' && bos.length > 0) ? pad : [];
  const ids = [...before, ...bos, ...start, ...said.flatMap((own) => [...own, ...each]), ...eos, ...after];
  const maxTokens = manifest.limits.tokens;
  if (ids.length > maxTokens) return err(scoringFailure('scoring.prompt_too_long', { tokens: ids.length, maxTokens }));
  return ok({ ids, spoken: said.length, dropped: symbols.length - said.length });
}

/** The symbols that this voice cannot say, each once, in order of first use. */
export function unmappedSymbols(manifest: Manifest, symbols: readonly string[]): readonly string[] {
  return [...new Set(symbols)].filter((symbol) => !Object.hasOwn(manifest.tokens.map, symbol));
}

/** Which row of its style table a voice speaks an utterance with. */
export function styleRow(style: NonNullable<Manifest['style']>, { ids, spoken }: TokenisedText): number {
  const wanted = style.row === 'symbols-1' ? spoken - 1 : ids.length - 2;
  return Math.max(0, Math.min(style.rows - 1, wanted));
}
