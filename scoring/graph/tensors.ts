/** The tensors of a graph: are they well-formed, and what is their digest whatever their name and encoding. */
import { sha256Hex } from '../../protocol/digest.js';
import { err, ok, type Result } from '../../protocol/result.js';
import type { OnnxTensor, TensorDataField } from './model.js';
import { readVarint, WireError } from './wire.js';

interface ElementType {
  readonly name: string;
  readonly sizeBytes: number;
  /** The typed field that may hold it instead of raw_data. */
  readonly field: TensorDataField;
}

/** TensorProto.DataType codes that are allowed. Strings, complex numbers and types below 8 bits are not. */
export const ELEMENT_TYPES: Readonly<Record<number, ElementType>> = {
  1: { name: 'float32', sizeBytes: 4, field: 'float' },
  2: { name: 'uint8', sizeBytes: 1, field: 'int32' },
  3: { name: 'int8', sizeBytes: 1, field: 'int32' },
  4: { name: 'uint16', sizeBytes: 2, field: 'int32' },
  5: { name: 'int16', sizeBytes: 2, field: 'int32' },
  6: { name: 'int32', sizeBytes: 4, field: 'int32' },
  7: { name: 'int64', sizeBytes: 8, field: 'int64' },
  9: { name: 'bool', sizeBytes: 1, field: 'int32' },
  10: { name: 'float16', sizeBytes: 2, field: 'int32' },
  11: { name: 'float64', sizeBytes: 8, field: 'double' },
  12: { name: 'uint32', sizeBytes: 4, field: 'uint64' },
  13: { name: 'uint64', sizeBytes: 8, field: 'uint64' },
};

/** Tensors with fewer elements say nothing about where a model comes from: every export has the same ones. */
export const DIGEST_ELEMENTS_MIN = 64;

export function elementTypeName(code: number): string {
  return ELEMENT_TYPES[code]?.name ?? `type ${code}`;
}

/** Shape: tensor → number of its elements, when its data is exactly as long as its type and dimensions say. Errors: what is wrong. */
export function checkTensor(tensor: OnnxTensor): Result<number, string> {
  const type = ELEMENT_TYPES[tensor.elementType];
  if (type === undefined) return err(`element type ${tensor.elementType} is not allowed`);
  if (tensor.segmented) return err('it is split into segments');
  const elements = tensor.dims.reduce((product, dim) => product * dim, 1);
  if (!Number.isSafeInteger(elements)) return err('its dimensions are too large');
  const [first, second] = tensor.data;
  if (second !== undefined) return err('it has data of two kinds');
  if (first === undefined) return elements === 0 ? ok(0) : err('it has no data');
  if (first.field !== 'raw' && first.field !== type.field) return err(`${type.name} data in a field for ${first.field}`);
  if (first.field === 'raw' || first.field === 'float' || first.field === 'double') {
    const expected = elements * type.sizeBytes;
    return first.bytes.length === expected ? ok(elements) : err(`it has ${first.bytes.length} bytes of data, not ${expected}`);
  }
  const found = countVarints(first.bytes);
  return found === elements ? ok(elements) : err(`it has ${found} elements of data, not ${elements}`);
}

/**
 * Shape: a checked tensor → "float32:192x80 <sha-256 hex>" over type, dimensions and little-endian data. The name and the choice between raw
 * and typed data do not enter, so a copy that renames or re-encodes its tensors is still found.
 */
export function tensorDigest(tensor: OnnxTensor): string {
  const type = ELEMENT_TYPES[tensor.elementType];
  if (type === undefined) throw new TypeError('an unchecked tensor');
  const head = `${type.name}:${tensor.dims.join('x')}`;
  return `${head} ${sha256Hex('voxd/tensor/1\n', `${head}\n`, littleEndian(tensor, type.sizeBytes))}`;
}

function littleEndian(tensor: OnnxTensor, sizeBytes: number): Uint8Array {
  const [data] = tensor.data;
  if (data === undefined) return new Uint8Array(0);
  if (data.field === 'raw' || data.field === 'float' || data.field === 'double') return data.bytes;
  const out = new Uint8Array(countVarints(data.bytes) * sizeBytes);
  let at = 0;
  let to = 0;
  while (at < data.bytes.length) {
    const read = readVarint(data.bytes, at);
    let rest = read.value;
    for (let i = 0; i < sizeBytes; i += 1) {
      out[to + i] = Number(rest & 0xffn);
      rest >>= 8n;
    }
    at = read.end;
    to += sizeBytes;
  }
  return out;
}

function countVarints(bytes: Uint8Array): number {
  let found = 0;
  let length = 0;
  for (const byte of bytes) {
    length += 1;
    if (length > 10) throw new WireError('a number is too long', 0);
    if (byte >= 0x80) continue;
    found += 1;
    length = 0;
  }
  if (length > 0) throw new WireError('a number is cut off', bytes.length);
  return found;
}
