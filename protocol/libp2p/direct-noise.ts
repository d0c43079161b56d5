/** noise 16.1.5 with a shorter way for its bytes. Nothing else in the program knows it. */
import { Socket } from 'node:net';
import { noise } from '@chainsafe/libp2p-noise';
import { Uint8ArrayList } from 'uint8arraylist';
import { chunksOf, LARGE_SIZE_BYTES, writeAll } from './direct-socket.js';

type Factory = ReturnType<typeof noise>;
type Bytes = Uint8Array | Uint8ArrayList;

/** Noise, section 3: a message is no longer, its tag included. */
const NOISE_FRAME_BYTES_MAX = 65_535;
const TAG_SIZE_BYTES = 16;
const LENGTH_SIZE_BYTES = 2;
const NO_ROOM = new Uint8Array();
const PLAIN_SIZE_BYTES = NOISE_FRAME_BYTES_MAX - TAG_SIZE_BYTES;

interface Duplex {
  source: AsyncIterable<Bytes>;
  readonly sink: (source: AsyncIterable<Bytes>) => Promise<void>;
}

/** What a handshake leaves: both ciphers, each with its counter. */
interface Ciphers {
  encrypt(plain: Bytes): Bytes;
  /** Into `room`, where the library does not bring memory of its own. Throws where the tag does not fit. */
  decrypt(sealed: Bytes, room: Uint8Array): Bytes;
}

interface NoiseInternals {
  secureInbound(connection: Duplex, options?: unknown): Promise<unknown>;
  secureOutbound(connection: Duplex, options?: unknown): Promise<unknown>;
  createSecureConnection(connection: { unwrap(): Duplex }, ciphers: Ciphers): Promise<Duplex>;
}

/**
 * The library's handshake and ciphers. Behind the handshake it sends every chunk through seven queues and generators; a small message costs more there
 * than in the cipher. Here a chunk from the socket is opened frame by frame at once, and a chunk for the socket is sealed where it is handed over.
 */
export function directNoise(): Factory {
  const open = noise();
  return (components) => {
    const encrypter = open(components);
    // Safety: these exist in the pinned version; test/integration/thrifty-connections.test.ts fails when they do not.
    const internals = encrypter as unknown as NoiseInternals;
    const sockets = new WeakMap<Duplex, Socket>();
    for (const way of ['secureInbound', 'secureOutbound'] as const) {
      const secure = internals[way].bind(encrypter);
      internals[way] = (connection, options) => {
        if (connection.source instanceof Socket) {
          sockets.set(connection, connection.source);
          // Before the handshake: what it reads too far it puts before this very source.
          connection.source = chunksOf(connection.source);
        }
        return secure(connection, options);
      };
    }
    internals.createSecureConnection = async (connection, ciphers) => {
      const duplex = connection.unwrap();
      const { source, sink } = duplex;
      const socket = sockets.get(duplex);
      // The library writes our ends over those of this object.
      return {
        source: opened(source, ciphers),
        async sink(plain) {
          if (socket === undefined) return sink(sealed(plain, ciphers));
          await writeAll(sealed(plain, ciphers), socket);
          // Says that nothing more comes.
          return sink(nothing());
        },
      };
    };
    return encrypter;
  };
}

async function* nothing(): AsyncGenerator<never> {}

async function* sealed(source: AsyncIterable<Bytes>, ciphers: Ciphers): AsyncGenerator<Uint8ArrayList, void, undefined> {
  for await (const chunk of source) {
    for (let at = 0; at < chunk.byteLength; at += PLAIN_SIZE_BYTES) {
      const end = Math.min(at + PLAIN_SIZE_BYTES, chunk.byteLength);
      // As a list even where it is one piece: the library copies the whole of what it makes of a single one.
      const frame = ciphers.encrypt(chunk instanceof Uint8Array ? new Uint8ArrayList(chunk.subarray(at, end)) : chunk.sublist(at, end));
      yield new Uint8ArrayList(Uint8Array.of(frame.byteLength >> 8, frame.byteLength & 0xff), frame);
    }
  }
}

/** What is in the frames of noise, each opened as soon as it is whole. Throws where a frame has no room for its tag, or the source ends within one. */
export async function* opened(
  source: AsyncIterable<Bytes>,
  ciphers: Pick<Ciphers, 'decrypt'>,
): AsyncGenerator<Uint8ArrayList, void, undefined> {
  const waiting = new Uint8ArrayList();
  for await (const chunk of source) {
    waiting.append(chunk);
    const plain = new Uint8ArrayList();
    while (waiting.byteLength >= LENGTH_SIZE_BYTES) {
      const sizeBytes = waiting.getUint16(0);
      if (sizeBytes < TAG_SIZE_BYTES) throw new Error(`a noise frame of ${sizeBytes} bytes has no tag`);
      if (waiting.byteLength < LENGTH_SIZE_BYTES + sizeBytes) break;
      const [from, to] = [LENGTH_SIZE_BYTES, LENGTH_SIZE_BYTES + sizeBytes];
      if (sizeBytes < LARGE_SIZE_BYTES) {
        const frame = waiting.subarray(from, to);
        plain.append(ciphers.decrypt(frame, frame.subarray(0, sizeBytes - TAG_SIZE_BYTES)));
      } else plain.append(ciphers.decrypt(waiting.sublist(from, to), NO_ROOM));
      waiting.consume(to);
    }
    if (plain.byteLength > 0) yield plain;
  }
  if (waiting.byteLength > 0) throw new Error(`the connection ended ${waiting.byteLength} bytes into a noise frame`);
}
