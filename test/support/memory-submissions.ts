/** Submissions of weights and the lock on them, in memory (test/contracts/stores.ts). */
import { nodeFailure } from '../../node/failures.js';
import type { Stores, SubmissionChange, SubmissionRow, SubmissionStep, WeightLock } from '../../node/ports.js';
import { isSettled, mayFollow } from '../../node/weights/states.js';

export function memorySubmissions(): Stores['submissions'] {
  const rows: SubmissionRow[] = [];
  const steps = new Map<number, SubmissionStep[]>();
  const step = ({ id, state, plannedAt, committed, included, failure }: SubmissionRow) => {
    const block = { planned: plannedAt, committed, finalized: included }[String(state)]?.number ?? null;
    steps.set(id, [...(steps.get(id) ?? []), { state, block, failure }]);
  };
  return {
    async plan(submission) {
      const taken = rows.some(
        (row) =>
          row.genesis === submission.genesis &&
          row.netuid === submission.netuid &&
          row.mechanism === submission.mechanism &&
          row.hotkey === submission.hotkey &&
          row.epochStart === submission.epochStart &&
          row.state !== 'refused' &&
          row.state !== 'abandoned',
      );
      if (taken) return null;
      const row: SubmissionRow = {
        ...submission,
        id: rows.length + 1,
        state: 'planned',
        committed: null,
        commitExtrinsicHash: null,
        commitEpoch: null,
        revealFrom: null,
        revealUntil: null,
        included: null,
        extrinsicHash: null,
        failure: null,
      };
      rows.push(row);
      step(row);
      return row;
    },
    async mark({ id, state: from }, state, change = {}) {
      const at = rows.findIndex((row) => row.id === id);
      const row = rows[at];
      if (row?.state !== from) throw nodeFailure('store.row_moved', { id, expected: from, found: row?.state ?? 'gone' });
      const refuse = (constraint: string) => nodeFailure('store.row_refused', { constraint, reason: `submission ${id} to ${state}` });
      if (!mayFollow(row.way, from, state)) throw refuse('submissions_transition');
      const next: SubmissionRow = { ...row, ...known(change), state, failure: state === from ? row.failure : (change.failure ?? null) };
      if (row.committed !== null && next.committed?.hash !== row.committed.hash) throw refuse('submissions_written_once');
      if ((state === 'committed' || state === 'revealing') && (next.committed === null || next.commitEpoch === null)) {
        throw refuse('submissions_commit_has_a_block');
      }
      rows[at] = next;
      if (state !== from) step(next);
      return next;
    },
    unsettled: async () => rows.filter(({ state }) => !isSettled(state)),
    list: async (limit) => [...rows].reverse().slice(0, limit),
    steps: async (id) => steps.get(id) ?? [],
  };
}

function known(change: SubmissionChange): SubmissionChange {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== null && value !== undefined));
}

/** Holders in this process only: two of them stand for two processes on one database. */
export function createMemoryWeightLock(held: Set<string> = new Set()): WeightLock {
  return {
    async tryAcquire(of) {
      const key = JSON.stringify(of);
      if (held.has(key)) return null;
      held.add(key);
      return {
        async release() {
          held.delete(key);
        },
      };
    },
  };
}
