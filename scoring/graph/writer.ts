/** Writes ONNX models: nodes, constants and ports in the order they were named, the same bytes for the same calls. */
import { bytesField, concatBytes, floatField, messageField, packedVarints, textField, varintField } from './wire.js';

export const ELEMENT = { float32: 1, int32: 6, int64: 7, bool: 9, float64: 11 } as const;
export type ElementName = keyof typeof ELEMENT;

/** A number of an attribute is written as an integer where `int` says so, as a float where `float` does. */
export type AttributeValue =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] }
  | { readonly text: string }
  /** A graph inside the node, as `graph` of another writer gave it. */
  | { readonly graph: Uint8Array };
export type Attributes = Readonly<Record<string, AttributeValue>>;

/** Name of a value of the graph. */
export type Value = string;

/** A fixed length, or the name of one that varies. */
export type Dimension = number | string;

export interface ModelHead {
  readonly name: string;
  readonly opset: number;
  readonly irVersion: number;
  readonly producer: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface GraphWriter {
  input(name: string, element: ElementName, dimensions: readonly Dimension[]): Value;
  output(value: Value, element: ElementName, dimensions: readonly Dimension[]): void;
  /** Constants that are equal to the last bit share one tensor. */
  floats(values: ArrayLike<number>, dimensions?: readonly number[]): Value;
  float(value: number): Value;
  integers(values: readonly number[], dimensions?: readonly number[]): Value;
  integer(value: number): Value;
  /** One node with one output; `as` names it. */
  node(operator: string, inputs: readonly Value[], attributes?: Attributes, as?: string): Value;
  bytes(head: ModelHead): Uint8Array;
  /** The graph alone, for an attribute of a node of another. */
  graph(name: string): Uint8Array;
}

const FIELD = {
  model: { irVersion: 1, producer: 2, graph: 7, opset: 8, metadata: 14 },
  graph: { node: 1, name: 2, initialiser: 5, input: 11, output: 12 },
  node: { input: 1, output: 2, name: 3, operator: 4, attribute: 5 },
  attribute: { name: 1, float: 2, int: 3, text: 4, graph: 6, ints: 8, type: 20 },
  tensor: { dims: 1, element: 2, name: 8, raw: 9 },
} as const;
const ATTRIBUTE_TYPE = { float: 1, int: 2, text: 3, graph: 5, ints: 7 } as const;

export function createGraphWriter(): GraphWriter {
  const nodes: Uint8Array[] = [];
  const tensors: Uint8Array[] = [];
  const inputs: Uint8Array[] = [];
  const outputs: Uint8Array[] = [];
  const known = new Map<string, Value>();

  const constant = (element: ElementName, dimensions: readonly number[], raw: Uint8Array): Value => {
    const key = `${element}/${dimensions.join('x')}/${Buffer.from(raw).toString('latin1')}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const name = `c${tensors.length}`;
    known.set(key, name);
    tensors.push(
      messageField(
        FIELD.graph.initialiser,
        packedVarints(FIELD.tensor.dims, dimensions),
        varintField(FIELD.tensor.element, ELEMENT[element]),
        textField(FIELD.tensor.name, name),
        messageField(FIELD.tensor.raw, raw),
      ),
    );
    return name;
  };
  const floats = (values: ArrayLike<number>, dimensions: readonly number[] = [values.length]) => {
    const raw = new DataView(new ArrayBuffer(values.length * 4));
    for (let n = 0; n < values.length; n += 1) raw.setFloat32(n * 4, values[n] ?? 0, true);
    return constant('float32', dimensions, new Uint8Array(raw.buffer));
  };
  const integers = (values: readonly number[], dimensions: readonly number[] = [values.length]) => {
    const raw = new DataView(new ArrayBuffer(values.length * 8));
    values.forEach((value, n) => {
      raw.setBigInt64(n * 8, BigInt(value), true);
    });
    return constant('int64', dimensions, new Uint8Array(raw.buffer));
  };

  const graph = (name: string) => concatBytes([...nodes, textField(FIELD.graph.name, name), ...tensors, ...inputs, ...outputs]);

  return {
    graph,
    input(name, element, dimensions) {
      inputs.push(messageField(FIELD.graph.input, ...port(name, element, dimensions)));
      return name;
    },
    output(value, element, dimensions) {
      outputs.push(messageField(FIELD.graph.output, ...port(value, element, dimensions)));
    },
    floats,
    float: (value) => floats([value], []),
    integers,
    integer: (value) => integers([value], []),
    node(operator, from, attributes = {}, as) {
      const out = as ?? `v${nodes.length}`;
      nodes.push(
        messageField(
          FIELD.graph.node,
          ...from.map((name) => textField(FIELD.node.input, name)),
          textField(FIELD.node.output, out),
          textField(FIELD.node.name, `${operator}_${nodes.length}`),
          textField(FIELD.node.operator, operator),
          ...Object.entries(attributes).map(([name, value]) => messageField(FIELD.node.attribute, ...attribute(name, value))),
        ),
      );
      return out;
    },
    bytes(head) {
      return concatBytes([
        varintField(FIELD.model.irVersion, head.irVersion),
        textField(FIELD.model.producer, head.producer),
        messageField(FIELD.model.graph, graph(head.name)),
        messageField(FIELD.model.opset, textField(1, ''), varintField(2, head.opset)),
        ...Object.entries(head.metadata).map(([key, value]) => metadataField(key, value)),
      ]);
    },
  };
}

/** One entry of a model's metadata; appended to a model's bytes it is valid too. */
export function metadataField(key: string, value: string): Uint8Array {
  return messageField(FIELD.model.metadata, textField(1, key), textField(2, value));
}

function attribute(name: string, value: AttributeValue): Uint8Array[] {
  const head = textField(FIELD.attribute.name, name);
  const type = (code: number) => varintField(FIELD.attribute.type, code);
  if ('int' in value) return [head, varintField(FIELD.attribute.int, value.int), type(ATTRIBUTE_TYPE.int)];
  if ('float' in value) return [head, floatField(FIELD.attribute.float, value.float), type(ATTRIBUTE_TYPE.float)];
  if ('text' in value) return [head, textField(FIELD.attribute.text, value.text), type(ATTRIBUTE_TYPE.text)];
  if ('graph' in value) return [head, bytesField(FIELD.attribute.graph, value.graph), type(ATTRIBUTE_TYPE.graph)];
  return [head, ...value.ints.map((item) => varintField(FIELD.attribute.ints, item)), type(ATTRIBUTE_TYPE.ints)];
}

/** A ValueInfoProto: name, and tensor type with shape. */
function port(name: string, element: ElementName, dimensions: readonly Dimension[]): Uint8Array[] {
  const shape = dimensions.map((dimension) =>
    messageField(1, typeof dimension === 'number' ? varintField(1, dimension) : textField(2, dimension)),
  );
  return [textField(1, name), messageField(2, messageField(1, varintField(1, ELEMENT[element]), messageField(2, ...shape)))];
}
