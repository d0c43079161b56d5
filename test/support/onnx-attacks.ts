/** Tiny voices of Piper's contract: one that behaves, and one for each way of not behaving. */

import { bytesField, concatBytes, messageField, textField, varintField } from '../../scoring/graph/wire.js';
import { createGraphWriter, type GraphWriter, type ModelHead, type Value } from '../../scoring/graph/writer.js';

export const RATE_HZ = 16_000;
export const SAMPLES_PER_TOKEN = 400;
const HEAD: ModelHead = { name: 'attack', opset: 15, irVersion: 8, producer: 'test', metadata: {} };

/** A voice whose audio is what `body` makes of its inputs; the value must be float32[1,1,T]. */
export function tinyVoice(body: (writer: GraphWriter, tokens: Value) => Value, head: Partial<ModelHead> = {}): Uint8Array {
  const writer = createGraphWriter();
  const tokens = writer.input('input', 'int64', [1, 'N']);
  writer.input('input_lengths', 'int64', [1]);
  writer.input('scales', 'float32', [3]);
  const made = body(writer, tokens);
  writer.node('Identity', [made], {}, 'output');
  writer.output('output', 'float32', [1, 1, 'T']);
  return writer.bytes({ ...HEAD, ...head });
}

/** int64[3] = [1, 1, N * factor], unknown before the run. */
function audioShape(writer: GraphWriter, tokens: Value, factor: number): Value {
  const length = writer.node('Mul', [writer.node('Size', [tokens]), writer.integer(factor)]);
  return writer.node('Concat', [writer.integers([1, 1]), writer.node('Reshape', [length, writer.integers([1])])], { axis: { int: 0 } });
}

const zeros = (writer: GraphWriter, shape: Value): Value => writer.node('ConstantOfShape', [shape]);

/** Noise of 0.1 RMS, SAMPLES_PER_TOKEN long per token. */
export const noiseVoice = (): Uint8Array =>
  tinyVoice((writer, tokens) => {
    const blank = zeros(writer, audioShape(writer, tokens, SAMPLES_PER_TOKEN));
    return writer.node('Mul', [writer.node('RandomNormalLike', [blank], { dtype: { int: 1 } }), writer.float(0.1)]);
  });

export const silentVoice = (): Uint8Array => tinyVoice((writer, tokens) => zeros(writer, audioShape(writer, tokens, SAMPLES_PER_TOKEN)));

export const nanVoice = (): Uint8Array =>
  tinyVoice((writer, tokens) => {
    const blank = zeros(writer, audioShape(writer, tokens, SAMPLES_PER_TOKEN));
    return writer.node('Div', [blank, blank]);
  });

export const emptyVoice = (): Uint8Array => tinyVoice((writer, tokens) => zeros(writer, audioShape(writer, tokens, 0)));

/** About an hour of audio for a prompt of fifty tokens. */
export const hourVoice = (): Uint8Array => tinyVoice((writer, tokens) => zeros(writer, audioShape(writer, tokens, 72 * RATE_HZ)));

/** Two channels. */
export const stereoVoice = (): Uint8Array =>
  tinyVoice((writer, tokens) => {
    const blank = zeros(writer, audioShape(writer, tokens, SAMPLES_PER_TOKEN));
    return writer.node('Concat', [blank, blank], { axis: { int: 1 } });
  });

/** Asks for terabytes in one tensor. */
export const hugeVoice = (): Uint8Array => tinyVoice((writer, tokens) => zeros(writer, audioShape(writer, tokens, 2 ** 36)));

/** Doubles a tensor until memory ends, while it speaks. */
export const doublingVoice = (): Uint8Array =>
  tinyVoice((writer, tokens) => doubled(writer, zeros(writer, audioShape(writer, tokens, SAMPLES_PER_TOKEN)), 24));

/** The same of constants: memory ends while it is loaded, when constants are folded. */
export const foldingVoice = (): Uint8Array => tinyVoice((writer) => doubled(writer, zeros(writer, writer.integers([1, 1, 1024])), 24));

function doubled(writer: GraphWriter, start: Value, times: number): Value {
  let value = start;
  for (let i = 0; i < times; i += 1) value = writer.node('Concat', [value, value], { axis: { int: 2 } });
  return value;
}

/** Allowed operators only, little memory, hours of arithmetic. */
export const endlessVoice = (): Uint8Array =>
  tinyVoice((writer, tokens) => {
    const side = writer.node('Concat', [writer.integers([2048]), writer.integers([2048])], { axis: { int: 0 } });
    const first = writer.node('Cast', [writer.node('Gather', [tokens, writer.integers([0])], { axis: { int: 1 } })], { to: { int: 1 } });
    let square = writer.node('Expand', [first, side]);
    for (let i = 0; i < 2000; i += 1) square = writer.node('Tanh', [writer.node('MatMul', [square, square])]);
    return writer.node('Reshape', [square, writer.integers([1, 1, -1])]);
  });

/** A model from raw fields of GraphProto, with Piper's ports. */
export function rawVoice(fields: readonly Uint8Array[], modelFields: readonly Uint8Array[] = []): Uint8Array {
  const graph = [...fields, node('Identity', ['audio'], ['output']), ...portsOf()];
  return concatBytes([varintField(1, 8), messageField(7, ...graph), opset('', 15), ...modelFields]);
}

export function node(operator: string, inputs: readonly string[], outputs: readonly string[], ...more: readonly Uint8Array[]): Uint8Array {
  const names = [...inputs.map((name) => textField(1, name)), ...outputs.map((name) => textField(2, name))];
  return messageField(1, ...names, textField(4, operator), ...more);
}

export const domain = (name: string): Uint8Array => textField(7, name);
export const opset = (name: string, version: number): Uint8Array => messageField(8, textField(1, name), varintField(2, version));

export function intAttribute(name: string, value: number): Uint8Array {
  return messageField(5, textField(1, name), varintField(3, value), varintField(20, 2));
}

export function graphAttribute(name: string, ...fields: readonly Uint8Array[]): Uint8Array {
  return messageField(5, textField(1, name), bytesField(6, concatBytes(fields)), varintField(20, 5));
}

/** A TensorProto of float32; `more` adds or replaces its data. */
export function tensorFields(name: string, dims: readonly number[], ...more: readonly Uint8Array[]): readonly Uint8Array[] {
  return [...dims.map((dim) => varintField(1, dim)), varintField(2, 1), textField(8, name), ...more];
}

export function initialiser(name: string, dims: readonly number[], ...more: readonly Uint8Array[]): Uint8Array {
  return messageField(5, ...tensorFields(name, dims, ...more));
}

export function value(field: 11 | 12, name: string, element: number, dims: readonly (number | string)[]): Uint8Array {
  const shape = dims.map((dim) => messageField(1, typeof dim === 'number' ? varintField(1, dim) : textField(2, dim)));
  return messageField(field, textField(1, name), messageField(2, messageField(1, varintField(1, element), messageField(2, ...shape))));
}

function portsOf(): readonly Uint8Array[] {
  return [
    value(11, 'input', 7, [1, 'N']),
    value(11, 'input_lengths', 7, [1]),
    value(11, 'scales', 1, [3]),
    value(12, 'output', 1, [1, 1, 'T']),
  ];
}

/** Weights of which nobody knows where they come from. */
export const externalVoice = (path = 'secret.bin'): Uint8Array =>
  rawVoice([initialiser('audio', [1, 1, 4], messageField(13, textField(1, 'location'), textField(2, path)), varintField(14, 1))]);

/** 2^62 turns of a loop whose condition stays true. */
export function loopVoice(): Uint8Array {
  const turns = messageField(5, varintField(2, 7), textField(8, 'turns'), bytesField(9, int64(2n ** 62n)));
  const yes = messageField(5, varintField(2, 9), textField(8, 'yes'), bytesField(9, Uint8Array.of(1)));
  const start = initialiser('start', [1, 1, 1], bytesField(9, new Uint8Array(4)));
  const body = [
    node('Identity', ['going'], ['still']),
    node('Identity', ['carried'], ['next']),
    textField(2, 'body'),
    value(11, 'turn', 7, []),
    value(11, 'going', 9, []),
    value(11, 'carried', 1, [1, 1, 1]),
    value(12, 'still', 9, []),
    value(12, 'next', 1, [1, 1, 1]),
  ];
  return rawVoice([
    textField(2, 'loop'),
    turns,
    yes,
    start,
    node('Loop', ['turns', 'yes', 'start'], ['audio'], graphAttribute('body', ...body)),
  ]);
}

/** If inside If, `depth` graphs in all; a node of `leaf` in the innermost. */
export function nestedVoice(depth: number, leaf = 'Identity'): Uint8Array {
  const yes = messageField(5, varintField(2, 9), textField(8, 'yes'), bytesField(9, Uint8Array.of(1)));
  const start = initialiser('start', [1, 1, 4], bytesField(9, new Uint8Array(16)));
  const branch = (level: number, output: string): readonly Uint8Array[] => {
    const inner =
      level >= depth
        ? node(leaf, ['start'], [output], ...(leaf === 'Identity' ? [] : [intAttribute('dtype', 1)]))
        : node(
            'If',
            ['yes'],
            [output],
            graphAttribute('then_branch', ...branch(level + 1, `${output}t`)),
            graphAttribute(
              'else_branch',
              node('Identity', ['start'], [`${output}e`]),
              textField(2, 'e'),
              value(12, `${output}e`, 1, [1, 1, 4]),
            ),
          );
    return [inner, textField(2, `g${level}`), value(12, output, 1, [1, 1, 4])];
  };
  const [top] = branch(1, 'audio');
  return rawVoice([textField(2, 'nested'), yes, start, top!]);
}

function int64(value: bigint): Uint8Array {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigInt64(0, value, true);
  return out;
}
