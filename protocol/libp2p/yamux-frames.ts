/** Frames of yamux out of a connection's bytes, and to their streams. */
import type { YamuxStream } from '@chainsafe/libp2p-yamux/stream';
import { Uint8ArrayList } from 'uint8arraylist';
import type { FrameBudget, FrameHeader } from './frame-budget.js';

/** yamux specification: version, type, flags, stream, length. */
const HEADER_SIZE_BYTES = 12;
const TYPE_DATA = 0;

/** What a stream keeps of its receive window, in bytes. */
export interface Window {
  readonly recvWindow: number;
  recvWindowCapacity: number;
}

/** What the library's muxer does with a frame. */
export interface FrameTaker {
  readonly config: { readonly maxStreamWindowSize: number };
  readonly _streams: ReadonlyMap<number, YamuxStream>;
  handleFrame(header: FrameHeader, readData: () => Promise<Uint8ArrayList>): Promise<void>;
}

/**
 * Takes every frame; what it yields is for the library to refuse. Data of an open stream are handed over without a promise, everything else is the
 * library's as before, save that it would keep whatever comes for a stream that is not there, up to the 4 GiB that a header can name, and that it
 * would answer and open whatever it is asked to, however often. Throws where a peer asks for more: the connection ends.
 */
export async function* takeFrames(
  source: AsyncIterable<Uint8Array | Uint8ArrayList>,
  muxer: FrameTaker,
  budget: FrameBudget,
  nowMs: () => number,
): AsyncGenerator<Uint8ArrayList, void, undefined> {
  const waiting = new Uint8ArrayList();
  const chunks = source[Symbol.asyncIterator]();
  async function more(): Promise<boolean> {
    const { done, value } = await chunks.next();
    if (done !== true) waiting.append(value);
    return done !== true;
  }
  function take(sizeBytes: number): Uint8ArrayList {
    const taken = waiting.sublist(0, sizeBytes);
    waiting.consume(sizeBytes);
    return taken;
  }
  while (await more()) {
    while (waiting.byteLength >= HEADER_SIZE_BYTES) {
      const header = headerIn(waiting.subarray(0, HEADER_SIZE_BYTES));
      if (header === null) {
        yield waiting;
        return;
      }
      waiting.consume(HEADER_SIZE_BYTES);
      const { length, streamID } = header;
      if (handedOver(header)) continue;
      const excess = budget.excess(header, muxer._streams.has(streamID), nowMs());
      if (excess !== null) throw new Error(`too many ${excess}`);
      await muxer.handleFrame(header, async () => {
        if (length > muxer.config.maxStreamWindowSize)
          throw new Error(`a frame of ${length} bytes, more than any window, for a stream that is not there`);
        while (waiting.byteLength < length) if (!(await more())) break;
        return take(Math.min(length, waiting.byteLength));
      });
    }
  }

  function handedOver({ type, flag, streamID, length }: FrameHeader): boolean {
    if (type !== TYPE_DATA || flag !== 0 || waiting.byteLength < length) return false;
    const stream = muxer._streams.get(streamID);
    if (stream === undefined) return false;
    // Safety: it has these members in the pinned version; test/integration/thrifty-connections.test.ts fails when it does not.
    const window = stream as unknown as Window;
    if (window.recvWindowCapacity < length) return false;
    window.recvWindowCapacity -= length;
    stream.sourcePush(take(length));
    return true;
  }
}

/** Null: not of the version that there is. */
function headerIn(bytes: Uint8Array): FrameHeader | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint8(0) !== 0) return null;
  return { type: view.getUint8(1), flag: view.getUint16(2), streamID: view.getUint32(4), length: view.getUint32(8) };
}
