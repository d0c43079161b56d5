/**
 * Small networks with the exact inputs and outputs of the published judges, so that the whole way of neural-1 can be walked without their
 * weights. They hear nothing: what they answer is fixed, or depends on the loudness of the speech.
 */
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createGraphWriter, type GraphWriter, type Value } from '../../scoring/graph/writer.js';
import type { NeuralFiles, NeuralGraph, NeuralModel } from '../../scoring/neural/source.js';
import { createOps } from '../../scoring/voices/graph-ops.js';

const HEAD = { name: 'judge', opset: 17, irVersion: 8, producer: 'test', metadata: {} };
const WIDTH = 8;
const HEADS = 2;
const HEAD_SIZE = WIDTH / HEADS;
const HEARD_FRAMES = 1500;
const POSITIONS = 300;

/** Numbers between -1 and 1, the same every time. */
function weights(count: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

const meanOf = (writer: GraphWriter, value: Value, axis: number, keepdims = 1) =>
  writer.node('ReduceMean', [value], { axes: { ints: [axis] }, keepdims: { int: keepdims } });

/** Says speech where it is louder than a whisper. Names, types and ranks of Silero v5 and v6. */
export function sileroGraph(): Uint8Array {
  const writer = createGraphWriter();
  const { op, scale, add, mul } = createOps(writer);
  const input = writer.input('input', 'float32', ['batch', 'sequence']);
  const state = writer.input('state', 'float32', [2, 'batch', 128]);
  writer.input('sr', 'int64', []);
  // A window without its context does not fit the kernel.
  const loud = op('MatMul', op('Abs', input), writer.floats(new Float32Array(576).fill(1 / 576), [576, 1]));
  const remembered = meanOf(writer, op('Slice', state, writer.integers([0]), writer.integers([1]), writer.integers([2])), 0, 0);
  writer.output(
    writer.node('Sigmoid', [add(scale(op('Sub', loud, writer.float(0.001)), 5000), scale(remembered, 0.1))], {}, 'output'),
    'float32',
    ['batch', 1],
  );
  writer.output(writer.node('Tanh', [add(scale(state, 0.5), mul(loud, writer.floats([0.1])))], {}, 'stateN'), 'float32', [2, 'batch', 128]);
  return writer.bytes(HEAD);
}

/** Names, types and ranks of DNSMOS P.835. */
export function dnsmosGraph(raw: readonly number[] = [4, 4, 3.5]): Uint8Array {
  const writer = createGraphWriter();
  const { op, scale, add } = createOps(writer);
  const input = writer.input('input_1', 'float32', ['N', 144_160]);
  const loud = meanOf(writer, op('Abs', input), 1);
  writer.output(
    writer.node('Add', [scale(loud, 0.01), add(writer.floats(raw, [1, raw.length]), writer.float(0))], {}, 'Identity:0'),
    'float32',
    ['N', 3],
  );
  return writer.bytes(HEAD);
}

/** UTMOS22: a wave at 16 kHz in, one opinion score out. */
export function utmosGraph(score = 3.9): Uint8Array {
  const writer = createGraphWriter();
  const { op, scale } = createOps(writer);
  const loud = meanOf(writer, op('Abs', writer.input('wave', 'float32', ['batch', 'time'])), 1, 0);
  writer.output(writer.node('Add', [scale(loud, 0.1), writer.float(score)], {}, 'score'), 'float32', ['batch']);
  return writer.bytes(HEAD);
}

/** ECAPA, ResNet34 and CAM++ as WeSpeaker exports them. */
export function speakerGraph(): Uint8Array {
  const writer = createGraphWriter();
  const { op } = createOps(writer);
  const pooled = meanOf(writer, op('Abs', writer.input('feats', 'float32', ['B', 'T', 80])), 1, 0);
  writer.output(writer.node('MatMul', [pooled, writer.floats(weights(80 * 192, 5), [80, 192])], {}, 'embs'), 'float32', ['B', 192]);
  return writer.bytes(HEAD);
}

export function whisperEncoderGraph(bands: 80 | 128 = 80): Uint8Array {
  const writer = createGraphWriter();
  const { op, transpose, scale } = createOps(writer);
  const features = writer.input('input_features', 'float32', ['batch_size', bands, 3000]);
  const kernel = writer.floats(weights(WIDTH * bands * 3, 1), [WIDTH, bands, 3]);
  const heard = writer.node('Conv', [features, kernel], { strides: { ints: [2] }, pads: { ints: [1, 1] } });
  const rows = transpose(op('Relu', scale(heard, 0.1)), [0, 2, 1]);
  writer.output(writer.node('Identity', [rows], {}, 'last_hidden_state'), 'float32', ['batch_size', HEARD_FRAMES, WIDTH]);
  return writer.bytes(HEAD);
}

export interface DecoderDesign {
  readonly vocabulary: number;
  /** Token written at each position, after the last start token; empty: whatever the random weights say. */
  readonly script: readonly number[];
  readonly startTokens: number;
  /** As `decoder_model_merged.onnx` has it; otherwise as `decoder_model.onnx`. */
  readonly merged: boolean;
  readonly layers?: number;
}

/**
 * A decoder whose logits depend on every token so far, on what was heard and on the position. Its memory, where it has one, is the
 * embeddings so far; what the encoder said is returned by the first step alone, and later by a tensor without elements, as the merged exports do.
 */
export function whisperDecoderGraph({ vocabulary, script, startTokens, merged, layers = 2 }: DecoderDesign): Uint8Array {
  const writer = createGraphWriter();
  const { op, add, reshape, transpose, sum, integer, concat, unsqueeze, scale } = createOps(writer);
  const ids = writer.input('input_ids', 'int64', ['batch_size', 'decoder_sequence_length']);
  const hidden = writer.input('encoder_hidden_states', 'float32', ['batch_size', 'encoder_sequence_length', WIDTH]);
  const embedded = op('Gather', writer.floats(weights(vocabulary * WIDTH, 2), [vocabulary, WIDTH]), ids);
  const headed = (value: Value) => transpose(reshape(value, [1, -1, HEADS, HEAD_SIZE]), [0, 2, 1, 3]);
  const flat = (value: Value) => reshape(value, [1, 1, WIDTH]);
  const count = op('Gather', op('Shape', ids), writer.integer(1));
  let before: Value = writer.integer(0);
  let said = op('CumSum', embedded, writer.integer(1));
  let heard: Value;
  if (merged) {
    const branch = writer.input('use_cache_branch', 'bool', [1]);
    const first = op('Sub', writer.integers([1]), integer(branch));
    const length = op('Mul', first, writer.integers([HEARD_FRAMES]));
    const fresh = op('Slice', headed(hidden), writer.integers([0]), length, writer.integers([2]));
    const totals: Value[] = [];
    for (let layer = 0; layer < layers; layer++) {
      for (const part of ['decoder.key', 'decoder.value', 'encoder.key', 'encoder.value']) {
        const name = `past_key_values.${layer}.${part}`;
        const past = writer.input(name, 'float32', ['batch_size', HEADS, `${part}_length`, HEAD_SIZE]);
        const mine = part.startsWith('decoder');
        const all = concat([past, mine ? headed(embedded) : fresh], 2);
        const present = writer.node('Identity', [mine ? all : fresh], {}, `present.${layer}.${part}`);
        writer.output(present, 'float32', ['batch_size', HEADS, `${part}_length_out`, HEAD_SIZE]);
        if (layer > 0) continue;
        if (part === 'decoder.key') {
          before = op('Gather', op('Shape', past), writer.integer(2));
          totals.push(flat(sum(past, 2)));
        } else if (part === 'encoder.value') totals.push(flat(sum(all, 2)));
      }
    }
    said = add(said, totals[0]!);
    heard = totals[1]!;
  } else heard = flat(sum(headed(hidden), 2));
  const mixed = add(said, scale(heard, 1 / HEARD_FRAMES));
  const free = op('MatMul', mixed, writer.floats(weights(WIDTH * vocabulary, 3), [WIDTH, vocabulary]));
  const positions = op('Range', before, op('Add', before, count), writer.integer(1));
  const plan = op('Gather', writer.floats(planOf(vocabulary, script, startTokens), [POSITIONS, vocabulary]), positions);
  writer.output(writer.node('Add', [free, unsqueeze(plan, 0)], {}, 'logits'), 'float32', [
    'batch_size',
    'decoder_sequence_length',
    vocabulary,
  ]);
  return writer.bytes(HEAD);
}

function planOf(vocabulary: number, script: readonly number[], startTokens: number): Float32Array {
  const plan = new Float32Array(POSITIONS * vocabulary);
  script.forEach((token, at) => {
    plan[(startTokens - 1 + at) * vocabulary + token] = 1e6;
  });
  return plan;
}

/** A vocabulary of single bytes and the special tokens: as a `tokenizer.json`. */
export const TEST_TOKENS = { end: 256, start: [257, 258, 259, 260], size: 261 } as const;

export function tokenizerJson(): Uint8Array {
  let spare = 0x100;
  const plain = (byte: number) => (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
  const vocab = Object.fromEntries(Array.from({ length: 256 }, (_, byte) => [String.fromCodePoint(plain(byte) ? byte : spare++), byte]));
  const special = ['<|endoftext|>', '<|startoftranscript|>', '<|en|>', '<|transcribe|>', '<|notimestamps|>'];
  const added_tokens = special.map((content, at) => ({ id: TEST_TOKENS.end + at, content }));
  return new TextEncoder().encode(JSON.stringify({ model: { type: 'BPE', vocab }, added_tokens }));
}

/** Text → the tokens of `tokenizerJson`, with the end. */
export function scriptOf(text: string): readonly number[] {
  return [...new TextEncoder().encode(text), TEST_TOKENS.end];
}

export function decoderOf(text: string | null, merged: boolean): Uint8Array {
  const script = text === null ? [] : scriptOf(text);
  return whisperDecoderGraph({ vocabulary: TEST_TOKENS.size, script, startTokens: TEST_TOKENS.start.length, merged });
}

export type JudgeBytes = Readonly<Record<NeuralModel, Uint8Array>>;

/** Every model of the profile; the recogniser always hears `transcript`. */
export function judgeBytes(transcript: string | null, merged = true, others: Partial<Record<NeuralGraph, Uint8Array>> = {}): JudgeBytes {
  return {
    silero: sileroGraph(),
    whisperEncoder: whisperEncoderGraph(),
    whisperDecoder: decoderOf(transcript, merged),
    whisperTokenizer: tokenizerJson(),
    dnsmos: dnsmosGraph(),
    utmos: utmosGraph(),
    speaker: speakerGraph(),
    ...others,
  };
}

/** Writes them to a folder and pins what was written. */
export async function writeJudges(directory: string, bytes: JudgeBytes): Promise<NeuralFiles> {
  await mkdir(directory, { recursive: true });
  const pinned = await Promise.all(
    Object.entries(bytes).map(async ([name, content]) => {
      const path = join(directory, name === 'whisperTokenizer' ? 'tokenizer.json' : `${name}.onnx`);
      await writeFile(path, content);
      return [name, { path, sha256: createHash('sha256').update(content).digest('hex') }] as const;
    }),
  );
  // Safety: one entry per name of JudgeBytes.
  return Object.fromEntries(pinned) as NeuralFiles;
}
