/** Questions with one answer. */
import { decodeAddress } from '@polkadot/util-crypto';
import { z } from 'zod';
import type { Block } from '../block.js';
import type { Chain } from '../chain.js';
import { decodeExtrinsic, type Extrinsic } from '../extrinsic.js';
import { encodeMetadata, METADATA_VERSIONS } from '../metadata.js';
import { nonceOf, SS58_PREFIX } from '../pallets/system.js';
import type { Runtime } from '../runtime.js';
import { bytes, createReader, decode, encode, fromHex, option, toHex, u32, vec } from '../scale.js';
import type { StoreView } from '../storage-item.js';
import { invalidParams, poolError, RpcError, undecodable, unknownBlock } from './errors.js';
import { optional, param, required } from './params.js';

export type Method = (params: readonly unknown[]) => unknown;
export type Methods = ReadonlyMap<string, Method>;

export interface NodeFacts {
  readonly chainName: string;
  readonly peers: () => number;
}

const NODE_NAME = 'voxd development chain';
const NODE_VERSION = '1.0.0';
/** Keys in one page of `state_getKeysPaged`. */
const MAX_PAGE_KEYS = 1000;

/** A block, the state after it, and how that is read. */
interface StateAt {
  readonly block: Block;
  readonly store: StoreView;
  /** As clients see it. */
  readonly shown: StoreView;
  readonly runtime: Runtime;
}

export function headerJson(block: Block): unknown {
  const { parentHash, number, stateRoot, extrinsicsRoot } = block;
  return { parentHash, number: `0x${number.toString(16)}`, stateRoot, extrinsicsRoot, digest: { logs: [] } };
}

/** What the pool is told to do wrong; see faults.ts. */
export interface SubmissionFaults {
  /** The next refusal to answer with; null: none is due. */
  refusal(): RpcError | null;
  /** Called with each transaction that the pool has taken. */
  taken(extrinsic: Extrinsic): void;
}

/** Errors: RpcError when the bytes are no extrinsic, or when the pool refuses it. */
export function submitTo(
  chain: Chain,
  faults: SubmissionFaults,
  params: readonly unknown[],
): { readonly extrinsic: Extrinsic; readonly ready: boolean } {
  const refusal = faults.refusal();
  if (refusal !== null) throw refusal;
  const encoded = required(params, 0, param.hex);
  let extrinsic: Extrinsic;
  try {
    extrinsic = decodeExtrinsic(fromHex(encoded), chain.runtime().call);
  } catch (error) {
    if (error instanceof RangeError) throw undecodable(error.message);
    throw error;
  }
  const added = chain.submit(extrinsic);
  if (!added.ok) throw poolError(added.error, extrinsic.hash);
  faults.taken(extrinsic);
  return { extrinsic, ready: added.value.ready };
}

/** Each runtime's metadata is encoded when it is first asked for. */
function createMetadata(): (runtime: Runtime) => ReadonlyMap<number, Uint8Array> {
  const known = new WeakMap<Runtime, ReadonlyMap<number, Uint8Array>>();
  return (runtime) => {
    const encoded = known.get(runtime) ?? new Map(METADATA_VERSIONS.map((version) => [version, encodeMetadata(runtime, version)]));
    known.set(runtime, encoded);
    return encoded;
  };
}

export function createMethods(chain: Chain, facts: NodeFacts, faults: SubmissionFaults): Methods {
  const metadataOf = createMetadata();

  const blockAt = (params: readonly unknown[], index: number): Block => {
    const hash = optional(params, index, param.hash);
    if (hash === null) return chain.head();
    const block = chain.byHash(hash);
    if (block === null) throw unknownBlock(`Header was not found in the database: ${hash}`);
    return block;
  };
  const storeAt = (params: readonly unknown[], index: number): StateAt => {
    const block = blockAt(params, index);
    const store = chain.stateAt(block);
    if (store === null) throw unknownBlock(`State already discarded for ${block.hash}`);
    const runtime = chain.runtimeAt(block.number);
    return { store, shown: runtime.presentation.view(store), block, runtime };
  };
  const queryAt = (params: readonly unknown[]) => {
    const keys = required(params, 0, param.keys);
    const { shown, block } = storeAt(params, 1);
    return [{ block: block.hash, changes: keys.map((key) => [key, shown.get(key)]) }];
  };
  const nextNonce = (params: readonly unknown[]) => {
    const address = required(params, 0, param.text);
    let account: string;
    try {
      account = toHex(decodeAddress(address));
    } catch {
      throw invalidParams('no SS58 address');
    }
    return chain.pool.nextNonce(account, nonceOf(chain.now(), account));
  };

  const methods: [string, Method][] = [
    ['chain_getBlockHash', (params) => blockHashes(chain, params[0])],
    ['chain_getHeader', (params) => (isUnknown(chain, params[0]) ? null : headerJson(blockAt(params, 0)))],
    [
      'chain_getBlock',
      (params) => {
        if (isUnknown(chain, params[0])) return null;
        const block = blockAt(params, 0);
        return { block: { header: headerJson(block), extrinsics: block.extrinsics }, justifications: null };
      },
    ],
    ['chain_getFinalizedHead', () => chain.finalized().hash],
    ['state_getRuntimeVersion', (params) => chain.runtimeAt(blockAt(params, 0).number).version],
    ['state_getMetadata', (params) => toHex(metadataOf(chain.runtimeAt(blockAt(params, 0).number)).get(14) ?? new Uint8Array())],
    ['state_getStorage', (params) => storeAt(params, 1).shown.get(required(params, 0, param.hex))],
    [
      'state_getStorageSize',
      (params) => {
        const value = storeAt(params, 1).shown.get(required(params, 0, param.hex));
        return value === null ? null : value.length / 2 - 1;
      },
    ],
    ['state_queryStorageAt', queryAt],
    [
      'state_getKeysPaged',
      (params) => {
        const prefix = required(params, 0, param.hex);
        const count = Math.min(MAX_PAGE_KEYS, required(params, 1, param.count));
        const after = optional(params, 2, param.hex);
        const keys = storeAt(params, 3).shown.keysWith(prefix);
        return (after === null ? keys : keys.filter((key) => key > after)).slice(0, count);
      },
    ],
    [
      'state_call',
      (params) => {
        const name = required(params, 0, param.text);
        const args = fromHex(required(params, 1, param.hex));
        const at = storeAt(params, 2);
        return toHex(answer(name, args, at, metadataOf(at.runtime)));
      },
    ],
    ['system_name', () => NODE_NAME],
    ['system_version', () => NODE_VERSION],
    ['system_chain', () => facts.chainName],
    ['system_chainType', () => 'Development'],
    ['system_properties', () => ({ isEthereum: false, ss58Format: SS58_PREFIX, tokenDecimals: 9, tokenSymbol: 'TAO' })],
    ['system_health', () => ({ peers: facts.peers(), isSyncing: false, shouldHavePeers: false })],
    ['system_peers', () => []],
    ['system_nodeRoles', () => ['Authority']],
    ['system_localPeerId', () => '12D3KooWDevelopmentChain'],
    ['system_accountNextIndex', nextNonce],
    ['account_nextIndex', nextNonce],
    ['author_submitExtrinsic', (params) => submitTo(chain, faults, params).extrinsic.hash],
    ['author_pendingExtrinsics', () => chain.pool.all().map((extrinsic) => toHex(extrinsic.bytes))],
  ];
  return new Map(methods);
}

function isUnknown(chain: Chain, hash: unknown): boolean {
  return typeof hash === 'string' && chain.byHash(hash.toLowerCase()) === null;
}

const blockNumber = z.union([
  z.number().int().nonnegative(),
  z
    .string()
    .regex(/^0x[0-9a-f]+$/i)
    .transform((text) => Number(text)),
]);

function blockHashes(chain: Chain, which: unknown): unknown {
  if (which === undefined || which === null) return chain.head().hash;
  if (Array.isArray(which)) return which.slice(0, MAX_PAGE_KEYS).map((number) => blockHashes(chain, number));
  return chain.byNumber(required([which], 0, blockNumber))?.hash ?? null;
}

function answer(
  name: string,
  args: Uint8Array,
  { store, block, runtime }: StateAt,
  metadataBytes: ReadonlyMap<number, Uint8Array>,
): Uint8Array {
  if (name === 'Metadata_metadata_versions') return encode(vec(u32), [...metadataBytes.keys()]);
  if (name === 'Metadata_metadata') return encode(bytes, metadataBytes.get(14) ?? new Uint8Array());
  try {
    if (name === 'Metadata_metadata_at_version') return encode(option(bytes), metadataBytes.get(decode(u32, args)) ?? null);
    const method = runtime.apis.find((candidate) => `${candidate.api}_${candidate.name}` === name);
    const context = { store, block: block.number, rules: runtime.generation.rules };
    if (method !== undefined) return method.answer(context, createReader(args));
  } catch (error) {
    if (error instanceof RangeError) throw new RpcError(4003, `Client error: Execution failed: ${error.message}`);
    throw error;
  }
  throw new RpcError(4003, `Client error: Execution failed: Other: Exported method ${name} is not found`);
}
