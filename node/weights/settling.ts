/** What became of a submission: its row is held against what the chain says, and moved on. So it is after a crash as well: the chain is the memory. */
import { chainFailure } from '../../chain/failures.js';
import type { Inclusion, WeightEntry, WeightFacts } from '../../chain/ports.js';
import { revealWindow } from '../../chain/reveal.js';
import type { BlockRef } from '../../chain/snapshot.js';
import type { Failure } from '../../protocol/failure.js';
import type { SubmissionRow } from '../ports.js';
import { submissionFailure } from './failures.js';
import type { WeightJournal } from './journal.js';
import { createOpenings } from './openings.js';
import { droppedBecause, holds, SUBMISSION_LIFETIME_BLOCKS } from './outcome.js';
import { createRevealing } from './revealing.js';
import type { SendingDeps } from './sending.js';

export interface Settling {
  /** Moves the row as far as the facts allow. `mayReveal` false: nothing is sent. */
  settle(row: SubmissionRow, facts: WeightFacts, mayReveal: boolean): Promise<SubmissionRow>;
  /** After the extrinsic of a `sent` or `revealing` row is final. */
  confirm(row: SubmissionRow, inclusion: Inclusion): Promise<SubmissionRow>;
}

export function createSettling(deps: SendingDeps & { readonly journal: WeightJournal }): Settling {
  const { chain, journal } = deps;
  const revealing = createRevealing({ ...deps, confirm });
  const watch = createOpenings(deps);

  async function confirm(row: SubmissionRow, { block, extrinsicHash }: Inclusion): Promise<SubmissionRow> {
    const facts = await chain.weightFacts(row.netuid, row.mechanism, row.hotkey);
    if (row.state === 'sent' && row.way !== 'open') return commitOf(row, facts, async () => block, extrinsicHash);
    const there = facts.uid === null ? [] : await chain.weightsOf(row.netuid, row.mechanism, facts.uid, block);
    return readBack(row, there, block, extrinsicHash);
  }

  function readBack(row: SubmissionRow, there: readonly WeightEntry[], included: BlockRef, extrinsicHash: Inclusion['extrinsicHash']) {
    if (holds(row, there)) return journal.move(row, 'finalized', { included, extrinsicHash });
    const method = row.state === 'revealing' ? 'the reveal' : row.method;
    return journal.move(row, 'lost', { because: submissionFailure('weights.not_as_sent', { method, block: included.number }) });
  }

  /**
   * A `sent` commit is on chain when the chain shows its digest: now, or after the block that took it, where epochs are so short that it was opened or
   * dropped before that block was final.
   */
  async function commitOf(
    row: SubmissionRow,
    facts: WeightFacts,
    taken: (() => Promise<BlockRef>) | null,
    commitExtrinsicHash: Inclusion['extrinsicHash'] | null,
  ): Promise<SubmissionRow> {
    let found = committedIn(row, facts);
    if (found === undefined && taken !== null && row.way === 'timelocked') {
      found = committedIn(row, await chain.weightFacts(row.netuid, row.mechanism, row.hotkey, await taken()));
    }
    if (found === undefined) return row;
    const { block, epoch: commitEpoch } = found;
    const { from = null, until = null } = revealWindow(facts, commitEpoch) ?? {};
    const committed = await chain.blockAt(block);
    return journal.move(row, 'committed', { committed, commitEpoch, commitExtrinsicHash, revealFrom: from, revealUntil: until });
  }

  async function sent(row: SubmissionRow, facts: WeightFacts): Promise<SubmissionRow> {
    const planned = row.plannedAt.number;
    const age = facts.block.number - planned;
    const updated = facts.uid !== null && facts.lastUpdate > planned;
    if (row.way === 'open') {
      if (updated && holds(row, facts.stored)) return journal.move(row, 'finalized', { included: await chain.blockAt(facts.lastUpdate) });
    } else {
      const committed = await commitOf(row, facts, updated ? () => chain.blockAt(facts.lastUpdate) : null, null);
      if (committed.state !== row.state) return committed;
    }
    if (age <= SUBMISSION_LIFETIME_BLOCKS) return row;
    if (row.way === 'timelocked' && updated && facts.lastUpdate <= planned + SUBMISSION_LIFETIME_BLOCKS) {
      // The commit was taken, and the chain has opened or dropped it since.
      if (holds(row, facts.stored)) return journal.move(row, 'finalized');
      return journal.move(row, 'lost', { because: droppedBecause(row, facts, chain.identity().blockTimeMs) });
    }
    return abandon(row, chainFailure('chain.not_included', { method: row.method, blocks: age }));
  }

  function abandon(row: SubmissionRow, because: Failure): Promise<SubmissionRow> {
    return journal.move(row, 'abandoned', { because });
  }

  return {
    confirm,
    async settle(row, facts, mayReveal) {
      // It becomes `sent` before anything is sent.
      if (row.state === 'planned') return abandon(row, submissionFailure('weights.never_sent', { plannedAt: row.plannedAt.number }));
      if (row.state === 'sent') return sent(row, facts);
      return row.way === 'hash' ? revealing(row, facts, mayReveal) : watch(row, facts);
    },
  };
}

function committedIn(
  { way, digest }: SubmissionRow,
  { commitReveal }: WeightFacts,
): { readonly block: number; readonly epoch: number } | undefined {
  const { hashCommits = [], timelockedCommits = [] } = commitReveal ?? {};
  return way === 'hash' ? hashCommits.find(({ hash }) => hash === digest) : timelockedCommits.find((commit) => commit.digest === digest);
}
