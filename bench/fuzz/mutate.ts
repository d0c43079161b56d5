/** Inputs that are nearly right: fields of protobuf messages taken apart and put together wrongly, and bytes changed blindly. */
import type { Chance } from './random.js';

export const INPUT_BYTES_MAX = 128 * 1024;

interface Field {
  readonly tag: Uint8Array;
  /** Varints and lengths as they stand on the wire; for bytes fields without the length. */
  readonly value: Uint8Array;
  readonly isBytes: boolean;
}

/** Numbers at which something ends: of a byte, a varint, 32 and 64 bits, a double, and a little beyond. */
const EDGES = [
  0n,
  1n,
  0x7fn,
  0x80n,
  0xffffn,
  0x10000n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
  2n ** 69n,
];

/** Shape: one of the seeds → an input made of it, or of nothing. */
export function mutate(seeds: readonly Uint8Array[], chance: Chance): Uint8Array {
  if (chance.below(16) === 0) return chance.bytes(chance.below(chance.pick([4, 64, 512])));
  let bytes = chance.pick(seeds);
  const steps = 1 + chance.below(4);
  for (let step = 0; step < steps; step += 1) {
    const fields = chance.below(3) > 0 ? fieldsOf(bytes) : null;
    bytes = fields === null || fields.length === 0 ? blind(bytes, seeds, chance) : structured(fields, chance, 0);
    if (bytes.length > INPUT_BYTES_MAX) bytes = bytes.subarray(0, INPUT_BYTES_MAX);
  }
  return bytes;
}

function structured(fields: readonly Field[], chance: Chance, depth: number): Uint8Array {
  const at = chance.below(fields.length);
  const field = fields[at];
  if (field === undefined) return join(fields);
  const others = (put: readonly Field[]) => [...fields.slice(0, at), ...put, ...fields.slice(at + 1)];
  switch (chance.below(9)) {
    case 0:
      return join(others([]));
    case 1:
      return join(others([field, field]));
    case 2:
      return join([...fields.slice(at + 1), field, ...fields.slice(0, at)]);
    case 3:
      return join([
        ...fields,
        { tag: varint(BigInt(chance.pick([1, 11, 15, 100, 2 ** 29 - 1]) * 8 + 2)), value: chance.bytes(chance.below(8)), isBytes: true },
      ]);
    case 4:
      return join(
        others([
          field.isBytes
            ? { ...field, value: field.value.subarray(0, chance.below(field.value.length + 1)) }
            : { ...field, value: varint(chance.pick(EDGES)) },
        ]),
      );
    case 5:
      // A field of another wire type.
      return join(others([{ ...field, tag: varint(BigInt((field.tag[0] ?? 0) & ~7) + BigInt(chance.below(8))) }]));
    case 6: {
      // Many of the same: lists that grow.
      const many = chance.pick([2, 40, 300]);
      return field.value.length * many > INPUT_BYTES_MAX ? join(fields) : join(others(Array.from({ length: many }, () => field)));
    }
    case 7:
      // A length that lies.
      return concat([join(fields.slice(0, at)), field.tag, varint(chance.pick(EDGES)), field.value, join(fields.slice(at + 1))]);
    default: {
      const inner = field.isBytes && depth < 4 ? fieldsOf(field.value) : null;
      const value = inner === null || inner.length === 0 ? blind(field.value, [field.value], chance) : structured(inner, chance, depth + 1);
      return join(others([{ ...field, value }]));
    }
  }
}

function blind(bytes: Uint8Array, seeds: readonly Uint8Array[], chance: Chance): Uint8Array {
  const at = chance.below(bytes.length + 1);
  switch (chance.below(7)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return concat([bytes.subarray(0, at), chance.bytes(1 + chance.below(9)), bytes.subarray(at)]);
    case 2:
      return concat([bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + 1 + chance.below(9)))]);
    case 3:
      return concat([bytes.subarray(0, at), chance.pick(seeds).subarray(at)]);
    case 4:
      return concat([bytes.subarray(0, at), varint(chance.pick(EDGES)), bytes.subarray(at)]);
    case 5: {
      // A piece again and again: nesting, long lists, long texts.
      const piece = bytes.subarray(at, at + 1 + chance.below(16));
      const times = chance.pick([2, 20, 400]);
      return concat([bytes.subarray(0, at), ...Array.from({ length: times }, () => piece), bytes.subarray(at)]);
    }
    default: {
      const copy = Uint8Array.from(bytes);
      for (let count = 1 + chance.below(3); count > 0 && copy.length > 0; count -= 1) {
        const place = chance.below(copy.length);
        copy[place] = chance.below(2) === 0 ? (copy[place] ?? 0) ^ (1 << chance.below(8)) : chance.below(256);
      }
      return copy;
    }
  }
}

/** Null: these bytes are no protobuf message. */
function fieldsOf(bytes: Uint8Array): readonly Field[] | null {
  const fields: Field[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (fields.length > 2_000) return null;
    const tagEnd = varintEnd(bytes, at);
    const wire = (bytes[at] ?? 0) & 7;
    const tag = bytes.subarray(at, tagEnd);
    if (wire === 0) {
      const end = varintEnd(bytes, tagEnd);
      fields.push({ tag, value: bytes.subarray(tagEnd, end), isBytes: false });
      at = end;
    } else if (wire === 2) {
      const from = varintEnd(bytes, tagEnd);
      const length = numberAt(bytes, tagEnd, from);
      if (from + length > bytes.length) return null;
      fields.push({ tag, value: bytes.subarray(from, from + length), isBytes: true });
      at = from + length;
    } else return null;
  }
  return fields;
}

function varintEnd(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && at - from < 9 && (bytes[at] ?? 0) >= 0x80) at += 1;
  return Math.min(bytes.length, at + 1);
}

function numberAt(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let at = to - 1; at >= from; at -= 1) value = value * 128 + ((bytes[at] ?? 0) & 0x7f);
  return value;
}

export function varint(value: bigint): Uint8Array {
  const out: number[] = [];
  let rest = value;
  do {
    out.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Uint8Array.from(out);
}

function join(fields: readonly Field[]): Uint8Array {
  return concat(fields.flatMap(({ tag, value, isBytes }) => (isBytes ? [tag, varint(BigInt(value.length)), value] : [tag, value])));
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
