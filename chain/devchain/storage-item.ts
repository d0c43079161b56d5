/** Storage items: where a value lies (exactly the keys Substrate would use) and what it is. */
import { blake2AsU8a, xxhashAsU8a } from '@polkadot/util-crypto';
import { createReader, decode, encode, fromHex, type Type, toHex } from './scale.js';

/** A view of the chain's state in which values can be read and written. Keys and values are `0x` hex. */
export interface Store {
  get(key: string): string | null;
  put(key: string, value: string): void;
  remove(key: string): void;
  /** Ascending. */
  keysWith(prefix: string): readonly string[];
}

export type StoreView = Pick<Store, 'get' | 'keysWith'>;

export type HasherName = 'Identity' | 'Blake2128Concat' | 'Twox64Concat';

export interface KeyPart<K> {
  readonly hasher: HasherName;
  readonly type: Type<K>;
}

/** What the metadata says about an item. */
export interface ItemDescription {
  readonly pallet: string;
  readonly name: string;
  readonly keys: readonly KeyPart<unknown>[];
  readonly value: Type<unknown>;
  /** Null: absent means None; else the bytes that absence stands for. */
  readonly fallback: Uint8Array | null;
}

export interface StorageItem<K extends readonly unknown[], V, G> extends ItemDescription {
  /** What `get` answers when nothing is stored. */
  readonly absent: G;
  key(...keys: K): string;
  /** What the keys of all entries under these first keys begin with. */
  prefixKey(...keys: Partial<K>): string;
  get(store: StoreView, ...keys: K): G;
  put(store: Store, ...entry: [...K, V]): void;
  remove(store: Store, ...keys: K): void;
  /** Every key under the first `prefix` keys, with its value. */
  entries(store: StoreView, prefix: Partial<K>): readonly { readonly keys: K; readonly value: V }[];
}

const HASH_BYTES: Readonly<Record<HasherName, number>> = { Identity: 0, Blake2128Concat: 16, Twox64Concat: 8 };

export function identity<K>(type: Type<K>): KeyPart<K> {
  return { hasher: 'Identity', type };
}
export function blake2<K>(type: Type<K>): KeyPart<K> {
  return { hasher: 'Blake2128Concat', type };
}
export function twox<K>(type: Type<K>): KeyPart<K> {
  return { hasher: 'Twox64Concat', type };
}

function hashed(part: KeyPart<unknown>, key: unknown): Uint8Array {
  const bytes = encode(part.type, key);
  if (part.hasher === 'Identity') return bytes;
  const digest = part.hasher === 'Blake2128Concat' ? blake2AsU8a(bytes, 128) : xxhashAsU8a(bytes, 64);
  return new Uint8Array(Buffer.concat([digest, bytes]));
}

export function storagePrefix(pallet: string, item: string): string {
  return toHex(new Uint8Array(Buffer.concat([xxhashAsU8a(pallet, 128), xxhashAsU8a(item, 128)])));
}

export type KeyParts<K extends readonly unknown[]> = { readonly [I in keyof K]: KeyPart<K[I]> };

/** Items of one pallet. `ValueQuery` items have a fallback, `OptionQuery` items have none. */
export function itemsOf(pallet: string) {
  return {
    valued: <V, K extends readonly unknown[] = []>(name: string, keys: KeyParts<K>, value: Type<V>, fallback: V): StorageItem<K, V, V> =>
      item<K, V, V>(pallet, name, keys, value, encode(value, fallback), fallback),
    optional: <V, K extends readonly unknown[] = []>(name: string, keys: KeyParts<K>, value: Type<V>): StorageItem<K, V, V | null> =>
      item<K, V, V | null>(pallet, name, keys, value, null, null),
  };
}

function item<K extends readonly unknown[], V, G>(
  pallet: string,
  name: string,
  keyParts: KeyParts<K>,
  value: Type<V>,
  fallback: Uint8Array | null,
  absent: G,
): StorageItem<K, V, G> {
  const prefix = storagePrefix(pallet, name);
  const keyOf = (keys: readonly unknown[]) =>
    keys.reduce<string>((key, part, i) => key + toHex(hashed(keyParts[i]!, part)).slice(2), prefix);
  return {
    pallet,
    name,
    keys: keyParts,
    value,
    fallback,
    absent,
    key: (...keys) => keyOf(keys),
    prefixKey: (...keys) => keyOf(keys),
    get: (store, ...keys) => {
      const found = store.get(keyOf(keys));
      // Safety: G is V, or V and null; both callers above hand in the matching `absent`.
      return (found === null ? absent : decode(value, fromHex(found))) as G;
    },
    put: (store, ...entry) => {
      const keys = entry.slice(0, -1);
      // Safety: the last of the tuple [...K, V] is V.
      store.put(keyOf(keys), toHex(encode(value, entry.at(-1) as V)));
    },
    remove: (store, ...keys) => store.remove(keyOf(keys)),
    entries: (store, first) =>
      store.keysWith(keyOf(first)).flatMap((key) => {
        const found = store.get(key);
        if (found === null) return [];
        const from = createReader(fromHex(`0x${key.slice(prefix.length)}`));
        const keys = keyParts.map((part) => {
          from.take(HASH_BYTES[part.hasher]);
          return part.type.read(from);
        });
        // Safety: one key per key part, each read by its own type.
        return { keys: keys as unknown as K, value: decode(value, fromHex(found)) };
      }),
  };
}
