/** The ports of published graphs, by the names that their exporters give them. */
import type { Failure } from '../../protocol/failure.js';
import { ok, type Result } from '../../protocol/result.js';
import type { OnnxGraph } from '../graph/model.js';
import { elementTypeName } from '../graph/tensors.js';
import type { PackageDescription } from '../package.js';
import { BIND_RULES, type Bind, type GraphInput, INPUT_TYPES } from './inputs.js';
import { type GraphSource, incomplete } from './sources.js';

/** Piper, MMS, Kokoro, VITS of sherpa-onnx, Coqui and icefall, Matcha, vocoders. */
const NAMES: Readonly<Record<string, Bind>> = {
  input: 'tokens',
  input_ids: 'tokens',
  tokens: 'tokens',
  x: 'tokens',
  input_lengths: 'tokenCount',
  x_length: 'tokenCount',
  x_lengths: 'tokenCount',
  attention_mask: 'attentionMask',
  scales: 'scales',
  noise_scale: 'noise',
  temperature: 'noise',
  length_scale: 'length',
  noise_scale_w: 'noiseW',
  noise_scale_dur: 'noiseW',
  speed: 'speed',
  sid: 'speaker',
  speaker: 'speaker',
  langid: 'language',
  style: 'style',
  mel: 'mel',
  mels: 'mel',
};

const AUDIO_NAMES = ['output', 'y', 'waveform', 'audio', 'audios', 'wav'];
const MEL_NAMES = ['mel', 'mels'];
/** What Vocos gives instead of samples. */
const SPECTRUM_NAMES = ['mag', 'x', 'y'];

/** Thousandths; `speaker` and `language` are ids. */
export interface InputValues {
  readonly noise: number;
  readonly length: number;
  readonly noiseW: number;
  readonly speed: number;
  readonly speaker: number;
  readonly language: number;
}

export type GraphDescription = PackageDescription['graphs'][number];

/** What a graph wants, by the names of its inputs; those that are constants are not asked for. */
export function bindsOf({ model }: GraphSource): ReadonlySet<Bind | undefined> {
  return new Set(openInputs(model.graph).map(({ name }) => bindOf(name, model.graph)));
}

/** Shape: a graph, the values for its scales, and what its output is for → its part of the manifest. Errors: model.import_incomplete. */
export function describeGraph({ path, model }: GraphSource, values: InputValues, use: 'audio' | 'mel'): Result<GraphDescription, Failure> {
  const inputs: GraphInput[] = [];
  for (const { name, tensor } of openInputs(model.graph)) {
    const bind = bindOf(name, model.graph);
    if (bind === undefined) return incomplete(`${path} has an input ${name}, which no known kind of voice has`);
    const rule = BIND_RULES[bind];
    const type = INPUT_TYPES.find((known) => known === elementTypeName(tensor?.elementType ?? 0));
    if (type === undefined)
      return incomplete(`input ${name} of ${path} is ${elementTypeName(tensor?.elementType ?? 0)}, not float32, int64 or int32`);
    inputs.push({ name, bind, type, rank: tensor?.dims?.length ?? rule.ranks.at(-1) ?? 1, values: [...valuesFor(bind, values)] });
  }
  const output = outputOf(model.graph, use);
  if (output === null) return incomplete(outputProblem(path, model.graph, use));
  const outputs = model.graph.outputs.map(({ name }) => ({ name, use: name === output ? use : ('none' as const) }));
  return ok({ file: path, inputs, outputs });
}

/** Layout of the audio, from the rank of the output; null where the graph does not say. */
export function layoutOf({ model }: GraphSource, output: string | undefined): PackageDescription['audio']['layout'] | null {
  const rank = model.graph.outputs.find(({ name }) => name === output)?.tensor?.dims?.length;
  return ([null, 'T', 'BT', 'B1T', 'B11T'] as const)[rank ?? 0] ?? null;
}

function bindOf(name: string, graph: OnnxGraph): Bind | undefined {
  // Kokoro's older exports call them tokens, and HiFi-GAN's sometimes call the mel x; what has no length beside it is no text.
  const lone = name === 'x' && openInputs(graph).length === 1;
  return lone ? 'mel' : Object.hasOwn(NAMES, name) ? NAMES[name] : undefined;
}

function openInputs(graph: OnnxGraph): OnnxGraph['inputs'] {
  const constants = new Set(graph.initialisers.map(({ name }) => name));
  return graph.inputs.filter(({ name }) => !constants.has(name));
}

function valuesFor(bind: Bind, values: InputValues): readonly number[] {
  if (bind === 'scales') return [values.noise, values.length, values.noiseW];
  return BIND_RULES[bind].values === 0 ? [] : [values[bind as keyof InputValues]];
}

function outputOf({ outputs }: OnnxGraph, use: 'audio' | 'mel'): string | null {
  if (isSpectrum(outputs)) return null;
  const known = use === 'audio' ? AUDIO_NAMES : MEL_NAMES;
  const named = outputs.find(({ name }) => known.includes(name))?.name;
  return named ?? (outputs.length === 1 ? (outputs[0]?.name ?? null) : null);
}

function outputProblem(path: string, { outputs }: OnnxGraph, use: string): string {
  if (isSpectrum(outputs)) return `${path} gives a spectrum (Vocos), not samples; use a HiFi-GAN vocoder`;
  return `which output of ${path} is the ${use} is not known: ${outputs.map(({ name }) => name).join(', ') || 'there is none'}`;
}

function isSpectrum(outputs: OnnxGraph['outputs']): boolean {
  return outputs.length === SPECTRUM_NAMES.length && SPECTRUM_NAMES.every((name) => outputs.some((output) => output.name === name));
}
