/**
 * Protobuf wire format, both ways, without copies: enough to walk, patch and write ONNX graphs. It knows bytes, not messages.
 */

/** Wire types of protobuf; groups (3, 4) are refused. */
export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;
export type WireType = (typeof WIRE)[keyof typeof WIRE];

const VARINT_BYTES_MAX = 10;
const FIELD_NUMBER_MAX = 536_870_911;
const INT64 = 64;

/** The bytes are not protobuf, or more fields than the budget allows. Thrown inside a walk and caught once by the walk's entry. */
export class WireError extends Error {
  override readonly name = 'WireError';
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** How many fields one walk may still visit; shared by all messages of it, so that a file of two-byte fields ends soon. */
export interface FieldBudget {
  left: number;
}

export interface WireField {
  readonly number: number;
  readonly wire: WireType;
  /** Value of a varint, unsigned; 0 for other wire types. */
  readonly varint: bigint;
  /** Payload: what a length-delimited field holds, or the 4 or 8 bytes of a fixed one, or the varint's own bytes. A view, not a copy. */
  readonly bytes: Uint8Array;
  /** Where the field, its tag included, starts and ends in the message. */
  readonly start: number;
  readonly end: number;
}

/** Shape: message bytes → its fields in order, as views. Errors: throws WireError. */
export function* fieldsOf(message: Uint8Array, budget: FieldBudget): Generator<WireField> {
  let at = 0;
  while (at < message.length) {
    budget.left -= 1;
    if (budget.left < 0) throw new WireError('too many fields', at);
    const start = at;
    const tag = readVarint(message, at);
    at = tag.end;
    const number = Number(tag.value >> 3n);
    if (number < 1 || number > FIELD_NUMBER_MAX) throw new WireError(`field number ${number}`, start);
    const wire = wireType(Number(tag.value & 7n), start);
    let varint = 0n;
    let from = at;
    let end = at;
    if (wire === WIRE.varint) {
      const read = readVarint(message, at);
      varint = read.value;
      end = read.end;
    } else if (wire === WIRE.bytes) {
      const length = readVarint(message, at);
      from = length.end;
      if (length.value > BigInt(message.length - from)) throw new WireError(`field ${number} is cut off`, start);
      end = from + Number(length.value);
    } else {
      end = at + (wire === WIRE.fixed64 ? 8 : 4);
      if (end > message.length) throw new WireError(`field ${number} is cut off`, start);
    }
    yield { number, wire, varint, bytes: message.subarray(from, end), start, end };
    at = end;
  }
}

/** Shape: bytes, offset → unsigned value and the offset behind it. Errors: throws WireError. */
export function readVarint(bytes: Uint8Array, offset: number): { readonly value: bigint; readonly end: number } {
  let small = 0;
  let scale = 1;
  for (let i = 0; i < VARINT_BYTES_MAX; i += 1) {
    const byte = bytes[offset + i];
    if (byte === undefined) throw new WireError('a number is cut off', offset);
    if (i === 7) return readLongVarint(bytes, offset);
    small += (byte & 0x7f) * scale;
    scale *= 128;
    if (byte < 0x80) return { value: BigInt(small), end: offset + i + 1 };
  }
  throw new WireError('a number is too long', offset);
}

function readLongVarint(bytes: Uint8Array, offset: number): { readonly value: bigint; readonly end: number } {
  let value = 0n;
  for (let i = 0; i < VARINT_BYTES_MAX; i += 1) {
    const byte = bytes[offset + i];
    if (byte === undefined) throw new WireError('a number is cut off', offset);
    value |= BigInt(byte & 0x7f) << BigInt(7 * i);
    if (byte < 0x80) {
      if (value >= 1n << 64n) break;
      return { value, end: offset + i + 1 };
    }
  }
  throw new WireError('a number is too long', offset);
}

/** Shape: packed payload of varints → signed 64-bit values. Errors: throws WireError. */
export function* packedInt64(payload: Uint8Array): Generator<bigint> {
  let at = 0;
  while (at < payload.length) {
    const read = readVarint(payload, at);
    yield asInt64(read.value);
    at = read.end;
  }
}

/** Two's complement reading of an unsigned 64-bit value. */
export function asInt64(value: bigint): bigint {
  return BigInt.asIntN(INT64, value);
}

function wireType(code: number, offset: number): WireType {
  if (code === WIRE.varint || code === WIRE.fixed64 || code === WIRE.bytes || code === WIRE.fixed32) return code;
  throw new WireError(`wire type ${code}`, offset);
}

// --- writing ---

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Shape: integer (negative ones as 64-bit two's complement) → its varint bytes. */
export function varint(value: number | bigint): Uint8Array {
  let rest = BigInt.asUintN(INT64, BigInt(value));
  const out: number[] = [];
  while (rest > 0x7fn) {
    out.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  out.push(Number(rest));
  return Uint8Array.from(out);
}

export function tag(field: number, wire: WireType): Uint8Array {
  return varint(field * 8 + wire);
}

export function varintField(field: number, value: number | bigint): Uint8Array {
  return concatBytes([tag(field, WIRE.varint), varint(value)]);
}

/** A length-delimited field: bytes, a sub-message, or a packed list. */
export function bytesField(field: number, payload: Uint8Array): Uint8Array {
  return concatBytes([tag(field, WIRE.bytes), varint(payload.length), payload]);
}

export function textField(field: number, text: string): Uint8Array {
  return bytesField(field, new TextEncoder().encode(text));
}

/** A 32-bit IEEE float. */
export function floatField(field: number, value: number): Uint8Array {
  const out = new Uint8Array(4);
  new DataView(out.buffer).setFloat32(0, value, true);
  return concatBytes([tag(field, WIRE.fixed32), out]);
}

export function packedVarints(field: number, values: readonly (number | bigint)[]): Uint8Array {
  return bytesField(field, concatBytes(values.map(varint)));
}

/** A message from its fields: `messageField(7, nameField, nodeField)`. */
export function messageField(field: number, ...fields: readonly Uint8Array[]): Uint8Array {
  return bytesField(field, concatBytes(fields));
}
