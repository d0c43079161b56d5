/** Moves submissions from state to state: first the row, then the word to the operator and the figures. */
import type { WeightFacts } from '../../chain/ports.js';
import { revealWindow } from '../../chain/reveal.js';
import type { BlockRef } from '../../chain/snapshot.js';
import type { Failure } from '../../protocol/failure.js';
import type { Logger } from '../logger.js';
import type { Metrics } from '../metrics.js';
import type { NewSubmission, SubmissionChange, SubmissionRow, SubmissionState, SubmissionStore } from '../ports.js';

export type Move = Omit<SubmissionChange, 'failure'> & { readonly because?: Failure | null };

export interface WeightJournal {
  /** Null: the epoch has a live submission. */
  plan(submission: NewSubmission): Promise<SubmissionRow | null>;
  move(row: SubmissionRow, state: SubmissionState, change?: Move): Promise<SubmissionRow>;
  /** Writes down when the reveal is expected, where that has changed. */
  expect(row: SubmissionRow, facts: WeightFacts, commitEpoch: number): Promise<SubmissionRow>;
  /** Says once what stands in the way of a submission that is not lost yet. */
  trouble(row: SubmissionRow, failure: Failure): void;
}

/** The vector is told only when it is final, the salt never. */
export function createWeightJournal(deps: {
  readonly submissions: SubmissionStore;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** What went wrong last, for the status page; null after a success. */
  readonly onTrouble: (failure: Failure | null) => void;
}): WeightJournal {
  const { submissions, log, metrics } = deps;
  const said = new Set<string>();

  function tell(row: SubmissionRow, from: SubmissionState, because: Failure | null): void {
    const { round, way, state } = row;
    const reason = because === null ? {} : { code: because.code, facts: because.facts, hint: because.hint };
    if (state === 'finalized') {
      metrics.count('voxd_weights_submissions_total', { outcome: 'finalized', way });
      deps.onTrouble(null);
      log.info({ round, way, block: blockOf(row.included), hash: row.extrinsicHash, uids: row.uids, values: row.values }, 'weights set');
    } else if (state === 'refused' || state === 'abandoned' || state === 'lost') {
      metrics.count('voxd_weights_submissions_total', { outcome: state, way });
      deps.onTrouble(because);
      log.warn({ round, way, ...reason }, WORDS[state]);
    } else if (state === 'committed' && from === 'sent') {
      metrics.count('voxd_weights_commits_total', { way: way === 'hash' ? 'hash' : 'timelocked' });
      const { commitEpoch, revealFrom, revealUntil } = row;
      log.info({ round, way, block: blockOf(row.committed), commitEpoch, revealFrom, revealUntil }, 'weights committed');
    } else if (state === 'committed' && from === 'revealing') {
      metrics.count('voxd_weights_reveals_refused_total', {});
      log.warn({ round, ...reason }, 'weights not revealed yet');
    }
  }

  return {
    plan: (submission) => submissions.plan(submission),
    async move(row, state, { because = null, ...change } = {}) {
      const failure = because === null ? null : { code: because.code, facts: because.facts };
      const moved = await submissions.mark(row, state, { ...change, failure });
      tell(moved, row.state, because);
      return moved;
    },
    async expect(row, facts, commitEpoch) {
      const window = revealWindow(facts, commitEpoch);
      if (window === null || (window.from === row.revealFrom && window.until === row.revealUntil)) return row;
      return submissions.mark(row, row.state, { revealFrom: window.from, revealUntil: window.until });
    },
    trouble({ id, round, way }, failure) {
      deps.onTrouble(failure);
      const key = `${id}/${failure.code}`;
      if (said.has(key)) return;
      said.add(key);
      if (said.size > SAID_MAX) said.delete([...said][0] ?? key);
      log.warn({ round, way, code: failure.code, facts: failure.facts, hint: failure.hint }, 'the reveal is in danger');
    },
  };
}

/** Warnings remembered so that each is said once. */
const SAID_MAX = 256;

const WORDS = { refused: 'weights not set', abandoned: 'submission abandoned', lost: 'committed weights are lost' } as const;

function blockOf(block: BlockRef | null): number | null {
  return block?.number ?? null;
}
