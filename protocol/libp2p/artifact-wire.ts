/** The asking end of one transfer stream: what is asked, and the answers in that order. Who watches the time closes it from outside. */
import type { Stream } from '@libp2p/interface';
import { decode, encode } from 'it-length-prefixed';
import { pipe } from 'it-pipe';
import { type Pushable, pushable } from 'it-pushable';
import type { Uint8ArrayList } from 'uint8arraylist';
import { fromHex } from '../digest.js';
import { isFailure } from '../failure.js';
import { protocolFailures } from '../failures.js';
import type { ModelDigest } from '../names.js';
import type { PeerId } from '../peer-id.js';
import type { Clock } from '../ports.js';
import type { ProviderWatch } from '../provider-watch.js';
import { ArtifactRequest } from '../streams.pb.js';
import { decodeAnswer } from './artifact-frames.js';
import { RESPONSE_SIZE_BYTES_MAX, STATUS, WANT } from './transfer.js';

export interface Ask {
  readonly want: keyof typeof WANT;
  readonly file: number;
  readonly chunk: number;
  readonly offset: number;
  readonly length: number;
}

/** One frame of an answer. */
export interface Answered {
  readonly ask: Ask;
  /** Of the asked range, where these bytes begin. */
  readonly at: number;
  /** Nothing more comes for this ask: it is complete, or the whole ends here. */
  readonly isLast: boolean;
  readonly total: number;
  readonly data: Uint8ArrayList;
}

export interface ArtifactWire {
  send(ask: Ask): void;
  /** The next frame. Rejects with a `p2p.*` failure. */
  receive(): Promise<Answered>;
  close(): Promise<void>;
  /** What waits in `receive` rejects with the cause if it is a failure. */
  abort(cause: unknown): void;
}

interface Waiting {
  readonly id: number;
  readonly ask: Ask;
  got: number;
}

export interface WireContext {
  readonly peer: PeerId;
  readonly model: ModelDigest;
  readonly clock: Clock;
  readonly watch: Pick<ProviderWatch, 'asked' | 'answered'>;
}

export function openWire(stream: Stream, { peer, model, clock, watch }: WireContext): ArtifactWire {
  const requests: Pushable<Uint8Array> = pushable();
  const answers = pipe(
    requests,
    (source) => encode(source),
    stream,
    (source) => decode(source, { maxDataLength: RESPONSE_SIZE_BYTES_MAX }),
  );
  const iterator = answers[Symbol.asyncIterator]();
  // Bounded by whoever sends: it stops at WINDOW_BYTES_MAX.
  const waiting: Waiting[] = [];
  const modelBytes = fromHex(model);
  let nextId = 1;
  let aborted: { readonly cause: unknown } | null = null;
  let whenAborted: (cause: unknown) => void = () => {};

  const violation = (problem: string) => protocolFailures('p2p.protocol_violation', { peer, problem });

  /**
   * A stream whose connection is gone may never end by itself. No race against one promise of the whole stream: that promise would keep every frame
   * that ever won, a whole model.
   */
  async function nextOrAborted(): Promise<IteratorResult<Uint8ArrayList>> {
    if (aborted !== null) throw new Error('the stream was left', { cause: aborted.cause });
    return new Promise((resolve, reject) => {
      whenAborted = reject;
      iterator.next().then(resolve, reject);
    });
  }

  async function nextFrame({ ask }: Waiting): Promise<Uint8ArrayList> {
    try {
      const next = await nextOrAborted();
      if (next.done === true) throw protocolFailures('p2p.truncated', { peer, file: ask.file, chunk: ask.chunk });
      return next.value;
    } catch (cause) {
      if (isFailure(aborted?.cause)) throw aborted.cause;
      if (isFailure(cause)) throw cause;
      // The decoder's own errors: frames that nobody may send.
      if (cause instanceof Error && /^Invalid(Message|Data)/.test(cause.name)) throw violation(cause.message);
      throw protocolFailures('p2p.stream_failed', { peer }, cause);
    }
  }

  function refusal(status: number): Error {
    if (status === STATUS.notFound) return protocolFailures('p2p.model_not_found', { peer, model });
    if (status === STATUS.busy) return protocolFailures('p2p.peer_busy', { peer });
    if (status === STATUS.notServed) return protocolFailures('p2p.not_served', { peer });
    if (status === STATUS.trouble) return protocolFailures('p2p.peer_trouble', { peer });
    if (status === STATUS.quota) return protocolFailures('p2p.quota_used', { peer });
    return violation(`status ${status}`);
  }

  return {
    send(ask) {
      const { want, ...place } = ask;
      const id = nextId++;
      waiting.push({ id, ask, got: 0 });
      watch.asked(peer, clock.nowMs());
      requests.push(ArtifactRequest.encode({ id, want: WANT[want], model: modelBytes, ...place }));
    },
    async receive() {
      const [first] = waiting;
      if (first === undefined) throw violation('nothing was asked');
      const answer = decodeAnswer(await nextFrame(first));
      const { ask, got: at } = first;
      if (answer === null || answer.id !== first.id) throw violation('an answer that was not asked for');
      if (answer.status !== STATUS.ok) throw refusal(answer.status);
      const { data, total } = answer;
      first.got += data.byteLength;
      const due = Math.min(ask.length, total - ask.offset);
      if (first.got > due) throw violation('more bytes than asked for');
      if (data.byteLength === 0 && due > 0) throw protocolFailures('p2p.truncated', { peer, file: ask.file, chunk: ask.chunk });
      const isLast = first.got === due;
      if (isLast) waiting.shift();
      watch.answered(peer, data.byteLength, isLast, clock.nowMs());
      return { ask, at, isLast, total, data };
    },
    async close() {
      requests.end();
      await stream.close({ signal: AbortSignal.timeout(1_000) }).catch((error: Error) => stream.abort(error));
    },
    abort(cause) {
      aborted ??= { cause };
      requests.end();
      whenAborted(cause);
      stream.abort(cause instanceof Error ? cause : new Error('cancelled'));
    },
  };
}
