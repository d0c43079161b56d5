/**
 * A score record: what one validator heard of one model in one round. Its canonical JSON is a deterministic function of
 * {model digest, scorer digest, prompt-set digest, seed}; timings and audio files live beside it, not in it.
 */
import { z } from 'zod';
import { canonicalJson } from '../protocol/digest.js';
import type { Hotkey, ModelDigest } from '../protocol/names.js';
import { parseHotkey } from '../protocol/names.js';
import { err, ok, type Result } from '../protocol/result.js';
import { digestOfRecord, RECORD_SIZE_BYTES_MAX } from '../protocol/score-exchange.js';
import { PRIVATE_PROMPTS } from './private-slice.js';

const PPM = z.number().int().min(0).max(1_000_000);
const DIGEST = z.string().regex(/^[0-9a-f]{64}$/);
export const PROMPTS_PER_RECORD_MAX = 128;
const FINGERPRINT_HEX_MAX = 4096;

const prompts = z
  .array(
    z.strictObject({
      scorePpm: PPM,
      parts: z.record(z.string().max(24), PPM),
      audioDigest: z.union([DIGEST, z.literal('')]),
      fault: z.string().max(64).nullable(),
    }),
  )
  .max(PROMPTS_PER_RECORD_MAX);

const schema = z.strictObject({
  version: z.literal(1),
  netuid: z.number().int().min(0).max(65_535),
  round: z.number().int().min(0),
  hotkey: z.string().transform((text, ctx): Hotkey => {
    const parsed = parseHotkey(text);
    if (parsed.ok) return parsed.value;
    ctx.addIssue({ code: 'custom', message: parsed.error });
    return z.NEVER;
  }),
  model: DIGEST.transform((text) => text as ModelDigest),
  scorer: DIGEST,
  promptSet: DIGEST,
  seed: DIGEST,
  engine: z.enum(['native', 'wasm']),
  prompts,
  scorePpm: PPM,
  fingerprint: z.string().max(FINGERPRINT_HEX_MAX),
  /** What only this validator asked. Absent: it had not committed to a secret in the round before. */
  private: z.strictObject({ promptSet: DIGEST, prompts: prompts.max(PRIVATE_PROMPTS) }).exactOptional(),
});

export type ScoreRecord = Readonly<z.output<typeof schema>>;

export function encodeRecord(record: ScoreRecord): Uint8Array {
  return new TextEncoder().encode(canonicalJson(record));
}

/** Asked for many times of the same row; a record does not change. */
const digests = new WeakMap<ScoreRecord, string>();

export function recordDigest(record: ScoreRecord): string {
  const known = digests.get(record);
  if (known !== undefined) return known;
  const digest = digestOfRecord(encodeRecord(record));
  digests.set(record, digest);
  return digest;
}

/** Shape: canonical JSON bytes from a peer → record. Errors: what is wrong, in words. Limit: RECORD_SIZE_BYTES_MAX. */
export function decodeRecord(bytes: Uint8Array): Result<ScoreRecord, string> {
  if (bytes.length > RECORD_SIZE_BYTES_MAX) return err(`a record has at most ${RECORD_SIZE_BYTES_MAX} bytes, this ${bytes.length}`);
  const json = parseJson(bytes);
  if (!json.ok) return json;
  const parsed = schema.safeParse(json.value);
  if (!parsed.success) return err(z.prettifyError(parsed.error));
  if (!Buffer.from(encodeRecord(parsed.data)).equals(Buffer.from(bytes))) return err('not in canonical form');
  return ok(parsed.data);
}

function parseJson(bytes: Uint8Array): Result<unknown, string> {
  try {
    return ok(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch {
    return err('not JSON');
  }
}
