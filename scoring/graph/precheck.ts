/**
 * What must hold of a graph before ONNX Runtime sees it. Structure only: it finds what is refused on every machine, in milliseconds, and
 * says nothing about how much the graph computes; that is bounded by the sandbox.
 */
import type { Failure } from '../../protocol/failure.js';
import { err, ok, type Result } from '../../protocol/result.js';
import { modelFailure } from '../failures.js';
import { type Manifest, MODEL_SIZE_BYTES_MAX } from '../manifest.js';
import type { OnnxGraph, OnnxModel, OnnxNode, OnnxTensor, OnnxValue } from './model.js';
import { ALLOWED_OPERATORS, LOOP_OPERATORS, RANDOM_OPERATORS } from './operators.js';
import { readModel } from './reader.js';
import { checkTensor, DIGEST_ELEMENTS_MIN, elementTypeName, tensorDigest } from './tensors.js';
import { WireError } from './wire.js';

export const OPSET_MIN = 9;
export const OPSET_MAX = 21;
export const IR_VERSION_MIN = 3;
export const IR_VERSION_MAX = 10;
export const METADATA_BYTES_MAX = 64 * 1024;
/** Values whose names begin so are ours: the seed and the nodes that replace random ones. */
export const RESERVED_PREFIX = 'voxd_';

export interface PortContract {
  readonly name: string;
  /** "int64", "float32", …; null where nobody looks at it. */
  readonly elementType: string | null;
  readonly rank: number | null;
}

/** The inputs and outputs that a graph must have, exactly. */
export interface GraphContract {
  readonly inputs: readonly PortContract[];
  readonly outputs: readonly PortContract[];
  /** Loops and sequences are allowed. */
  readonly loops?: boolean;
}

export interface GraphFacts {
  readonly irVersion: number;
  readonly opset: number;
  readonly nodes: number;
  /** Operator → how often, sub-graphs included, sorted by name. */
  readonly operators: Readonly<Record<string, number>>;
  readonly randomNodes: number;
  readonly tensors: number;
  /** Elements of all tensors. */
  readonly parameters: number;
  readonly depth: number;
  /** See tensorDigest; tensors of at least DIGEST_ELEMENTS_MIN elements, sorted. */
  readonly tensorDigests: readonly string[];
}

export interface CheckedGraph {
  readonly model: OnnxModel;
  readonly facts: GraphFacts;
}

/** What the manifest promises of one of its graphs. */
export function contractOf(manifest: Manifest, at = 0): GraphContract {
  const graph = manifest.graphs[at];
  const rankOf = { audio: manifest.audio.layout.length, mel: 3, none: null } as const;
  return {
    loops: manifest.operators === 'loops',
    inputs: (graph?.inputs ?? []).map(({ name, type, rank }) => ({ name, elementType: type, rank })),
    outputs: (graph?.outputs ?? []).map(({ name, use }) => ({ name, elementType: use === 'none' ? null : 'float32', rank: rankOf[use] })),
  };
}

/**
 * Shape: foreign ONNX bytes, and the contract they must meet (null: any) → facts and the graph as views. Limit: `maxBytes`.
 * Errors: model.too_large, model.graph_*, model.version_unsupported, model.domain_refused, model.operator_refused, model.external_data,
 * model.feature_refused, model.tensor_malformed, model.interface_mismatch.
 */
export function precheckGraph(
  bytes: Uint8Array,
  contract: GraphContract | null,
  maxBytes = MODEL_SIZE_BYTES_MAX,
): Result<CheckedGraph, Failure> {
  if (bytes.length > maxBytes) return err(modelFailure('model.too_large', { sizeBytes: bytes.length, maxBytes }));
  const read = readModel(bytes);
  if (!read.ok) return err(modelFailure('model.graph_malformed', { ...read.error }));
  const model = read.value;
  const refusal = refuseHead(model) ?? (contract === null ? null : refuseInterface(model.graph, contract));
  if (refusal !== null) return err(refusal);
  const tally: Tally = { nodes: 0, operators: new Map(), randomNodes: 0, tensors: 0, parameters: 0, depth: 0, digests: [] };
  const inner = refuseGraph(model.graph, 1, tally, contract?.loops === true);
  if (inner !== null) return err(inner);
  return ok({ model, facts: factsOf(model, tally) });
}

interface Tally {
  nodes: number;
  readonly operators: Map<string, number>;
  randomNodes: number;
  tensors: number;
  parameters: number;
  depth: number;
  readonly digests: string[];
}

function factsOf(model: OnnxModel, tally: Tally): GraphFacts {
  const operators = [...tally.operators].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    irVersion: model.irVersion,
    opset: standardOpset(model) ?? 0,
    nodes: tally.nodes,
    operators: Object.fromEntries(operators),
    randomNodes: tally.randomNodes,
    tensors: tally.tensors,
    parameters: tally.parameters,
    depth: tally.depth,
    tensorDigests: tally.digests.sort(),
  };
}

/** Version of the standard operators, or null where the model names none. */
export function standardOpset(model: OnnxModel): number | null {
  return model.opsets.find(({ domain }) => isStandard(domain))?.version ?? null;
}

function isStandard(domain: string): boolean {
  return domain === '' || domain === 'ai.onnx';
}

function refuseHead(model: OnnxModel): Failure | null {
  if (model.irVersion < IR_VERSION_MIN || model.irVersion > IR_VERSION_MAX) {
    return modelFailure('model.version_unsupported', {
      what: 'IR version',
      version: model.irVersion,
      min: IR_VERSION_MIN,
      max: IR_VERSION_MAX,
    });
  }
  const foreign = model.opsets.find(({ domain }) => !isStandard(domain));
  if (foreign) return modelFailure('model.domain_refused', { domain: foreign.domain });
  const version = standardOpset(model) ?? 0;
  if (version < OPSET_MIN || version > OPSET_MAX) {
    return modelFailure('model.version_unsupported', { what: 'Opset', version, min: OPSET_MIN, max: OPSET_MAX });
  }
  if (model.opsets.length > 1) return modelFailure('model.feature_refused', { feature: 'more than one opset' });
  if (model.functions > 0) return modelFailure('model.feature_refused', { feature: 'local functions' });
  if (model.trainingInfos > 0) return modelFailure('model.feature_refused', { feature: 'training information' });
  if (model.metadata.some(({ key }) => key === 'ort_config'))
    return modelFailure('model.feature_refused', { feature: 'a runtime configuration' });
  if (model.metadataBytes > METADATA_BYTES_MAX) {
    return modelFailure('model.graph_limit', { what: 'bytes of metadata', count: model.metadataBytes, max: METADATA_BYTES_MAX });
  }
  return null;
}

function refuseInterface(graph: OnnxGraph, contract: GraphContract): Failure | null {
  const constants = new Set(graph.initialisers.map(({ name }) => name));
  const inputs = graph.inputs.filter(({ name }) => !constants.has(name));
  const problem = portProblem('input', inputs, contract.inputs) ?? portProblem('output', graph.outputs, contract.outputs);
  return problem === null ? null : modelFailure('model.interface_mismatch', { problem });
}

function portProblem(kind: string, actual: readonly OnnxValue[], expected: readonly PortContract[]): string | null {
  for (const port of expected) {
    const found = actual.find(({ name }) => name === port.name);
    if (!found) return `there is no ${kind} ${port.name}`;
    if (port.elementType === null) continue;
    if (found.tensor === null) return `${kind} ${port.name} is not a tensor`;
    const type = elementTypeName(found.tensor.elementType);
    if (type !== port.elementType) return `${kind} ${port.name} is ${type}, not ${port.elementType}`;
    // An output without a static shape is checked when the model speaks.
    const rank: number | null = found.tensor.dims?.length ?? port.rank;
    if (port.rank !== null && rank !== port.rank) return `${kind} ${port.name} has ${rank} dimensions, not ${port.rank}`;
  }
  if (actual.length > expected.length) {
    const extra = actual.find(({ name }) => !expected.some((port) => port.name === name));
    return extra ? `${kind} ${extra.name} is not in the manifest` : `an ${kind} is there twice`;
  }
  return null;
}

function refuseGraph(graph: OnnxGraph, depth: number, tally: Tally, loops: boolean): Failure | null {
  tally.depth = Math.max(tally.depth, depth);
  if (graph.sparseInitialisers > 0) return modelFailure('model.feature_refused', { feature: 'sparse tensors' });
  for (const { name } of graph.inputs) if (name.startsWith(RESERVED_PREFIX)) return reserved(name);
  for (const tensor of graph.initialisers) {
    const refusal = refuseTensor(tensor, tally);
    if (refusal !== null) return refusal;
  }
  for (const node of graph.nodes) {
    const refusal = refuseNode(node, depth, tally, loops);
    if (refusal !== null) return refusal;
  }
  return null;
}

function refuseNode(node: OnnxNode, depth: number, tally: Tally, loops: boolean): Failure | null {
  tally.nodes += 1;
  if (!isStandard(node.domain)) return modelFailure('model.domain_refused', { domain: node.domain });
  if (!ALLOWED_OPERATORS.has(node.operator) && !(loops && LOOP_OPERATORS.has(node.operator))) {
    return modelFailure('model.operator_refused', { operator: node.operator.slice(0, 64) });
  }
  if (node.overload) return modelFailure('model.feature_refused', { feature: 'function overloads' });
  const ours = node.outputs.find((name) => name.startsWith(RESERVED_PREFIX));
  if (ours !== undefined) return reserved(ours);
  tally.operators.set(node.operator, (tally.operators.get(node.operator) ?? 0) + 1);
  if (RANDOM_OPERATORS.has(node.operator)) tally.randomNodes += 1;
  for (const attribute of node.attributes) {
    if (attribute.sparse) return modelFailure('model.feature_refused', { feature: 'sparse tensors' });
    if (attribute.reference) return modelFailure('model.feature_refused', { feature: 'references to function attributes' });
    for (const tensor of attribute.tensors) {
      const refusal = refuseTensor(tensor, tally);
      if (refusal !== null) return refusal;
    }
    for (const graph of attribute.graphs) {
      const refusal = refuseGraph(graph, depth + 1, tally, loops);
      if (refusal !== null) return refusal;
    }
  }
  return null;
}

function refuseTensor(tensor: OnnxTensor, tally: Tally): Failure | null {
  const name = tensor.name === '' ? 'without a name' : tensor.name;
  if (tensor.name.startsWith(RESERVED_PREFIX)) return reserved(tensor.name);
  if (tensor.external) return modelFailure('model.external_data', { tensor: name });
  const elements = elementsOf(tensor);
  if (!elements.ok) return modelFailure('model.tensor_malformed', { tensor: name, problem: elements.error });
  tally.tensors += 1;
  tally.parameters += elements.value;
  if (elements.value >= DIGEST_ELEMENTS_MIN) tally.digests.push(tensorDigest(tensor));
  return null;
}

function elementsOf(tensor: OnnxTensor): Result<number, string> {
  try {
    return checkTensor(tensor);
  } catch (error) {
    if (error instanceof WireError) return err(error.message);
    throw error;
  }
}

function reserved(name: string): Failure {
  return modelFailure('model.feature_refused', {
    feature: `a value named ${name.slice(0, 64)} (names with ${RESERVED_PREFIX} are reserved)`,
  });
}
