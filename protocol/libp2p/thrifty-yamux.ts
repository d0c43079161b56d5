/** yamux 7.0.4, sparing with frames on the wire. Nothing else in the program knows it. */
import { setMaxListeners } from 'node:events';
import { setImmediate as restOfTurn } from 'node:timers/promises';
import { yamux } from '@chainsafe/libp2p-yamux';
import { StreamState, type YamuxStream } from '@chainsafe/libp2p-yamux/stream';
import type { Pushable } from 'it-pushable';
import { Uint8ArrayList } from 'uint8arraylist';
import { createFrameBudget } from './frame-budget.js';
import { createSendBacklog, type SendBacklog } from './send-backlog.js';
import { type FrameTaker, takeFrames, type Window } from './yamux-frames.js';

type Factory = ReturnType<typeof yamux>;
type Frames = Pushable<Uint8ArrayList | Uint8Array>;

/** Of the window: so much must have been read before the sender is told that it is free again. Of a line that is longer than the window, as much stays unused. */
const WINDOW_SHARE_MIN = 1 / 8;
/** Frames that are written together. Each 65,519 of these bytes are encrypted and given to the socket at once. */
const WRITE_BYTES_MAX = 256 * 1024;

const LARGE_FRAME_BYTES = 32 * 1024;
/** As the library's own. */
const CLOSE_MS_MAX = 500;

interface MuxerInternals extends FrameTaker {
  readonly source: Frames;
  sink: (source: AsyncIterable<Uint8Array | Uint8ArrayList>) => Promise<void>;
  close(how?: { readonly signal?: AbortSignal }): Promise<void>;
  _newStream(...args: unknown[]): YamuxStream;
}

/**
 * The library tells the sender of every read, and writes every frame on its own. For a stream of small messages that is a frame back for each, and
 * for every frame an encryption, a system call, and a wake-up on the other side. Here the sender is told when an eighth of the window has been
 * read, what is said in one turn of the loop is written together, and a frame with data that has come whole goes to its stream at once. It also
 * takes a peer's word for the size of its windows, and would keep all of them in memory while the peer reads nothing: here streams wait for the socket.
 */
export function thriftyYamux(options: Parameters<typeof yamux>[0]): Factory {
  const open = yamux(options);
  return (components) => {
    const factory = open(components);
    const create = factory.createStreamMuxer.bind(factory);
    factory.createStreamMuxer = (init) => {
      const muxer = create(init);
      // Safety: these exist in the pinned version; test/integration/thrifty-connections.test.ts fails when they do not.
      const internals = muxer as unknown as MuxerInternals;
      const make = internals._newStream.bind(muxer);
      const { source, sink } = internals;
      const backlog = createSendBacklog(() => source.readableLength);
      internals._newStream = (...args) => patient(sparing(make(...args)), backlog);
      internals.sink = (bytes) => sink(takeFrames(bytes, internals, createFrameBudget(), () => performance.now()));
      const said = new Promise<void>((resolve) => {
        source[Symbol.asyncIterator] = () => together(source, backlog.taken, resolve);
      });
      const close = internals.close.bind(muxer);
      internals.close = async (how = {}) => {
        const signal = how.signal ?? AbortSignal.timeout(CLOSE_MS_MAX);
        // Every stream listens to it.
        setMaxListeners(Number.POSITIVE_INFINITY, signal);
        await close({ ...how, signal });
        // The socket goes away next, and what is still here would go with it: an answer given just before the end.
        await Promise.race([said, aborted(signal)]);
      };
      return muxer;
    };
    return factory;
  };
}

function sparing(stream: YamuxStream): YamuxStream {
  const tell = stream.sendWindowUpdate.bind(stream);
  stream.sendWindowUpdate = () => {
    // The first one opens the stream, or answers its opening.
    const opened = stream.state === StreamState.Established || stream.state === StreamState.SYNSent;
    // Safety: as above.
    const { recvWindow, recvWindowCapacity } = stream as unknown as Window;
    if (!opened || recvWindow - recvWindowCapacity >= recvWindow * WINDOW_SHARE_MIN) tell();
  };
  return stream;
}

/** What a stream says waits for the socket, whatever the window that its peer grants. */
function patient(stream: YamuxStream, backlog: SendBacklog): YamuxStream {
  const send = stream.sendData.bind(stream);
  stream.sendData = (bytes, options) =>
    backlog.isFull ? backlog.room(options?.signal).then(() => send(bytes, options)) : send(bytes, options);
  return stream;
}

/** `onEnd`: the last of them has been taken. */
async function* together(frames: Frames, onTaken: () => void, onEnd: () => void): AsyncGenerator<Uint8ArrayList, void, undefined> {
  try {
    for (;;) {
      const first = await frames.next();
      if (first.done) return;
      // A large one gains nothing by company.
      if (first.value.byteLength < LARGE_FRAME_BYTES) await restOfTurn();
      const list = new Uint8ArrayList(first.value);
      while (frames.readableLength > 0 && list.byteLength < WRITE_BYTES_MAX) {
        const next = await frames.next();
        if (next.done) break;
        list.append(next.value);
      }
      onTaken();
      yield list;
    }
  } finally {
    onEnd();
    await frames.return();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
