import { createLogger } from '../../node/logger.js';
import { NO_METRICS } from '../../node/metrics.js';
import { createInbox } from '../../node/network/inbox.js';
import { createPostbox } from '../../node/network/postbox.js';
import { createPresence } from '../../node/network/presence.js';
import type { Stores } from '../../node/ports.js';
import { createRegistrySync } from '../../node/registry-sync.js';
import { createMessageGate } from '../../protocol/message-gate.js';
import type { ModelDigest } from '../../protocol/names.js';
import type { Gossip, Signer } from '../../protocol/ports.js';
import type { Surroundings } from '../support/memory-validator.js';

export interface RunningMiner {
  /** Registry and gossip at the newest finalized head. */
  listen(): Promise<void>;
  /** What it has to tell chain and network; waits for its transactions. */
  present(): Promise<void>;
  peerArrived(): void;
}

export const ANNOUNCE_INTERVAL_MS = 120_000;

/** A miner with its real duties over a chain and stores in memory: it claims its model, announces it, and judges what it passes on. */
export async function startMemoryMiner(
  person: { readonly name: string; readonly signer: Signer; readonly stores: Stores; readonly model: ModelDigest },
  own: { readonly gossip: Gossip; readonly scorer: string },
  around: Pick<Surroundings, 'chain' | 'clock' | 'verifier' | 'schedule'>,
): Promise<RunningMiner> {
  const { chain, clock } = around;
  const { signer, stores } = person;
  const log = createLogger({ level: 'silent' });
  const network = { genesis: chain.genesis, netuid: chain.netuid };
  const registry = createRegistrySync(
    { chain: chain.reader, store: stores.registry, log, metrics: NO_METRICS },
    { netuid: chain.netuid, everyBlocks: 1 },
  );
  const finalizedBlock = () => registry.current()?.block.number ?? 0;
  const postbox = createPostbox(
    { signer, gossip: own.gossip, sequences: stores.sequences, clock, metrics: NO_METRICS, finalizedBlock },
    { network },
  );
  const inbox = createInbox(
    {
      gossip: own.gossip,
      gate: createMessageGate({ network }),
      verifier: around.verifier,
      stores,
      clock,
      log,
      metrics: NO_METRICS,
      members: registry.members,
      finalizedBlock,
    },
    { netuid: chain.netuid, schedule: around.schedule, scorer: own.scorer },
  );
  const presence = createPresence(
    {
      chain: chain.writer,
      signer,
      postbox,
      announcements: stores.announcements,
      clock,
      log,
      peerKey: new Uint8Array(32),
      addresses: () => [],
      offered: { model: person.model, manifestSizeBytes: 1_000, sizeBytes: 1_000_000 },
    },
    { netuid: chain.netuid, axon: null, announceIntervalMs: ANNOUNCE_INTERVAL_MS },
  );
  await registry.restore();
  await registry.follow(await chain.reader.finalizedHead());
  await inbox.open();
  return {
    listen: async () => void (await registry.follow(await chain.reader.finalizedHead())),
    present: async () => {
      const snapshot = registry.current();
      if (snapshot !== null) await presence.turn(snapshot);
    },
    peerArrived: presence.peerArrived,
  };
}
