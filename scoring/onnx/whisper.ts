/** Speech to text by an encoder and a decoder graph, greedily, with or without the decoder's memory. */
import { CACHE_PARTS, type DecoderContract, type EncoderContract } from '../neural/contracts.js';
import type { WhisperTokenizer } from '../neural/tokenizer.js';
import { WHISPER_FRAMES } from '../neural/whisper-mel.js';
import type { Slots } from './frames.js';
import type { GraphTensor } from './graph-process.js';
import { float32Tensor, floatsOf, int64Tensor, type JudgeGraph } from './judge-graph.js';

/** Tokens that are written at most: half of Whisper's context, as its own decoder does. */
export const TOKENS_WRITTEN_MAX = 224;

export interface Whisper {
  readonly encoder: JudgeGraph;
  readonly decoder: JudgeGraph;
  readonly contracts: { readonly encoder: EncoderContract; readonly decoder: DecoderContract };
  readonly tokenizer: WhisperTokenizer;
}

const HIDDEN = 'encoder_hidden_states';

/** Shape: log-mel picture [bands, 3000] → text. Errors: scoring.judge_failed, scoring.judge_closed. */
export async function transcribe(whisper: Whisper, mel: Float32Array): Promise<string> {
  const { encoder, decoder, contracts, tokenizer } = whisper;
  const { input, output, bands } = contracts.encoder;
  const [hidden] = await encoder.run([float32Tensor(input, [1, bands, WHISPER_FRAMES], mel)], [output]);
  const written: number[] = [];
  while (written.length < TOKENS_WRITTEN_MAX) {
    const step = stepOf(contracts.decoder, [...tokenizer.start, ...written], written.length === 0);
    const feeds = written.length === 0 && hidden !== undefined ? [...step.feeds, { ...hidden, name: HIDDEN }] : step.feeds;
    const logits = floatsOf(await decoder.run(feeds, ['logits'], step.slots), 'logits', tokenizer.end + 1);
    const row = logits.subarray(logits.length - logits.length / step.tokens);
    const next = tokenizer.choose(row, written.length === 0);
    if (next === tokenizer.end) break;
    written.push(next);
  }
  return tokenizer.text(written).trim();
}

interface Step {
  readonly feeds: readonly GraphTensor[];
  readonly slots: Slots;
  /** Rows of logits that come back. */
  readonly tokens: number;
}

/** What the decoder is given: everything that was written, or the last token and what it remembers of the others. */
function stepOf({ layers, cache }: DecoderContract, ids: readonly number[], first: boolean): Step {
  const hidden = first ? { reuse: {}, keep: { [HIDDEN]: HIDDEN } } : { reuse: { [HIDDEN]: HIDDEN }, keep: {} };
  if (cache === null) return { feeds: [int64Tensor('input_ids', [1, ids.length], ids)], slots: hidden, tokens: ids.length };
  const names = Array.from({ length: layers }, (_, layer) => CACHE_PARTS.map((part) => `${layer}.${part}`)).flat();
  const given = first ? ids : ids.slice(-1);
  const branch = { name: 'use_cache_branch', type: 'bool', dims: [1], bytes: Uint8Array.of(first ? 0 : 1) } as const;
  const empty = [1, cache.heads, 0, cache.headSize];
  const nothing = first ? names.map((name) => float32Tensor(`past_key_values.${name}`, empty, new Float32Array(0))) : [];
  const past = first ? [] : names.map((name) => [`past_key_values.${name}`, name] as const);
  // What the encoder said does not change: later steps return nothing in its place.
  const kept = first ? names : names.filter((name) => name.includes('.decoder.'));
  return {
    feeds: [int64Tensor('input_ids', [1, given.length], given), branch, ...nothing],
    slots: {
      reuse: { ...hidden.reuse, ...Object.fromEntries(past) },
      keep: { ...hidden.keep, ...Object.fromEntries(kept.map((name) => [`present.${name}`, name])) },
    },
    tokens: given.length,
  };
}
