/**
 * Makes a graph repeatable: each random node is replaced by nodes that compute its noise from an extra input, the seed.
 *
 * Noise of element i is a permutation of the integers below the prime p = 2^31 - 1, two rounds of x -> (x^5 mod p) + key, whose keys come from
 * the seed and from the node's place in the graph. ONNX Runtime has no seed that could be set from outside and draws differently on each
 * engine; this is plain int64 arithmetic and the same everywhere. All other bytes of the model stay as they are.
 */
import { sha256 } from '../../protocol/digest.js';
import type { Failure } from '../../protocol/failure.js';
import { err, ok, type Result } from '../../protocol/result.js';
import { modelFailure } from '../failures.js';
import type { OnnxAttribute, OnnxGraph, OnnxNode } from './model.js';
import { RANDOM_OPERATORS } from './operators.js';
import { type CheckedGraph, standardOpset } from './precheck.js';
import { bytesField, concatBytes, messageField, packedVarints, textField, varintField } from './wire.js';

export const SEED_INPUT = 'voxd_seed';
export const SEED_WORDS = 3;
/** Elements that one random node of fixed shape may make. */
export const STATIC_NOISE_ELEMENTS_MAX = 2 ** 26;

const PRIME = 2 ** 31 - 1;
const OPSET_MIN_FOR_NOISE = 11;
const OPSET_WITH_ALLOWZERO = 14;
const OPSET_WITH_CASTLIKE = 15;
const FLOAT = 1;
const INT64 = 7;
const FLOAT_TYPES: readonly number[] = [FLOAT, 10, 11];

export interface SeededGraph {
  /** The model with its random nodes replaced; the bytes given, untouched, when it has none. */
  readonly bytes: Uint8Array;
  /** Name of the int64[SEED_WORDS] input to feed with `seedWords`; null when the graph has no random node. */
  readonly seedInput: string | null;
}

/**
 * Shape: checked graph → model bytes with a seed input. Nodes are numbered from `ordinal`; a node inside a loop draws the same in every turn.
 * Errors: model.random_unsupported.
 */
export function seedRandomNodes({ model, facts }: CheckedGraph, ordinal = 0): Result<SeededGraph, Failure> {
  if (facts.randomNodes === 0) return ok({ bytes: model.bytes, seedInput: null });
  const pass: Pass = { opset: standardOpset(model) ?? 0, ordinal, problem: null };
  const graph = rewriteGraph(model.graph, pass, seedInput());
  if (pass.problem !== null) return err(pass.problem);
  const { start, end } = model.graph;
  const bytes = concatBytes([model.bytes.subarray(0, start), bytesField(model.graph.field, graph), model.bytes.subarray(end)]);
  return ok({ bytes, seedInput: SEED_INPUT });
}

/** Shape: any seed bytes → the values of the seed input. */
export function seedWords(seed: Uint8Array): BigInt64Array {
  return BigInt64Array.from(residues(sha256('voxd/noise-seed/1\n', seed)).map(BigInt));
}

interface Pass {
  readonly opset: number;
  /** Random nodes met so far. */
  ordinal: number;
  problem: Failure | null;
}

function rewriteGraph(graph: OnnxGraph, pass: Pass, extra: Uint8Array | null): Uint8Array {
  const parts: Uint8Array[] = [];
  let kept = 0;
  for (const node of graph.nodes) {
    const replaced = rewriteNode(node, pass);
    if (replaced === null) continue;
    parts.push(graph.bytes.subarray(kept, node.start), replaced);
    kept = node.end;
  }
  parts.push(graph.bytes.subarray(kept));
  if (extra !== null) parts.push(extra);
  return concatBytes(parts);
}

/** The fields that take the node's place, or null where it stays. */
function rewriteNode(node: OnnxNode, pass: Pass): Uint8Array | null {
  if (RANDOM_OPERATORS.has(node.operator)) return noiseNodes(node, pass);
  if (!node.attributes.some(holdsNoise)) return null;
  const parts: Uint8Array[] = [];
  let kept = 0;
  for (const attribute of node.attributes) {
    if (!holdsNoise(attribute)) continue;
    parts.push(node.bytes.subarray(kept, attribute.start), bytesField(FIELD.nodeAttribute, rewriteAttribute(attribute, pass)));
    kept = attribute.end;
  }
  parts.push(node.bytes.subarray(kept));
  return bytesField(FIELD.graphNode, concatBytes(parts));
}

function rewriteAttribute(attribute: OnnxAttribute, pass: Pass): Uint8Array {
  const parts: Uint8Array[] = [];
  let kept = 0;
  for (const graph of attribute.graphs) {
    parts.push(attribute.bytes.subarray(kept, graph.start), bytesField(graph.field, rewriteGraph(graph, pass, null)));
    kept = graph.end;
  }
  parts.push(attribute.bytes.subarray(kept));
  return concatBytes(parts);
}

function holdsNoise(attribute: OnnxAttribute): boolean {
  return attribute.graphs.some(({ nodes }) =>
    nodes.some(({ operator, attributes }) => RANDOM_OPERATORS.has(operator) || attributes.some(holdsNoise)),
  );
}

function noiseNodes(node: OnnxNode, pass: Pass): Uint8Array {
  const prefix = `voxd_noise${pass.ordinal}_`;
  const refuse = (problem: string) => {
    pass.problem ??= modelFailure('model.random_unsupported', { node: node.name || node.operator, problem });
    return new Uint8Array(0);
  };
  pass.ordinal += 1;
  const [output] = node.outputs;
  const like = node.operator.endsWith('Like');
  const [source] = node.inputs;
  if (pass.opset < OPSET_MIN_FOR_NOISE) return refuse(`opset ${pass.opset} is below ${OPSET_MIN_FOR_NOISE}`);
  if (output === undefined || output === '' || node.outputs.length !== 1) return refuse('it must have one output');
  if (like && (source === undefined || source === '' || node.inputs.length !== 1)) return refuse('it must have one input');
  const elementType = numberOf(node, 'dtype');
  if (elementType !== null && !FLOAT_TYPES.includes(elementType)) return refuse('its type is not a float type');
  if (elementType === null && like && pass.opset < OPSET_WITH_CASTLIKE) return refuse('its type is not given');
  const dims = node.attributes.find(({ name }) => name === 'shape')?.ints ?? [];
  const elements = dims.reduce((product, dim) => product * dim, 1n);
  if (!like && (elements < 1n || elements > BigInt(STATIC_NOISE_ELEMENTS_MAX) || dims.some((dim) => dim < 1n))) {
    return refuse(`its shape must have 1 to ${STATIC_NOISE_ELEMENTS_MAX} elements`);
  }

  const b = builder(prefix);
  const length = like ? b.op('Size', [source!]) : b.int(elements);
  const index = b.op('Range', [b.int(0), length, b.int(1)]);
  const flat = node.operator.startsWith('RandomNormal') ? normal(b, index, node, pass) : uniform(b, index, node, pass);
  const shape = like ? b.op('Shape', [source!]) : b.ints(dims);
  const allowzero = pass.opset >= OPSET_WITH_ALLOWZERO ? [intAttribute('allowzero', 1)] : [];
  const target = elementType ?? (like ? null : FLOAT);
  if (target === FLOAT) b.into(output, 'Reshape', [flat, shape], allowzero);
  else {
    const shaped = b.op('Reshape', [flat, shape], allowzero);
    if (target === null) b.into(output, 'CastLike', [shaped, source!]);
    else b.into(output, 'Cast', [shaped], [intAttribute('to', target)]);
  }
  return b.bytes();
}

/** Box and Muller. */
function normal(b: Builder, index: string, node: OnnxNode, pass: Pass): string {
  const unit = b.float(2 ** -31);
  // 1..p, never 0: the logarithm is finite.
  const positive = b.op('Add', [hashed(b, index, pass.ordinal, 'radius'), b.int(1)]);
  const first = b.op('Mul', [b.cast(positive), unit]);
  const second = b.op('Mul', [b.cast(hashed(b, index, pass.ordinal, 'angle')), unit]);
  // Abs instead of a sign change: a logarithm that rounds to the wrong side of 0 must not become the root of a negative number.
  const radius = b.op('Sqrt', [b.op('Mul', [b.op('Abs', [b.op('Log', [first])]), b.float(2)])]);
  const wave = b.op('Cos', [b.op('Mul', [second, b.float(2 * Math.PI)])]);
  return affine(b, b.op('Mul', [radius, wave]), floatOf(node, 'scale', 1), floatOf(node, 'mean', 0));
}

function uniform(b: Builder, index: string, node: OnnxNode, pass: Pass): string {
  // 24 bits, exact in a float, so that the upper bound is never reached by rounding.
  const bits = b.op('Div', [hashed(b, index, pass.ordinal, 'uniform'), b.int(128)]);
  const low = floatOf(node, 'low', 0);
  return affine(b, b.op('Mul', [b.cast(bits), b.float(2 ** -24)]), floatOf(node, 'high', 1) - low, low);
}

function affine(b: Builder, value: string, scale: number, offset: number): string {
  const scaled = scale === 1 ? value : b.op('Mul', [value, b.float(scale)]);
  return offset === 0 ? scaled : b.op('Add', [scaled, b.float(offset)]);
}

function hashed(b: Builder, index: string, ordinal: number, stream: string): string {
  const prime = b.int(PRIME);
  const keys = residues(sha256(`voxd/noise-node/1\n${ordinal}\n${stream}`));
  let x = index;
  keys.forEach((own, round) => {
    if (round > 0) {
      const square = b.op('Mod', [b.op('Mul', [x, x]), prime]);
      const fourth = b.op('Mod', [b.op('Mul', [square, square]), prime]);
      x = b.op('Mod', [b.op('Mul', [fourth, x]), prime]);
    }
    const key = b.op('Add', [b.op('Gather', [SEED_INPUT, b.int(round)]), b.int(own)]);
    x = b.op('Mod', [b.op('Add', [x, key]), prime]);
  });
  return x;
}

/** SEED_WORDS integers below the prime. */
function residues(digest: Uint8Array): readonly number[] {
  const view = new DataView(digest.buffer, digest.byteOffset, digest.length);
  return Array.from({ length: SEED_WORDS }, (_, i) => Number(view.getBigUint64(8 * i, true) % BigInt(PRIME)));
}

function numberOf(node: OnnxNode, name: string): number | null {
  const int = node.attributes.find((attribute) => attribute.name === name)?.int;
  return int === undefined || int === null ? null : Number(int);
}

function floatOf(node: OnnxNode, name: string, otherwise: number): number {
  return node.attributes.find((attribute) => attribute.name === name)?.float ?? otherwise;
}

// --- writing nodes ---

const FIELD = { graphNode: 1, graphInput: 11, nodeAttribute: 5 } as const;
const ATTRIBUTE_INT = 2;
const ATTRIBUTE_TENSOR = 4;

interface Builder {
  /** Adds a node; returns the name of its output. */
  op(operator: string, inputs: readonly string[], attributes?: readonly Uint8Array[]): string;
  into(output: string, operator: string, inputs: readonly string[], attributes?: readonly Uint8Array[]): void;
  cast(value: string): string;
  /** Constants: int64 scalar, int64 vector, float scalar. */
  int(value: number | bigint): string;
  ints(values: readonly bigint[]): string;
  float(value: number): string;
  bytes(): Uint8Array;
}

function builder(prefix: string): Builder {
  const nodes: Uint8Array[] = [];
  const constants = new Map<string, string>();
  const into: Builder['into'] = (output, operator, inputs, attributes = []) => {
    const named = [...inputs.map((name) => textField(1, name)), textField(2, output), textField(4, operator), ...attributes];
    nodes.push(messageField(FIELD.graphNode, ...named));
  };
  const op: Builder['op'] = (operator, inputs, attributes) => {
    const output = `${prefix}${nodes.length}`;
    into(output, operator, inputs, attributes);
    return output;
  };
  const constant = (key: string, tensor: Uint8Array) => {
    const known = constants.get(key);
    if (known !== undefined) return known;
    const name = op(
      'Constant',
      [],
      [messageField(FIELD.nodeAttribute, textField(1, 'value'), bytesField(5, tensor), varintField(20, ATTRIBUTE_TENSOR))],
    );
    constants.set(key, name);
    return name;
  };
  return {
    op,
    into,
    cast: (value) => op('Cast', [value], [intAttribute('to', FLOAT)]),
    int: (value) => constant(`int ${value}`, concatBytes([varintField(2, INT64), packedVarints(7, [value])])),
    ints: (values) =>
      constant(`ints ${values.join()}`, concatBytes([varintField(1, values.length), varintField(2, INT64), packedVarints(7, values)])),
    float: (value) => constant(`float ${value}`, concatBytes([varintField(2, FLOAT), bytesField(9, float32(value))])),
    bytes: () => concatBytes(nodes),
  };
}

function intAttribute(name: string, value: number): Uint8Array {
  return messageField(FIELD.nodeAttribute, textField(1, name), varintField(3, value), varintField(20, ATTRIBUTE_INT));
}

function float32(value: number): Uint8Array {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setFloat32(0, value, true);
  return out;
}

function seedInput(): Uint8Array {
  const dimension = messageField(1, varintField(1, SEED_WORDS));
  const tensorType = messageField(1, varintField(1, INT64), messageField(2, dimension));
  return messageField(FIELD.graphInput, textField(1, SEED_INPUT), messageField(2, tensorType));
}
