/** The runtime described in the bytes that clients read: metadata versions 14 and 15. */
import { metadata } from '@polkadot-api/substrate-bindings';
import type { ApiMethod } from './apis/method.js';
import type { Pallet } from './pallet.js';
import type { Runtime } from './runtime.js';
import { palletCallsId } from './runtime-call.js';
import { bytes, encode, field, type Type, toHex } from './scale.js';
import { address, signature } from './shapes.js';
import type { ItemDescription } from './storage-item.js';
import { createTypeTable, type TypeTable } from './type-table.js';

/** `meta` in ASCII, little-endian. */
const MAGIC = 1_635_018_093;
const EXTRINSIC_VERSION = 4;
const OPTIONAL = 0;
const DEFAULTED = 1;
const HASHER_NAMES = { Identity: 'Identity', Blake2128Concat: 'Blake2128Concat', Twox64Concat: 'Twox64Concat' } as const;

export type MetadataVersion = 14 | 15;
export const METADATA_VERSIONS: readonly MetadataVersion[] = [14, 15];

/** Shape: runtime, version → the bytes of `RuntimeMetadataPrefixed`. */
export function encodeMetadata(runtime: Runtime, version: MetadataVersion): Uint8Array {
  const table = createTypeTable();
  const call = runtime.call.id(table);
  const event = runtime.event.id(table);
  const extra = table.idOf(runtime.extensions, () => ({
    path: [],
    params: [],
    def: { tag: 'tuple', value: runtime.extensions.map(({ type }) => type.id(table)) },
  }));
  const ids = { address: address.id(table), call, signature: signature.id(table), extra };
  const extrinsic = extrinsicId(table, ids);
  const signedExtensions = runtime.extensions.map(({ identifier, type, additional }) => ({
    identifier,
    type: type.id(table),
    additionalSigned: additional.id(table),
  }));
  const pallets = runtime.pallets.map((pallet) => describePallet(table, pallet));
  const runtimeType = table.idOf(runtime, () => ({
    path: ['node_subtensor_runtime', 'Runtime'],
    params: [],
    def: { tag: 'composite', value: [] },
  }));

  if (version === 14) {
    const value = {
      lookup: lookupOf(table),
      pallets: pallets.map((pallet) => ({ ...pallet, docs: [] })),
      extrinsic: { type: extrinsic, version: EXTRINSIC_VERSION, signedExtensions },
      type: runtimeType,
      apis: [],
    };
    return metadata.enc({ magicNumber: MAGIC, metadata: { tag: 'v14', value } });
  }
  const error = errorId(table, runtime.pallets);
  const { apis } = runtime;
  const described = [...new Set(apis.map(({ api }) => api))].map((name) => ({
    name,
    docs: [],
    methods: apis.filter(({ api }) => api === name).map((method) => describeMethod(table, method, extrinsic)),
  }));
  const value = {
    lookup: lookupOf(table),
    pallets: pallets.map((pallet) => ({ ...pallet, docs: [] })),
    extrinsic: { version: EXTRINSIC_VERSION, ...ids, signedExtensions },
    type: runtimeType,
    apis: described,
    outerEnums: { call, event, error },
    custom: [],
  };
  return metadata.enc({ magicNumber: MAGIC, metadata: { tag: 'v15', value } });
}

function lookupOf(table: TypeTable) {
  return table
    .entries()
    .map(({ id, path, params, def }) => ({ id, path: [...path], params: params.map((param) => ({ ...param })), def, docs: [] }));
}

const EXTRINSIC = {};

function extrinsicId(table: TypeTable, ids: { address: number; call: number; signature: number; extra: number }): number {
  return table.idOf(EXTRINSIC, () => ({
    path: ['sp_runtime', 'generic', 'unchecked_extrinsic', 'UncheckedExtrinsic'],
    params: [
      { name: 'Address', type: ids.address },
      { name: 'Call', type: ids.call },
      { name: 'Signature', type: ids.signature },
      { name: 'Extra', type: ids.extra },
    ],
    def: { tag: 'composite', value: [field(undefined, bytes.id(table))] },
  }));
}

function describePallet(table: TypeTable, pallet: Pallet) {
  return {
    name: pallet.name,
    storage:
      pallet.storage.length === 0 ? undefined : { prefix: pallet.name, items: pallet.storage.map((item) => describeItem(table, item)) },
    calls: pallet.calls.length === 0 ? undefined : palletCallsId(table, pallet),
    events: pallet.events?.id(table),
    constants: pallet.constants.map(({ name, type, value }) => ({
      name,
      type: type.id(table),
      value: toHex(encode(type, value)),
      docs: [],
    })),
    errors: pallet.errors.length === 0 ? undefined : palletErrorsId(table, pallet),
    index: pallet.index,
  };
}

function describeItem(table: TypeTable, item: ItemDescription) {
  const value = item.value.id(table);
  const keyIds = item.keys.map(({ type }) => type.id(table));
  const [single] = keyIds;
  const hashers = item.keys.map(({ hasher }) => ({ tag: HASHER_NAMES[hasher], value: undefined }));
  const type =
    single === undefined
      ? { tag: 'plain' as const, value }
      : { tag: 'map' as const, value: { hashers, key: keyIds.length === 1 ? single : tupleId(table, item, keyIds), value } };
  return {
    name: item.name,
    modifier: item.fallback === null ? OPTIONAL : DEFAULTED,
    type,
    fallback: toHex(item.fallback ?? Uint8Array.of(0)),
    docs: [],
  };
}

function tupleId(table: TypeTable, item: ItemDescription, keyIds: readonly number[]): number {
  return table.idOf(item.keys, () => ({ path: [], params: [], def: { tag: 'tuple', value: [...keyIds] } }));
}

function palletErrorsId(table: TypeTable, pallet: Pallet): number {
  return table.idOf(pallet.errors, () => ({
    path: [pallet.crate, 'pallet', 'Error'],
    params: [],
    def: { tag: 'variant', value: pallet.errors.map((name, index) => ({ name, fields: [], index, docs: [] })) },
  }));
}

function errorId(table: TypeTable, pallets: readonly Pallet[]): number {
  return table.idOf(pallets, () => ({
    path: ['node_subtensor_runtime', 'RuntimeError'],
    params: [],
    def: {
      tag: 'variant',
      value: pallets
        .filter(({ errors }) => errors.length > 0)
        .map((pallet) => ({ name: pallet.name, index: pallet.index, docs: [], fields: [field(undefined, palletErrorsId(table, pallet))] })),
    },
  }));
}

function describeMethod(table: TypeTable, method: ApiMethod, extrinsic: number) {
  const idOf = (type: Type<unknown> | 'extrinsic') => (type === 'extrinsic' ? extrinsic : type.id(table));
  return {
    name: method.name,
    inputs: method.inputs.map(({ name, type }) => ({ name, type: idOf(type) })),
    output: method.output.id(table),
    docs: [],
  };
}
