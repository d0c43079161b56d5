/**
 * SCALE types as values: each one writes, reads and describes itself, so that the metadata of the chain and the bytes it stores can never disagree.
 *
 * Source: docs.polkadot.com SCALE data encoding; scale-info's portable registry for the descriptions.
 */
import { hexToU8a, u8aToHex } from '@polkadot/util';
import type { Field, TypeDefinition, TypeTable } from './type-table.js';

export interface ByteWriter {
  push(bytes: Uint8Array): void;
  finish(): Uint8Array;
}

export interface ByteReader {
  take(length: number): Uint8Array;
  remaining(): number;
}

/** A value of the chain. Errors: `read` throws RangeError when the bytes end too early or mean nothing. */
export interface Type<T> {
  write(out: ByteWriter, value: T): void;
  read(from: ByteReader): T;
  /** Its number in the metadata's table of types. */
  id(table: TypeTable): number;
}

export type ValueOf<X> = X extends Type<infer T> ? T : never;

/** Longest vector that is read from foreign bytes. */
export const MAX_VECTOR_LENGTH = 65_536;

export function createWriter(): ByteWriter {
  const parts: Uint8Array[] = [];
  return { push: (bytes) => void parts.push(bytes), finish: () => new Uint8Array(Buffer.concat(parts)) };
}

export function createReader(bytes: Uint8Array): ByteReader {
  let at = 0;
  return {
    take: (length) => {
      if (at + length > bytes.length) throw new RangeError(`${length} bytes wanted, ${bytes.length - at} left`);
      at += length;
      return bytes.subarray(at - length, at);
    },
    remaining: () => bytes.length - at,
  };
}

export function encode<T>(type: Type<T>, value: T): Uint8Array {
  const out = createWriter();
  type.write(out, value);
  return out.finish();
}

/** Errors: RangeError, also when bytes are left over. */
export function decode<T>(type: Type<T>, bytes: Uint8Array): T {
  const from = createReader(bytes);
  const value = type.read(from);
  if (from.remaining() > 0) throw new RangeError(`${from.remaining()} bytes too many`);
  return value;
}

export function toHex(bytes: Uint8Array): string {
  return u8aToHex(bytes);
}

export function fromHex(hex: string): Uint8Array {
  return hexToU8a(hex);
}

/** Gives a type its place in the table, once per table. */
export function defined<T>(codec: Pick<Type<T>, 'write' | 'read'>, define: (table: TypeTable) => TypeDefinition): Type<T> {
  const type: Type<T> = { ...codec, id: (table) => table.idOf(type, define) };
  return type;
}

/** Little-endian, unsigned. Errors: RangeError when the value does not fit: the chain's arithmetic never wraps. */
function writeUint(value: bigint, sizeBytes: number): Uint8Array {
  if (value < 0n || value >= 1n << BigInt(8 * sizeBytes)) throw new RangeError(`${value} does not fit u${8 * sizeBytes}`);
  const bytes = new Uint8Array(sizeBytes);
  let rest = value;
  for (let i = 0; i < sizeBytes; i += 1) {
    bytes[i] = Number(rest & 255n);
    rest >>= 8n;
  }
  return bytes;
}

function readUint(bytes: Uint8Array): bigint {
  return bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
}

function small(name: 'u8' | 'u16' | 'u32', sizeBytes: number): Type<number> {
  return defined<number>(
    {
      write: (out, value) => out.push(writeUint(BigInt(value), sizeBytes)),
      read: (from) => Number(readUint(from.take(sizeBytes))),
    },
    () => primitive(name),
  );
}

function large(name: 'u64' | 'u128' | 'i128', sizeBytes: number): Type<bigint> {
  return defined<bigint>(
    { write: (out, value) => out.push(writeUint(value, sizeBytes)), read: (from) => readUint(from.take(sizeBytes)) },
    () => primitive(name),
  );
}

function primitive(name: 'u8' | 'u16' | 'u32' | 'u64' | 'u128' | 'i16' | 'i128' | 'bool' | 'str'): TypeDefinition {
  return { path: [], params: [], def: { tag: 'primitive', value: { tag: name, value: undefined } } };
}

export const u8 = small('u8', 1);
export const u16 = small('u16', 2);
export const u32 = small('u32', 4);
export const u64 = large('u64', 8);
export const u128 = large('u128', 16);
/** Two's complement; nothing negative is written here. */
export const i128 = large('i128', 16);

export const i16: Type<number> = defined<number>(
  {
    write: (out, value) => out.push(writeUint(BigInt(value < 0 ? value + 65_536 : value), 2)),
    read: (from) => {
      const value = Number(readUint(from.take(2)));
      return value < 32_768 ? value : value - 65_536;
    },
  },
  () => primitive('i16'),
);

export const bool: Type<boolean> = defined<boolean>(
  {
    write: (out, value) => out.push(Uint8Array.of(value ? 1 : 0)),
    read: (from) => {
      const [byte] = from.take(1);
      if (byte !== 0 && byte !== 1) throw new RangeError(`${byte} is no bool`);
      return byte === 1;
    },
  },
  () => primitive('bool'),
);

export function writeCompact(out: ByteWriter, value: bigint): void {
  if (value < 0n) throw new RangeError(`${value} is negative`);
  const small = value < 1n << 6n ? 1 : value < 1n << 14n ? 2 : 4;
  if (value < 1n << 30n) {
    out.push(writeUint((value << 2n) | BigInt(small >> 1), small));
    return;
  }
  let sizeBytes = 4;
  while (value >= 1n << BigInt(8 * sizeBytes)) sizeBytes += 1;
  out.push(Uint8Array.of(((sizeBytes - 4) << 2) | 3));
  out.push(writeUint(value, sizeBytes));
}

export function readCompact(from: ByteReader): bigint {
  const first = from.take(1)[0] ?? 0;
  const mode = first & 3;
  if (mode === 0) return BigInt(first >> 2);
  if (mode === 3) return readUint(from.take((first >> 2) + 4));
  const rest = from.take(mode === 1 ? 1 : 3);
  return readUint(Uint8Array.of(first, ...rest)) >> 2n;
}

function readLength(from: ByteReader): number {
  const length = readCompact(from);
  if (length > BigInt(Math.max(MAX_VECTOR_LENGTH, from.remaining()))) throw new RangeError(`a vector of ${length} is too long`);
  return Number(length);
}

export function compact<T extends number | bigint>(inner: Type<T>): Type<bigint> {
  return defined<bigint>({ write: writeCompact, read: readCompact }, (table) => ({
    path: [],
    params: [],
    def: { tag: 'compact', value: inner.id(table) },
  }));
}

export function fixedBytes(length: number): Type<Uint8Array> {
  return defined<Uint8Array>(
    {
      write: (out, value) => {
        if (value.length !== length) throw new RangeError(`${value.length} bytes are not ${length}`);
        out.push(value);
      },
      read: (from) => from.take(length),
    },
    (table) => ({ path: [], params: [], def: { tag: 'array', value: { len: length, type: u8.id(table) } } }),
  );
}

export const bytes: Type<Uint8Array> = defined<Uint8Array>(
  {
    write: (out, value) => {
      writeCompact(out, BigInt(value.length));
      out.push(value);
    },
    read: (from) => from.take(readLength(from)),
  },
  (table) => ({ path: [], params: [], def: { tag: 'sequence', value: u8.id(table) } }),
);

export const text: Type<string> = defined<string>(
  {
    write: (out, value) => bytes.write(out, new TextEncoder().encode(value)),
    read: (from) => new TextDecoder().decode(bytes.read(from)),
  },
  () => primitive('str'),
);

export function vec<T>(inner: Type<T>): Type<readonly T[]> {
  return defined<readonly T[]>(
    {
      write: (out, values) => {
        writeCompact(out, BigInt(values.length));
        for (const value of values) inner.write(out, value);
      },
      read: (from) => Array.from({ length: readLength(from) }, () => inner.read(from)),
    },
    (table) => ({ path: [], params: [], def: { tag: 'sequence', value: inner.id(table) } }),
  );
}

/** `BTreeSet<T>`; the caller keeps it in ascending order. */
export function orderedSet<T>(inner: Type<T>): Type<readonly T[]> {
  const list = vec(inner);
  return defined<readonly T[]>(list, (table) => ({
    path: ['BTreeSet'],
    params: [{ name: 'T', type: inner.id(table) }],
    def: { tag: 'composite', value: [field(undefined, list.id(table))] },
  }));
}

/** `BoundedVec<T, max>`. Errors: a longer one does not decode. */
export function boundedVec<T>(inner: Type<T>, max: number): Type<readonly T[]> {
  const open = vec(inner);
  return defined<readonly T[]>(
    {
      write: open.write,
      read: (from) => {
        const values = open.read(from);
        if (values.length > max) throw new RangeError(`a vector of ${values.length} is longer than ${max}`);
        return values;
      },
    },
    (table) => ({
      path: ['bounded_collections', 'bounded_vec', 'BoundedVec'],
      params: [
        { name: 'T', type: inner.id(table) },
        { name: 'S', type: undefined },
      ],
      def: { tag: 'composite', value: [field(undefined, open.id(table))] },
    }),
  );
}

/** `BoundedVec<u8, max>`. Errors: a longer one does not decode. */
export function boundedBytes(max: number): Type<Uint8Array> {
  return defined<Uint8Array>(
    {
      write: bytes.write,
      read: (from) => {
        const value = bytes.read(from);
        if (value.length > max) throw new RangeError(`${value.length} bytes are more than ${max}`);
        return value;
      },
    },
    (table) => ({
      path: ['bounded_collections', 'bounded_vec', 'BoundedVec'],
      params: [
        { name: 'T', type: u8.id(table) },
        { name: 'S', type: undefined },
      ],
      def: { tag: 'composite', value: [field(undefined, bytes.id(table))] },
    }),
  );
}

export function option<T>(inner: Type<T>): Type<T | null> {
  return defined<T | null>(
    {
      write: (out, value) => {
        out.push(Uint8Array.of(value === null ? 0 : 1));
        if (value !== null) inner.write(out, value);
      },
      read: (from) => (bool.read(from) ? inner.read(from) : null),
    },
    (table) => ({
      path: ['Option'],
      params: [{ name: 'T', type: inner.id(table) }],
      def: {
        tag: 'variant',
        value: [
          { name: 'None', fields: [], index: 0, docs: [] },
          { name: 'Some', fields: [field(undefined, inner.id(table))], index: 1, docs: [] },
        ],
      },
    }),
  );
}

export function tuple<const T extends readonly unknown[]>(...types: { readonly [I in keyof T]: Type<T[I]> }): Type<T> {
  return defined<T>(
    {
      write: (out, values) => {
        for (const [i, type] of types.entries()) type.write(out, values[i]);
      },
      // Safety: one value per type, in their order.
      read: (from) => types.map((type) => type.read(from)) as unknown as T,
    },
    (table) => ({ path: [], params: [], def: { tag: 'tuple', value: types.map((type) => type.id(table)) } }),
  );
}

export const unit: Type<null> = defined<null>({ write: () => undefined, read: () => null }, () => ({
  path: [],
  params: [],
  def: { tag: 'tuple', value: [] },
}));

/** The same bytes under a name of the runtime. */
export function named<T>(path: readonly string[], inner: Type<T>): Type<T> {
  return defined<T>(inner, (table) => ({ path, params: [], def: { tag: 'composite', value: [field(undefined, inner.id(table))] } }));
}

export function field(name: string | undefined, type: number): Field {
  return { name, type, typeName: undefined, docs: [] };
}
