/** Timed pieces to smooth tracks of control values, one row per frame. */
import { MELODY, type Plan, type PlannedPiece } from './plan.js';

export const FRAME_MS = 5;
/** Lengths of the Hann windows that tracks are smoothed with, frames: how fast the tract, the voice, the constriction and the pitch move. */
export const GLIDE = { formants: 17, voicing: 5, hiss: 3, accent: 31 } as const;

export interface Tracks {
  readonly frames: number;
  /** Four tracks each, Hz. */
  readonly formantsHz: readonly Float64Array[];
  readonly widthsHz: readonly Float64Array[];
  readonly voicing: Float64Array;
  readonly breath: Float64Array;
  readonly hiss: Float64Array;
  readonly hissHz: Float64Array;
  readonly hissWidthHz: Float64Array;
  /** Semitones about the voice's pitch. */
  readonly melody: Float64Array;
}

/** Units: `rate` 1 is as the plan has it, 1.2 a fifth faster. */
export function tracksOf(plan: Plan, rate: number, liveliness: number): Tracks {
  const { frames, pieceAt } = framesOf(plan.pieces, rate);
  const track = (read: (piece: PlannedPiece) => number, window: number) => {
    const raw = new Float64Array(frames);
    for (let frame = 0; frame < frames; frame += 1) raw[frame] = read(pieceAt[frame]!);
    return window > 1 ? smooth(raw, window) : raw;
  };
  const accent = track((piece) => piece.accent, GLIDE.accent);
  return {
    frames,
    formantsHz: [0, 1, 2, 3].map((n) => track((piece) => piece.formantsHz[n] ?? 0, GLIDE.formants)),
    widthsHz: [0, 1, 2, 3].map((n) => track((piece) => piece.widthsHz[n] ?? 0, GLIDE.voicing)),
    voicing: track((piece) => piece.voicing, GLIDE.voicing),
    breath: track((piece) => piece.breath, GLIDE.voicing),
    hiss: track((piece) => piece.hiss, GLIDE.hiss),
    hissHz: track((piece) => piece.hissHz, 1),
    hissWidthHz: track((piece) => piece.hissWidthHz, 1),
    melody: accent.map((lift, frame) => liveliness * (lift + lineAt(frame / frames, plan.question))),
  };
}

/** The slow movement under the accents. Units: `at` 0..1 of the utterance → semitones. */
export function lineAt(at: number, question: boolean): number {
  const tail = Math.max(0, (at - MELODY.tailFrom) / (1 - MELODY.tailFrom));
  return MELODY.start + (MELODY.end - MELODY.start) * at + tail * (question ? MELODY.rise : MELODY.fall);
}

/** A Hann window of odd length that sums to 1 and has no zeros at its ends. */
export function hann(length: number): Float64Array {
  const window = Float64Array.from({ length }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (n + 1)) / (length + 1)));
  const sum = window.reduce((a, b) => a + b, 0);
  return window.map((value) => value / sum);
}

function framesOf(pieces: readonly PlannedPiece[], rate: number): { frames: number; pieceAt: readonly PlannedPiece[] } {
  const ends: number[] = [];
  let end = 0;
  for (const piece of pieces) {
    end += piece.ms / rate / FRAME_MS;
    ends.push(end);
  }
  const frames = Math.ceil(end);
  const pieceAt: PlannedPiece[] = [];
  let index = 0;
  for (let frame = 0; frame < frames; frame += 1) {
    while (index < pieces.length - 1 && (ends[index] ?? 0) <= frame + 0.5) index += 1;
    const piece = pieces[index];
    if (piece !== undefined) pieceAt.push(piece);
  }
  return { frames, pieceAt };
}

/** Beyond the ends the first and the last value go on. */
function smooth(values: Float64Array, length: number): Float64Array {
  const window = hann(length);
  const half = (length - 1) / 2;
  const last = values.length - 1;
  const out = new Float64Array(values.length);
  for (let at = 0; at < out.length; at += 1) {
    let sum = 0;
    for (let n = 0; n < length; n += 1) sum += window[n]! * values[Math.min(last, Math.max(0, at + n - half))]!;
    out[at] = sum;
  }
  return out;
}
