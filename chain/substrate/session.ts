import { setMaxListeners } from 'node:events';
import type { ApiPromise } from '@polkadot/api';
import { type Hash, parseHash } from '../../protocol/names.js';
import type { Clock } from '../../protocol/ports.js';
import { chainFailure } from '../failures.js';
import type { ChainIdentity } from '../ports.js';
import type { BlockRef } from '../snapshot.js';
import { toNumber } from './decode.js';
import { describeRuntime } from './description.js';
import { blockTimeOf, featuresOf } from './features.js';
import { createEndpointProvider, type RpcProvider, specVersionOf } from './provider.js';
import { toRequestFailure } from './refusals.js';
import type { RuntimeShelf } from './runtimes.js';
import type { Session } from './session-shape.js';

export interface SessionOptions {
  readonly endpoint: string;
  /** null: whatever chain answers. */
  readonly genesis: Hash | null;
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
}

/** Errors: chain.unreachable, chain.wrong_genesis, chain.timeout, chain.not_subtensor; leaves nothing open. */
export async function openSession(
  { clock, runtimes }: { readonly clock: Clock; readonly runtimes: RuntimeShelf },
  options: SessionOptions,
): Promise<Session> {
  const { endpoint } = options;
  const over = new AbortController();
  // Every request and every transaction that waits listens to it.
  setMaxListeners(0, over.signal);
  const provider = createEndpointProvider({ clock }, options, {
    onClosed: () => over.abort(chainFailure('chain.disconnected', { endpoint })),
    onBroken: (failure) => over.abort(failure),
  });
  await provider.open();
  try {
    // Before anything else is read: the metadata of a wrong chain is not worth a megabyte.
    const genesis = await checkGenesis(provider.rpc, endpoint, options.genesis);
    const api = await runtimes.take({ rpc: provider.rpc, endpoint, genesis });
    over.signal.throwIfAborted();
    return {
      identity: identityOf(api, endpoint, genesis),
      features: featuresOf(api),
      description: () => describeRuntime(api),
      api,
      rpc: provider.rpc,
      ended: over.signal,
      request: (method, ...params) => {
        if (over.signal.aborted) return Promise.reject(over.signal.reason);
        return provider.rpc.send<unknown>(method, [...params]);
      },
      follow: async ({ head, finalized, runtime }) => {
        const pass = (to: (head: BlockRef) => void) => (error: Error | null, header: unknown) => {
          const block = error === null ? blockRefOf(api, header) : null;
          if (block !== null && !over.signal.aborted) to(block);
        };
        const version = (error: Error | null, announced: unknown) => {
          const specVersion = error === null ? specVersionOf(announced) : null;
          if (specVersion !== null && !over.signal.aborted) runtime(specVersion);
        };
        await Promise.all([
          provider.rpc.subscribe('state_runtimeVersion', 'state_subscribeRuntimeVersion', [], version),
          provider.rpc.subscribe('chain_newHead', 'chain_subscribeNewHead', [], pass(head)),
          provider.rpc.subscribe('chain_finalizedHead', 'chain_subscribeFinalizedHeads', [], pass(finalized)),
        ]);
      },
      requests: provider.requests,
      close: async (reason) => {
        if (!over.signal.aborted) over.abort(reason ?? chainFailure('chain.disconnected', { endpoint }));
        await provider.close();
      },
    };
  } catch (error) {
    await provider.close();
    throw toRequestFailure(error, 'metadata', endpoint);
  }
}

/** Errors: chain.wrong_genesis, chain.bad_answer, chain.timeout. */
export async function checkGenesis(rpc: RpcProvider, endpoint: string, expected: Hash | null): Promise<Hash> {
  const answer = await rpc.send<unknown>('chain_getBlockHash', [0]);
  const genesis = parseHash(String(answer));
  if (!genesis.ok) throw chainFailure('chain.bad_answer', { method: 'chain_getBlockHash', endpoint, reason: genesis.error });
  if (expected !== null && genesis.value !== expected) {
    throw chainFailure('chain.wrong_genesis', { endpoint, expected, actual: genesis.value });
  }
  return genesis.value;
}

/** The hash of a header is that of its encoding; null when it is no header. */
function blockRefOf(api: ApiPromise, json: unknown): BlockRef | null {
  try {
    if (typeof json !== 'object' || json === null || !('number' in json)) return null;
    const hash = parseHash(api.registry.createTypeUnsafe('Header', [json]).hash.toHex());
    return hash.ok ? { number: toNumber(json.number), hash: hash.value } : null;
  } catch {
    return null;
  }
}

function identityOf(api: ApiPromise, endpoint: string, genesis: Hash): ChainIdentity {
  return {
    endpoint,
    chain: api.runtimeChain.toString(),
    genesis,
    specName: api.runtimeVersion.specName.toString(),
    specVersion: api.runtimeVersion.specVersion.toNumber(),
    blockTimeMs: blockTimeOf(api),
  };
}

/** The spec version that the node runs now, asked of it. */
export async function liveSpecVersion(session: Session): Promise<number | null> {
  return specVersionOf(await session.request('state_getRuntimeVersion'));
}
