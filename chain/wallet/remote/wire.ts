/** Between a node and its signer: a length (4 bytes, big endian), then as many bytes of JSON. Foreign bytes become values here. */
import { z } from 'zod';
import { err, ok, type Result } from '../../../protocol/result.js';
import { SIGNING_KINDS } from './policy.js';

export const SIGNER_PROTOCOL_VERSION = 1;
/** What is to be signed. The largest weights of a subnet are 16 KiB. */
export const SUBJECT_SIZE_BYTES_MAX = 64 * 1024;
/** A subject in base64, and the rest. */
export const FRAME_SIZE_BYTES_MAX = 96 * 1024;
const LENGTH_SIZE_BYTES = 4;

const id = z
  .int()
  .min(0)
  .max(2 ** 32);
const request = z.discriminatedUnion('op', [
  z.strictObject({ v: z.literal(SIGNER_PROTOCOL_VERSION), id, op: z.literal('identity') }),
  z.strictObject({
    v: z.literal(SIGNER_PROTOCOL_VERSION),
    id,
    op: z.literal('sign'),
    kind: z.enum(SIGNING_KINDS),
    /** Base64. Of an extrinsic: the whole of it, however long; the signer makes the digest. */
    subject: z.base64(),
    /** Unix time; later it is not signed any more. Both ends are on one machine. */
    expiresAtMs: z.int(),
  }),
]);
export type SignerRequest = z.output<typeof request>;

const answer = z.union([
  z.strictObject({
    v: z.int(),
    id,
    ok: z.literal(true),
    hotkey: z.string().max(64),
    kinds: z.array(z.string().max(32)).max(16),
    /** "7.0": the only calls it signs; null: any. */
    calls: z.array(z.string().max(7)).max(256).nullable(),
    /** The only chain whose extrinsics it signs, hex; null: any. */
    genesis: z
      .string()
      .regex(/^0x[0-9a-f]{64}$/)
      .nullable(),
  }),
  z.strictObject({
    v: z.int(),
    id,
    ok: z.literal(true),
    signature: z.string().regex(/^[0-9a-f]{128}$/),
  }),
  z.strictObject({
    v: z.int(),
    id,
    ok: z.literal(false),
    code: z.string().max(64),
    facts: z.record(z.string().max(64), z.union([z.string().max(1_000), z.number(), z.boolean()])),
  }),
]);
export type SignerAnswer = z.output<typeof answer>;

export function encodeFrame(value: SignerRequest | SignerAnswer): Buffer {
  const body = Buffer.from(JSON.stringify(value), 'utf8');
  const length = Buffer.alloc(LENGTH_SIZE_BYTES);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

export interface FrameReader {
  /** The frames that are now complete. Errors: a frame announces itself too large. Afterwards nothing is read any more. */
  read(bytes: Uint8Array): Result<readonly Buffer[], string>;
  /** A frame has begun and not ended. */
  readonly partial: boolean;
}

/** Holds at most one frame. */
export function createFrameReader(): FrameReader {
  let held: Buffer = Buffer.alloc(0);
  return {
    get partial() {
      return held.length > 0;
    },
    read(bytes) {
      held = held.length === 0 ? Buffer.from(bytes) : Buffer.concat([held, bytes]);
      const frames: Buffer[] = [];
      while (held.length >= LENGTH_SIZE_BYTES) {
        const length = held.readUInt32BE();
        if (length > FRAME_SIZE_BYTES_MAX) return err(`a frame of ${length} bytes; at most ${FRAME_SIZE_BYTES_MAX} are read`);
        if (held.length < LENGTH_SIZE_BYTES + length) break;
        frames.push(held.subarray(LENGTH_SIZE_BYTES, LENGTH_SIZE_BYTES + length));
        held = held.subarray(LENGTH_SIZE_BYTES + length);
      }
      return ok(frames);
    },
  };
}

/** A frame that is no request: what can be told about it, so that the refusal reaches whoever waits. */
export interface UnreadRequest {
  readonly id: number;
  /** Of the caller, when it is another one than ours. */
  readonly version: number | null;
  readonly reason: string;
}

export function parseRequest(frame: Uint8Array): Result<SignerRequest, UnreadRequest> {
  const value = jsonOf(frame);
  const parsed = request.safeParse(value);
  if (parsed.success) return ok(parsed.data);
  const known = z.object({ v: z.int().nullable().catch(null), id: id.catch(0) }).safeParse(value);
  const version = known.success && known.data.v !== SIGNER_PROTOCOL_VERSION ? known.data.v : null;
  const issue = parsed.error.issues[0];
  const reason = value === undefined ? 'it is no JSON' : `${issue?.path.join('.') || 'the whole'}: ${issue?.message ?? 'unknown form'}`;
  return err({ id: known.success ? known.data.id : 0, version, reason });
}

/** Errors: why it is no answer. */
export function parseAnswer(frame: Uint8Array): Result<SignerAnswer, string> {
  const parsed = answer.safeParse(jsonOf(frame));
  return parsed.success ? ok(parsed.data) : err('its answer has an unknown form');
}

function jsonOf(frame: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(frame).toString('utf8'));
  } catch {
    return undefined;
  }
}
