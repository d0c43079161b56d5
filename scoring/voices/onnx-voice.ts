/**
 * Voices as ONNX graphs, written from data: a formant synthesiser in standard operators that meets Piper's contract. They are what a
 * development network's miners publish, and what tests of the judge listen to: each kind has a known fault.
 */

import { createGraphWriter } from '../graph/writer.js';
import { SOUNDS, type Sound } from './formants.js';
import { type PiperConfig, packageConfig } from './piper-config.js';
import { type SpeechDesign, writeSpeech } from './voice-graph.js';
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
  liveliness: 1,
  breathiness: 0.05,
  noiseDb: null,
  cutoffHz: null,
};

const DESIGNS: Readonly<Record<VoiceKind, SpeechDesign>> = {
  good: GOOD,
  female: { ...GOOD, pitchHz: 205, formantScale: 1.16, liveliness: 1.1, breathiness: 0.08 },
  noisy: { ...GOOD, pitchHz: 116, noiseDb: 10 },
  muffled: { ...GOOD, pitchHz: 110, formantScale: 1, cutoffHz: 800 },
  monotone: { ...GOOD, pitchHz: 128, liveliness: 0 },
  garbled: { ...GOOD, pitchHz: 119, sounds: shuffled(SOUNDS) },
};

/** Shape: kind → ONNX bytes and everything its package needs. The same call gives the same bytes. */
export function buildVoice(kind: VoiceKind, options: VoiceOptions = {}): BuiltVoice {
  const sampleRateHz = options.sampleRateHz ?? VOICE_SAMPLE_RATE_HZ;
  const writer = createGraphWriter();
  writeSpeech(writer, { ...DESIGNS[kind], ...options.design }, sampleRateHz);
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

/** Every sound says what another of its group says, lengths kept: speech without its content. */
function shuffled(sounds: readonly Sound[]): readonly Sound[] {
  const turn = (group: Sound['group'], step: number) => {
    const members = sounds.filter((sound) => sound.group === group);
    return new Map(members.map((sound, index) => [sound.ipa, members[(index * step + 3) % members.length] ?? sound]));
  };
  const swap = new Map([...turn('vowel', 7), ...turn('consonant', 7)]);
  return sounds.map((sound) => ({ ...sound, pieces: swap.get(sound.ipa)?.pieces ?? sound.pieces }));
}
