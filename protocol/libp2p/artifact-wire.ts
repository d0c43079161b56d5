/** The asking end of one transfer stream: requests in flight, answers in order, and how long we wait for them. */
import type { Stream } from '@libp2p/interface';
import { decode, encode } from 'it-length-prefixed';
import { pipe } from 'it-pipe';
import { type Pushable, pushable } from 'it-pushable';
import { fromHex } from '../digest.js';
import { isFailure } from '../failure.js';
import { protocolFailures } from '../failures.js';
import type { ModelDigest } from '../names.js';
import { ArtifactRequest, ArtifactResponse } from '../streams.pb.js';
import { REQUESTS_OUTSTANDING_MAX, RESPONSE_SIZE_BYTES_MAX, STATUS, WANT } from './transfer.js';

export interface Ask {
  readonly want: keyof typeof WANT;
  readonly file: number;
  readonly chunk: number;
  readonly offset: number;
  readonly length: number;
}

export interface Answered {
  readonly ask: Ask;
  readonly total: number;
  readonly data: Uint8Array;
}

export interface TransferTimeouts {
  readonly firstByteMs: number;
  readonly idleMs: number;
  /** Over every `rateWindowMs` spent waiting. */
  readonly bytesPerSecondMin: number;
  readonly rateWindowMs: number;
}

export interface ArtifactWire {
  /** Answers in the order of the asks, at most REQUESTS_OUTSTANDING_MAX ahead. */
  ask(plan: Iterable<Ask>): AsyncGenerator<Answered>;
  close(): Promise<void>;
  abort(cause: unknown): void;
}

export function openWire(
  stream: Stream,
  context: { readonly peer: string; readonly model: ModelDigest; readonly timeouts: TransferTimeouts },
): ArtifactWire {
  const { peer, model, timeouts } = context;
  const requests: Pushable<Uint8Array> = pushable();
  const answers = pipe(
    requests,
    (source) => encode(source),
    stream,
    (source) => decode(source, { maxDataLength: RESPONSE_SIZE_BYTES_MAX }),
  );
  const iterator = answers[Symbol.asyncIterator]();
  let nextId = 1;
  let started = false;
  let waitedMs = 0;
  let windowBytes = 0;

  async function nextFrame(ask: Ask): Promise<Uint8Array> {
    const limitMs = started ? timeouts.idleMs : timeouts.firstByteMs;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(protocolFailures('p2p.timeout', { peer, waitedMs: limitMs })), limitMs);
    });
    const sinceMs = performance.now();
    try {
      const next = await Promise.race([iterator.next(), late]);
      if (next.done === true) throw protocolFailures('p2p.truncated', { peer, file: ask.file, chunk: ask.chunk });
      started = true;
      const bytes = next.value.slice();
      countRate(performance.now() - sinceMs, bytes.length);
      return bytes;
    } catch (cause) {
      throw isFailure(cause) ? cause : protocolFailures('p2p.stream_failed', { peer }, cause);
    } finally {
      clearTimeout(timer);
    }
  }

  function countRate(elapsedMs: number, bytes: number): void {
    waitedMs += elapsedMs;
    windowBytes += bytes;
    if (waitedMs < timeouts.rateWindowMs) return;
    const bytesPerSecond = Math.round((windowBytes * 1000) / waitedMs);
    if (bytesPerSecond < timeouts.bytesPerSecondMin) throw protocolFailures('p2p.too_slow', { peer, bytesPerSecond });
    waitedMs = 0;
    windowBytes = 0;
  }

  function readAnswer(frame: Uint8Array, id: number, ask: Ask): Answered {
    const answer = decodeAnswer(frame);
    if (answer === null || answer.id !== id) {
      throw protocolFailures('p2p.protocol_violation', { peer, problem: 'an answer that was not asked for' });
    }
    if (answer.status !== STATUS.ok) throw refusal(answer.status);
    if (answer.data.length > ask.length) throw protocolFailures('p2p.protocol_violation', { peer, problem: 'more bytes than asked for' });
    return { ask, total: answer.total, data: answer.data };
  }

  function refusal(status: number): Error {
    if (status === STATUS.notFound) return protocolFailures('p2p.model_not_found', { peer, model });
    if (status === STATUS.busy) return protocolFailures('p2p.peer_busy', { peer });
    if (status === STATUS.notServed) return protocolFailures('p2p.not_served', { peer });
    if (status === STATUS.trouble) return protocolFailures('p2p.peer_trouble', { peer });
    return protocolFailures('p2p.protocol_violation', { peer, problem: `status ${status}` });
  }

  return {
    async *ask(plan) {
      const asks = plan[Symbol.iterator]();
      const waiting: { id: number; ask: Ask }[] = [];
      for (;;) {
        while (waiting.length < REQUESTS_OUTSTANDING_MAX) {
          const next = asks.next();
          if (next.done === true) break;
          const { want, ...place } = next.value;
          const id = nextId++;
          waiting.push({ id, ask: next.value });
          requests.push(ArtifactRequest.encode({ id, want: WANT[want], model: fromHex(model), ...place }));
        }
        const first = waiting.shift();
        if (first === undefined) return;
        yield readAnswer(await nextFrame(first.ask), first.id, first.ask);
      }
    },
    async close() {
      requests.end();
      await stream.close({ signal: AbortSignal.timeout(1_000) }).catch((error: Error) => stream.abort(error));
    },
    abort(cause) {
      requests.end();
      stream.abort(cause instanceof Error ? cause : new Error('cancelled'));
    },
  };
}

function decodeAnswer(frame: Uint8Array): ArtifactResponse | null {
  try {
    return ArtifactResponse.decode(frame);
  } catch {
    return null;
  }
}
