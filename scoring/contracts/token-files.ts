/** The files in which published voices keep their tokens, as one map: symbol → ids. */
import { z } from 'zod';
import type { Failure } from '../../protocol/failure.js';
import { err, ok, type Result } from '../../protocol/result.js';
import { modelFailure } from '../failures.js';
import { parseJson, type VoiceSources } from './sources.js';

export interface TokenFile {
  readonly path: string;
  readonly map: Readonly<Record<string, readonly number[]>>;
}

const ids = z.record(z.string(), z.number().int().min(0));
const FORMATS: readonly { readonly path: string; readonly schema: z.ZodType<Readonly<Record<string, number>>> }[] = [
  /** Kokoro as its author publishes it. */
  { path: 'config.json', schema: z.object({ vocab: ids }).transform(({ vocab }) => vocab) },
  /** Kokoro and MMS as exported for transformers.js. */
  { path: 'tokenizer.json', schema: z.object({ model: z.object({ vocab: ids }) }).transform(({ model }) => model.vocab) },
  /** MMS as transformers keeps it. */
  { path: 'vocab.json', schema: ids },
];

/** Shape: the folder → the first token file it has, `tokens.txt` (sherpa-onnx) before all. Errors: model.config_malformed; null: none. */
export function findTokens({ texts }: VoiceSources): Result<TokenFile | null, Failure> {
  const lines = texts.get('tokens.txt');
  if (lines !== undefined) {
    const map = tokensText(new TextDecoder().decode(lines));
    return map.ok ? ok({ path: 'tokens.txt', map: map.value }) : err(malformed('tokens.txt', map.error));
  }
  for (const { path, schema } of FORMATS) {
    const bytes = texts.get(path);
    if (bytes === undefined) continue;
    const json = parseJson(bytes);
    if (!json.ok) return err(malformed(path, json.error));
    const parsed = schema.safeParse(json.value);
    // A config.json without a vocabulary is some other file of that name.
    if (parsed.success) return ok({ path, map: Object.fromEntries(Object.entries(parsed.data).map(([symbol, id]) => [symbol, [id]])) });
  }
  return ok(null);
}

/** Lines of a symbol, a space and an id; the space itself is a symbol too. */
function tokensText(text: string): Result<TokenFile['map'], string> {
  const map = new Map<string, number[]>();
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '') continue;
    const found = /^(?<symbol>.*?)\s+(?<id>\d+)\s*$/u.exec(line);
    if (found?.groups === undefined) return err(`line ${at + 1} is not a symbol and an id`);
    const symbol = found.groups['symbol'] === '' ? ' ' : (found.groups['symbol'] ?? '');
    if (map.has(symbol)) return err(`line ${at + 1} has ${symbol} again`);
    map.set(symbol, [Number(found.groups['id'])]);
  }
  return ok(Object.fromEntries(map));
}

export function malformed(file: string, problem: string): Failure {
  return modelFailure('model.config_malformed', { file, problem });
}
