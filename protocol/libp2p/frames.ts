/** Length-prefixed frames on one stream, with a deadline. */
import type { Connection, Stream } from '@libp2p/interface';
import { decode, encode } from 'it-length-prefixed';
import { pipe } from 'it-pipe';

/** Aborts the stream when the deadline passes; call the result to disarm. */
export function armDeadline(stream: Stream, ms: number): () => void {
  const timer = setTimeout(() => stream.abort(new Error(`no answer within ${ms} ms`)), ms).unref();
  return () => clearTimeout(timer);
}

/** Sends one frame, takes one frame. Rejects when either side does not finish within `timeoutMs`. */
export async function askOnce(
  connection: Connection,
  protocol: string,
  question: Uint8Array,
  limits: { readonly answerSizeMax: number; readonly timeoutMs: number },
): Promise<Uint8Array> {
  const stream = await connection.newStream(protocol, { signal: AbortSignal.timeout(limits.timeoutMs) });
  const disarm = armDeadline(stream, limits.timeoutMs);
  try {
    const answer = await pipe(
      [question],
      (source) => encode(source),
      stream,
      (source) => decode(source, { maxDataLength: limits.answerSizeMax }),
      firstFrame,
    );
    await stream.close();
    return answer;
  } catch (cause) {
    stream.abort(cause instanceof Error ? cause : new Error('failed'));
    throw cause;
  } finally {
    disarm();
  }
}

/** Takes one frame, sends the frame made of it. */
export async function answerOnce(
  stream: Stream,
  limits: { readonly questionSizeMax: number; readonly timeoutMs: number },
  answer: (question: Uint8Array) => Promise<Uint8Array>,
): Promise<void> {
  const disarm = armDeadline(stream, limits.timeoutMs);
  try {
    const question = await pipe(stream, (source) => decode(source, { maxDataLength: limits.questionSizeMax }), firstFrame);
    await pipe([await answer(question)], (source) => encode(source), stream);
    await stream.close();
  } catch (cause) {
    stream.abort(cause instanceof Error ? cause : new Error('failed'));
    throw cause;
  } finally {
    disarm();
  }
}

async function firstFrame(source: AsyncIterable<{ slice(): Uint8Array }>): Promise<Uint8Array> {
  for await (const frame of source) return frame.slice();
  throw new Error('the stream ended before its first frame');
}
