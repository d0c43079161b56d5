import { ApiPromise } from '@polkadot/api';
import type { Hash } from '../../protocol/names.js';
import type { Clock } from '../../protocol/ports.js';
import { chainFailure } from '../failures.js';
import { SUBTENSOR_EXTENSIONS } from './extensions.js';
import type { RpcProvider } from './provider.js';
import { toRequestFailure } from './refusals.js';
import { withDeadline } from './timing.js';

/**
 * The decoded runtime of the chain: its types, calls and storage keys. Reading it takes a megabyte from the node and a tenth of a second of
 * a core, so it is kept from one session to the next as long as the node states the same version of the same chain.
 *
 * What the library itself asks (the metadata of an older block) goes to the session that took the runtime last.
 */
export interface RuntimeShelf {
  /**
   * The runtime that the node behind `rpc` runs now. One small request when it is the one at hand.
   * Errors: chain.timeout, chain.disconnected, chain.request_refused, chain.not_subtensor.
   */
  take(from: { readonly rpc: RpcProvider; readonly endpoint: string; readonly genesis: Hash }): Promise<ApiPromise>;
  /** The next session reads the metadata anew: something was refused that the runtime at hand said was right. */
  forget(): void;
}

export function createRuntimeShelf(
  { clock }: { readonly clock: Clock },
  { loadTimeoutMs }: { readonly loadTimeoutMs: number },
): RuntimeShelf {
  /** Bounded by one: an upgrade replaces it. */
  let held: { readonly key: string; readonly api: ApiPromise; readonly relay: Relay } | null = null;

  async function load(rpc: RpcProvider, endpoint: string): Promise<{ readonly api: ApiPromise; readonly relay: Relay }> {
    const relay = relayTo(rpc);
    const api = new ApiPromise({ provider: relay.rpc, noInitWarn: true, signedExtensions: SUBTENSOR_EXTENSIONS });
    // Loading has no single answer to wait for; the API may also report the same failure a second time as an event.
    api.on('error', () => undefined);
    try {
      await withDeadline(clock, api.isReadyOrError, loadTimeoutMs, () =>
        chainFailure('chain.timeout', { method: 'metadata', endpoint, timeoutMs: loadTimeoutMs }),
      );
    } catch (error) {
      throw toRequestFailure(error, 'metadata', endpoint);
    }
    if (api.query['subtensorModule']?.['keys'] === undefined) {
      throw chainFailure('chain.not_subtensor', { endpoint, specName: api.runtimeVersion.specName.toString() });
    }
    return { api, relay };
  }

  return {
    take: async ({ rpc, endpoint, genesis }) => {
      const version = await rpc.send<unknown>('state_getRuntimeVersion', []);
      const key = `${genesis} ${JSON.stringify(version)}`;
      if (held?.key === key) {
        held.relay.turnTo(rpc);
        return held.api;
      }
      held = null;
      const { api, relay } = await load(rpc, endpoint);
      // An upgrade in between: the metadata may be of either version, and attend.ts leaves this session at once.
      const after = await rpc.send<unknown>('state_getRuntimeVersion', []);
      if (JSON.stringify(after) === JSON.stringify(version)) held = { key, api, relay };
      return api;
    },
    forget: () => {
      held = null;
    },
  };
}

interface Relay {
  readonly rpc: RpcProvider;
  turnTo(rpc: RpcProvider): void;
}

/** A provider whose questions go to another, which can be exchanged. Always connected: the library is never told of sockets. */
function relayTo(first: RpcProvider): Relay {
  let target = first;
  return {
    turnTo: (rpc) => {
      target = rpc;
    },
    rpc: {
      hasSubscriptions: false,
      isClonable: false,
      isConnected: true,
      clone() {
        throw new TypeError('the relay belongs to one runtime');
      },
      connect: () => Promise.reject(new TypeError('the session opens the socket')),
      disconnect: () => Promise.resolve(),
      on: () => () => undefined,
      send: <T>(method: string, params: unknown[]) => target.send<T>(method, params),
      subscribe: (type, method, params, callback) => target.subscribe(type, method, params, callback),
      unsubscribe: (type, method, id) => target.unsubscribe(type, method, id),
    },
  };
}
