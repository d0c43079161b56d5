/**
 * What the daemon and its sandboxed child say to each other over stdio: `u32 header length, u32 payload length, header JSON, payload`.
 * Both sides bound both lengths; the parent trusts nothing that comes back. No library is imported here: the child has few files and little memory.
 */
export const HEADER_BYTES_MAX = 64 * 1024;
const PREFIX_BYTES = 8;

export interface Frame {
  readonly header: unknown;
  readonly payload: Uint8Array;
}

export const TENSOR_TYPES = ['float32', 'int64', 'int32', 'bool'] as const;
export type TensorType = (typeof TENSOR_TYPES)[number];

export interface TensorHeader {
  readonly name: string;
  readonly type: TensorType;
  readonly dims: readonly number[];
  readonly sizeBytes: number;
}

export interface RunRequest {
  readonly kind: 'run';
  /** Place of the graph among those that were loaded. */
  readonly graph: number;
  readonly feeds: readonly TensorHeader[];
  readonly outputs: readonly string[];
  readonly outputBytesMax: number;
  readonly slots: Slots;
}

/** Tensors that stay in the child between two runs, so that a recogniser's memory need not travel for each word. */
export interface Slots {
  /** Input of this run → name of the slot it is taken from. */
  readonly reuse: Readonly<Record<string, string>>;
  /** Input or output of this run → name of the slot it is kept in. */
  readonly keep: Readonly<Record<string, string>>;
}

export const NO_SLOTS: Slots = { reuse: {}, keep: {} };

/** Parent to child. Each `load` adds a graph. */
export type Request = { readonly kind: 'load' } | RunRequest;

/** Child to parent, where it is checked (scoring/onnx/replies.ts). */
export type Reply =
  | { readonly kind: 'ready'; readonly version: string }
  | { readonly kind: 'loaded'; readonly elapsedMs: number }
  | { readonly kind: 'result'; readonly elapsedMs: number; readonly tensors: readonly TensorHeader[] }
  | { readonly kind: 'too-long'; readonly sizeBytes: number }
  | { readonly kind: 'fault'; readonly problem: string };

/** The other side sent something that is not a frame within the limits. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

/** Shape: header (JSON) and payload parts → the pieces to write, without copying the payload. */
export function encodeFrame(header: Request | Reply, payload: readonly Uint8Array[] = []): readonly Uint8Array[] {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const prefix = new Uint8Array(PREFIX_BYTES);
  const view = new DataView(prefix.buffer);
  view.setUint32(0, json.length, true);
  view.setUint32(
    4,
    payload.reduce((sum, part) => sum + part.length, 0),
    true,
  );
  return [prefix, json, ...payload];
}

/** Reads frames from chunks. `push` throws FrameError; afterwards the reader must not be used. Holds one frame at most, once. */
export function createFrameReader(payloadBytesMax: number): { push(chunk: Uint8Array): readonly Frame[] } {
  const prefix = new Uint8Array(PREFIX_BYTES);
  let body: Uint8Array | null = null;
  let headerBytes = 0;
  let filled = 0;

  const begin = (): Uint8Array => {
    const view = new DataView(prefix.buffer);
    headerBytes = view.getUint32(0, true);
    const payloadBytes = view.getUint32(4, true);
    if (headerBytes > HEADER_BYTES_MAX) throw new FrameError(`a header of ${headerBytes} bytes`);
    if (payloadBytes > payloadBytesMax) throw new FrameError(`a payload of ${payloadBytes} bytes`);
    return new Uint8Array(headerBytes + payloadBytes);
  };

  return {
    push(chunk) {
      const frames: Frame[] = [];
      let rest = chunk;
      while (rest.length > 0 || (body !== null && filled === body.length)) {
        const target = body ?? prefix;
        const part = rest.subarray(0, target.length - filled);
        target.set(part, filled);
        filled += part.length;
        rest = rest.subarray(part.length);
        if (filled < target.length) break;
        filled = 0;
        if (body === null) {
          body = begin();
        } else {
          frames.push({ header: parseHeader(body.subarray(0, headerBytes)), payload: body.subarray(headerBytes) });
          body = null;
        }
      }
      return frames;
    },
  };
}

function parseHeader(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new FrameError('a header that is not JSON');
  }
}

/** Shape: tensor headers and the payload they describe → each with its bytes, aligned copies. Errors: throws FrameError. */
export function splitPayload(
  headers: readonly TensorHeader[],
  payload: Uint8Array,
): readonly { readonly header: TensorHeader; readonly bytes: Uint8Array }[] {
  let at = 0;
  const parts = headers.map((header) => {
    // Not slice(): a Buffer's is a view, and typed arrays need aligned bytes.
    const bytes = new Uint8Array(payload.subarray(at, at + header.sizeBytes));
    at += header.sizeBytes;
    return { header, bytes };
  });
  if (at !== payload.length) throw new FrameError(`a payload of ${payload.length} bytes for tensors of ${at}`);
  return parts;
}
