import type { ChainReader } from '../chain/ports.js';
import { applySnapshot, type RegistryChange } from '../chain/registry.js';
import type { BlockRef, SubnetSnapshot } from '../chain/snapshot.js';
import type { Membership } from '../protocol/validate.js';
import type { Logger } from './logger.js';
import type { Metrics } from './metrics.js';
import type { RegistryStore } from './ports.js';

export interface RegistrySync {
  /** The newest snapshot, from the chain or, before the first read, from the store. */
  current(): SubnetSnapshot | null;
  /** Who may publish: of this snapshot and the one before, so that honest relays a block apart agree. Null: the subnet was never read. */
  members(): Membership | null;
  /** Brings the registry to the head; heads that are not news cost nothing. */
  follow(head: BlockRef): Promise<SubnetSnapshot>;
  /** Last known state after a restart, so that gossip can be judged before the chain answers. */
  restore(): Promise<void>;
  onChange(listener: (snapshot: SubnetSnapshot, changes: readonly RegistryChange[]) => void): () => void;
}

export interface RegistrySyncOptions {
  readonly netuid: number;
  /** Read the subnet again at most every so many blocks. */
  readonly everyBlocks: number;
}

/** Keeps the miner registry in step with finalized blocks, and tells what changed. */
export function createRegistrySync(
  deps: { readonly chain: ChainReader; readonly store: RegistryStore; readonly log: Logger; readonly metrics: Metrics },
  options: RegistrySyncOptions,
): RegistrySync {
  const listeners = new Set<(snapshot: SubnetSnapshot, changes: readonly RegistryChange[]) => void>();
  let current: SubnetSnapshot | null = null;
  let members: Membership | null = null;

  async function restore(): Promise<void> {
    current = await deps.store.latest(deps.chain.identity().genesis, options.netuid);
    if (current !== null) members = membersOf([current]);
  }

  async function follow(head: BlockRef): Promise<SubnetSnapshot> {
    if (current !== null && head.number < current.block.number + options.everyBlocks) return current;
    const next = await deps.chain.snapshot(options.netuid, head);
    const { changes } = applySnapshot(current, next);
    await deps.store.save(next, changes);
    const first = current === null;
    members = membersOf(current === null ? [next] : [next, current]);
    current = next;
    for (const change of changes) {
      deps.metrics.count('voxd_registry_changes_total', { kind: change.kind });
      deps.log.debug({ ...change }, 'registry changed');
    }
    if (first || changes.some(({ kind }) => kind === 'registered' || kind === 'deregistered'))
      deps.log.info({ block: next.block.number, neurons: next.neurons.length, changes: changes.length }, 'registry synced');
    for (const listener of listeners) listener(next, changes);
    return next;
  }

  return {
    current: () => current,
    members: () => members,
    follow,
    restore,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Of the newest snapshot and those before it that still count. */
export function membersOf(snapshots: readonly SubnetSnapshot[]): Membership {
  const neurons = snapshots.flatMap((snapshot) => snapshot.neurons);
  return {
    registered: new Set(neurons.map(({ hotkey }) => hotkey)),
    permitted: new Set(neurons.filter(({ validatorPermit }) => validatorPermit).map(({ hotkey }) => hotkey)),
  };
}
