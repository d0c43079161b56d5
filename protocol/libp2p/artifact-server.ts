/** Serves model packages to members, a few at a time. */
import type { Connection, Stream } from '@libp2p/interface';
import { decode, encode } from 'it-length-prefixed';
import { pipe } from 'it-pipe';
import { toHex } from '../digest.js';
import { type ModelDigest, parseModelDigest } from '../names.js';
import type { ArtifactSource, Logger } from '../ports.js';
import { ArtifactRequest, ArtifactResponse } from '../streams.pb.js';
import type { NetworkMetrics } from './metrics.js';
import { FRAME_DATA_BYTES_MAX, REQUEST_SIZE_BYTES_MAX, STATUS, WANT } from './transfer.js';

export const UPLOADS_MAX = 8;
export const UPLOADS_PER_PEER_MAX = 2;
/** A stream on which nothing is asked for this long is closed. */
export const UPLOAD_IDLE_MS_MAX = 30_000;

export interface ArtifactServer {
  serve(source: ArtifactSource | null): void;
  readonly onStream: (data: { readonly stream: Stream; readonly connection: Connection }) => void;
}

export interface ArtifactServerDeps {
  readonly isMember: (peerId: string) => boolean;
  readonly logger: Logger;
  readonly metrics: NetworkMetrics;
}

interface Answer {
  readonly status: number;
  readonly total: number;
  readonly data: Uint8Array;
}

type Refusal = Exclude<keyof typeof STATUS, 'ok'>;
const refuse = (reason: Refusal): Answer => ({ status: STATUS[reason], total: 0, data: new Uint8Array() });

export function createArtifactServer({ isMember, logger, metrics }: ArtifactServerDeps): ArtifactServer {
  const uploads = new Map<string, number>();
  let uploadCount = 0;
  let source: ArtifactSource | null = null;

  function takeSlot(peer: string): boolean {
    const own = uploads.get(peer) ?? 0;
    if (uploadCount >= UPLOADS_MAX || own >= UPLOADS_PER_PEER_MAX) return false;
    uploads.set(peer, own + 1);
    uploadCount += 1;
    return true;
  }

  function freeSlot(peer: string): void {
    const own = (uploads.get(peer) ?? 1) - 1;
    uploadCount -= 1;
    if (own === 0) uploads.delete(peer);
    else uploads.set(peer, own);
  }

  async function serveStream(stream: Stream, peer: string): Promise<void> {
    const reason: Refusal | null = !isMember(peer) ? 'notServed' : source === null ? 'notFound' : takeSlot(peer) ? null : 'busy';
    const read = createReader(() => source);
    // Released by whichever comes first: writing to a stream whose connection is gone can stay pending for ever.
    let held = true;
    const release = () => {
      clearTimeout(watchdog);
      if (held && reason === null) freeSlot(peer);
      held = false;
    };
    const watchdog = setTimeout(() => {
      release();
      stream.abort(new Error('nothing asked'));
    }, UPLOAD_IDLE_MS_MAX).unref();
    try {
      await pipe(
        stream,
        (frames) => decode(frames, { maxDataLength: REQUEST_SIZE_BYTES_MAX }),
        async function* (frames) {
          try {
            for await (const frame of frames) {
              if (!held) return;
              watchdog.refresh();
              const request = decodeRequest(frame.slice());
              const answer = request === null ? refuse('badRequest') : reason === null ? await read(request, peer) : refuse(reason);
              yield ArtifactResponse.encode({ id: request?.id ?? 0, ...answer });
              metrics.transferBytes?.('out', answer.data.length);
              if (answer.status !== STATUS.ok) return;
            }
          } finally {
            release();
          }
        },
        (frames) => encode(frames),
        stream,
      );
      await stream.close({ signal: AbortSignal.timeout(1_000) });
    } finally {
      release();
    }
  }

  function createReader(current: () => ArtifactSource | null) {
    // Frames of one chunk are asked for one after the other: it is read once.
    let last: { readonly key: string; readonly bytes: Uint8Array | null } | null = null;
    return async (request: ArtifactRequest, peer: string): Promise<Answer> => {
      const model = parseModelDigest(toHex(request.model));
      const artifacts = current();
      if (!model.ok || request.length < 1 || request.length > FRAME_DATA_BYTES_MAX) return refuse('badRequest');
      if (artifacts === null) return refuse('notFound');
      const key = `${request.want} ${model.value} ${request.file} ${request.chunk}`;
      try {
        if (last?.key !== key) last = { key, bytes: await readWhole(artifacts, request, model.value) };
      } catch (error) {
        logger.warn({ err: error, peer, model: model.value }, 'a model could not be read for a peer');
        return refuse('trouble');
      }
      const { bytes } = last;
      if (bytes === null) return refuse('notFound');
      if (request.offset > bytes.length) return refuse('badRequest');
      return { status: STATUS.ok, total: bytes.length, data: bytes.subarray(request.offset, request.offset + request.length) };
    };
  }

  return {
    serve(next) {
      source = next;
    },
    onStream({ stream, connection }) {
      const peer = connection.remotePeer.toString();
      serveStream(stream, peer).catch((error: unknown) => {
        logger.debug({ err: error, peer }, 'an upload ended early');
        stream.abort(error instanceof Error ? error : new Error('failed'));
      });
    },
  };
}

function readWhole(source: ArtifactSource, request: ArtifactRequest, model: ModelDigest): Promise<Uint8Array | null> {
  if (request.want === WANT.manifest) return source.manifest(model);
  if (request.want === WANT.chunk) return source.chunk(model, request.file, request.chunk);
  return Promise.resolve(null);
}

function decodeRequest(bytes: Uint8Array): ArtifactRequest | null {
  try {
    return ArtifactRequest.decode(bytes);
  } catch {
    return null;
  }
}
