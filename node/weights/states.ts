/** Which state of a submission may follow which. The database holds the same rules (migrations/0007_commit_reveal.sql). */
import type { SubmissionRow, SubmissionState, SubmissionWay } from '../ports.js';

export const SUBMISSION_STATES = ['planned', 'sent', 'committed', 'revealing', 'finalized', 'refused', 'abandoned', 'lost'] as const;

const FOLLOWING: Readonly<Record<SubmissionState, readonly SubmissionState[]>> = {
  planned: ['sent', 'abandoned'],
  sent: ['committed', 'finalized', 'refused', 'abandoned', 'lost'],
  committed: ['committed', 'revealing', 'finalized', 'lost'],
  revealing: ['revealing', 'committed', 'finalized', 'lost'],
  finalized: [],
  refused: [],
  abandoned: [],
  lost: [],
};

export function mayFollow(way: SubmissionWay, from: SubmissionState, to: SubmissionState): boolean {
  if (way === 'open' && to === 'committed') return false;
  if (way !== 'hash' && to === 'revealing') return false;
  return FOLLOWING[from].includes(to);
}

export function isSettled(state: SubmissionState): boolean {
  return FOLLOWING[state].length === 0;
}

/** The chain took something of it, so that its epoch is used up. */
export function isAccepted({ state }: Pick<SubmissionRow, 'state'>): boolean {
  return state === 'committed' || state === 'revealing' || state === 'finalized' || state === 'lost';
}
