import type { ApiPromise } from '@polkadot/api';
import type { Failure } from '../../protocol/failure.js';
import type { ChainIdentity, RuntimeDescription } from '../ports.js';
import type { BlockRef } from '../snapshot.js';
import type { RuntimeFeatures } from './features.js';
import type { RpcProvider } from './provider.js';

/** One live connection to one endpoint, its runtime known. It is never mended: when anything is wrong, another is opened. */
export interface Session {
  readonly identity: ChainIdentity;
  readonly features: RuntimeFeatures;
  /** What the runtime offers. */
  description(): RuntimeDescription;
  /** Types, calls and keys of the runtime; shared with other sessions, see runtimes.ts. Nothing is asked of the node through it. */
  readonly api: ApiPromise;
  readonly rpc: RpcProvider;
  /** Aborted when the session is over; the reason is a chain.* failure. */
  readonly ended: AbortSignal;
  /** Shape: RPC method and params → the node's JSON. Errors: chain.timeout, chain.disconnected, chain.request_refused. */
  request(method: string, ...params: readonly unknown[]): Promise<unknown>;
  /** Calls back with what the node announces, as long as the session lasts. Errors: what the node says to the subscriptions. */
  follow(on: Announcements): Promise<void>;
  requests(): number;
  /** `reason` is what `ended` then says; default: chain.disconnected. */
  close(reason?: Failure): Promise<void>;
}

export interface Announcements {
  readonly head: (head: BlockRef) => void;
  readonly finalized: (head: BlockRef) => void;
  /** Spec version of the runtime: the one of now first, then each that replaces it. */
  readonly runtime: (specVersion: number) => void;
}
