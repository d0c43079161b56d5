/**
 * How much may be asked of a provider and not be here yet. Pure.
 *
 * A line is full when what is under way fills it: rate times round trip. Less leaves it idle between question and answer, on a line of 100 ms at 5 MB/s
 * whatever it could carry; more only waits, and gossip on the same connection behind it. Neither is known beforehand, so the rate is taken from what came
 * between a question and the end of its answer (the best of late), the round trip from the shortest time to a first answer, and twice their product is
 * asked for: while the line has room it doubles with each round trip.
 */

/** At least: what a near provider needs, however its turns fall. */
export const WINDOW_BYTES_MIN = 512 * 1024;
/** At most: as much as a stream lets through unread. */
export const WINDOW_BYTES_MAX = 4 * 1024 * 1024;
/** Answers among which the best rate is taken: a line that became slow is believed after these. */
const RATES_KEPT = 16;
const ROUND_TRIPS_IN_FLIGHT = 2;
/** Of every round trip, what is not the line: two event loops take their turns. */
const TURNS_MS = 5;

export interface TransferWindow {
  /** Between WINDOW_BYTES_MIN and WINDOW_BYTES_MAX. */
  readonly bytes: number;
  asked(nowMs: number): void;
  /** A frame of the oldest question that is not answered; `isLast`: its last one. */
  answered(bytes: number, isLast: boolean, nowMs: number): void;
}

interface Question {
  readonly atMs: number;
  /** Bytes that had come when it was asked. */
  readonly cameBytes: number;
  isHeard: boolean;
}

export function createTransferWindow(): TransferWindow {
  const questions: Question[] = [];
  const rates: number[] = [];
  let roundTripMs = Number.POSITIVE_INFINITY;
  let cameBytes = 0;
  let bytes = WINDOW_BYTES_MIN;

  return {
    get bytes() {
      return bytes;
    },
    asked(nowMs) {
      questions.push({ atMs: nowMs, cameBytes, isHeard: false });
    },
    answered(count, isLast, nowMs) {
      const [question] = questions;
      if (question === undefined) return;
      cameBytes += count;
      const tookMs = nowMs - question.atMs;
      if (!question.isHeard) roundTripMs = Math.min(roundTripMs, tookMs);
      question.isHeard = true;
      if (!isLast) return;
      questions.shift();
      rates.push((cameBytes - question.cameBytes) / Math.max(1, tookMs));
      if (rates.length > RATES_KEPT) rates.shift();
      const wanted = ROUND_TRIPS_IN_FLIGHT * Math.max(0, roundTripMs - TURNS_MS) * Math.max(...rates);
      bytes = Math.min(WINDOW_BYTES_MAX, Math.max(WINDOW_BYTES_MIN, wanted));
    },
  };
}
