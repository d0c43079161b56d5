/** The metadata's table of types (scale-info's portable registry), filled while the pallets are described. */
export interface Field {
  readonly name: string | undefined;
  readonly type: number;
  readonly typeName: string | undefined;
  readonly docs: string[];
}

export interface VariantCase {
  readonly name: string;
  readonly fields: Field[];
  readonly index: number;
  readonly docs: string[];
}

type PrimitiveName = 'u8' | 'u16' | 'u32' | 'u64' | 'u128' | 'i16' | 'i128' | 'bool' | 'str';

export type Shape =
  | { readonly tag: 'composite'; readonly value: Field[] }
  | { readonly tag: 'variant'; readonly value: VariantCase[] }
  | { readonly tag: 'sequence'; readonly value: number }
  | { readonly tag: 'array'; readonly value: { readonly len: number; readonly type: number } }
  | { readonly tag: 'tuple'; readonly value: number[] }
  | { readonly tag: 'primitive'; readonly value: { readonly tag: PrimitiveName; readonly value: undefined } }
  | { readonly tag: 'compact'; readonly value: number };

export interface TypeDefinition {
  readonly path: readonly string[];
  readonly params: readonly { readonly name: string; readonly type: number | undefined }[];
  readonly def: Shape;
}

export interface TypeTable {
  /** The number of `owner`, defined on first use; types may refer to themselves. */
  idOf(owner: object, define: (table: TypeTable) => TypeDefinition): number;
  entries(): readonly (TypeDefinition & { readonly id: number })[];
}

export function createTypeTable(): TypeTable {
  const ids = new Map<object, number>();
  const definitions: (TypeDefinition | null)[] = [];
  const table: TypeTable = {
    idOf: (owner, define) => {
      const known = ids.get(owner);
      if (known !== undefined) return known;
      const id = definitions.length;
      ids.set(owner, id);
      definitions.push(null);
      definitions[id] = define(table);
      return id;
    },
    entries: () => definitions.flatMap((definition, id) => (definition === null ? [] : [{ ...definition, id }])),
  };
  return table;
}
