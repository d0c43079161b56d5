/**
 * Voices as ONNX graphs, written from data: a formant synthesiser in standard operators that meets Piper's contract. They are what a
 * development network's miners publish, and what tests of the judge listen to: each kind has a known fault.
 */

import { concatBytes, fieldsOf } from '../graph/wire.js';
import { createGraphWriter, ELEMENT, metadataField } from '../graph/writer.js';
import type { Sound } from './formants.js';
import { mouthOf } from './mouths.js';
import { type PiperConfig, packageConfig } from './piper-config.js';
import { type SpeechDesign, writeSpeech } from './voice-graph.js';
import { piperPorts } from './voice-ports.js';
import { TOKEN, tokenMap } from './voice-tables.js';

export const VOICE_KINDS = ['good', 'female', 'noisy', 'muffled', 'monotone', 'garbled'] as const;
export type VoiceKind = (typeof VOICE_KINDS)[number];

export interface VoiceOptions {
  readonly sampleRateHz?: number;
  /** Overrides of the kind's design: another pitch makes another voice of the same quality. */
  readonly design?: Partial<SpeechDesign>;
}

export interface BuiltVoice {
  readonly graph: Uint8Array;
  readonly piperConfig: PiperConfig;
  /** IPA symbol → token ids. */
  readonly tokens: Readonly<Record<string, readonly number[]>>;
  readonly bos: readonly number[];
  readonly eos: readonly number[];
  readonly pad: readonly number[];
  readonly padAfterBos: true;
  readonly sampleRateHz: number;
}

export const VOICE_SAMPLE_RATE_HZ = 16_000;
const OPSET = 15;
const IR_VERSION = 8;

const GOOD: SpeechDesign = {
  pitchHz: 122,
  formantScale: 1.03,
  pace: 1,
  liveliness: 1,
  breathiness: 0.05,
  noiseDb: null,
  cutoffHz: null,
};

/** Six persons: besides what is wrong with a voice, nobody has the mouth of another. */
export const DESIGNS: Readonly<Record<VoiceKind, SpeechDesign>> = {
  good: GOOD,
  female: { ...GOOD, sounds: mouthOf('female'), pitchHz: 205, formantScale: 1.16, pace: 0.98, liveliness: 1.1, breathiness: 0.08 },
  noisy: { ...GOOD, sounds: mouthOf('noisy'), pitchHz: 116, formantScale: 1.02, pace: 1.02, noiseDb: 15 },
  muffled: { ...GOOD, sounds: mouthOf('muffled'), pitchHz: 110, formantScale: 1, pace: 0.99, cutoffHz: 800 },
  monotone: { ...GOOD, sounds: mouthOf('monotone'), pitchHz: 128, formantScale: 1.04, pace: 1.01, liveliness: 0 },
  garbled: { ...GOOD, pitchHz: 119, formantScale: 1.05, pace: 1.03, sounds: shuffled(mouthOf('garbled')) },
};

/** Shape: kind → ONNX bytes and everything its package needs. The same call gives the same bytes. */
export function buildVoice(kind: VoiceKind, options: VoiceOptions = {}): BuiltVoice {
  const sampleRateHz = options.sampleRateHz ?? VOICE_SAMPLE_RATE_HZ;
  const writer = createGraphWriter();
  writeSpeech(writer, { ...DESIGNS[kind], ...options.design }, sampleRateHz, piperPorts(1));
  const ids = Object.fromEntries(Object.entries(tokenMap()).map(([symbol, id]) => [symbol, [id]]));
  return {
    graph: writer.bytes({
      name: `voxd-${kind}`,
      opset: OPSET,
      irVersion: IR_VERSION,
      producer: 'voxd',
      metadata: { model_type: 'vits', comment: 'piper', sample_rate: String(sampleRateHz), language: 'English', n_speakers: '1' },
    }),
    piperConfig: packageConfig({ tokens: ids, sampleRateHz }),
    tokens: ids,
    bos: [TOKEN.bos],
    eos: [TOKEN.eos],
    pad: [TOKEN.pad],
    padAfterBos: true,
    sampleRateHz,
  };
}

/** Files of a package without its manifest: `voice.onnx` and `voice.onnx.json`. */
export function generateVoicePackage(
  kind: VoiceKind,
  options: VoiceOptions & { readonly name: string },
): Readonly<Record<string, Uint8Array>> {
  const built = buildVoice(kind, options);
  const config = { ...built.piperConfig, dataset: options.name };
  return { 'voice.onnx': built.graph, 'voice.onnx.json': new TextEncoder().encode(`${JSON.stringify(config, null, 2)}\n`) };
}

/** How a copy is disguised: other metadata, or the last bits of its largest tensor. */
export type Disguise = 'metadata' | 'weights';

const WALK_FIELDS_MAX = 100_000;
const FIELD = { graph: 7, initialiser: 5, element: 2, raw: 9 } as const;

/**
 * A copy of a model whose bytes, and so whose digest, are others, but which sounds the same: what a thief would announce.
 * Shape: valid ONNX bytes → ONNX bytes. Errors: throws WireError on what is not protobuf.
 */
export function mutateCopy(graph: Uint8Array, disguise: Disguise = 'metadata'): Uint8Array {
  if (disguise === 'metadata') return concatBytes([graph, metadataField('note', 'my own work')]);
  const copy = graph.slice();
  const largest = floatTensors(copy).reduce((a, b) => (b.length > a.length ? b : a), new Uint8Array(0));
  for (let at = 0; at < largest.length; at += 4) largest[at] = (largest[at] ?? 0) ^ 1;
  return copy;
}

/** Raw data of the float32 tensors, as views into the model. */
function floatTensors(model: Uint8Array): readonly Uint8Array[] {
  const budget = { left: WALK_FIELDS_MAX };
  const inside = (message: Uint8Array, field: number) => [...fieldsOf(message, budget)].filter(({ number }) => number === field);
  return inside(model, FIELD.graph)
    .flatMap(({ bytes }) => inside(bytes, FIELD.initialiser))
    .filter(({ bytes }) => inside(bytes, FIELD.element).some(({ varint }) => varint === BigInt(ELEMENT.float32)))
    .flatMap(({ bytes }) => inside(bytes, FIELD.raw).map((raw) => raw.bytes));
}

/** Every sound says what another of its group says, lengths kept: speech without its content. */
function shuffled(sounds: readonly Sound[]): readonly Sound[] {
  const turn = (group: Sound['group'], step: number) => {
    const members = sounds.filter((sound) => sound.group === group);
    return new Map(members.map((sound, index) => [sound.ipa, members[(index * step + 3) % members.length] ?? sound]));
  };
  const swap = new Map([...turn('vowel', 7), ...turn('consonant', 7)]);
  return sounds.map((sound) => ({ ...sound, pieces: swap.get(sound.ipa)?.pieces ?? sound.pieces }));
}
