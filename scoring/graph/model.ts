/** An ONNX model as views into its bytes: what the reader makes, the pre-check judges and the noise pass rewrites. */

export interface OnnxOpset {
  readonly domain: string;
  readonly version: number;
}

export interface OnnxTensor {
  readonly name: string;
  /** TensorProto.DataType. */
  readonly elementType: number;
  readonly dims: readonly number[];
  readonly external: boolean;
  readonly segmented: boolean;
  /** Which of the data fields are there, with their payload. */
  readonly data: readonly { readonly field: TensorDataField; readonly bytes: Uint8Array }[];
}

export type TensorDataField = 'float' | 'int32' | 'string' | 'int64' | 'raw' | 'double' | 'uint64';

export interface OnnxValue {
  readonly name: string;
  /** Null: not a tensor. */
  readonly tensor: { readonly elementType: number; readonly dims: readonly (number | string)[] | null } | null;
}

export interface OnnxAttribute {
  readonly name: string;
  readonly int: bigint | null;
  readonly float: number | null;
  readonly ints: readonly bigint[];
  readonly tensors: readonly OnnxTensor[];
  readonly graphs: readonly OnnxGraph[];
  readonly sparse: boolean;
  /** Refers to an attribute of a function. */
  readonly reference: boolean;
  readonly bytes: Uint8Array;
  /** Where its field stands in the bytes of its node. */
  readonly start: number;
  readonly end: number;
}

export interface OnnxNode {
  readonly name: string;
  readonly operator: string;
  readonly domain: string;
  readonly overload: boolean;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: readonly OnnxAttribute[];
  readonly bytes: Uint8Array;
  /** Where its field, tag included, stands in the bytes of its graph. */
  readonly start: number;
  readonly end: number;
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly initialisers: readonly OnnxTensor[];
  readonly sparseInitialisers: number;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly values: readonly OnnxValue[];
  readonly bytes: Uint8Array;
  /** Number and place of its field in the message that holds it. */
  readonly field: number;
  readonly start: number;
  readonly end: number;
}

export interface OnnxModel {
  readonly irVersion: number;
  readonly opsets: readonly OnnxOpset[];
  readonly functions: number;
  readonly trainingInfos: number;
  readonly metadataBytes: number;
  /** metadata_props, in order. */
  readonly metadata: readonly { readonly key: string; readonly value: string }[];
  readonly graph: OnnxGraph;
  readonly bytes: Uint8Array;
}
