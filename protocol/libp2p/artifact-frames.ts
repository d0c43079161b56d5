/** Answers of a transfer as frames, written and read without copying the bytes they carry. The form is `ArtifactResponse` of streams.pb.proto. */
import { Uint8ArrayList } from 'uint8arraylist';
import { ArtifactResponse } from '../streams.pb.js';

export interface AnswerHead {
  readonly id: number;
  readonly status: number;
  readonly total: number;
}

/** Tags: field number times 8, plus 0 for a number and 2 for bytes. */
const TAG = { id: 0x08, status: 0x10, total: 0x18, data: 0x22 } as const;
/** Four tags, three numbers of at most 5 bytes, one length. */
const HEAD_SIZE_BYTES_MAX = 24;
const VARINT_SIZE_BYTES_MAX = 5;

/** Shape: length prefix and answer in one list; `data` is not copied and must not change until it has been sent. */
export function encodeAnswer({ id, status, total }: AnswerHead, data: Uint8Array): Uint8ArrayList {
  const head: number[] = [];
  // Defaults are left out, as everywhere in protobuf.
  for (const [tag, value] of [
    [TAG.id, id],
    [TAG.status, status],
    [TAG.total, total],
    [TAG.data, data.length],
  ] as const)
    if (value > 0) head.push(tag, ...writeVarint(value));
  const sizeBytes = head.length + data.length;
  const prefixed = Uint8Array.from([...writeVarint(sizeBytes), ...head]);
  return data.length === 0 ? new Uint8ArrayList(prefixed) : new Uint8ArrayList(prefixed, data);
}

export interface Answer extends AnswerHead {
  /** Pieces in order; they share memory with what came from the line. */
  readonly data: Uint8ArrayList;
}

/** Null: no answer has this form. */
export function decodeAnswer(frame: Uint8ArrayList): Answer | null {
  return readHead(frame) ?? readAny(frame);
}

/** The form that `encodeAnswer` writes: fields in order, data last. */
function readHead(frame: Uint8ArrayList): Answer | null {
  const head = frame.subarray(0, Math.min(HEAD_SIZE_BYTES_MAX, frame.byteLength));
  const read = { id: 0, status: 0, total: 0 };
  let at = 0;
  try {
    for (const field of ['id', 'status', 'total'] as const) {
      if (head[at] !== TAG[field]) continue;
      const number = readVarint(head, at + 1);
      read[field] = number.value;
      at = number.end;
    }
    if (at === frame.byteLength) return { ...read, data: new Uint8ArrayList() };
    if (head[at] !== TAG.data) return null;
    const { value: length, end } = readVarint(head, at + 1);
    return end + length === frame.byteLength ? { ...read, data: frame.sublist(end) } : null;
  } catch {
    return null;
  }
}

/** Any other protobuf form of it, as a later version might send. */
function readAny(frame: Uint8ArrayList): Answer | null {
  try {
    const { data, ...head } = ArtifactResponse.decode(frame);
    return { ...head, data: new Uint8ArrayList(data) };
  } catch {
    return null;
  }
}

/** Shape: a number below 2^32 → its 1 to 5 bytes, low 7 bits first. */
function writeVarint(value: number): readonly number[] {
  const bytes: number[] = [];
  let left = value;
  for (; left > 0x7f; left = Math.floor(left / 0x80)) bytes.push((left & 0x7f) | 0x80);
  return [...bytes, left];
}

/** Errors: throws RangeError when it does not end in time, or is 2^32 and more. */
function readVarint(bytes: Uint8Array, from: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let at = from; at < from + VARINT_SIZE_BYTES_MAX; at += 1) {
    const byte = bytes[at];
    if (byte === undefined) break;
    value += (byte & 0x7f) * 2 ** (7 * (at - from));
    if (byte < 0x80 && value < 2 ** 32) return { value, end: at + 1 };
  }
  throw new RangeError('a number that does not end');
}
