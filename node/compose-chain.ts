/** The chain client, as the daemon and the commands both use it. */

import { type PinnedBeacon, QUICKNET } from '../chain/beacon.js';
import type { ChainReader, ChainWriter } from '../chain/ports.js';
import { type ChainClient, createChainClient } from '../chain/substrate/client.js';
import type { Hash } from '../protocol/names.js';
import type { Clock } from '../protocol/ports.js';
import type { Logger } from './logger.js';

export interface ChainOptions {
  readonly endpoints: readonly string[];
  readonly genesis: Hash | null;
  readonly beacon: 'quicknet' | null;
  /** Waits for the chain at start as well. */
  readonly patient?: boolean;
}

/** Beacons that a chain may be held to, by the names of the setting chain.beacon. */
export function pinnedBeacon(name: 'quicknet' | null): PinnedBeacon | null {
  return name === 'quicknet' ? QUICKNET : null;
}

export function composeChain(
  deps: { readonly clock: Clock; readonly logger: Logger },
  { endpoints, genesis, beacon, patient = false }: ChainOptions,
): ChainClient & { readonly chain: ChainReader & ChainWriter } {
  const client = createChainClient(deps, { endpoints, genesis, patient, pinnedBeacon: pinnedBeacon(beacon) });
  return { ...client, chain: { ...client.reader, ...client.writer } };
}
