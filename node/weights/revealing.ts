/** Commits by hash: revealed in the one epoch that counts, and looked up on chain when it is not known what became of the reveal. */
import type { ChainReader, Inclusion, WeightFacts } from '../../chain/ports.js';
import { revealPhase } from '../../chain/reveal.js';
import type { BlockRef } from '../../chain/snapshot.js';
import { pauseFault, revealFault } from '../../chain/weight-checks.js';
import { type Failure, isFailure } from '../../protocol/failure.js';
import type { SubmissionRow } from '../ports.js';
import { submissionFailure } from './failures.js';
import type { WeightJournal } from './journal.js';
import { holds } from './outcome.js';
import { reveal, type SendingDeps } from './sending.js';

/** Blocks after a reveal that failed, before the next; doubles each time. The end of the reveal epoch is the bound. */
export const REVEAL_REST_BLOCKS = 2;

interface Memory {
  readonly notBefore: number;
  readonly restBlocks: number;
  readonly last: Failure;
}

export function createRevealing(
  deps: SendingDeps & {
    readonly journal: WeightJournal;
    readonly confirm: (row: SubmissionRow, inclusion: Inclusion) => Promise<SubmissionRow>;
  },
) {
  const { journal } = deps;
  const memories = new Map<number, Memory>();

  function remember({ id }: SubmissionRow, block: number, last: Failure): void {
    const restBlocks = (memories.get(id)?.restBlocks ?? REVEAL_REST_BLOCKS / 2) * 2;
    memories.set(id, { notBefore: block + restBlocks, restBlocks, last });
  }

  /** Moves a `committed` or `revealing` row as far as the facts allow. */
  return async function revealing(row: SubmissionRow, facts: WeightFacts, mayReveal: boolean): Promise<SubmissionRow> {
    const { committed, commitEpoch } = row;
    if (committed === null || commitEpoch === null || facts.block.number < committed.number) return row;
    const stored = facts.commitReveal?.hashCommits.some(({ hash }) => hash === row.digest) ?? false;
    const phase = revealPhase(facts, commitEpoch);
    const last = memories.get(row.id)?.last ?? null;
    if (!stored && holds(row, facts.stored)) {
      memories.delete(row.id);
      return journal.move(row, 'finalized', { included: await firstHolding(deps.chain, row, facts, committed.number) });
    }
    if (phase === 'over') return journal.move(row, 'lost', { because: missed(row, commitEpoch, facts, last) });
    if (!stored) return journal.move(row, 'lost', { because: submissionFailure('weights.commit_gone', { block: committed.number }) });
    if (phase === 'early') return journal.expect(row, facts, commitEpoch);
    if (!mayReveal || facts.block.number < (memories.get(row.id)?.notBefore ?? 0)) return row;
    const refusal = pauseFault(facts, 'reveal_weights')?.because ?? revealFault(facts, row);
    if (refusal !== null) {
      // Nothing was sent: it costs nothing to look again at the next turn.
      const restBlocks = memories.get(row.id)?.restBlocks ?? REVEAL_REST_BLOCKS / 2;
      memories.set(row.id, { notBefore: 0, restBlocks, last: refusal });
      journal.trouble(row, refusal);
      return row;
    }
    const unsigned = await deps.signer.probe?.().catch(asFailure);
    if (unsigned !== undefined) {
      journal.trouble(row, unsigned);
      return row;
    }
    const again = row.state === 'revealing' ? await journal.move(row, 'committed', { because: last }) : row;
    const trying = await journal.move(again, 'revealing');
    const sent = await reveal(deps, trying);
    if (sent.kind === 'included') return deps.confirm(trying, sent.inclusion);
    remember(trying, facts.block.number, sent.failure);
    // "No such commit" may mean that an earlier reveal of ours has arrived: the chain is asked at the next turn.
    if (sent.kind === 'unknown' || sent.failure.code === 'chain.commit_lost') return trying;
    return journal.move(trying, 'committed', { because: sent.failure });
  };
}

function asFailure(error: unknown): Failure {
  if (isFailure(error)) return error;
  throw error;
}

function missed(row: SubmissionRow, commitEpoch: number, facts: WeightFacts, last: Failure | null): Failure {
  const reason = last?.code ?? row.failure?.code ?? revealFault(facts, row)?.code ?? 'the node did not run';
  const revealEpoch = commitEpoch + (facts.commitReveal?.revealPeriodEpochs ?? 1);
  return submissionFailure('weights.reveal_missed', { commitEpoch, revealEpoch, last: reason });
}

/** The block in which the weights of the row came to be there; null when the chain cannot tell. */
async function firstHolding(chain: ChainReader, row: SubmissionRow, facts: WeightFacts, after: number): Promise<BlockRef | null> {
  const { uid } = facts;
  if (uid === null) return null;
  const heldAt = async (number: number) => holds(row, await chain.weightsOf(row.netuid, row.mechanism, uid, await chain.blockAt(number)));
  try {
    if (await heldAt(after)) return null;
    let [absent, present] = [after, facts.block.number];
    while (present - absent > 1) {
      const middle = Math.floor((absent + present) / 2);
      if (await heldAt(middle)) present = middle;
      else absent = middle;
    }
    return await chain.blockAt(present);
  } catch (error) {
    if (isFailure(error)) return null;
    throw error;
  }
}
