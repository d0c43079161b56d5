import { storageIndexOf } from '../commit-hash.js';
import { epochIndex } from '../epoch.js';
import type { Hotkey } from '../snapshot.js';
import { pendingEpochs, timelockedSlots, toHashCommit, toTimelockedCommits } from './commit-reveal.js';
import { toList } from './decode.js';
import type { StorageAt } from './storage.js';

type EpochFacts = Parameters<typeof toHashCommit>[1];

export interface CommitPlace {
  readonly facts: EpochFacts;
  readonly mechanism: number;
  readonly revealPeriodEpochs: number;
  readonly hotkeys: readonly Hotkey[];
}

/**
 * For each hotkey the block of its earliest weight commit that the next epoch will not call expired; null for one without.
 *
 * Requests for n hotkeys: ⌈(n + reveal period) / 4096⌉.
 * Source: subtensor epoch/run_epoch.rs, the commit-reveal mask; subnets/weights.rs is_commit_expired.
 */
export async function readCommitBlocks(storage: StorageAt, place: CommitPlace): Promise<readonly (number | null)[]> {
  const { facts, mechanism, revealPeriodEpochs, hotkeys } = place;
  const epochs = pendingEpochs(facts, revealPeriodEpochs);
  const index = storageIndexOf(facts.netuid, mechanism);
  const values = await storage.read([
    ...hotkeys.map((hotkey) => storage.slot('subtensorModule', 'weightCommits', index, hotkey)),
    ...timelockedSlots(storage, facts.netuid, mechanism, epochs),
  ]);
  const oldestKept = epochIndex(facts) + 1 - revealPeriodEpochs;
  const timelocked = values.slice(hotkeys.length);
  return hotkeys.map((hotkey, i) => {
    const commits = [
      ...toList(values[i] ?? [], (tuple) => toHashCommit(tuple, facts)),
      ...epochs.flatMap((epoch, k) => toTimelockedCommits(timelocked[k], epoch, hotkey)),
    ];
    const blocks = commits.filter(({ epoch }) => epoch >= oldestKept).map(({ block }) => block);
    return blocks.length === 0 ? null : Math.min(...blocks);
  });
}
