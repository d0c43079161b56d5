/** Timelocked commits: nothing is to be done but to watch that the chain opens them, and to find the block in which it did. */
import { roundAt } from '../../chain/beacon.js';
import type { ChainReader, WeightFacts } from '../../chain/ports.js';
import { revealPhase } from '../../chain/reveal.js';
import type { BlockRef } from '../../chain/snapshot.js';
import { isFailure } from '../../protocol/failure.js';
import type { Clock } from '../../protocol/ports.js';
import type { SubmissionRow } from '../ports.js';
import { submissionFailure } from './failures.js';
import type { WeightJournal } from './journal.js';
import { droppedBecause, holds } from './outcome.js';

/** Blocks that are searched for the opening of a commit, the newest first; further back the weights themselves are the answer. */
export const OPENING_SEARCH_BLOCKS_MAX = 400;

/** Finality and the beacon's own way onto the chain take time: a round is late when it has been due for so many blocks. */
export const BEACON_LATE_BLOCKS = 6;

export function createOpenings(deps: { readonly chain: ChainReader; readonly clock: Clock; readonly journal: WeightJournal }) {
  const { chain, journal } = deps;
  /** Newest block in which the commit was still there. */
  const closedAt = new Map<number, number>();

  /** Moves a `committed` row as far as the facts allow. */
  return async function watch(row: SubmissionRow, facts: WeightFacts): Promise<SubmissionRow> {
    const { committed, commitEpoch } = row;
    if (committed === null || commitEpoch === null || facts.block.number < committed.number) return row;
    if (facts.commitReveal?.timelockedCommits.some(({ digest }) => digest === row.digest)) {
      closedAt.set(row.id, facts.block.number);
      sayWhenLate(row, facts, commitEpoch);
      return journal.expect(row, facts, commitEpoch);
    }
    const opening = await search(row, facts, closedAt.get(row.id) ?? committed.number);
    if (opening.kind === 'elsewhere') {
      const because = submissionFailure('weights.not_as_sent', { method: 'the opening', block: opening.block.number });
      return journal.move(row, 'lost', { because });
    }
    const there = opening.kind === 'found' || (opening.kind === 'unreadable' && holds(row, facts.stored));
    closedAt.delete(row.id);
    if (there) return journal.move(row, 'finalized', { included: opening.kind === 'found' ? opening.block : null });
    return journal.move(row, 'lost', { because: droppedBecause(row, facts, chain.identity().blockTimeMs) });
  };

  function sayWhenLate(row: SubmissionRow, facts: WeightFacts, commitEpoch: number): void {
    const { beacon = null } = facts.commitReveal ?? {};
    const { revealRound: round, committed } = row;
    if (beacon === null || round === null || beacon.lastStoredRound >= round || revealPhase(facts, commitEpoch) !== 'open') return;
    const dueSeconds = (deps.clock.nowMs() - BEACON_LATE_BLOCKS * chain.identity().blockTimeMs) / 1000;
    if (roundAt(beacon, dueSeconds) <= round) return;
    const { lastStoredRound: lastStored } = beacon;
    journal.trouble(row, submissionFailure('weights.beacon_late', { round, lastStored, block: committed?.number ?? 0 }));
  }

  type Opening =
    | { readonly kind: 'found' | 'elsewhere'; readonly block: BlockRef }
    /** Every block was read, and it is in none. */
    | { readonly kind: 'absent' }
    | { readonly kind: 'unreadable' };

  async function search(row: SubmissionRow, { block, uid }: WeightFacts, after: number): Promise<Opening> {
    const { netuid, mechanism, hotkey } = row;
    let other: BlockRef | null = null;
    const oldest = Math.max(after + 1, block.number - OPENING_SEARCH_BLOCKS_MAX + 1);
    for (let number = block.number; number >= oldest; number -= 1) {
      try {
        const at = await chain.blockAt(number);
        if (!(await chain.timelockedReveals(netuid, mechanism, at)).includes(hotkey)) continue;
        if (uid !== null && holds(row, await chain.weightsOf(netuid, mechanism, uid, at))) return { kind: 'found', block: at };
        other ??= at;
      } catch (error) {
        if (isFailure(error) && PRUNED.has(error.code)) return { kind: 'unreadable' };
        throw error;
      }
    }
    if (other !== null) return { kind: 'elsewhere', block: other };
    return { kind: oldest === after + 1 ? 'absent' : 'unreadable' };
  }
}

/** The node has thrown the state of that block away. */
const PRUNED = new Set(['chain.block_not_found', 'chain.request_refused']);
