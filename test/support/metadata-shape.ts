import { metadata } from '@polkadot-api/substrate-bindings';

/** A runtime's metadata reduced to what decides the bytes: names, hashers, and each type spelled out down to its primitives. */
export interface RuntimeShape {
  /** `Pallet.Item` → modifier, hashers, keys, value, all in one line. */
  readonly storage: ReadonlyMap<string, string>;
  /** `Pallet.call` → index and arguments. */
  readonly calls: ReadonlyMap<string, string>;
  /** `Pallet.Event` → index and fields. */
  readonly events: ReadonlyMap<string, string>;
  /** `Pallet` → error names in the order of their indices. */
  readonly errors: ReadonlyMap<string, readonly string[]>;
  readonly constants: ReadonlyMap<string, string>;
  readonly extensions: readonly string[];
  /** `Api_method` → inputs and output; empty in version 14. */
  readonly apis: ReadonlyMap<string, string>;
}

type Decoded = ReturnType<typeof metadata.dec>['metadata'];
type V15 = Extract<Decoded, { tag: 'v14' | 'v15' }>;

/** Shape: the bytes of `RuntimeMetadataPrefixed`, version 14 or 15 → its shape. Types are compared by structure: a newtype is what it wraps. */
export function shapeOf(encoded: Uint8Array): RuntimeShape {
  // A copy: the library reads a view from the start of what is beneath it.
  const decoded = metadata.dec(Uint8Array.from(encoded)).metadata;
  if (decoded.tag !== 'v14' && decoded.tag !== 'v15') throw new Error(`metadata ${decoded.tag} is not compared`);
  const { value } = decoded as V15;
  const types = new Map(value.lookup.map((type) => [type.id, type]));
  const spelled = new Map<number, string>();

  type Part = { readonly name: string | undefined; readonly type: number };
  const fields = (list: readonly Part[]): string => {
    const [first] = list;
    if (list.length === 1 && first?.name === undefined && first !== undefined) return spell(first.type);
    return `{${list.map(({ name, type }) => `${name === undefined ? '' : `${name}: `}${spell(type)}`).join(', ')}}`;
  };
  function spell(id: number): string {
    const known = spelled.get(id);
    if (known !== undefined) return known;
    const type = types.get(id);
    if (type === undefined) throw new Error(`no type ${id}`);
    // A type may hold itself: calls do.
    spelled.set(id, `<${type.path.join('::')}>`);
    const text = spellOne(id);
    spelled.set(id, text);
    return text;
  }
  function spellOne(id: number): string {
    const { def, path } = types.get(id)!;
    const runtimeEnum = /^Runtime(Call|Event|Error)$/.test(path.at(-1) ?? '') || (path.includes('pallet') && path.at(-1) === 'Call');
    if (runtimeEnum) return path.at(-1)!;
    switch (def.tag) {
      case 'primitive':
        return def.value.tag;
      case 'composite':
        return fields(def.value);
      case 'tuple':
        return def.value.length === 1 ? spell(def.value[0]!) : `(${def.value.map(spell).join(', ')})`;
      case 'sequence':
        return `[${spell(def.value)}]`;
      case 'array':
        return `[${spell(def.value.type)}; ${def.value.len}]`;
      case 'compact':
        return `compact ${spell(def.value)}`;
      case 'variant':
        if (path.at(-1) === 'Era') return 'Era';
        return `enum(${def.value.map(({ name, index, fields: parts }) => `${index} ${name}${parts.length === 0 ? '' : fields(parts)}`).join(' | ')})`;
      default:
        return def.tag;
    }
  }

  const storage = new Map<string, string>();
  const calls = new Map<string, string>();
  const events = new Map<string, string>();
  const errors = new Map<string, readonly string[]>();
  const constants = new Map<string, string>();
  const casesOf = (id: number) => {
    const { def } = types.get(id)!;
    return def.tag === 'variant' ? def.value : [];
  };
  for (const pallet of value.pallets) {
    for (const item of pallet.storage?.items ?? []) {
      const modifier = item.modifier === 0 ? 'optional' : 'default';
      const type =
        item.type.tag === 'plain'
          ? spell(item.type.value)
          : `${item.type.value.hashers.map(({ tag }) => tag).join(' ')} ${spell(item.type.value.key)} → ${spell(item.type.value.value)}`;
      storage.set(`${pallet.name}.${item.name}`, `${modifier} ${type}`);
    }
    for (const { name, index, fields: parts } of pallet.calls === undefined ? [] : casesOf(pallet.calls)) {
      calls.set(`${pallet.name}.${name}`, `${pallet.index}.${index} ${fields(parts.map((part) => ({ ...part, name: part.name ?? '_' })))}`);
    }
    for (const { name, index, fields: parts } of pallet.events === undefined ? [] : casesOf(pallet.events)) {
      events.set(`${pallet.name}.${name}`, `${pallet.index}.${index} ${fields(parts)}`);
    }
    if (pallet.errors !== undefined)
      errors.set(
        pallet.name,
        casesOf(pallet.errors).map(({ name, index }) => `${index} ${name}`),
      );
    for (const { name, type } of pallet.constants) constants.set(`${pallet.name}.${name}`, spell(type));
  }
  const extensions = value.extrinsic.signedExtensions.map(
    ({ identifier, type, additionalSigned }) => `${identifier}: ${spell(type)} + ${spell(additionalSigned)}`,
  );
  const apis = new Map<string, string>();
  for (const { name: api, methods } of value.apis) {
    for (const { name, inputs, output } of methods) {
      apis.set(`${api}_${name}`, `(${inputs.map((input) => `${input.name}: ${spell(input.type)}`).join(', ')}) → ${spell(output)}`);
    }
  }
  return { storage, calls, events, errors, constants, extensions, apis };
}
