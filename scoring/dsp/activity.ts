/** Where in an utterance somebody speaks, by energy. */
import { decibels, HEARING_RATE_HZ } from './spectrum.js';

export const ACTIVITY_HOP = 160;
/** A frame speaks when it is within this of the loud frames... */
const BELOW_SPEECH_DB = 32;
/** ...and this far above the floor of the quietest ones. */
const ABOVE_FLOOR_DB = 6;
/** Kept around the first and last speaking frame. */
const MARGIN_FRAMES = 3;
/** Gaps up to this are part of speech (stops, breath). */
const GAP_FRAMES = 12;

export interface Activity {
  /** 10 ms frames. */
  readonly frames: number;
  readonly levelsDb: Float64Array;
  /** A frame above it speaks. */
  readonly thresholdDb: number;
  readonly speaking: readonly boolean[];
  /** First and one past the last speaking frame; equal when nobody speaks. */
  readonly first: number;
  readonly end: number;
  readonly longestPauseFrames: number;
}

/** Shape: samples at 16 kHz → activity per 10 ms. */
export function activityOf(samples: Float64Array): Activity {
  const frames = Math.max(1, Math.floor(samples.length / ACTIVITY_HOP));
  const levelsDb = new Float64Array(frames);
  for (let frame = 0; frame < frames; frame++) {
    let sum = 0;
    for (let n = frame * ACTIVITY_HOP; n < (frame + 1) * ACTIVITY_HOP && n < samples.length; n++) sum += samples[n]! ** 2;
    levelsDb[frame] = decibels(sum / ACTIVITY_HOP);
  }
  const loud = percentile(levelsDb, 0.95);
  const floor = percentile(levelsDb, 0.05);
  // Where nothing is quiet the floor is speech itself and must not silence it.
  const threshold = Math.max(loud - BELOW_SPEECH_DB, Math.min(floor + ABOVE_FLOOR_DB, loud - ABOVE_FLOOR_DB));
  const speaking = Array.from(levelsDb, (level) => level > threshold);
  const first = Math.max(0, speaking.indexOf(true));
  const end = speaking.lastIndexOf(true) + 1;
  return {
    frames,
    levelsDb,
    thresholdDb: threshold,
    speaking: closeGaps(speaking),
    first,
    end: Math.max(first, end),
    longestPauseFrames: longestPause(speaking, first, end),
  };
}

/** The part between the first and the last speaking frame, with a little margin. */
export function trimmed(samples: Float64Array, activity = activityOf(samples)): Float64Array {
  const from = Math.max(0, activity.first - MARGIN_FRAMES) * ACTIVITY_HOP;
  const to = Math.min(samples.length, (activity.end + MARGIN_FRAMES) * ACTIVITY_HOP);
  return samples.subarray(from, Math.max(from + ACTIVITY_HOP, to));
}

/** Pauses are cut down to this: where somebody breathes says nothing about what was said. */
const PAUSE_FRAMES_KEPT = 8;

/** The samples with every long pause between two sounds shortened. */
export function pausesShortened(samples: Float64Array, { frames, levelsDb, thresholdDb }: Activity = activityOf(samples)): Float64Array {
  const kept: number[] = [];
  let quiet = 0;
  for (let frame = 0; frame < frames; frame++) {
    quiet = levelsDb[frame]! > thresholdDb ? 0 : quiet + 1;
    if (quiet <= PAUSE_FRAMES_KEPT) kept.push(frame);
  }
  const out = new Float64Array(kept.length * ACTIVITY_HOP);
  for (const [at, frame] of kept.entries()) {
    out.set(samples.subarray(frame * ACTIVITY_HOP, (frame + 1) * ACTIVITY_HOP), at * ACTIVITY_HOP);
  }
  return out;
}

export function secondsOf(frames: number): number {
  return (frames * ACTIVITY_HOP) / HEARING_RATE_HZ;
}

/** Nearest rank. */
export function percentile(values: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

function closeGaps(speaking: readonly boolean[]): readonly boolean[] {
  const out = [...speaking];
  let last = -1;
  speaking.forEach((on, frame) => {
    if (!on) return;
    if (last >= 0 && frame - last <= GAP_FRAMES) out.fill(true, last, frame);
    last = frame;
  });
  return out;
}

function longestPause(speaking: readonly boolean[], first: number, end: number): number {
  let [longest, run] = [0, 0];
  for (let frame = first; frame < end; frame++) {
    run = speaking[frame] ? 0 : run + 1;
    longest = Math.max(longest, run);
  }
  return longest;
}
