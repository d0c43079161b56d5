/** Short words for the operators that a voice graph is made of. */
import type { GraphWriter, Value } from '../graph/writer.js';
import { ELEMENT } from '../graph/writer.js';

export interface Ops {
  op(operator: string, ...inputs: readonly Value[]): Value;
  add(a: Value, b: Value): Value;
  sub(a: Value, b: Value): Value;
  mul(a: Value, b: Value): Value;
  div(a: Value, b: Value): Value;
  scale(value: Value, by: number): Value;
  clip(value: Value, from: number, to: number): Value;
  where(condition: Value, yes: Value, no: Value): Value;
  float(value: Value): Value;
  integer(value: Value): Value;
  reshape(value: Value, dimensions: readonly number[]): Value;
  unsqueeze(value: Value, axis: number): Value;
  transpose(value: Value, order: readonly number[]): Value;
  slice(value: Value, from: number, to: number, axis?: number): Value;
  concat(values: readonly Value[], axis: number): Value;
  sum(value: Value, axis: number): Value;
  cumSum(value: Value): Value;
  /** Along the first axis, each element the sum of those before it, in float64. */
  cumSumBefore(value: Value): Value;
  /** Fractional part of float64, as float32. */
  fraction(value: Value): Value;
  /** Integers moved along; zeros come in: `shift(x, 1)[i] = x[i + 1]`. */
  shift(value: Value, by: number): Value;
  /** Rows moved up by one; the last stays. */
  next(rows: Value): Value;
  /** [F, K] → [F, K, 2]: each row and the one after it. */
  pairs(rows: Value): Value;
  noiseLike(value: Value): Value;
  /** Shape: [1, 1, T] → [1, kernels, T]. */
  convolve(signal: Value, kernels: Value, taps: number): Value;
}

const END = Number.MAX_SAFE_INTEGER;

export function createOps(writer: GraphWriter): Ops {
  const op = (operator: string, ...inputs: readonly Value[]) => writer.node(operator, inputs);
  const cast = (value: Value, to: number) => writer.node('Cast', [value], { to: { int: to } });
  const slice = (value: Value, from: number, to: number, axis = 0) =>
    writer.node('Slice', [value, writer.integers([from]), writer.integers([to]), writer.integers([axis])]);
  const concat = (values: readonly Value[], axis: number) => writer.node('Concat', values, { axis: { int: axis } });
  const unsqueeze = (value: Value, axis: number) => writer.node('Unsqueeze', [value, writer.integers([axis])]);
  const next = (rows: Value) => concat([slice(rows, 1, END), slice(rows, -1, END)], 0);
  return {
    op,
    add: (a, b) => op('Add', a, b),
    sub: (a, b) => op('Sub', a, b),
    mul: (a, b) => op('Mul', a, b),
    div: (a, b) => op('Div', a, b),
    scale: (value, by) => op('Mul', value, writer.float(by)),
    clip: (value, from, to) => op('Clip', value, writer.float(from), writer.float(to)),
    where: (condition, yes, no) => op('Where', condition, yes, no),
    float: (value) => cast(value, ELEMENT.float32),
    integer: (value) => cast(value, ELEMENT.int64),
    reshape: (value, dimensions) => op('Reshape', value, writer.integers(dimensions)),
    unsqueeze,
    transpose: (value, order) => writer.node('Transpose', [value], { perm: { ints: order } }),
    slice,
    concat,
    sum: (value, axis) => writer.node('ReduceSum', [value, writer.integers([axis])], { keepdims: { int: 0 } }),
    cumSum: (value) => op('CumSum', value, writer.integer(0)),
    cumSumBefore: (value) => writer.node('CumSum', [cast(value, ELEMENT.float64), writer.integer(0)], { exclusive: { int: 1 } }),
    fraction: (value) => cast(op('Sub', value, op('Floor', value)), ELEMENT.float32),
    shift(value, by) {
      const zeros = writer.integers(Array(Math.abs(by)).fill(0));
      const padded = by > 0 ? concat([value, zeros], 0) : concat([zeros, value], 0);
      return by > 0 ? slice(padded, by, END) : slice(padded, 0, by);
    },
    next,
    pairs: (rows) => concat([unsqueeze(rows, 2), unsqueeze(next(rows), 2)], 2),
    noiseLike: (value) => writer.node('RandomNormalLike', [value], { dtype: { int: ELEMENT.float32 } }),
    convolve: (signal, kernels, taps) => writer.node('Conv', [signal, kernels], { pads: { ints: [(taps - 1) / 2, (taps - 1) / 2] } }),
  };
}
