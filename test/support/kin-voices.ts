/**
 * Voices whose kinship is known: many that have nothing to do with each other, and what one may make of another to pass it off as his own. The
 * thresholds of scoring/copies.ts were chosen by them.
 */

import { unwrap } from '../../protocol/result.js';
import { createChance } from '../../scoring/chance.js';
import { fingerprintOf, joinFingerprints } from '../../scoring/fingerprint.js';
import { precheckGraph } from '../../scoring/graph/precheck.js';
import { fieldsOf } from '../../scoring/graph/wire.js';
import { hear } from '../../scoring/hearing.js';
import { RUN_LIMITS } from '../../scoring/limits.js';
import { importVoice } from '../../scoring/onnx/package-import.js';
import { createVoiceRunner } from '../../scoring/onnx/runner.js';
import { drawPrompts } from '../../scoring/prompts.js';
import { mouthOf } from '../../scoring/voices/mouths.js';
import { DESIGNS } from '../../scoring/voices/onnx-voice.js';
import { type PublishedFiles, publishedVoice, type VoiceContract } from '../../scoring/voices/published-voice.js';
import type { SpeechDesign } from '../../scoring/voices/voice-graph.js';
import { type Change, chanceOf, noisy, rms } from './degradations.js';
import { META, TOLD, writeFiles } from './published.js';

/**
 * `same`: nothing of its own. `made`: made from the original, with something of its own. `apart`: another person. `between`: another person in all but
 * one thing; either verdict is right.
 */
export type Kin = 'same' | 'made' | 'apart' | 'between';

export interface KinVoice {
  readonly id: string;
  readonly kin: Kin;
  readonly contract: VoiceContract;
  readonly files: () => PublishedFiles;
  /** What is done to its audio, as a last layer of its graph would. */
  readonly change?: Change;
  /** It claims to be sampled so many times as fast. */
  readonly faster?: number;
}

export interface KinPicture {
  readonly fingerprint: string;
  readonly tensorDigests: readonly string[];
}

const PROMPTS = drawPrompts('ca'.repeat(32), 4);

export async function pictureOf(voice: KinVoice, cleanUps: (() => Promise<void>)[]): Promise<KinPicture> {
  const { source, target } = await writeFiles(voice.files(), cleanUps);
  const { model } = await importVoice(source, target, META, TOLD[voice.contract]);
  const session = await createVoiceRunner({ engine: 'native' }).open(model, RUN_LIMITS.native);
  try {
    const pictures: string[] = [];
    for (const { phones, spoken, seed } of PROMPTS) {
      const { audio } = await session.synthesise({ phones, text: spoken, seed });
      const samples = voice.change?.(audio.samples, chanceOf(voice.id, seed)) ?? audio.samples;
      pictures.push(fingerprintOf(hear({ samples, sampleRateHz: Math.round(audio.sampleRateHz * (voice.faster ?? 1)) }).mel));
    }
    const graphs = Object.entries(voice.files()).filter(([path]) => path.endsWith('.onnx'));
    const tensorDigests = graphs.flatMap(([, bytes]) => unwrap(precheckGraph(bytes, null)).facts.tensorDigests).sort();
    return { fingerprint: joinFingerprints(pictures), tensorDigests };
  } finally {
    await session.close();
  }
}

/** A person: another mouth, pitch, tract, pace and liveliness. */
function personOf(name: string): SpeechDesign {
  const chance = createChance('kin voices', name);
  const between = (low: number, high: number) => low + ((high - low) * chance.below(1_001)) / 1_000;
  return {
    ...DESIGNS.good,
    pitchHz: between(85, 250),
    formantScale: between(0.93, 1.22),
    pace: between(0.88, 1.15),
    liveliness: between(0.7, 1.3),
    breathiness: between(0.02, 0.12),
    sounds: mouthOf(name),
  };
}

const CONTRACTS: readonly VoiceContract[] = ['piper', 'kokoro', 'mms', 'sherpa', 'matcha'];

export function people(count: number): readonly KinVoice[] {
  return Array.from({ length: count }, (_, n): KinVoice => {
    const contract = CONTRACTS[n % CONTRACTS.length]!;
    return {
      id: `person ${n + 1} (${contract})`,
      kin: 'apart',
      contract,
      files: () => publishedVoice(contract, personOf(`person ${n + 1}`)),
    };
  });
}

/** Persons that share the first one's mouth, and nothing else. */
export function siblings(count: number): readonly KinVoice[] {
  return Array.from({ length: count }, (_, n) =>
    designed(`same mouth, other person ${n + 1}`, 'between', { ...personOf(`sibling ${n}`), ...ORIGINAL_MOUTH }),
  );
}

const ORIGINAL = personOf('person 1');
const ORIGINAL_MOUTH = { sounds: ORIGINAL.sounds ?? [] };

function designed(id: string, kin: Kin, change: Partial<SpeechDesign>, contract: VoiceContract = 'piper'): KinVoice {
  return { id, kin, contract, files: () => publishedVoice(contract, { ...ORIGINAL, ...change }) };
}

function heardAs(id: string, kin: Kin, how: Pick<KinVoice, 'change' | 'faster'>): KinVoice {
  return { ...designed(id, kin, {}), ...how };
}

function reweighted(id: string, kin: Kin, change: (value: number, largest: number, gauss: () => number) => number): KinVoice {
  const files = () => {
    const voice = publishedVoice('piper', ORIGINAL);
    return Object.fromEntries(
      Object.entries(voice).map(([path, bytes]) => [path, path.endsWith('.onnx') ? withFloats(bytes, id, change) : bytes]),
    );
  };
  return { id, kin, contract: 'piper', files };
}

const tilted =
  (share: number): Change =>
  (samples) =>
    samples.map((value, n) => value - share * (samples[n - 1] ?? 0));

/** The first one is the original; what follows was made from it. */
export const DERIVATIONS: readonly KinVoice[] = [
  designed('the original', 'same', {}),
  reweighted('weights in 16 bits', 'same', halfFloat),
  reweighted('weights 0.01 % off', 'same', (value, _, gauss) => value * (1 + 0.0001 * gauss())),
  reweighted('weights 0.1 % off', 'same', (value, _, gauss) => value * (1 + 0.001 * gauss())),
  reweighted('weights 1 % off', 'made', (value, _, gauss) => value * (1 + 0.01 * gauss())),
  designed('moved to sherpa', 'same', {}, 'sherpa'),
  designed('moved to matcha', 'same', {}, 'matcha'),
  heardAs('half as loud', 'same', { change: (samples) => samples.map((value) => value / 2) }),
  heardAs('noise 30 dB below', 'same', { change: noisy(30) }),
  heardAs('noise 20 dB below', 'made', { change: noisy(20) }),
  heardAs('treble lifted', 'same', { change: tilted(0.3) }),
  heardAs('treble lifted much', 'made', { change: tilted(0.6) }),
  heardAs('played 1 % faster', 'same', { faster: 1.01 }),
  heardAs('played 3 % faster', 'made', { faster: 1.03 }),
  heardAs('played 6 % faster', 'made', { faster: 1.06 }),
  designed('pitch 1 % up', 'same', { pitchHz: ORIGINAL.pitchHz * 1.01 }),
  designed('pitch 3 % up', 'same', { pitchHz: ORIGINAL.pitchHz * 1.03 }),
  designed('pitch 12 % up', 'made', { pitchHz: ORIGINAL.pitchHz * 1.12 }),
  designed('pace 3 % slower', 'same', { pace: ORIGINAL.pace * 1.03 }),
  designed('pace 12 % slower', 'same', { pace: ORIGINAL.pace * 1.12 }),
  designed('tract 1 % shorter', 'same', { formantScale: ORIGINAL.formantScale * 1.01 }),
  designed('tract 3 % shorter', 'same', { formantScale: ORIGINAL.formantScale * 1.03 }),
  designed('tract 6 % shorter', 'made', { formantScale: ORIGINAL.formantScale * 1.06 }),
  designed('more breath', 'same', { breathiness: ORIGINAL.breathiness * 2 }),
  designed('flatter melody', 'made', { liveliness: ORIGINAL.liveliness * 0.8 }),
];

function halfFloat(value: number): number {
  if (value === 0) return 0;
  const step = 2 ** (Math.floor(Math.log2(Math.abs(value))) - 10);
  return Math.round(value / step) * step;
}

const FIELD = { graph: 7, initialiser: 5, element: 2, raw: 9 } as const;
const SMALL_BYTES = 256;

/** The tables of a voice, changed in place; its small constants are left, as a quantiser leaves them. */
function withFloats(model: Uint8Array, seed: string, change: Parameters<typeof reweighted>[2]): Uint8Array {
  const copy = model.slice();
  const budget = { left: 1_000_000 };
  const inside = (message: Uint8Array, field: number) => [...fieldsOf(message, budget)].filter(({ number }) => number === field);
  const chance = createChance(seed, 'weights');
  const one = () => chance.below(2 ** 24) / 2 ** 24 - 0.5;
  const gauss = () => (one() + one() + one()) * 2;
  const floats = inside(copy, FIELD.graph)
    .flatMap(({ bytes }) => inside(bytes, FIELD.initialiser))
    .filter(({ bytes }) => inside(bytes, FIELD.element).some(({ varint }) => varint === 1n))
    .flatMap(({ bytes }) => inside(bytes, FIELD.raw).map((raw) => raw.bytes));
  for (const raw of floats) {
    if (raw.length < SMALL_BYTES) continue;
    const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
    const values = Float32Array.from({ length: raw.length / 4 }, (_, n) => view.getFloat32(4 * n, true));
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), rms(values));
    for (const [n, value] of values.entries()) view.setFloat32(4 * n, change(value, largest, gauss), true);
  }
  return copy;
}
