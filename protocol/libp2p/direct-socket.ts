/** A socket's bytes by its own events, without the iterators and queues that stand around it. */
import type { Socket } from 'node:net';
import type { Uint8ArrayList } from 'uint8arraylist';

/** From here on nothing is put together that lies in pieces: copies of a transfer's bytes are what the collector has most work with. */
export const LARGE_SIZE_BYTES = 8 * 1024;
/** Read, and not yet asked for; then the socket waits. */
export const READ_AHEAD_BYTES_MAX = 256 * 1024;

/** Without the queues between a chunk and the socket. Ends early, without an error, where the socket does: its reader learns of it. */
export async function writeAll(chunks: AsyncIterable<Uint8ArrayList>, socket: Socket): Promise<void> {
  for await (const chunk of chunks) {
    if (socket.destroyed) return;
    if (put(chunk, socket)) continue;
    await new Promise<void>((resolve) => {
      const go = () => {
        socket.off('drain', go);
        socket.off('close', go);
        resolve();
      };
      socket.on('drain', go);
      socket.on('close', go);
    });
  }
}

/** Shape: whether it takes more at once. */
function put(chunk: Uint8ArrayList, socket: Socket): boolean {
  if (chunk.byteLength < LARGE_SIZE_BYTES) return socket.write(chunk.subarray());
  let takesMore = true;
  socket.cork();
  for (const piece of chunk) takesMore = socket.write(piece);
  socket.uncork();
  return takesMore;
}

/** What the socket reads, as it reads it. Node's own iterator takes three steps more for every chunk. */
export function chunksOf(socket: Socket): AsyncIterable<Uint8Array> {
  const read: Uint8Array[] = [];
  let readBytes = 0;
  let isOver = false;
  let problem: Error | null = null;
  let wake: (() => void) | null = null;
  function tell(): void {
    wake?.();
    wake = null;
  }
  // Left behind by the iterators of the handshake, which nobody asks any more; while there is one, nothing is read as it comes.
  socket.removeAllListeners('readable');
  socket.on('data', (chunk: Buffer) => {
    read.push(chunk);
    readBytes += chunk.byteLength;
    if (readBytes >= READ_AHEAD_BYTES_MAX) socket.pause();
    tell();
  });
  socket.once('error', (error) => {
    problem = error;
    tell();
  });
  for (const event of ['end', 'close'] as const) {
    socket.once(event, () => {
      isOver = true;
      tell();
    });
  }
  socket.resume();
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        for (;;) {
          const value = read.shift();
          if (value !== undefined) {
            readBytes -= value.byteLength;
            if (read.length === 0 && socket.isPaused()) socket.resume();
            return { done: false, value };
          }
          if (problem !== null) throw problem;
          if (isOver || socket.destroyed) return { done: true, value: undefined };
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      },
      async return() {
        socket.destroy();
        return { done: true, value: undefined };
      },
    }),
  };
}
