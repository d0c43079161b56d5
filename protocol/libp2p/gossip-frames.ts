/** Frames of gossip out of a stream's bytes: each is preceded by its length as a varint. */
import { Uint8ArrayList } from 'uint8arraylist';

/** Of the length; it can name more than any number that is exact. */
const LENGTH_SIZE_BYTES_MAX = 8;

/** A length that is too large, or has no end: no honest program sends it. */
export class MalformedFrame extends Error {}

export interface FrameReader {
  push(bytes: Uint8Array | Uint8ArrayList): void;
  /** Null: the next one is not whole yet. Throws MalformedFrame; there is no frame after it. */
  take(): Uint8Array | null;
  /** Bytes of a frame that is not whole. */
  readonly waitingBytes: number;
}

/** Keeps no more than what was pushed since the last whole frame; a frame has at most `sizeBytesMax`. */
export function createFrameReader(sizeBytesMax: number): FrameReader {
  const waiting = new Uint8ArrayList();
  let sizeBytes: number | null = null;

  function readLength(): number | null {
    let value = 0;
    for (let n = 0; n < waiting.byteLength; n += 1) {
      if (n >= LENGTH_SIZE_BYTES_MAX) throw new MalformedFrame(`the length of a frame has more than ${LENGTH_SIZE_BYTES_MAX} bytes`);
      const byte = waiting.get(n);
      value += (byte & 0x7f) * 2 ** (7 * n);
      if (value > sizeBytesMax) throw new MalformedFrame(`a frame of at least ${value} bytes is longer than ${sizeBytesMax}`);
      if (byte >= 0x80) continue;
      // multiformats/unsigned-varint; the library that others read with takes the byte that is too many for the first one of the frame.
      if (byte === 0 && n > 0) throw new MalformedFrame('the length of a frame has more bytes than it needs');
      waiting.consume(n + 1);
      return value;
    }
    return null;
  }

  return {
    push: (bytes) => waiting.append(bytes),
    take() {
      sizeBytes ??= readLength();
      if (sizeBytes === null || waiting.byteLength < sizeBytes) return null;
      const frame = waiting.subarray(0, sizeBytes);
      waiting.consume(sizeBytes);
      sizeBytes = null;
      return frame;
    },
    get waitingBytes() {
      return waiting.byteLength;
    },
  };
}
