/** What comes back from the sandbox, checked: the child runs foreign models and is believed in nothing. */
import { z } from 'zod';
import { err, ok, type Result } from '../../protocol/result.js';
import { type Reply, TENSOR_TYPES } from './frames.js';

const RANK_MAX = 8;
const TENSORS_PER_REPLY_MAX = 32;
const TEXT = z.string().max(2048);

const tensorHeader = z.strictObject({
  name: z.string().max(1024),
  type: z.enum(TENSOR_TYPES),
  dims: z.array(z.number().int().min(0)).max(RANK_MAX),
  sizeBytes: z.number().int().min(0),
});

const reply = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('ready'), version: TEXT }),
  z.strictObject({ kind: z.literal('loaded'), elapsedMs: z.number() }),
  z.strictObject({ kind: z.literal('result'), elapsedMs: z.number(), tensors: z.array(tensorHeader).max(TENSORS_PER_REPLY_MAX) }),
  z.strictObject({ kind: z.literal('too-long'), sizeBytes: z.number().int().min(0) }),
  z.strictObject({ kind: z.literal('fault'), problem: TEXT }),
]);

/** Shape: header of a frame → reply. Errors: what is wrong, in words. */
export function parseReply(header: unknown): Result<Reply, string> {
  const parsed = reply.safeParse(header);
  return parsed.success ? ok(parsed.data) : err('an unknown reply');
}
