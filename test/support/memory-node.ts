import { createLogger, type Logger } from '../../node/logger.js';
import { NO_METRICS } from '../../node/metrics.js';
import { createInbox } from '../../node/network/inbox.js';
import { createPostbox, type Postbox } from '../../node/network/postbox.js';
import type { Stores } from '../../node/ports.js';
import { createRegistrySync, type RegistrySync } from '../../node/registry-sync.js';
import { createMessageGate } from '../../protocol/message-gate.js';
import type { Clock, Gossip, Signer, Verifier } from '../../protocol/ports.js';
import type { RoundSchedule } from '../../scoring/round.js';
import type { FakeChain } from './fake-chain-shape.js';

/** What all nodes of a test have in common. */
export interface NodeSurroundings {
  readonly chain: FakeChain;
  readonly clock: Clock;
  readonly verifier: Verifier;
  readonly schedule: RoundSchedule;
}

export interface MemoryNode {
  readonly log: Logger;
  readonly registry: RegistrySync;
  readonly postbox: Postbox;
}

/** What every node has, whatever its role, over a chain, stores and gossip in memory: it follows the registry, judges and keeps what it hears, and posts. */
export async function startMemoryNode(
  { signer, stores }: { readonly signer: Signer; readonly stores: Stores },
  { gossip, scorer }: { readonly gossip: Gossip; readonly scorer: string },
  { chain, clock, verifier, schedule }: NodeSurroundings,
): Promise<MemoryNode> {
  const log = createLogger({ level: 'silent' });
  const network = { genesis: chain.genesis, netuid: chain.netuid };
  const registry = createRegistrySync(
    { chain: chain.reader, store: stores.registry, log, metrics: NO_METRICS },
    { netuid: chain.netuid, everyBlocks: 1 },
  );
  const finalizedBlock = () => registry.current()?.block.number ?? 0;
  const postbox = createPostbox({ signer, gossip, sequences: stores.sequences, clock, metrics: NO_METRICS, finalizedBlock }, { network });
  const gate = createMessageGate({ network });
  const inbox = createInbox(
    { gossip, gate, verifier, stores, clock, log, metrics: NO_METRICS, members: registry.members, finalizedBlock },
    { netuid: chain.netuid, schedule, scorer },
  );
  await registry.restore();
  await registry.follow(await chain.reader.finalizedHead());
  await inbox.open();
  return { log, registry, postbox };
}
