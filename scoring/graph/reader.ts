/**
 * Reads an ONNX model as views into its bytes. Stricter than protobuf: an unknown field, a wrong wire type or a second occurrence of a
 * single field is refused, because another parser might merge or skip it and see a different graph.
 */
import { err, ok, type Result } from '../../protocol/result.js';
import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxNode, OnnxOpset, OnnxTensor, OnnxValue, TensorDataField } from './model.js';
import {
  ATTRIBUTE,
  DIMENSION,
  ENTRY,
  GRAPH,
  type MessageShape,
  MODEL,
  NODE,
  OPSET,
  TENSOR,
  TENSOR_SHAPE,
  TENSOR_TYPE,
  TYPE,
  VALUE,
} from './shapes.js';
import { asInt64, type FieldBudget, fieldsOf, packedInt64, WIRE, WireError, type WireField } from './wire.js';

/** Protobuf fields of one model, tensors' packed data not counted. */
export const FIELDS_MAX = 2_000_000;
/** Graphs inside graphs (branches of If). */
export const GRAPH_DEPTH_MAX = 4;
export const NODES_MAX = 20_000;
export const TENSORS_MAX = 10_000;
export const NAME_BYTES_MAX = 1024;
const RANK_MAX = 16;

export interface ReadProblem {
  readonly problem: string;
  readonly where: string;
  readonly offset: number;
}

/** Shape: foreign bytes → model, as views. Errors: the first thing that is wrong and the message it stands in. Never throws on any bytes. */
export function readModel(bytes: Uint8Array): Result<OnnxModel, ReadProblem> {
  const walk: Walk = { budget: { left: FIELDS_MAX }, nodes: 0, tensors: 0, where: ['model'] };
  try {
    return ok(model(bytes, walk));
  } catch (error) {
    if (error instanceof WireError) return err({ problem: error.message, where: walk.where.join(' > '), offset: error.offset });
    throw error;
  }
}

interface Walk {
  readonly budget: FieldBudget;
  nodes: number;
  tensors: number;
  readonly where: string[];
}

function* fields(bytes: Uint8Array, shape: MessageShape, walk: Walk): Generator<WireField> {
  let seen = 0;
  for (const field of fieldsOf(bytes, walk.budget)) {
    const known = shape[field.number];
    if (known === undefined) throw new WireError(`unknown field ${field.number}`, field.start);
    const [wire, repeated] = known;
    if (field.wire !== wire && !(repeated && wire !== WIRE.bytes && field.wire === WIRE.bytes)) {
      throw new WireError(`field ${field.number} has wire type ${field.wire}`, field.start);
    }
    if (!repeated) {
      if ((seen >>> field.number) & 1) throw new WireError(`field ${field.number} appears twice`, field.start);
      seen |= 1 << field.number;
    }
    yield field;
  }
}

function within<T>(walk: Walk, place: string, read: () => T): T {
  walk.where.push(place);
  const value = read();
  walk.where.pop();
  return value;
}

function model(bytes: Uint8Array, walk: Walk): OnnxModel {
  let irVersion = 0;
  let functions = 0;
  let trainingInfos = 0;
  let metadataBytes = 0;
  let graphField: WireField | null = null;
  const opsets: OnnxOpset[] = [];
  const metadata: { readonly key: string; readonly value: string }[] = [];
  for (const field of fields(bytes, MODEL, walk)) {
    if (field.number === 1) irVersion = count(field);
    else if (field.number === 7) graphField = field;
    else if (field.number === 8) opsets.push(opset(field.bytes, walk));
    else if (field.number === 14) {
      metadataBytes += field.bytes.length;
      metadata.push(entry(field.bytes, walk));
    } else if (field.number === 20) trainingInfos += 1;
    else if (field.number === 25) functions += 1;
  }
  if (graphField === null) throw new WireError('there is no graph', 0);
  const found = graphField;
  const main = within(walk, 'graph', () => graph(found, 1, walk));
  return { irVersion, opsets, functions, trainingInfos, metadataBytes, metadata, graph: main, bytes };
}

function opset(bytes: Uint8Array, walk: Walk): OnnxOpset {
  let domain = '';
  let version = 0;
  for (const field of fields(bytes, OPSET, walk)) {
    if (field.number === 1) domain = text(field);
    else version = count(field);
  }
  return { domain, version };
}

function entry(bytes: Uint8Array, walk: Walk): OnnxModel['metadata'][number] {
  let key = '';
  let value = '';
  for (const field of fields(bytes, ENTRY, walk)) {
    if (field.number === 1) key = text(field);
    // How long all of it may be is for the pre-check to say; what is not text is nothing that we could use.
    else value = Buffer.from(field.bytes.buffer, field.bytes.byteOffset, field.bytes.length).toString('utf8');
  }
  return { key, value };
}

function graph(holder: WireField, depth: number, walk: Walk): OnnxGraph {
  if (depth > GRAPH_DEPTH_MAX) throw new WireError(`graphs are nested deeper than ${GRAPH_DEPTH_MAX}`, holder.start);
  const nodes: OnnxNode[] = [];
  const initialisers: OnnxTensor[] = [];
  const inputs: OnnxValue[] = [];
  const outputs: OnnxValue[] = [];
  const values: OnnxValue[] = [];
  let sparseInitialisers = 0;
  for (const field of fields(holder.bytes, GRAPH, walk)) {
    if (field.number === 1) nodes.push(within(walk, `node ${nodes.length}`, () => node(field, depth, walk)));
    else if (field.number === 5) initialisers.push(within(walk, `initialiser ${initialisers.length}`, () => tensor(field, walk)));
    else if (field.number === 11) inputs.push(value(field, walk));
    else if (field.number === 12) outputs.push(value(field, walk));
    else if (field.number === 13) values.push(value(field, walk));
    else if (field.number === 15) sparseInitialisers += 1;
  }
  const { bytes, number, start, end } = holder;
  return { nodes, initialisers, sparseInitialisers, inputs, outputs, values, bytes, field: number, start, end };
}

function node(holder: WireField, depth: number, walk: Walk): OnnxNode {
  walk.nodes += 1;
  if (walk.nodes > NODES_MAX) throw new WireError(`more than ${NODES_MAX} nodes`, holder.start);
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: OnnxAttribute[] = [];
  let name = '';
  let operator = '';
  let domain = '';
  let overload = false;
  for (const field of fields(holder.bytes, NODE, walk)) {
    if (field.number === 1) inputs.push(text(field));
    else if (field.number === 2) outputs.push(text(field));
    else if (field.number === 3) name = text(field);
    else if (field.number === 4) operator = text(field);
    else if (field.number === 5) attributes.push(attribute(field, depth, walk));
    else if (field.number === 7) domain = text(field);
    else if (field.number === 8) overload = field.bytes.length > 0;
  }
  const { bytes, start, end } = holder;
  return { name, operator, domain, overload, inputs, outputs, attributes, bytes, start, end };
}

function attribute(holder: WireField, depth: number, walk: Walk): OnnxAttribute {
  let name = '';
  let int: bigint | null = null;
  let float: number | null = null;
  let sparse = false;
  let reference = false;
  const ints: bigint[] = [];
  const tensors: OnnxTensor[] = [];
  const graphs: OnnxGraph[] = [];
  for (const field of fields(holder.bytes, ATTRIBUTE, walk)) {
    if (field.number === 1) name = text(field);
    else if (field.number === 2) float = float32(field.bytes);
    else if (field.number === 3) int = asInt64(field.varint);
    else if (field.number === 5 || field.number === 10) tensors.push(within(walk, name, () => tensor(field, walk)));
    else if (field.number === 6 || field.number === 11) graphs.push(within(walk, name, () => graph(field, depth + 1, walk)));
    else if (field.number === 8) for (const item of integers(field, walk)) ints.push(item);
    else if (field.number === 21) reference = true;
    else if (field.number === 22 || field.number === 23) sparse = true;
  }
  const { bytes, start, end } = holder;
  return { name, int, float, ints, tensors, graphs, sparse, reference, bytes, start, end };
}

const TENSOR_DATA: Readonly<Record<number, TensorDataField>> = {
  4: 'float',
  5: 'int32',
  6: 'string',
  7: 'int64',
  9: 'raw',
  10: 'double',
  11: 'uint64',
};

function tensor(holder: WireField, walk: Walk): OnnxTensor {
  walk.tensors += 1;
  if (walk.tensors > TENSORS_MAX) throw new WireError(`more than ${TENSORS_MAX} tensors`, holder.start);
  const dims: number[] = [];
  const data: OnnxTensor['data'][number][] = [];
  let name = '';
  let elementType = 0;
  let external = false;
  let segmented = false;
  for (const field of fields(holder.bytes, TENSOR, walk)) {
    const dataField = TENSOR_DATA[field.number];
    if (dataField !== undefined) data.push({ field: dataField, bytes: field.bytes });
    else if (field.number === 1) for (const dim of integers(field, walk)) dims.push(size(dim, field));
    else if (field.number === 2) elementType = count(field);
    else if (field.number === 3) segmented = true;
    else if (field.number === 8) name = text(field);
    else if (field.number === 13) external = true;
    else if (field.number === 14) external ||= field.varint !== 0n;
    if (dims.length > RANK_MAX) throw new WireError(`a tensor of more than ${RANK_MAX} dimensions`, field.start);
  }
  return { name, elementType, dims, external, segmented, data };
}

function value(holder: WireField, walk: Walk): OnnxValue {
  let name = '';
  let tensorType: OnnxValue['tensor'] = null;
  for (const field of fields(holder.bytes, VALUE, walk)) {
    if (field.number === 1) name = text(field);
    else if (field.number === 2) {
      for (const type of fields(field.bytes, TYPE, walk)) if (type.number === 1) tensorType = tensorTypeOf(type.bytes, walk);
    }
  }
  return { name, tensor: tensorType };
}

function tensorTypeOf(bytes: Uint8Array, walk: Walk): NonNullable<OnnxValue['tensor']> {
  let elementType = 0;
  let dims: (number | string)[] | null = null;
  for (const field of fields(bytes, TENSOR_TYPE, walk)) {
    if (field.number === 1) elementType = count(field);
    else {
      dims = [];
      for (const dim of fields(field.bytes, TENSOR_SHAPE, walk)) dims.push(dimension(dim.bytes, walk));
    }
  }
  return { elementType, dims };
}

function dimension(bytes: Uint8Array, walk: Walk): number | string {
  let found: number | string = '';
  for (const field of fields(bytes, DIMENSION, walk)) {
    if (field.number === 1) found = size(asInt64(field.varint), field);
    else if (field.number === 2) found = text(field);
  }
  return found;
}

function* integers(field: WireField, walk: Walk): Generator<bigint> {
  if (field.wire === WIRE.varint) {
    yield asInt64(field.varint);
    return;
  }
  for (const item of packedInt64(field.bytes)) {
    walk.budget.left -= 1;
    if (walk.budget.left < 0) throw new WireError('too many fields', field.start);
    yield item;
  }
}

function size(dim: bigint, field: WireField): number {
  if (dim < 0n || dim > BigInt(Number.MAX_SAFE_INTEGER)) throw new WireError(`a dimension of ${dim}`, field.start);
  return Number(dim);
}

function count(field: WireField): number {
  if (field.varint > 0x7fff_ffffn) throw new WireError(`${field.varint} is out of range`, field.start);
  return Number(field.varint);
}

function text(field: WireField): string {
  if (field.bytes.length > NAME_BYTES_MAX) throw new WireError(`a name of more than ${NAME_BYTES_MAX} bytes`, field.start);
  const decoded = Buffer.from(field.bytes.buffer, field.bytes.byteOffset, field.bytes.length).toString('utf8');
  if (decoded.includes('\ufffd') || decoded.includes('\0')) throw new WireError('a name is not valid text', field.start);
  return decoded;
}

function float32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getFloat32(0, true);
}
