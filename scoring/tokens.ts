/** Prompts as the token ids of a voice, in Piper's order: `^ _ p _ p _ … $`. */
import type { Failure } from '../protocol/failure.js';
import { err, ok, type Result } from '../protocol/result.js';
import { scoringFailure } from './failures.js';
import type { Manifest } from './manifest.js';

/**
 * Shape: IPA symbols → token ids. A symbol that the voice's map lacks is left out, as Piper's own runner does: what is not said is judged
 * as not said; `unmappedSymbols` names them beforehand.
 * Errors: scoring.prompt_unspeakable, scoring.prompt_too_long.
 */
export function tokenIds(manifest: Manifest, symbols: readonly string[]): Result<readonly number[], Failure> {
  const { map, bos, eos, pad, padAfterBos } = manifest.tokens;
  const ids: number[] = [...bos];
  if (padAfterBos) ids.push(...pad);
  let spoken = 0;
  for (const symbol of symbols) {
    const mapped = Object.hasOwn(map, symbol) ? map[symbol] : undefined;
    if (mapped === undefined) continue;
    ids.push(...mapped, ...pad);
    spoken += 1;
  }
  ids.push(...eos);
  if (spoken === 0) return err(scoringFailure('scoring.prompt_unspeakable', { symbol: symbols[0] ?? '' }));
  const maxTokens = manifest.limits.tokens;
  if (ids.length > maxTokens) return err(scoringFailure('scoring.prompt_too_long', { tokens: ids.length, maxTokens }));
  return ok(ids);
}

/** The symbols that this voice cannot say, each once, in order of first use. */
export function unmappedSymbols(manifest: Manifest, symbols: readonly string[]): readonly string[] {
  return [...new Set(symbols)].filter((symbol) => !Object.hasOwn(manifest.tokens.map, symbol));
}
