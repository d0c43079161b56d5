/** Serves model packages to members: a few at a time, in turns, under rates, and to nobody who does not take what he asked for. */
import type { Connection, Stream } from '@libp2p/interface';
import { decode } from 'it-length-prefixed';
import { pipe } from 'it-pipe';
import type { Uint8ArrayList } from 'uint8arraylist';
import { toHex } from '../digest.js';
import type { Hotkey } from '../names.js';
import type { ArtifactSource, Clock, Logger } from '../ports.js';
import { createRateLimiter } from '../rate.js';
import { ArtifactRequest } from '../streams.pb.js';
import { createUploadTurns, type UploadLimits } from '../upload-turns.js';
import { encodeAnswer } from './artifact-frames.js';
import { createShelf } from './artifact-shelf.js';
import type { NetworkMetrics } from './metrics.js';
import { FRAME_DATA_BYTES_MAX, REQUEST_LENGTH_MAX, REQUEST_SIZE_BYTES_MAX, STATUS, type UploadOffence } from './transfer.js';

/** A stream on which nothing is asked for this long is closed. */
export const UPLOAD_IDLE_MS_MAX = 30_000;
/** An answer that is not taken for this long closes its stream. */
export const UPLOAD_STALL_MS_MAX = 10_000;
/** Streams that one peer may open at once (and 2 per second after that); the next ones are aborted and count against its score. */
export const STREAM_OPENS = { intervalMs: 500, burst: 16 } as const;
/** Peers whose opening of streams is counted. */
const OPENERS_KEPT_MAX = 512;
const TURN_MS = 1_000;

export interface ArtifactServer {
  serve(source: ArtifactSource | null): void;
  readonly onStream: (data: { readonly stream: Stream; readonly connection: Connection }) => void;
}

export interface ArtifactServerDeps {
  /** Null: not a member, nothing is served. */
  readonly memberOf: (peerId: string) => { readonly hotkey: Hotkey; readonly isValidator: boolean } | null;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: NetworkMetrics;
  /** A peer does what no honest one does. */
  readonly onOffence: (peerId: string, offence: UploadOffence) => void;
}

export interface ArtifactServerOptions {
  readonly uploads: UploadLimits;
  readonly idleMs?: number;
  readonly stallMs?: number;
}

type Refusal = Exclude<keyof typeof STATUS, 'ok'>;

interface Upload {
  readonly peer: string;
  readonly stream: Stream;
  /** Since when we wait for the other side, and for what. */
  sinceMs: number;
  waitsFor: 'request' | 'reader' | 'us';
  grant: (() => void) | null;
  readonly end: () => void;
}

const NOTHING = new Uint8Array();

export function createArtifactServer(deps: ArtifactServerDeps, options: ArtifactServerOptions): ArtifactServer {
  const { clock, logger, metrics } = deps;
  const turns = createUploadTurns(options.uploads);
  const opens = createRateLimiter(STREAM_OPENS, OPENERS_KEPT_MAX);
  const idleMs = options.idleMs ?? UPLOAD_IDLE_MS_MAX;
  const stallMs = options.stallMs ?? UPLOAD_STALL_MS_MAX;
  // Bounded by the streams that libp2p lets in per connection.
  const uploads = new Map<number, Upload>();
  let nextId = 1;
  let source: ArtifactSource | null = null;
  let isWatching = false;
  let wakeAtMs = Number.POSITIVE_INFINITY;

  /** Lets go whoever has his turn; called when somebody wants something and when the rate allows more. */
  function pump(): void {
    const nowMs = clock.nowMs();
    const { ids, againInMs } = turns.grant(nowMs);
    for (const id of ids) uploads.get(id)?.grant?.();
    if (againInMs === null || nowMs + againInMs >= wakeAtMs) return;
    wakeAtMs = nowMs + againInMs;
    clock.sleep(againInMs).then(
      () => {
        wakeAtMs = Number.POSITIVE_INFINITY;
        pump();
      },
      () => {},
    );
  }

  function turnOf(id: number, upload: Upload, bytes: number): Promise<void> {
    return new Promise((resolve) => {
      upload.grant = () => {
        upload.grant = null;
        resolve();
      };
      turns.want(id, bytes);
      pump();
    });
  }

  /** Closes what waits too long; runs while there are uploads. */
  async function keepWatch(): Promise<void> {
    if (isWatching) return;
    isWatching = true;
    while (uploads.size > 0) {
      await clock.sleep(Math.min(TURN_MS, idleMs, stallMs));
      const nowMs = clock.nowMs();
      for (const { peer, stream, sinceMs, waitsFor, end } of [...uploads.values()]) {
        if (waitsFor === 'us' || nowMs - sinceMs < (waitsFor === 'reader' ? stallMs : idleMs)) continue;
        if (waitsFor === 'reader') deps.onOffence(peer, 'stalled');
        end();
        stream.abort(new Error(waitsFor === 'reader' ? 'answers are not read' : 'nothing is asked'));
      }
    }
    isWatching = false;
  }

  async function serveStream(stream: Stream, peer: string): Promise<void> {
    const member = deps.memberOf(peer);
    const id = nextId++;
    const hasSeat = member !== null && turns.enter(id, member);
    const shelf = createShelf(() => source);
    const upload: Upload = {
      peer,
      stream,
      sinceMs: clock.nowMs(),
      waitsFor: 'request',
      grant: null,
      // By whichever comes first: writing to a stream whose connection is gone can stay pending for ever.
      end() {
        uploads.delete(id);
        turns.leave(id);
        upload.grant?.();
        shelf.close().catch((error: unknown) => logger.warn({ err: error, peer }, 'a package could not be closed'));
        pump();
      },
    };
    uploads.set(id, upload);
    void keepWatch();

    const waitFor = (whom: Upload['waitsFor']) => {
      upload.waitsFor = whom;
      upload.sinceMs = clock.nowMs();
    };
    const refusalOf = (request: ArtifactRequest | null): Refusal | null => {
      if (request === null || request.length < 1 || request.length > REQUEST_LENGTH_MAX) return 'badRequest';
      if (member === null) return 'notServed';
      if (source === null) return 'notFound';
      if (!hasSeat) return 'busy';
      return turns.mayHave(member.hotkey, clock.nowMs()) ? null : 'quota';
    };

    /** The frames of one answer. Shape: whether more may be asked; after a refusal nothing is. */
    async function* answer(request: ArtifactRequest | null): AsyncGenerator<Uint8ArrayList, boolean> {
      const refuse = (reason: Refusal) => {
        if (reason === 'badRequest') deps.onOffence(peer, 'malformed');
        return encodeAnswer({ id: request?.id ?? 0, status: STATUS[reason], total: 0 }, NOTHING);
      };
      const refusal = refusalOf(request);
      const bytes = refusal === null && request !== null ? await read(request) : null;
      if (request === null || bytes === null || bytes === 'trouble' || request.offset > bytes.length) {
        yield refuse(refusal ?? (bytes === null ? 'notFound' : bytes === 'trouble' ? 'trouble' : 'badRequest'));
        return false;
      }
      const head = { id: request.id, status: STATUS.ok, total: bytes.length };
      const end = Math.min(request.offset + request.length, bytes.length);
      for (let from = request.offset; from < end || from === request.offset; from += FRAME_DATA_BYTES_MAX) {
        const data = bytes.subarray(from, Math.min(from + FRAME_DATA_BYTES_MAX, end));
        await turnOf(id, upload, data.length);
        if (!uploads.has(id)) return false;
        waitFor('reader');
        yield encodeAnswer(head, data);
        waitFor('us');
        metrics.transferBytes?.('out', data.length);
      }
      return true;
    }

    async function read(request: ArtifactRequest): Promise<Uint8Array | 'trouble' | null> {
      try {
        return await shelf.bytesOf(request);
      } catch (error) {
        logger.warn({ err: error, peer, model: toHex(request.model) }, 'a model could not be read for a peer');
        return 'trouble';
      }
    }

    try {
      await pipe(
        stream,
        (frames) => decode(frames, { maxDataLength: REQUEST_SIZE_BYTES_MAX }),
        async function* (frames) {
          try {
            for await (const frame of frames) {
              if (!uploads.has(id)) return;
              waitFor('us');
              if (!(yield* answer(decodeRequest(frame.slice())))) return;
              waitFor('request');
            }
          } finally {
            upload.end();
          }
        },
        stream,
      );
      await stream.close({ signal: AbortSignal.timeout(1_000) });
    } finally {
      upload.end();
    }
  }

  return {
    serve(next) {
      source = next;
    },
    onStream({ stream, connection }) {
      const peer = connection.remotePeer.toString();
      if (!opens.take(peer, clock.nowMs())) {
        deps.onOffence(peer, 'flood');
        stream.abort(new Error('too many streams'));
        return;
      }
      serveStream(stream, peer).catch((error: unknown) => {
        logger.debug({ err: error, peer }, 'an upload ended early');
        stream.abort(error instanceof Error ? error : new Error('failed'));
      });
    },
  };
}

function decodeRequest(bytes: Uint8Array): ArtifactRequest | null {
  try {
    return ArtifactRequest.decode(bytes);
  } catch {
    return null;
  }
}
