/** The other process of the transfer benchmark: serves the same bytes by voxd, by a bare libp2p stream and by a TCP socket. */
import { createCipheriv, createHash } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import * as lp from 'it-length-prefixed';
import { pipe } from 'it-pipe';
import { signerFromUri } from '../chain/wallet/keys.js';
import type { ModelDigest } from '../protocol/names.js';
import type { ArtifactSource, OpenArtifact, PackageLayout } from '../protocol/ports.js';
import { accept } from '../protocol/verdict.js';
import { CHUNK_SIZE_BYTES } from '../scoring/manifest.js';
import {
  answerTo,
  BARE_PROTOCOL,
  CHUNKS_PROTOCOL,
  type Offer,
  openBareNode,
  openHost,
  PIECE_SIZE_BYTES,
  PING,
  PONG,
} from './transfer-parts.js';

const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

function packageOf(bytes: Uint8Array) {
  const starts = Array.from({ length: Math.ceil(bytes.length / CHUNK_SIZE_BYTES) }, (_, chunk) => chunk * CHUNK_SIZE_BYTES);
  const cut = (from: number) => bytes.subarray(from, from + CHUNK_SIZE_BYTES);
  const layout: PackageLayout = {
    chunkSizeBytes: CHUNK_SIZE_BYTES,
    files: [{ path: 'voice.onnx', sizeBytes: bytes.length, sha256: sha(bytes), chunks: starts.map((from) => sha(cut(from))) }],
  };
  const manifest = new TextEncoder().encode(JSON.stringify(layout));
  // Safety: a sha-256 in hex.
  const model = sha(manifest) as ModelDigest;
  const artifact: OpenArtifact = {
    manifest: async () => manifest,
    chunk: async (_file, chunk) => cut(chunk * CHUNK_SIZE_BYTES),
    holdings: async () => ({ chunks: null, count: starts.length }),
    close: async () => {},
  };
  const source: ArtifactSource = {
    open: async (asked) => (asked === model ? artifact : null),
    holds: async (models) => models.map((asked) => (asked === model ? 'whole' : 'none')),
  };
  return { model, source };
}

function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += PIECE_SIZE_BYTES) yield bytes.subarray(from, from + PIECE_SIZE_BYTES);
}

async function sendPlain(socket: Socket, bytes: Uint8Array): Promise<void> {
  for (const piece of pieces(bytes)) if (!socket.write(piece)) await new Promise((resolve) => socket.once('drain', resolve));
  socket.end();
}

const number = Number(process.argv[3] ?? 0);
/** The same bytes in every provider, and nothing that compresses. */
const bytes = new Uint8Array(
  createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(Number(process.argv[2]))),
);
const { model, source } = packageOf(bytes);
const host = await openHost(await signerFromUri(`//bench//provider//${number}`));
host.serve(source);
host.onMessage(PING, async (message) => {
  // The one that all is fetched from when there is one: what the others say would be on other connections.
  if (number === 0) void host.publish(PONG, answerTo(message));
  return accept(null);
});
const bare = await openBareNode();
await bare.handle(BARE_PROTOCOL, ({ stream }) => {
  stream.sink(pieces(bytes)).catch(() => {});
});
await bare.handle(CHUNKS_PROTOCOL, ({ stream }) => {
  pipe(
    stream,
    (source) => lp.decode(source),
    async function* (asked) {
      for await (const frame of asked) {
        const from = new DataView(frame.subarray().buffer, frame.subarray().byteOffset).getUint32(0) * PIECE_SIZE_BYTES;
        yield bytes.subarray(from, from + PIECE_SIZE_BYTES);
      }
    },
    (source) => lp.encode(source),
    stream,
  ).catch(() => {});
});
const server = createServer((socket) => {
  sendPlain(socket, bytes).catch(() => {});
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  const plainPort = typeof address === 'object' && address !== null ? address.port : 0;
  const offer: Offer = {
    model,
    peerId: host.peerId,
    hostAddress: host.addresses()[0] ?? '',
    bareAddress: bare.getMultiaddrs()[0]?.toString() ?? '',
    plainPort,
  };
  process.send?.(offer);
});
// Whoever started us is gone or done.
process.once('disconnect', () => process.exit(0));
