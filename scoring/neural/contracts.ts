/** What each judge's graph must look like, and what is read off it. The published exports of each family meet these as they are. */
import { err, ok, type Result } from '../../protocol/result.js';
import type { OnnxGraph, OnnxValue } from '../graph/model.js';
import { elementTypeName } from '../graph/tensors.js';
import { FBANK_BANDS } from './fbank.js';
import { DNSMOS_SAMPLES } from './features.js';
import type { NeuralGraph } from './source.js';
import type { MelBands } from './whisper-mel.js';

/** A graph with one input and one output, whatever they are called. */
export interface PlainContract {
  readonly input: string;
  readonly output: string;
}

export interface EncoderContract extends PlainContract {
  readonly bands: MelBands;
}

export interface DecoderContract {
  readonly layers: number;
  /** Null: the graph is given all tokens each time. */
  readonly cache: { readonly heads: number; readonly headSize: number } | null;
}

export interface NeuralContracts {
  readonly silero: null;
  readonly whisperEncoder: EncoderContract;
  readonly whisperDecoder: DecoderContract;
  readonly dnsmos: PlainContract;
  readonly utmos: PlainContract;
  readonly speaker: PlainContract;
}

type Reader<K extends NeuralGraph> = (graph: OnnxGraph) => Result<NeuralContracts[K], string>;

/** Shape: checked graph → its contract. Errors: what is wrong with it, in words. */
export const readContract: { readonly [K in NeuralGraph]: Reader<K> } = {
  silero: (graph) =>
    checked(
      graph,
      [port('input', 'float32', 2), port('state', 'float32', 3), port('sr', 'int64', 0)],
      [port('output', 'float32', 2), port('stateN', 'float32', 3)],
      null,
    ),
  whisperEncoder: encoderOf,
  whisperDecoder: decoderOf,
  dnsmos: (graph) => plain(graph, [2], [2], DNSMOS_SAMPLES),
  utmos: (graph) => plain(graph, [2], [0, 1, 2], null),
  speaker: (graph) => plain(graph, [3], [2], FBANK_BANDS),
};

interface Port {
  readonly name: string;
  readonly type: string;
  readonly rank: number;
}

const port = (name: string, type: string, rank: number): Port => ({ name, type, rank });

function inputsOf(graph: OnnxGraph): readonly OnnxValue[] {
  const constants = new Set(graph.initialisers.map(({ name }) => name));
  return graph.inputs.filter(({ name }) => !constants.has(name));
}

function checked<T>(graph: OnnxGraph, inputs: readonly Port[], outputs: readonly Port[], contract: T): Result<T, string> {
  const problem = portsProblem('input', inputsOf(graph), inputs) ?? portsProblem('output', graph.outputs, outputs);
  return problem === null ? ok(contract) : err(problem);
}

function portsProblem(kind: string, actual: readonly OnnxValue[], expected: readonly Port[]): string | null {
  for (const { name, type, rank } of expected) {
    const found = actual.find((value) => value.name === name);
    if (found === undefined) return `there is no ${kind} ${name}`;
    const problem = tensorProblem(kind, found, type, [rank]);
    if (problem !== null) return problem;
  }
  const extra = actual.find(({ name }) => !expected.some((one) => one.name === name));
  return extra === undefined ? null : `${kind} ${extra.name} is not known`;
}

function tensorProblem(kind: string, { name, tensor }: OnnxValue, type: string, ranks: readonly number[]): string | null {
  if (tensor === null) return `${kind} ${name} is not a tensor`;
  const actual = elementTypeName(tensor.elementType);
  if (actual !== type) return `${kind} ${name} is ${actual}, not ${type}`;
  if (tensor.dims !== null && !ranks.includes(tensor.dims.length)) {
    return `${kind} ${name} has ${tensor.dims.length} dimensions, not ${ranks.join(' or ')}`;
  }
  return null;
}

function plain(
  graph: OnnxGraph,
  inputRanks: readonly number[],
  outputRanks: readonly number[],
  width: number | null,
): Result<PlainContract, string> {
  const inputs = inputsOf(graph);
  const [input] = inputs;
  const [output] = graph.outputs;
  if (input === undefined || inputs.length > 1) return err(`it has ${inputs.length} inputs, not one`);
  if (output === undefined || graph.outputs.length > 1) return err(`it has ${graph.outputs.length} outputs, not one`);
  const problem = tensorProblem('input', input, 'float32', inputRanks) ?? tensorProblem('output', output, 'float32', outputRanks);
  if (problem !== null) return err(problem);
  const last = input.tensor?.dims?.at(-1);
  if (width !== null && typeof last === 'number' && last !== width) return err(`input ${input.name} ends in ${last}, not ${width}`);
  return ok({ input: input.name, output: output.name });
}

function encoderOf(graph: OnnxGraph): Result<EncoderContract, string> {
  const ports = checked(graph, [port('input_features', 'float32', 3)], [port('last_hidden_state', 'float32', 3)], null);
  if (!ports.ok) return ports;
  const declared = inputsOf(graph)[0]?.tensor?.dims?.[1];
  // Exports that leave the dimension open still have the first convolution: [width, bands, 3].
  const convolved = graph.initialisers.find(({ dims }) => dims.length === 3 && dims[2] === 3 && (dims[1] === 80 || dims[1] === 128));
  const bands = typeof declared === 'number' ? declared : convolved?.dims[1];
  if (bands !== 80 && bands !== 128) return err('it hears neither 80 nor 128 mel bands');
  return ok({ input: 'input_features', output: 'last_hidden_state', bands });
}

const PAST_KEY = /^past_key_values\.(\d+)\.decoder\.key$/;
const PRESENT = /^present\.(\d+)\.(decoder|encoder)\.(key|value)$/;

/** Names of one layer's cache, in the order the exports have them. */
export const CACHE_PARTS = ['decoder.key', 'decoder.value', 'encoder.key', 'encoder.value'] as const;

function decoderOf(graph: OnnxGraph): Result<DecoderContract, string> {
  const inputs = inputsOf(graph);
  const keys = inputs.filter(({ name }) => PAST_KEY.test(name));
  const layers = keys.length;
  const given = [port('input_ids', 'int64', 2), port('encoder_hidden_states', 'float32', 3)];
  const present = (count: number) =>
    Array.from({ length: count }, (_, n) => CACHE_PARTS.map((part) => port(`present.${n}.${part}`, 'float32', 4))).flat();
  if (layers === 0) {
    // A graph without a cache may still offer one; it is not asked for.
    const offered = graph.outputs.filter(({ name }) => PRESENT.test(name)).length / CACHE_PARTS.length;
    return checked(graph, given, [port('logits', 'float32', 3), ...present(Math.ceil(offered))], { layers: 0, cache: null });
  }
  const past = Array.from({ length: layers }, (_, n) =>
    CACHE_PARTS.map((part) => port(`past_key_values.${n}.${part}`, 'float32', 4)),
  ).flat();
  const dims = keys[0]?.tensor?.dims;
  const [heads, headSize] = [dims?.[1], dims?.[3]];
  if (typeof heads !== 'number' || typeof headSize !== 'number') return err('its cache has no fixed number of heads');
  return checked(graph, [...given, port('use_cache_branch', 'bool', 1), ...past], [port('logits', 'float32', 3), ...present(layers)], {
    layers,
    cache: { heads, headSize },
  });
}
