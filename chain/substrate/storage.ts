import type { ApiPromise } from '@polkadot/api';
import type { ApiDecoration, QueryableStorageEntry } from '@polkadot/api/types';
import type { RuntimeVersion } from '@polkadot/types/interfaces';
import type { Registry } from '@polkadot/types/types';
import { hexToU8a, u8aConcat, u8aToHex } from '@polkadot/util';
import { isFailure } from '../../protocol/failure.js';
import { chainFailure } from '../failures.js';
import { runtimeCallOf } from './features.js';
import type { Session } from './session-shape.js';

/**
 * Keys in one `state_queryStorageAt`. A node counts bytes, not keys (15 MiB unless it is told otherwise, both ways); so many are below 1 MiB as they are
 * asked for, and 3 MiB with what the largest subnets hold under them.
 */
export const MAX_KEYS_PER_REQUEST = 4096;
/** A node that refuses more is asked for half as many, down to these: the pages of the library, which every public node answers. */
export const MIN_KEYS_PER_REQUEST = 1024;

/** One value to read: where it lies and how to read it. Null: this runtime has no such item. */
export interface Slot {
  readonly key: string;
  /** Shape: the bytes found (null: nothing stored) → plain JSON of the value; the item's declared default when nothing is stored, or null. */
  decode(bytes: string | null): unknown;
}

type Decorated = Pick<ApiDecoration<'promise'>, 'query' | 'call' | 'registry' | 'runtimeVersion'>;

/** Storage of the chain at one block, read by name. */
export interface StorageAt {
  readonly specVersion: number;
  has(pallet: string, item: string): boolean;
  slot(pallet: string, item: string, ...args: readonly unknown[]): Slot | null;
  /** The values in the order of the slots, in ⌈n / MAX_KEYS_PER_REQUEST⌉ requests. A null slot reads as null. */
  read(slots: readonly (Slot | null)[]): Promise<readonly unknown[]>;
  /** Shape: section and method, camel case → a call that answers plain JSON in one request; null: this runtime declares no such call. */
  runtimeCall(section: string, method: string): ((...args: readonly unknown[]) => Promise<unknown>) | null;
  /** Types, events and errors of the runtime of that block. */
  readonly registry: Registry;
}

/**
 * One request when the runtime of that block is the connected one; two or three more, and its metadata, when it is another.
 *
 * `writtenBy`: the block whose runtime wrote what is read, where that matters: a block that installs a runtime was itself run by the one before.
 */
export async function storageAt(session: Session, hash: string, writtenBy: string = hash): Promise<StorageAt> {
  const { api } = session;
  const version = await session.request('state_getRuntimeVersion', writtenBy);
  const at = await runtimeAt(api, hash, version);
  const entryOf = (pallet: string, item: string): QueryableStorageEntry<'promise'> | undefined => at.query[pallet]?.[item];

  return {
    specVersion: at.runtimeVersion.specVersion.toNumber(),
    registry: at.registry,
    runtimeCall: (section, method) => {
      const declared = runtimeCallOf(at, section, method);
      if (declared === null) return null;
      const { name, params, type } = declared;
      return async (...args) => {
        const bytes = params.map((param, i) => at.registry.createTypeUnsafe(param.type, [args[i]]).toU8a());
        const answer = await session.request('state_call', name, u8aToHex(u8aConcat(...bytes)), hash);
        try {
          return at.registry.createTypeUnsafe(type, [hexToU8a(String(answer))]).toJSON();
        } catch (error) {
          throw badAnswer(name, session.identity.endpoint, error);
        }
      };
    },
    has: (pallet, item) => entryOf(pallet, item) !== undefined,
    slot: (pallet, item, ...args) => {
      const entry = entryOf(pallet, item);
      if (entry === undefined) return null;
      const { meta } = entry.creator;
      const valueType = meta.type.isMap ? meta.type.asMap.value : meta.type.asPlain;
      const type = at.registry.createLookupType(valueType);
      // An item that is a map in one runtime is a plain value in another: as many of the keys as it has are used.
      const arity = meta.type.isMap ? (meta.type.asMap.hashers.length === 1 ? 1 : meta.type.asMap.hashers.length) : 0;
      return {
        key: entry.key(...args.slice(0, arity)),
        decode: (bytes) => {
          if (bytes === null && meta.modifier.isOptional) return null;
          return at.registry.createTypeUnsafe(type, [bytes === null ? meta.fallback.toU8a(true) : hexToU8a(bytes)]).toJSON();
        },
      };
    },
    read: async (slots) => {
      const keys = [...new Set(slots.flatMap((slot) => (slot === null ? [] : [slot.key])))];
      const pages: string[][] = [];
      for (let from = 0; from < keys.length; from += MAX_KEYS_PER_REQUEST) pages.push(keys.slice(from, from + MAX_KEYS_PER_REQUEST));
      const answers = await Promise.all(pages.map((page) => queryAt(session, page, hash)));
      const found = new Map(answers.flat());
      return slots.map((slot) => (slot === null ? null : decodeSlot(slot, found.get(slot.key) ?? null, session.identity.endpoint)));
    },
  };
}

/** What the library makes for one block costs it a pass over the whole metadata, so it is asked only where the runtime is another. */
function runtimeAt(api: ApiPromise, hash: string, json: unknown): Promise<Decorated> | Decorated {
  const version = api.createType<RuntimeVersion>('RuntimeVersion', json);
  const { specName, specVersion } = api.runtimeVersion;
  return specName.eq(version.specName) && specVersion.eq(version.specVersion) ? api : api.at(hash, version);
}

function decodeSlot(slot: Slot, bytes: string | null, endpoint: string): unknown {
  try {
    return slot.decode(bytes);
  } catch (error) {
    throw badAnswer('state_queryStorageAt', endpoint, error, `${slot.key}: `);
  }
}

function badAnswer(method: string, endpoint: string, error: unknown, where = '') {
  const reason = `${where}${error instanceof Error ? error.message : String(error)}`;
  return chainFailure('chain.bad_answer', { method, endpoint, reason: reason.slice(0, 300) }, error);
}

async function queryAt(session: Session, keys: readonly string[], hash: string): Promise<[string, string | null][]> {
  try {
    return changesOf(await session.request('state_queryStorageAt', keys, hash), session.identity.endpoint);
  } catch (error) {
    if (!isFailure(error) || error.code !== 'chain.request_refused' || keys.length <= MIN_KEYS_PER_REQUEST) throw error;
    const middle = Math.ceil(keys.length / 2);
    return (await Promise.all([keys.slice(0, middle), keys.slice(middle)].map((half) => queryAt(session, half, hash)))).flat();
  }
}

function changesOf(answer: unknown, endpoint: string): [string, string | null][] {
  const bad = () => chainFailure('chain.bad_answer', { method: 'state_queryStorageAt', endpoint, reason: 'not a list of changes' });
  if (!Array.isArray(answer)) throw bad();
  return answer.flatMap((set: unknown) => {
    if (typeof set !== 'object' || set === null || !('changes' in set) || !Array.isArray(set.changes)) throw bad();
    return set.changes.map((change: unknown): [string, string | null] => {
      if (!Array.isArray(change) || typeof change[0] !== 'string') throw bad();
      return [change[0], typeof change[1] === 'string' ? change[1] : null];
    });
  });
}
