/** The chain client, as the daemon and the commands both use it. */

import type { ChainReader, ChainWriter } from '../chain/ports.js';
import { type ChainClient, createChainClient } from '../chain/substrate/client.js';
import type { Hash } from '../protocol/names.js';
import type { Clock } from '../protocol/ports.js';
import type { Logger } from './logger.js';

export function composeChain(
  deps: { readonly clock: Clock; readonly logger: Logger },
  options: { readonly endpoints: readonly string[]; readonly genesis: Hash | null },
): ChainClient & { readonly chain: ChainReader & ChainWriter } {
  const client = createChainClient(deps, options);
  return { ...client, chain: { ...client.reader, ...client.writer } };
}
