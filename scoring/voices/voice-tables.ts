/** The data of a voice graph: its tokens, what each token sounds like as rows of numbers, and its filters. */
import { EDGE_MS, FORMANTS, PIECES_MAX, type Piece, SOUNDS, type Sound, silence } from './formants.js';
import { FRAME_MS, GLIDE, hann } from './tracks.js';

/** Token ids as in Piper's English voices where those are small; the rest in the order of our table. */
export const TOKEN = { pad: 0, bos: 1, eos: 2 } as const;
const FIRST_SOUND = 3;

export interface VoiceTables {
  readonly tokens: number;
  /** [tokens, PIECES_MAX] frames at length 1. */
  readonly frames: readonly number[];
  /** [tokens, PIECES_MAX, FORMANTS] Hz. */
  readonly formants: readonly number[];
  /** [tokens, PIECES_MAX, FORMANTS + 2 + bands]: widths in Hz, voicing, breath, hiss per band. */
  readonly levels: readonly number[];
  /** [tokens] 1 for vowels. */
  readonly vowels: readonly number[];
  /** [tokens] 1 for what is drawn out at the end. */
  readonly stretches: readonly number[];
}

/** IPA symbol → id, in the order of the sound table. */
export function tokenMap(): Readonly<Record<string, number>> {
  return Object.fromEntries(SOUNDS.map((sound, index) => [sound.ipa, FIRST_SOUND + index]));
}

export interface TableOptions {
  readonly formantScale: number;
  /** Length of every sound, 1: as in the table. */
  readonly pace: number;
  readonly hissScale: number;
  readonly hissGain: number;
  readonly bandsHz: readonly number[];
  /** A voice that says one sound for another. */
  readonly sounds?: readonly Sound[];
}

export function tablesOf(options: TableOptions): VoiceTables {
  const sounds = options.sounds ?? SOUNDS;
  const edge: Sound = { ipa: '', group: 'pause', pieces: [silence(EDGE_MS)] };
  const rows: readonly Sound[] = [{ ...edge, pieces: [] }, edge, edge, ...sounds];
  const padded = rows.map((sound) => piecesOf(sound));
  const flat = (read: (piece: Piece) => readonly number[]) => padded.flatMap((pieces) => pieces.flatMap(read));
  return {
    tokens: rows.length,
    frames: flat((piece) => [(piece.ms * options.pace) / FRAME_MS]),
    formants: flat((piece) => piece.formantsHz.map((hz) => hz * options.formantScale)),
    levels: flat((piece) => [
      ...piece.widthsHz.map((hz) => hz * options.formantScale),
      piece.voicing,
      piece.breath,
      ...options.bandsHz.map((hz) => options.hissGain * piece.hiss * bandShare(hz, piece.hissHz * options.hissScale, piece.hissWidthHz)),
    ]),
    vowels: rows.map((sound) => (sound.group === 'vowel' ? 1 : 0)),
    stretches: rows.map((sound) => (sound.group === 'pause' ? 0 : 1)),
  };
}

/** As many pieces for every sound: missing ones repeat the last and take no time. */
function piecesOf(sound: Sound): readonly Piece[] {
  const last = sound.pieces.at(-1) ?? silence(0);
  return Array.from({ length: PIECES_MAX }, (_, n) => sound.pieces[n] ?? { ...last, ms: 0 });
}

/** Gain of two band passes of that centre and width, one behind the other. */
function bandShare(hz: number, centreHz: number, widthHz: number): number {
  const detune = (hz * hz - centreHz * centreHz) / (hz * widthHz);
  return 1 / (1 + detune * detune);
}

/** The order of the columns that are smoothed, and how long each window is. */
export function glideWindows(bands: number): readonly number[] {
  const repeat = (length: number, window: number) => Array.from({ length }, () => window);
  return [
    ...repeat(FORMANTS, GLIDE.formants),
    ...repeat(FORMANTS + 2, GLIDE.voicing),
    ...repeat(bands, GLIDE.hiss),
    GLIDE.accent,
    GLIDE.accent,
  ];
}

/** Hann windows centred in rows of equal length. Shape: [windows, 1, longest]. */
export function glideKernels(windows: readonly number[]): { readonly length: number; readonly rows: readonly number[] } {
  const length = Math.max(...windows);
  const rows = windows.flatMap((window) => {
    const edge = Array.from({ length: (length - window) / 2 }, () => 0);
    return [...edge, ...hann(window), ...edge];
  });
  return { length, rows };
}

export const BAND_TAPS = 97;

export interface Band {
  readonly fromHz: number;
  readonly toHz: number;
}

/** Neighbouring bands that together pass everything: narrow below, wide above. */
export function hissBands(sampleRateHz: number): readonly Band[] {
  const edges = [0, 300, 600, 1000, 1400, 1800, 2300, 2900, 3600, 4400, 5200, 6100, 7000, sampleRateHz / 2];
  return edges.slice(0, -1).map((fromHz, index) => ({ fromHz, toHz: edges[index + 1] ?? fromHz }));
}

/** A band pass as the difference of two windowed sincs, gain 1 inside. Shape: odd number of taps. */
export function bandKernel(band: Band, sampleRateHz: number, taps: number): readonly number[] {
  const middle = (taps - 1) / 2;
  return Array.from({ length: taps }, (_, n) => {
    const at = n - middle;
    const window = 0.54 + 0.46 * Math.cos((Math.PI * at) / middle);
    return window * (sinc(at, (2 * band.toHz) / sampleRateHz) - sinc(at, (2 * band.fromHz) / sampleRateHz));
  });
}

function sinc(at: number, share: number): number {
  return at === 0 ? share : Math.sin(Math.PI * share * at) / (Math.PI * at);
}
