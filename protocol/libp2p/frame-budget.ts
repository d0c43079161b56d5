/** How many frames a peer may send on one connection that cost us more than him: answers, streams, and looking for what is not there. Pure: the time is given. */
import { createRateLimiter, type RateLimit } from '../rate.js';

/** The library pings when a connection opens and every 30 s. Each is answered, and an answer waits here until the peer reads it. */
export const PINGS_PER_CONNECTION: RateLimit = { intervalMs: 1_000, burst: 16 };
/** A stream that is opened costs a negotiation, whether or not it is reset in the same breath: the bound on streams at once does not see those. */
export const STREAMS_PER_CONNECTION: RateLimit = { intervalMs: 50, burst: 256 };
/** What was under way when we let go of a stream, frame by frame. */
export const STRAYS_PER_CONNECTION: RateLimit = { intervalMs: 10, burst: 4_096 };

/** What a frame of yamux says before its data. */
export interface FrameHeader {
  readonly type: number;
  readonly flag: number;
  readonly streamID: number;
  readonly length: number;
}

const TYPE_PING = 2;
const FLAG_SYN = 1;
const ONE = 'connection';

export interface FrameBudget {
  /** Shape: a frame, whether its stream is there → what there are too many of, or null. */
  excess(header: FrameHeader, isStreamThere: boolean, nowMs: number): string | null;
}

export function createFrameBudget(): FrameBudget {
  const pings = createRateLimiter(PINGS_PER_CONNECTION, 1);
  const streams = createRateLimiter(STREAMS_PER_CONNECTION, 1);
  const strays = createRateLimiter(STRAYS_PER_CONNECTION, 1);
  return {
    excess({ type, flag, streamID }, isStreamThere, nowMs) {
      if (type === TYPE_PING) return pings.take(ONE, nowMs) ? null : 'pings';
      if (streamID === 0 || isStreamThere) return null;
      if ((flag & FLAG_SYN) !== 0) return streams.take(ONE, nowMs) ? null : 'streams';
      return strays.take(ONE, nowMs) ? null : 'frames for streams that are not there';
    },
  };
}
