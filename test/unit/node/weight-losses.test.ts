import { expect } from 'chai';
import { QUICKNET, roundAt } from '../../../chain/beacon.js';
import type { SubmissionRow } from '../../../node/ports.js';
import { droppedBecause } from '../../../node/weights/outcome.js';
import { aHash } from '../../support/keys.js';
import { aTimelockedCommit } from '../../support/store-samples.js';
import { SOME_TIME_MS, someCommitReveal, someWeightFacts } from '../../support/weight-facts.js';

const BLOCK_MS = 12_000;
const NOW = SOME_TIME_MS / 1000;

describe('a timelocked commit that is gone', () => {
  /** The epoch that could open it, number 4, ended with block 899; it is block 1000 now. */
  const causeOf = (roundSeconds: number, over: Partial<SubmissionRow> = {}) => {
    const row = {
      ...aTimelockedCommit({ uids: [1, 2], values: [1, 2], revealRound: roundAt(QUICKNET, roundSeconds) }),
      id: 1,
      state: 'committed',
      committed: { number: 700, hash: aHash(700) },
      commitEpoch: 3,
      revealFrom: 880,
      revealUntil: 959,
      failure: null,
      ...over,
    } as SubmissionRow;
    const beacon = { ...QUICKNET, lastStoredRound: roundAt(QUICKNET, NOW) };
    return droppedBecause(row, someWeightFacts({ commitReveal: someCommitReveal({ beacon }) }), BLOCK_MS);
  };
  const timeOf = (block: number) => NOW - ((1_000 - block) * BLOCK_MS) / 1000;

  it('was missed by its round when that came after the epoch, wherever that was expected to end', () => {
    const missed = causeOf(timeOf(910));
    expect([missed.code, missed.facts['until'], missed.facts['block']]).to.deep.equal(['weights.round_missed', 899, 700]);
    expect(missed.facts['seconds']).to.be.within(129, 132);
    expect(missed.message + missed.hint).not.to.match(/\{\w+\}/);
    expect(causeOf(timeOf(899) + 3).code).to.equal('weights.round_missed');
  });

  it('was dropped without a word when its round came in time, or its epoch is not over', () => {
    expect(causeOf(timeOf(899)).code).to.equal('weights.reveal_dropped');
    expect(causeOf(timeOf(910), { commitEpoch: 4 }).code).to.equal('weights.reveal_dropped');
  });
});
