/** The tensors that a graph is fed with, as its manifest binds them, and the audio that comes back. */
import { fromHex } from '../../protocol/digest.js';
import type { Audio } from '../audio.js';
import { BIND_RULES, type GraphInput, type InputType } from '../contracts/inputs.js';
import { scoringFailure } from '../failures.js';
import { SEED_WORDS, seedWords } from '../graph/random.js';
import type { Manifest } from '../manifest.js';
import type { GraphTensor } from './graph-process.js';

/** What one utterance gives to its graphs. */
export interface Material {
  readonly ids: readonly number[];
  /** The row of the style table, for a voice that has one. */
  readonly style: Float32Array | null;
  /** What the graph before gave; null for the first. */
  readonly mel: GraphTensor | null;
  /** 32 bytes as hex. */
  readonly seed: string;
}

/** Shape: the inputs of one graph and the name of its seed input → its feeds. */
export function feedsOf(inputs: readonly GraphInput[], seedInput: string | null, material: Material): readonly GraphTensor[] {
  const feeds = inputs.map((input) => feedOf(input, material));
  if (seedInput === null) return feeds;
  const words = seedWords(fromHex(material.seed));
  return [...feeds, { name: seedInput, type: 'int64', dims: [SEED_WORDS], bytes: bytesOf(words) }];
}

function feedOf(input: GraphInput, { ids, style, mel }: Material): GraphTensor {
  const { name, bind, type, values } = input;
  if (bind === 'mel') return melFeed(input, mel);
  if (bind === 'tokens') return tensor(input, ids);
  if (bind === 'attentionMask')
    return tensor(
      input,
      ids.map(() => 1),
    );
  if (bind === 'tokenCount') return tensor(input, [ids.length]);
  if (bind === 'style') return { name, type, dims: dimsOf(input.rank, style?.length ?? 0), bytes: bytesOf(style ?? new Float32Array(0)) };
  return tensor(input, BIND_RULES[bind].milli ? values.map((value) => value / 1000) : values);
}

/** As it came, one axis less or more of length 1 where the two graphs do not agree about the batch. Errors: throws scoring.mel_shape. */
function melFeed({ name, rank }: GraphInput, mel: GraphTensor | null): GraphTensor {
  const dims = mel?.dims ?? [];
  const fitted = dims.length === rank + 1 && dims[0] === 1 ? dims.slice(1) : dims.length === rank - 1 ? [1, ...dims] : dims;
  if (mel === null || mel.type !== 'float32' || fitted.length !== rank || fitted.includes(0)) {
    throw scoringFailure('scoring.mel_shape', { actual: `${mel?.type ?? 'nothing'}[${dims.join(',')}]`, dimensions: rank });
  }
  return { name, type: 'float32', dims: fitted, bytes: mel.bytes };
}

function tensor({ name, type, rank }: GraphInput, values: readonly number[]): GraphTensor {
  return { name, type, dims: dimsOf(rank, values.length), bytes: bytesOf(numbers(type, values)) };
}

function dimsOf(rank: number, length: number): readonly number[] {
  if (rank === 0) return [];
  return rank === 1 ? [length] : [1, length];
}

function numbers(type: InputType, values: readonly number[]): ArrayBufferView {
  if (type === 'int64') return BigInt64Array.from(values.map(BigInt));
  return type === 'int32' ? Int32Array.from(values) : Float32Array.from(values);
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Errors: throws scoring.audio_*. Silence is left to the judge. */
export function audioOf({ audio }: Manifest, maxSamples: number, tensor: GraphTensor | undefined): Audio {
  const rank = audio.layout.length;
  const shaped = tensor?.type === 'float32' && tensor.dims.length === rank && tensor.dims.slice(0, -1).every((dim) => dim === 1);
  if (tensor === undefined || !shaped || tensor.dims.at(-1) !== tensor.bytes.length / 4) {
    const actual = tensor === undefined ? 'missing' : `${tensor.type}[${tensor.dims.join(',')}]`;
    throw scoringFailure('scoring.audio_shape', { actual, expected: `float32[${audio.layout.replaceAll('B', '1').split('').join(',')}]` });
  }
  const { bytes } = tensor;
  const samples = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  if (samples.length === 0) throw scoringFailure('scoring.audio_empty');
  if (samples.length > maxSamples) throw scoringFailure('scoring.audio_too_long', { samples: samples.length, maxSamples });
  const index = samples.findIndex((sample) => !Number.isFinite(sample));
  if (index >= 0) throw scoringFailure('scoring.audio_not_finite', { index });
  return { samples, sampleRateHz: audio.sampleRateHz };
}
