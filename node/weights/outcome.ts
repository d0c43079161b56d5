/** What the chain's present state says about a submission. Pure. */
import { timeOfRound } from '../../chain/beacon.js';
import { epochIndex, epochStart } from '../../chain/epoch.js';
import type { WeightEntry, WeightFacts } from '../../chain/ports.js';
import { revealFault } from '../../chain/weight-checks.js';
import type { Failure } from '../../protocol/failure.js';
import type { SubmissionRow } from '../ports.js';
import { submissionFailure } from './failures.js';

/** An extrinsic is signed so that it cannot be included later than so many blocks after its plan: it is looked for until then. */
export const SUBMISSION_LIFETIME_BLOCKS = 40;

/** What failed before the first byte went to a node: the line was down, or nobody signed. */
export function neverLeft({ code }: Pick<Failure, 'code'>): boolean {
  return code === 'chain.not_sent' || code.startsWith('signer.');
}

/** The chain holds exactly the vector of the row; both are in ascending uid. */
export function holds({ uids, values }: Pick<SubmissionRow, 'uids' | 'values'>, there: readonly WeightEntry[]): boolean {
  return there.length === uids.length && there.every(({ uid, value }, i) => uid === uids[i] && value === values[i]);
}

/** A timelocked commit is gone and its weights were not set. The chain keeps the reason to itself: this names the first one that can be seen. */
export function droppedBecause(row: SubmissionRow, facts: WeightFacts, blockTimeMs: number): Failure {
  const refusal = revealFault(facts, row);
  if (refusal !== null) return refusal;
  const block = row.committed?.number ?? row.plannedAt.number;
  const missed = roundMissed(row, facts, blockTimeMs);
  if (missed !== null) return submissionFailure('weights.round_missed', { block, ...missed });
  const lastStored = facts.commitReveal?.beacon?.lastStoredRound ?? 0;
  const round = row.revealRound ?? 0;
  if (lastStored < round) return submissionFailure('weights.beacon_late', { round, lastStored, block });
  return submissionFailure('weights.reveal_dropped', {
    block,
    round,
    permit: facts.validatorPermit || facts.isOwner ? 'yes' : 'not needed',
    versionKey: String(row.versionKey),
    length: row.uids.length,
  });
}

/** The epoch that could open the commit was over before its round came: it was shorter than foreseen. Null: that cannot be said. */
function roundMissed(
  row: SubmissionRow,
  facts: WeightFacts,
  blockTimeMs: number,
): { round: number; until: number; seconds: number } | null {
  const { beacon = null, revealPeriodEpochs = 1 } = facts.commitReveal ?? {};
  const { commitEpoch, revealRound: round } = row;
  if (beacon === null || round === null || commitEpoch === null || epochIndex(facts) <= commitEpoch + revealPeriodEpochs) return null;
  const until = Math.min(row.revealUntil ?? Number.POSITIVE_INFINITY, epochStart(facts) - 1);
  const latestSeconds = (facts.timeMs - (facts.block.number - until) * blockTimeMs) / 1000;
  const seconds = Math.ceil(timeOfRound(beacon, round) - latestSeconds);
  return seconds > 0 ? { round, until, seconds } : null;
}

/** What a hotkey did on chain that the journal does not know: somebody else signs with it. Null: nothing since `since`. */
export function foreignAct(facts: WeightFacts, own: readonly SubmissionRow[], since: number): { what: string; block: number } | null {
  const known = new Set(own.map(({ digest }) => digest));
  const { hashCommits = [], timelockedCommits = [] } = facts.commitReveal ?? {};
  const commits = [
    ...hashCommits.map(({ hash, block }) => ({ hash, block })),
    ...timelockedCommits.map(({ digest, block }) => ({ hash: digest, block })),
  ];
  const commit = commits.find(({ hash, block }) => block >= since && !known.has(hash));
  if (commit !== undefined) return { what: 'a commit', block: commit.block };
  const { lastUpdate, registeredAt } = facts;
  if (lastUpdate < since || lastUpdate <= registeredAt) return null;
  const ours = own.some((row) => row.committed?.number === lastUpdate || row.included?.number === lastUpdate);
  return ours ? null : { what: 'a weight change', block: lastUpdate };
}
