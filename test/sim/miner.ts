import { createPresence } from '../../node/network/presence.js';
import type { Stores } from '../../node/ports.js';
import type { ModelDigest } from '../../protocol/names.js';
import type { Gossip, Signer } from '../../protocol/ports.js';
import { type NodeSurroundings, startMemoryNode } from '../support/memory-node.js';

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
  around: NodeSurroundings,
): Promise<RunningMiner> {
  const { chain, clock } = around;
  const { signer, stores } = person;
  const { log, registry, postbox } = await startMemoryNode(person, own, around);
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
  return {
    listen: async () => void (await registry.follow(await chain.reader.finalizedHead())),
    present: async () => {
      const snapshot = registry.current();
      if (snapshot !== null) await presence.turn(snapshot);
    },
    peerArrived: presence.peerArrived,
  };
}
