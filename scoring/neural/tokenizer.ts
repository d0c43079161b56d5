/** Whisper's vocabulary: what token ids say, which ids steer it, and which it must not write. Greedy decoding needs no merges. */
import { z } from 'zod';
import { err, ok, type Result } from '../../protocol/result.js';

export interface WhisperTokenizer {
  /** One more than the largest id. */
  readonly size: number;
  /** What the decoder is given first: English speech, transcribed, without times. */
  readonly start: readonly number[];
  readonly end: number;
  /** Never written: marks that stand for no speech, and everything that steers. */
  readonly suppressed: ReadonlySet<number>;
  /** Not written as the first token: a lone blank, the end. */
  readonly suppressedFirst: ReadonlySet<number>;
  /** Greedy choice. Shape: one row of logits → the id of the largest that may be written; of equals the smallest id. */
  choose(logits: ArrayLike<number>, first: boolean): number;
  /** Shape: token ids → text; ids without text are left out. */
  text(ids: readonly number[]): string;
}

const id = z.number().int().min(0).max(1_000_000);
const vocabulary = z.record(z.string(), id);
const whole = z.object({
  model: z.object({ vocab: vocabulary }),
  added_tokens: z.array(z.object({ id, content: z.string() })).default([]),
});

const START = '<|startoftranscript|>';
const END = '<|endoftext|>';
const ENGLISH = '<|en|>';
const TRANSCRIBE = '<|transcribe|>';
const NO_TIMES = '<|notimestamps|>';

const SYMBOLS = [...'"#()*+/:;<=>@[\\]^_`{|}~「」『』', ...'<< >> <<< >>> -- --- -( -[ (\' (" (( )) ((( ))) [[ ]] {{ }} ♪♪ ♪♪♪'.split(' ')];
/** Three bytes each, of which the first two are a token of their own in some vocabularies: then that one is meant. */
const NOTES = [...'♩♪♫♬♭♮♯'];

/**
 * Shape: bytes of a `tokenizer.json`, or of a `vocab.json` that has the special tokens in it → tokenizer. Errors: what is missing, in words.
 * Source of the suppressed marks: Whisper's rule "non-speech tokens"; docs/scoring.md has it.
 */
export function readTokenizer(bytes: Uint8Array): Result<WhisperTokenizer, string> {
  const json = parse(bytes);
  if (json === null) return err('it is not JSON');
  const full = whole.safeParse(json);
  const flat = full.success ? null : vocabulary.safeParse(json);
  if (!full.success && !flat?.success) return err('it is neither a tokenizer.json nor a vocab.json');
  const ids = new Map(Object.entries(full.success ? full.data.model.vocab : (flat?.data ?? {})));
  if (full.success) for (const { id: number, content } of full.data.added_tokens) ids.set(content, number);
  return build(ids);
}

function build(ids: ReadonlyMap<string, number>): Result<WhisperTokenizer, string> {
  const missing = [START, END, NO_TIMES].find((name) => !ids.has(name));
  if (missing !== undefined) return err(`it has no ${missing}; give the tokenizer.json, which has all special tokens`);
  const english = ids.get(ENGLISH);
  const transcribe = ids.get(TRANSCRIBE);
  const end = ids.get(END)!;
  const several = english !== undefined && transcribe !== undefined && english > ids.get(START)!;
  const start = [ids.get(START)!, ...(several ? [english, transcribe] : []), ids.get(NO_TIMES)!];
  const texts = new Map<number, Uint8Array>();
  const suppressed = new Set<number>();
  for (const [piece, number] of ids) {
    const steers = /^<\|.*\|>$/.test(piece);
    if (steers && number !== end) suppressed.add(number);
    const written = steers ? null : bytesOf(piece);
    if (written !== null) texts.set(number, written);
  }
  for (const mark of [...SYMBOLS, ...NOTES]) {
    for (const text of [mark, ` ${mark}`]) {
      const known = ids.get(piecesOf(text)) ?? (NOTES.includes(mark) ? ids.get(piecesOf(text).slice(0, -1)) : undefined);
      if (known !== undefined) suppressed.add(known);
    }
  }
  for (const mark of [' -', " '"]) {
    const known = ids.get(piecesOf(mark));
    if (known !== undefined) suppressed.add(known);
  }
  const blank = ids.get(piecesOf(' '));
  const suppressedFirst = new Set(blank === undefined ? [end] : [blank, end]);
  const size = [...ids.values()].reduce((most, number) => Math.max(most, number), 0) + 1;
  return ok({
    size,
    start,
    end,
    suppressed,
    suppressedFirst,
    choose(logits, first) {
      let best = end;
      let bestValue = Number.NEGATIVE_INFINITY;
      for (let token = 0; token < Math.min(size, logits.length); token++) {
        // Ids that the vocabulary does not know are times or fill.
        const written = token === end || texts.has(token);
        if (!written || suppressed.has(token) || (first && suppressedFirst.has(token))) continue;
        if (logits[token]! > bestValue) {
          bestValue = logits[token]!;
          best = token;
        }
      }
      return best;
    },
    text: (tokens) => decode(tokens.flatMap((token) => [...(texts.get(token) ?? [])])),
  });
}

/** Bytes that have a printable sign of their own stand for themselves; the others take signs from U+0100 on. */
const SIGNS: readonly string[] = (() => {
  const signs: string[] = [];
  let spare = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    const plain = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    signs.push(String.fromCodePoint(plain ? byte : spare++));
  }
  return signs;
})();
const BYTES: ReadonlyMap<string, number> = new Map(SIGNS.map((sign, byte) => [sign, byte]));

function piecesOf(text: string): string {
  return [...new TextEncoder().encode(text)].map((byte) => SIGNS[byte]!).join('');
}

/** Null: not written in byte signs. */
function bytesOf(piece: string): Uint8Array | null {
  const bytes = [...piece].map((sign) => BYTES.get(sign));
  return bytes.some((byte) => byte === undefined) ? null : Uint8Array.from(bytes.filter((byte) => byte !== undefined));
}

function decode(bytes: readonly number[]): string {
  return new TextDecoder('utf-8').decode(Uint8Array.from(bytes));
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return null;
  }
}
