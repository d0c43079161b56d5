/** Structs and variants: SCALE types made of named parts. */
import { type ByteReader, type ByteWriter, defined, field, type Type, type ValueOf } from './scale.js';
import type { Field, TypeTable } from './type-table.js';

/** What a struct, or one case of a variant, consists of. */
export interface Fields<T> {
  write(out: ByteWriter, value: T): void;
  read(from: ByteReader): T;
  describe(table: TypeTable): Field[];
}

export type Parts = Readonly<Record<string, Type<unknown>>>;
export type PartsValue<P extends Parts> = { readonly [K in keyof P]: ValueOf<P[K]> };
export type FieldsValue<F> = F extends Fields<infer T> ? T : never;

/** The generic parameters that a type of the runtime has; clients look some of them up. */
export type TypeParams = readonly (readonly [name: string, type: Type<unknown>])[];

export const NOTHING: Fields<null> = { write: () => undefined, read: () => null, describe: () => [] };

export function parts<P extends Parts>(of: P): Fields<PartsValue<P>> {
  const names = Object.keys(of);
  return {
    write: (out, value) => {
      for (const name of names) of[name]!.write(out, value[name]);
    },
    // Safety: built from exactly the parts' names, each read by its own type.
    read: (from) => Object.fromEntries(names.map((name) => [name, of[name]!.read(from)])) as PartsValue<P>,
    describe: (table) => names.map((name) => field(name, of[name]!.id(table))),
  };
}

export function only<T>(type: Type<T>): Fields<T> {
  return { write: type.write, read: type.read, describe: (table) => [field(undefined, type.id(table))] };
}

/** Unnamed fields, as a tuple struct has. */
export function ordered<const T extends readonly unknown[]>(...types: { readonly [K in keyof T]: Type<T[K]> }): Fields<T> {
  return {
    write: (out, values) => {
      for (const [i, type] of types.entries()) type.write(out, values[i]);
    },
    // Safety: one value per type, in their order.
    read: (from) => types.map((type) => type.read(from)) as unknown as T,
    describe: (table) => types.map((type) => field(undefined, type.id(table))),
  };
}

export function struct<P extends Parts>(path: readonly string[], of: P, params: TypeParams = []): Type<PartsValue<P>> {
  const fields = parts(of);
  return defined<PartsValue<P>>(fields, (table) => ({
    path,
    params: params.map(([name, type]) => ({ name, type: type.id(table) })),
    def: { tag: 'composite', value: fields.describe(table) },
  }));
}

export type Cases = Readonly<Record<string, readonly [index: number, fields: Fields<unknown>]>>;
export type CaseValue<C extends Cases> = { [K in keyof C]: { readonly type: K; readonly value: FieldsValue<C[K][1]> } }[keyof C];

/** A type that knows its cases, so that it can be made again with others. */
export interface VariantType<C extends Cases> extends Type<CaseValue<C>> {
  readonly path: readonly string[];
  readonly cases: C;
}

export function variant<C extends Cases>(path: readonly string[], cases: C, params: TypeParams = []): VariantType<C> {
  const byIndex = new Map(Object.entries(cases).map(([name, [index, fields]]) => [index, { name, fields }]));
  const type = defined<CaseValue<C>>(
    {
      write: (out, { type, value }) => {
        const [index, fields] = cases[type]!;
        out.push(Uint8Array.of(index));
        fields.write(out, value);
      },
      read: (from) => {
        const index = from.take(1)[0] ?? 0;
        const found = byIndex.get(index);
        if (found === undefined) throw new RangeError(`${path.at(-1) ?? 'enum'} has no variant ${index}`);
        // Safety: name and value come from the same case.
        return { type: found.name, value: found.fields.read(from) } as CaseValue<C>;
      },
    },
    (table) => ({
      path,
      params: params.map(([name, type]) => ({ name, type: type.id(table) })),
      def: {
        tag: 'variant',
        value: Object.entries(cases).map(([name, [index, fields]]) => ({ name, fields: fields.describe(table), index, docs: [] })),
      },
    }),
  );
  return { ...type, path, cases };
}
