/** Which fields the messages of ONNX have: field numbers of onnx.proto, IR version 10. */
import { WIRE, type WireType } from './wire.js';

/** Field number → [wire type, may repeat]. Repeated numbers may be packed too; the data of tensors always is. */
export type MessageShape = Readonly<Record<number, readonly [WireType, boolean]>>;

const one = (wire: WireType) => [wire, false] as const;
const many = (wire: WireType) => [wire, true] as const;
const { varint: V, bytes: B, fixed32: F4 } = WIRE;

export const MODEL: MessageShape = {
  1: one(V),
  2: one(B),
  3: one(B),
  4: one(B),
  5: one(V),
  6: one(B),
  7: one(B),
  8: many(B),
  14: many(B),
  20: many(B),
  25: many(B),
};
export const OPSET: MessageShape = { 1: one(B), 2: one(V) };
export const ENTRY: MessageShape = { 1: one(B), 2: one(B) };
export const GRAPH: MessageShape = {
  1: many(B),
  2: one(B),
  5: many(B),
  10: one(B),
  11: many(B),
  12: many(B),
  13: many(B),
  14: many(B),
  15: many(B),
  16: many(B),
};
export const NODE: MessageShape = { 1: many(B), 2: many(B), 3: one(B), 4: one(B), 5: many(B), 6: one(B), 7: one(B), 8: one(B), 9: many(B) };
export const ATTRIBUTE: MessageShape = {
  1: one(B),
  2: one(F4),
  3: one(V),
  4: one(B),
  5: one(B),
  6: one(B),
  7: many(F4),
  8: many(V),
  9: many(B),
  10: many(B),
  11: many(B),
  13: one(B),
  14: one(B),
  15: many(B),
  20: one(V),
  21: one(B),
  22: one(B),
  23: many(B),
};
export const TENSOR: MessageShape = {
  1: many(V),
  2: one(V),
  3: one(B),
  4: one(B),
  5: one(B),
  6: many(B),
  7: one(B),
  8: one(B),
  9: one(B),
  10: one(B),
  11: one(B),
  12: one(B),
  13: many(B),
  14: one(V),
  16: many(B),
};
export const VALUE: MessageShape = { 1: one(B), 2: one(B), 3: one(B), 4: many(B) };
export const TYPE: MessageShape = { 1: one(B), 4: one(B), 5: one(B), 6: one(B), 8: one(B), 9: one(B) };
export const TENSOR_TYPE: MessageShape = { 1: one(V), 2: one(B) };
export const TENSOR_SHAPE: MessageShape = { 1: many(B) };
export const DIMENSION: MessageShape = { 1: one(V), 2: one(B), 3: one(B) };
