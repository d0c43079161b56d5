/**
 * The formant synthesiser as a graph: token ids → pieces → frames → harmonics and bands of noise → samples. It follows the rules of plan.ts
 * and tracks.ts; what differs from the reference is the source, which here is a sum of harmonics.
 */
import type { GraphWriter, Value } from '../graph/writer.js';
import { FIFTH_FORMANT, FORMANTS, MARK, PIECES_MAX, type Sound } from './formants.js';
import { createOps, type Ops } from './graph-ops.js';
import { PIPER_SCALES } from './piper-config.js';
import { MELODY, TIMING } from './plan.js';
import { hissScale, SYNTH } from './synth.js';
import { FRAME_MS } from './tracks.js';
import {
  BAND_TAPS,
  type Band,
  bandKernel,
  glideKernels,
  glideWindows,
  hissBands,
  tablesOf,
  tokenMap,
  type VoiceTables,
} from './voice-tables.js';

export interface SpeechDesign {
  readonly pitchHz: number;
  readonly formantScale: number;
  /** Length of its sounds, 1: as everybody's. */
  readonly pace: number;
  readonly liveliness: number;
  readonly breathiness: number;
  /** White noise under the whole utterance, dB below the speech; null for none. */
  readonly noiseDb: number | null;
  /** Nothing above this is heard; null for everything. */
  readonly cutoffHz: number | null;
  readonly sounds?: readonly Sound[];
}

/** Longest utterance: a minute. */
const FRAMES_MAX = 12_000;
const HARMONICS_TO_HZ = 5000;
const HARMONICS_FADE_HZ = 300;
/** Beside the last sounds: the punctuation and the end symbol. */
const EDGE_TOKENS = 2;
const DURATION_JITTER = 0.05;
const PITCH_JITTER = 0.02;
const CUTOFF_TAPS = 193;

interface Frames {
  /** [F, FORMANTS] each. */
  readonly formantsHz: Value;
  readonly widthsHz: Value;
  /** [F, 1] each. */
  readonly voicing: Value;
  readonly breath: Value;
  /** [F, bands] */
  readonly hiss: Value;
  /** [F, 1] Hz */
  readonly pitchHz: Value;
}

/** What a voice is told, however its inputs are called. Each is [1], the sounds [n]. */
export interface Inputs {
  /** Rows of the sound table. */
  readonly ids: Value;
  readonly noise: Value;
  readonly length: Value;
  readonly noiseW: Value;
  /** What the pitch is multiplied by; null for the voice's own. */
  readonly pitch: Value | null;
}

/** How the graph is called from outside. */
export interface VoicePorts {
  readonly inputs: (writer: GraphWriter, ops: Ops) => Inputs;
  /** Audio as [1, 1, T], and the frames as [F, COLUMNS]. */
  readonly outputs: (writer: GraphWriter, ops: Ops, audio: Value, frames: Value) => void;
}

export function writeSpeech(writer: GraphWriter, design: SpeechDesign, sampleRateHz: number, ports: VoicePorts): void {
  const ops = createOps(writer);
  const inputs = ports.inputs(writer, ops);
  const frames = writeFrames(writer, ops, inputs, design, hissBands(sampleRateHz));
  const audio = writeAudio(writer, ops, frames, inputs.noise, design, sampleRateHz);
  ports.outputs(writer, ops, audio, packed(ops, frames));
}

/** The first half alone: tokens to frames. */
export function writeAcoustic(writer: GraphWriter, design: SpeechDesign, sampleRateHz: number, ports: VoicePorts): void {
  const ops = createOps(writer);
  const frames = packed(ops, writeFrames(writer, ops, ports.inputs(writer, ops), design, hissBands(sampleRateHz)));
  ports.outputs(writer, ops, frames, frames);
}

/** The second half: frames, as `outputs` of an acoustic graph got them, to audio. */
export function writeVocoder(
  writer: GraphWriter,
  design: SpeechDesign,
  sampleRateHz: number,
  ports: {
    readonly input: (writer: GraphWriter, ops: Ops) => Value;
    readonly output: (writer: GraphWriter, ops: Ops, audio: Value) => void;
  },
): void {
  const ops = createOps(writer);
  const rows = ports.input(writer, ops);
  const frames = unpacked(ops, rows, hissBands(sampleRateHz).length);
  ports.output(writer, ops, writeAudio(writer, ops, frames, writer.floats([PIPER_SCALES.noise]), design, sampleRateHz));
}

/** How many columns `packed` makes. */
export function frameColumns(sampleRateHz: number): number {
  return 2 * FORMANTS + 3 + hissBands(sampleRateHz).length;
}

function packed(ops: Ops, { formantsHz, widthsHz, voicing, breath, pitchHz, hiss }: Frames): Value {
  return ops.concat([formantsHz, widthsHz, voicing, breath, pitchHz, hiss], 1);
}

function unpacked(ops: Ops, rows: Value, bands: number): Frames {
  const column = (from: number, width: number) => ops.slice(rows, from, from + width, 1);
  return {
    formantsHz: column(0, FORMANTS),
    widthsHz: column(FORMANTS, FORMANTS),
    voicing: column(2 * FORMANTS, 1),
    breath: column(2 * FORMANTS + 1, 1),
    pitchHz: column(2 * FORMANTS + 2, 1),
    hiss: column(2 * FORMANTS + 3, bands),
  };
}

function writeAudio(writer: GraphWriter, ops: Ops, frames: Frames, noise: Value, design: SpeechDesign, sampleRateHz: number): Value {
  const hop = Math.round((sampleRateHz * FRAME_MS) / 1000);
  const clean = writeSamples(writer, ops, frames, noise, { design, bands: hissBands(sampleRateHz), hop, sampleRateHz });
  const heard = degrade(writer, ops, clean, design, sampleRateHz);
  const peak = writer.node('ReduceMax', [ops.op('Abs', heard)], { keepdims: { int: 0 } });
  const gain = ops.div(writer.float(SYNTH.peak), ops.add(peak, writer.float(1e-6)));
  return ops.mul(heard, gain);
}

interface Said {
  /** The symbol itself, and its neighbours. */
  readonly ids: Value;
  readonly before: Value;
  readonly after: Value;
  readonly long: Value;
  /** Which sound it is: a long mark is the vowel before it. */
  readonly own: Value;
  /** Which sound it has the formants of: h has those of the next one. */
  readonly shape: Value;
  /** 1 where it is a vowel, or a vowel under that stress. */
  readonly vowel: Value;
  readonly primary: Value;
  readonly secondary: Value;
}

function writeFrames(writer: GraphWriter, ops: Ops, inputs: Inputs, design: SpeechDesign, bands: readonly Band[]): Frames {
  const tables = tablesOf({
    formantScale: design.formantScale,
    pace: design.pace,
    hissScale: hissScale(design),
    hissGain: SYNTH.hissGain,
    bandsHz: bands.map(({ fromHz, toHz }) => (fromHz + toHz) / 2),
    ...(design.sounds === undefined ? {} : { sounds: design.sounds }),
  });
  const said = writeSaid(writer, ops, inputs.ids, tables);
  const ends = writeEnds(writer, ops, said, inputs, tables);

  // Which piece each frame is in.
  const total = ops.op('Min', ops.op('Ceil', ops.slice(ends, -1, Number.MAX_SAFE_INTEGER)), writer.floats([FRAMES_MAX]));
  const frameCount = ops.reshape(ops.integer(ops.op('Max', total, writer.floats([1]))), []);
  const grid = ops.float(writer.node('Range', [writer.integer(0), frameCount, writer.integer(1)]));
  const passed = ops.op('LessOrEqual', ops.unsqueeze(ends, 0), ops.unsqueeze(ops.add(grid, writer.float(0.5)), 1));
  const last = ops.sub(ops.op('Size', ends), writer.integer(1));
  const piece = ops.op('Min', ops.integer(ops.sum(ops.float(passed), 1)), last);

  // Targets by piece, then by frame, then smoothed.
  const levels = FORMANTS + 2 + bands.length;
  const formants = ops.op('Gather', writer.floats(tables.formants, [tables.tokens, PIECES_MAX, FORMANTS]), said.shape);
  const others = ops.op('Gather', writer.floats(tables.levels, [tables.tokens, PIECES_MAX, levels]), said.own);
  const accent = ops.mul(said.vowel, ops.add(ops.scale(said.primary, MELODY.primary), ops.scale(said.secondary, MELODY.secondary)));
  const accents = ops.mul(ops.reshape(accent, [-1, 1, 1]), writer.floats(Array(PIECES_MAX).fill(1), [1, PIECES_MAX, 1]));
  const byPiece = ops.reshape(ops.concat([formants, others, accents], 2), [-1, FORMANTS + levels + 1]);
  const wander = ops.mul(ops.unsqueeze(ops.noiseLike(grid), 1), inputs.noise);
  const targets = ops.concat([ops.op('Gather', byPiece, piece), wander], 1);
  const smooth = smoothed(writer, ops, targets, glideWindows(bands.length));
  const column = (from: number, width: number) => ops.slice(smooth, from, from + width, 1);

  const line = writeLine(writer, ops, said.ids, ops.div(grid, ops.float(frameCount)));
  const semitones = ops.scale(ops.add(ops.unsqueeze(line, 1), column(FORMANTS + levels, 1)), design.liveliness);
  const jitter = ops.scale(column(FORMANTS + levels + 1, 1), design.liveliness * PITCH_JITTER);
  const steps = ops.add(ops.scale(semitones, Math.LN2 / 12), jitter);
  const own = ops.scale(ops.op('Exp', steps), design.pitchHz);
  return {
    formantsHz: column(0, FORMANTS),
    widthsHz: column(FORMANTS, FORMANTS),
    voicing: column(2 * FORMANTS, 1),
    breath: column(2 * FORMANTS + 1, 1),
    hiss: column(2 * FORMANTS + 2, bands.length),
    pitchHz: inputs.pitch === null ? own : ops.mul(own, inputs.pitch),
  };
}

function isSymbol(writer: GraphWriter, ops: Ops, value: Value, symbol: string): Value {
  return ops.op('Equal', value, writer.integer(tokenMap()[symbol] ?? -1));
}

function writeSaid(writer: GraphWriter, ops: Ops, ids: Value, tables: VoiceTables): Said {
  const is = (value: Value, symbol: string) => isSymbol(writer, ops, value, symbol);
  const before = ops.shift(ids, -1);
  const after = ops.shift(ids, 1);
  const long = is(ids, MARK.long);
  const own = ops.where(long, before, ids);
  const stressedBy = ops.where(long, ops.shift(ids, -2), before);
  const marked = ops.op('Or', is(after, MARK.primary), is(after, MARK.secondary));
  const shape = ops.where(is(ids, 'h'), ops.where(marked, ops.shift(ids, 2), after), own);
  const primary = ops.float(is(stressedBy, MARK.primary));
  const secondary = ops.float(is(stressedBy, MARK.secondary));
  const vowel = ops.op('Gather', writer.floats(tables.vowels), own);
  return { ids, before, after, long, own, shape, vowel, primary, secondary };
}

/** Where each piece ends, in frames. Shape: [tokens * PIECES_MAX]. */
function writeEnds(writer: GraphWriter, ops: Ops, said: Said, inputs: Inputs, tables: VoiceTables): Value {
  const { ids, before, after, own, primary, secondary } = said;
  const is = (value: Value, symbol: string) => isSymbol(writer, ops, value, symbol);
  const blend = (base: number, a: Value, withA: number, b: Value, withB: number) =>
    ops.add(writer.float(base), ops.add(ops.scale(a, withA - base), ops.scale(b, withB - base)));
  const byStress = blend(TIMING.unstressed, primary, TIMING.primary, secondary, TIMING.secondary);
  const asVowel = ops.mul(byStress, ops.add(writer.float(1), ops.scale(ops.float(said.long), TIMING.longMark - 1)));
  const pair = (first: Value, second: Value) =>
    ops.float(ops.op('Or', ops.op('And', is(first, 't'), is(second, 'ʃ')), ops.op('And', is(first, 'd'), is(second, 'ʒ'))));
  const asConsonant = blend(1, pair(ids, after), TIMING.affricateHead, pair(before, ids), TIMING.affricateTail);
  const stretch = ops.add(asConsonant, ops.mul(said.vowel, ops.sub(asVowel, asConsonant)));
  const count = ops.op('Size', ids);
  const place = writer.node('Range', [writer.integer(0), count, writer.integer(1)]);
  const fromPlace = ops.sub(count, writer.integer(TIMING.finalSounds + EDGE_TOKENS));
  const final = ops.mul(ops.float(ops.op('GreaterOrEqual', place, fromPlace)), ops.op('Gather', writer.floats(tables.stretches), own));
  const drawn = ops.mul(stretch, ops.add(writer.float(1), ops.scale(final, TIMING.final - 1)));
  const jitter = ops.op('Exp', ops.mul(ops.scale(ops.noiseLike(drawn), DURATION_JITTER), inputs.noiseW));
  const lengthOf = ops.mul(ops.mul(drawn, jitter), inputs.length);
  const perToken = ops.op('Gather', writer.floats(tables.frames, [tables.tokens, PIECES_MAX]), own);
  return ops.cumSum(ops.reshape(ops.mul(perToken, ops.unsqueeze(lengthOf, 1)), [-1]));
}

/** The slow movement of the pitch, as lineAt has it. Units: 0..1 of the utterance → semitones. */
function writeLine(writer: GraphWriter, ops: Ops, ids: Value, at: Value): Value {
  const tail = ops.op('Relu', ops.scale(ops.sub(at, writer.float(MELODY.tailFrom)), 1 / (1 - MELODY.tailFrom)));
  const question = writer.node('ReduceMax', [ops.float(isSymbol(writer, ops, ids, '?'))], { keepdims: { int: 0 } });
  const turn = ops.add(writer.float(MELODY.fall), ops.scale(question, MELODY.rise - MELODY.fall));
  return ops.add(ops.add(writer.float(MELODY.start), ops.scale(at, MELODY.end - MELODY.start)), ops.mul(tail, turn));
}

/** Each column with its own window; the first and the last row go on beyond the ends. */
function smoothed(writer: GraphWriter, ops: Ops, rows: Value, windows: readonly number[]): Value {
  const { length, rows: kernels } = glideKernels(windows);
  const half = (length - 1) / 2;
  const channels = ops.unsqueeze(ops.transpose(rows, [1, 0]), 0);
  const padded = writer.node('Pad', [channels, writer.integers([0, 0, half, 0, 0, half])], { mode: { text: 'edge' } });
  const weights = writer.floats(kernels, [windows.length, 1, length]);
  const out = writer.node('Conv', [padded, weights], { group: { int: windows.length } });
  return ops.transpose(ops.reshape(out, [windows.length, -1]), [1, 0]);
}

interface Stage {
  readonly design: SpeechDesign;
  readonly bands: readonly Band[];
  readonly hop: number;
  readonly sampleRateHz: number;
}

function writeSamples(writer: GraphWriter, ops: Ops, frames: Frames, noise: Value, stage: Stage): Value {
  const { design, bands, hop, sampleRateHz } = stage;
  const harmonics = Math.ceil(HARMONICS_TO_HZ / design.pitchHz);
  const numbers = Array.from({ length: harmonics }, (_, n) => n + 1);
  const centres = bands.map(({ fromHz, toHz }) => (fromHz + toHz) / 2);

  // Phase in cycles: exact at the frame's start, quadratic inside it.
  const nextPitch = ops.next(frames.pitchHz);
  const cycles = ops.scale(ops.add(frames.pitchHz, nextPitch), hop / (2 * sampleRateHz));
  const start = ops.fraction(ops.cumSumBefore(cycles));
  const ramp = Array.from({ length: hop }, (_, n) => (n * n) / (2 * hop * sampleRateHz));
  const basis = [...ramp.map(() => 1), ...ramp.map((value, n) => n / sampleRateHz - value), ...ramp];
  const phase = ops.op('MatMul', ops.concat([start, frames.pitchHz, nextPitch], 1), writer.floats(basis, [3, hop]));
  const angles = ops.mul(ops.unsqueeze(phase, 2), writer.floats(numbers.map((k) => 2 * Math.PI * k)));
  const waves = ops.op('Sin', ops.add(angles, writer.floats(numbers.map((k) => (Math.PI * k * (k - 1)) / harmonics))));

  // What the tract lets through, at each harmonic and at each band of noise.
  const harmonicsHz = ops.mul(frames.pitchHz, writer.floats(numbers));
  const bandsHz = ops.add(ops.scale(frames.pitchHz, 0), writer.floats(centres));
  const gains = tractGain(writer, ops, frames, ops.concat([harmonicsHz, bandsHz], 1), design);
  const fade = ops.clip(ops.scale(ops.sub(writer.float(HARMONICS_TO_HZ), harmonicsHz), 1 / HARMONICS_FADE_HZ), 0, 1);
  const pulse = writer.floats(numbers.map((k) => SYNTH.pulseGain / k));
  const voice = ops.mul(ops.mul(frames.voicing, fade), ops.mul(ops.slice(gains, 0, harmonics, 1), pulse));
  const breathiness = ops.scale(ops.mul(frames.voicing, noise), design.breathiness / PIPER_SCALES.noise);
  const breath = ops.scale(ops.add(frames.breath, breathiness), SYNTH.breathGain);
  const hiss = ops.add(
    ops.add(frames.hiss, writer.float(SYNTH.room)),
    ops.mul(breath, ops.slice(gains, harmonics, harmonics + bands.length, 1)),
  );

  const white = ops.reshape(ops.noiseLike(phase), [1, 1, -1]);
  const kernels = bands.flatMap((band) => bandKernel(band, sampleRateHz, BAND_TAPS));
  const filtered = ops.convolve(white, writer.floats(kernels, [bands.length, 1, BAND_TAPS]), BAND_TAPS);
  const hissing = ops.reshape(ops.transpose(ops.reshape(filtered, [bands.length, -1]), [1, 0]), [-1, hop, bands.length]);

  const mixed = ops.add(ops.op('MatMul', waves, ops.pairs(voice)), ops.op('MatMul', hissing, ops.pairs(hiss)));
  const slide = Array.from({ length: hop }, (_, n) => [1 - n / hop, n / hop]).flat();
  return ops.reshape(ops.sum(ops.mul(mixed, writer.floats(slide, [hop, 2])), 2), [1, 1, -1]);
}

/** |cascade of five resonances|, with the lip's rise. Shape: [F, K] Hz → [F, K]. */
function tractGain(writer: GraphWriter, ops: Ops, frames: Frames, hz: Value, design: SpeechDesign): Value {
  const nothing = ops.scale(frames.pitchHz, 0);
  const withFifth = (values: Value, fifth: number) => ops.concat([values, ops.add(nothing, writer.float(fifth))], 1);
  const centre = ops.unsqueeze(withFifth(frames.formantsHz, FIFTH_FORMANT.hz * design.formantScale), 2);
  const width = ops.unsqueeze(withFifth(frames.widthsHz, FIFTH_FORMANT.widthHz), 2);
  // In kHz, so that fourth powers stay small.
  const square = (value: Value) => ops.mul(ops.scale(value, 1e-3), ops.scale(value, 1e-3));
  const centre2 = square(centre);
  const hz2 = square(ops.unsqueeze(hz, 1));
  const off = ops.sub(centre2, hz2);
  const ratio = ops.div(ops.mul(centre2, centre2), ops.add(ops.mul(off, off), ops.mul(hz2, square(width))));
  const power = writer.node('ReduceProd', [ratio], { axes: { ints: [1] }, keepdims: { int: 0 } });
  const tilt = SYNTH.lift;
  const lifted = ops.add(writer.float((1 - tilt) * (1 - tilt)), ops.scale(square(hz), tilt * SYNTH.liftPerKhz2));
  return ops.op('Sqrt', ops.mul(power, lifted));
}

function degrade(writer: GraphWriter, ops: Ops, clean: Value, design: SpeechDesign, sampleRateHz: number): Value {
  let heard = clean;
  if (design.cutoffHz !== null) {
    const kernel = bandKernel({ fromHz: 0, toHz: design.cutoffHz }, sampleRateHz, CUTOFF_TAPS);
    heard = ops.convolve(heard, writer.floats(kernel, [1, 1, CUTOFF_TAPS]), CUTOFF_TAPS);
  }
  if (design.noiseDb !== null) {
    const power = writer.node('ReduceMean', [ops.mul(heard, heard)], { keepdims: { int: 0 } });
    const level = ops.scale(ops.op('Sqrt', power), 10 ** (-design.noiseDb / 20));
    heard = ops.add(heard, ops.mul(ops.noiseLike(heard), level));
  }
  return heard;
}
