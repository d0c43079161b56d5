/** The inputs and outputs of published voices, name by name and shape by shape, around our own synthesiser. */
import type { GraphWriter, Value } from '../graph/writer.js';
import type { Ops } from './graph-ops.js';
import { LETTER_SOUNDS_MAX, type LetterTables } from './letters.js';
import { PIPER_SCALES } from './piper-config.js';
import type { Inputs, VoicePorts } from './voice-graph.js';
import { TOKEN, tokenMap } from './voice-tables.js';

/** How much higher than the one before each speaker speaks. */
const SPEAKER_STEP = 0.4;

/** `input`, `input_lengths`, `scales` and, with several speakers, `sid`; `output` [1, 1, T]. */
export function piperPorts(speakers: number): VoicePorts {
  return {
    inputs(writer, ops) {
      const tokens = writer.input('input', 'int64', ['batch_size', 'phonemes']);
      const lengths = writer.input('input_lengths', 'int64', ['batch_size']);
      const scales = writer.input('scales', 'float32', [3]);
      const pitch = speakers > 1 ? speakerPitch(writer, ops, writer.input('sid', 'int64', ['batch_size'])) : null;
      const ids = soundIds(writer, ops, saidOf(writer, ops, tokens, lengths));
      return { ids, noise: ops.slice(scales, 0, 1), length: ops.slice(scales, 1, 2), noiseW: ops.slice(scales, 2, 3), pitch };
    },
    outputs(writer, _ops, audio) {
      writer.node('Identity', [audio], {}, 'output');
      writer.output('output', 'float32', ['batch_size', 1, 'time']);
    },
  };
}

/** `x`, `x_length`, `noise_scale`, `length_scale`, `noise_scale_w` and, with several speakers, `sid`; `y` [1, 1, L]. */
export function sherpaPorts(speakers: number): VoicePorts {
  return {
    inputs(writer, ops) {
      const x = writer.input('x', 'int64', ['N', 'L']);
      const lengths = writer.input('x_length', 'int64', ['N']);
      const noise = writer.input('noise_scale', 'float32', [1]);
      const length = writer.input('length_scale', 'float32', [1]);
      const noiseW = writer.input('noise_scale_w', 'float32', [1]);
      const pitch = speakers > 1 ? speakerPitch(writer, ops, writer.input('sid', 'int64', [1])) : null;
      return { ids: soundIds(writer, ops, saidOf(writer, ops, x, lengths)), noise, length, noiseW, pitch };
    },
    outputs(writer, _ops, audio) {
      writer.node('Identity', [audio], {}, 'y');
      writer.output('y', 'float32', ['N', 1, 'T']);
    },
  };
}

/** `input_ids`, `attention_mask`; `waveform` [1, T] and a `spectrogram` that nobody needs. Reads letters. */
export function mmsPorts(letters: LetterTables): VoicePorts {
  return {
    inputs(writer, ops) {
      const ids = writer.input('input_ids', 'int64', ['batch_size', 'sequence_length']);
      const mask = writer.input('attention_mask', 'int64', ['batch_size', 'sequence_length']);
      const row = kept(ops, ops.reshape(ops.mul(ids, mask), [-1]));
      return { ids: edged(writer, ops, spelled(writer, ops, row, letters)), ...fixedScales(writer), pitch: null };
    },
    outputs(writer, ops, audio, frames) {
      writer.node('Reshape', [audio, writer.integers([1, -1])], {}, 'waveform');
      writer.output('waveform', 'float32', ['batch_size', 'n_samples']);
      writer.node('Unsqueeze', [ops.transpose(frames, [1, 0]), writer.integers([0])], {}, 'spectrogram');
      writer.output('spectrogram', 'float32', ['batch_size', 'bins', 'frames']);
    },
  };
}

export interface KokoroNames {
  readonly tokens: 'input_ids' | 'tokens';
  readonly speed: 'float32' | 'int32';
  readonly audio: 'waveform' | 'audio';
  readonly duration: boolean;
}

/** Tokens, `style` [1, 256], `speed` [1]; audio [T] and, in some exports, the durations. `sounds`: rows of the sound table by token, two each. */
export function kokoroPorts(names: KokoroNames, sounds: readonly (readonly [number, number])[]): VoicePorts {
  let said = '';
  return {
    inputs(writer, ops) {
      const tokens = writer.input(names.tokens, 'int64', [1, 'sequence_length']);
      const style = writer.input('style', 'float32', [1, 256]);
      const speed = writer.input('speed', names.speed, [1]);
      said = ops.reshape(tokens, [-1]);
      const highest = writer.integer(sounds.length - 1);
      const table = writer.integers(sounds.flat(), [sounds.length, 2]);
      const spoken = ops.op('Gather', table, ops.op('Max', ops.op('Min', said, highest), writer.integer(0)));
      const pitch = ops.op('Exp', ops.scale(ops.reshape(ops.slice(style, 0, 1, 1), [1]), Math.LN2));
      const { noise, noiseW } = fixedScales(writer);
      const length = ops.div(writer.floats([1]), names.speed === 'float32' ? speed : ops.float(speed));
      return { ids: edged(writer, ops, kept(ops, ops.reshape(spoken, [-1]))), noise, length, noiseW, pitch };
    },
    outputs(writer, ops, audio) {
      writer.node('Reshape', [audio, writer.integers([-1])], {}, names.audio);
      writer.output(names.audio, 'float32', ['num_samples']);
      if (!names.duration) return;
      writer.node('Add', [ops.op('Sub', said, said), writer.integer(1)], {}, 'duration');
      writer.output('duration', 'int64', ['sequence_length']);
    },
  };
}

export const MEL_CHANNELS = 80;

/**
 * `x`, `x_length`, `noise_scale`, `length_scale`; `mel` [1, 80, L]. It has the shape of a mel spectrogram and carries the parameters of our
 * synthesiser: only our own vocoder understands it, as only the vocoder of a real voice understands that voice's mel.
 */
export function matchaPorts(columns: number): VoicePorts {
  return {
    inputs(writer, ops) {
      const x = writer.input('x', 'int64', ['N', 'L']);
      const lengths = writer.input('x_length', 'int64', ['N']);
      const noise = writer.input('noise_scale', 'float32', [1]);
      const length = writer.input('length_scale', 'float32', [1]);
      const { noiseW } = fixedScales(writer);
      return { ids: soundIds(writer, ops, saidOf(writer, ops, x, lengths)), noise, length, noiseW, pitch: null };
    },
    outputs(writer, ops, frames) {
      const wide = writer.node('Pad', [frames, writer.integers([0, 0, 0, MEL_CHANNELS - columns])]);
      writer.node('Unsqueeze', [ops.transpose(wide, [1, 0]), writer.integers([0])], {}, 'mel');
      writer.output('mel', 'float32', ['N', MEL_CHANNELS, 'L']);
    },
  };
}

/** `mel` [1, 80, L]; `audio` [1, T], as HiFi-GAN is exported. */
export const VOCODER_PORTS = {
  input(writer: GraphWriter, ops: Ops): Value {
    const mel = writer.input('mel', 'float32', ['N', MEL_CHANNELS, 'L']);
    return ops.transpose(ops.reshape(mel, [MEL_CHANNELS, -1]), [1, 0]);
  },
  output(writer: GraphWriter, _ops: Ops, audio: Value): void {
    writer.node('Reshape', [audio, writer.integers([1, -1])], {}, 'audio');
    writer.output('audio', 'float32', ['N', 'T']);
  },
} as const;

function fixedScales(writer: GraphWriter): Pick<Inputs, 'noise' | 'length' | 'noiseW'> {
  const { noise, length, noiseW } = PIPER_SCALES;
  return { noise: writer.floats([noise]), length: writer.floats([length]), noiseW: writer.floats([noiseW]) };
}

function speakerPitch(writer: GraphWriter, ops: Ops, sid: Value): Value {
  return ops.add(writer.float(1), ops.scale(ops.float(ops.reshape(sid, [1])), SPEAKER_STEP));
}

/** The first row up to its length, without pads. */
function saidOf(writer: GraphWriter, ops: Ops, tokens: Value, lengths: Value): Value {
  const row = ops.reshape(ops.slice(tokens, 0, 1), [-1]);
  return kept(ops, writer.node('Slice', [row, writer.integers([0]), ops.slice(lengths, 0, 1)]));
}

function kept(ops: Ops, row: Value): Value {
  return ops.op('Gather', row, ops.reshape(ops.op('NonZero', row), [-1]));
}

function soundIds(writer: GraphWriter, ops: Ops, ids: Value): Value {
  const highest = writer.integer(Math.max(...Object.values(tokenMap())));
  return ops.op('Max', ops.op('Min', ids, highest), writer.integer(0));
}

/** The silence at both ends that other voices have as tokens. */
function edged(writer: GraphWriter, ops: Ops, ids: Value): Value {
  return ops.concat([writer.integers([TOKEN.bos]), ids, writer.integers([TOKEN.eos])], 0);
}

/** Letters to sounds: each by itself and the letter after it, unless the letter before it has spoken for both. */
function spelled(writer: GraphWriter, ops: Ops, row: Value, { letters, pairs, silent }: LetterTables): Value {
  const known = ops.op('Max', ops.op('Min', row, writer.integer(letters - 1)), writer.integer(0));
  const width = writer.integer(letters);
  const withNext = ops.add(ops.mul(known, width), ops.shift(known, 1));
  const withLast = ops.add(ops.mul(ops.shift(known, -1), width), known);
  const sounds = ops.op('Gather', writer.integers(pairs, [letters * letters, LETTER_SOUNDS_MAX]), withNext);
  const heard = ops.unsqueeze(ops.op('Gather', writer.integers(silent), withLast), 1);
  return kept(ops, ops.reshape(ops.mul(sounds, heard), [-1]));
}
