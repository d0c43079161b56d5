import { expect } from 'chai';
import fc from 'fast-check';
import type { WeightFacts } from '../../../chain/ports.js';
import { planSubmission, type SubmissionOptions, type SubmissionPlan } from '../../../chain/submission.js';
import type { PlannedVector } from '../../../chain/weight-checks.js';
import { aHash } from '../../support/keys.js';
import { someWeightFacts } from '../../support/weight-facts.js';

const VECTOR: PlannedVector = { uids: [0, 1, 4], values: [65_535, 0, 3], versionKey: 1_000n };
const TIMING = { nowSeconds: 1_700_000_000, blockTimeMs: 12_000 };
const plan = (facts: Partial<WeightFacts> = {}, vector: Partial<PlannedVector> = {}, options: Partial<SubmissionOptions> = {}) =>
  planSubmission(someWeightFacts(facts), { ...VECTOR, ...vector }, { ...TIMING, ...options });
const codeOf = (result: SubmissionPlan) => ('because' in result ? result.because.code : result.action);

describe('planSubmission', () => {
  it('submits what the chain would take', () => {
    expect(plan()).to.deep.equal({ action: 'submit', way: 'open', method: 'set_weights' });
    expect(plan({ mechanism: 1, mechanismCount: 2 })).to.deep.equal({ action: 'submit', way: 'open', method: 'set_mechanism_weights' });
  });

  it('refuses what waiting does not mend', () => {
    const cases: readonly [string, Partial<WeightFacts>][] = [
      ['chain.not_registered', { uid: null }],
      ['chain.root_weights', { netuid: 0 }],
      ['chain.commit_reveal_unsupported', { commitRevealEnabled: true }],
      ['chain.mechanism_missing', { mechanism: 1, mechanismCount: 1 }],
      ['chain.stake_too_low', { stakeRao: 99n }],
      ['chain.version_key', { weightsVersionKey: 1_001n }],
      ['chain.seat_gone', { neuronCount: 4 }],
      ['chain.too_few_weights', { minAllowedWeights: 4 }],
      ['chain.no_permit', { validatorPermit: false, stakeRao: 0n, stakeThresholdRao: 0n }],
      ['chain.no_permit', { validatorPermit: false, tempo: 0 }],
    ];
    for (const [code, facts] of cases) {
      const result = plan(facts);
      expect(result.action, code).to.equal('refuse');
      expect(codeOf(result)).to.equal(code);
      if (result.action === 'refuse') expect(result.because.message + result.because.hint).not.to.match(/\{\w+\}/);
    }
  });

  it('lets through the edges of each check', () => {
    for (const facts of [
      { weightsVersionKey: 1_000n },
      { stakeRao: 100n },
      { stakeRao: 0n, isOwner: true, validatorPermit: false },
      { minAllowedWeights: 3 },
      { minAllowedWeights: 9, neuronCount: 5 },
      { mechanismCount: 1 },
    ]) {
      const vector = facts.minAllowedWeights === 9 ? { uids: [0, 1, 2, 3, 4], values: [1, 1, 1, 1, 1] } : {};
      expect(codeOf(plan(facts, vector)), Object.keys(facts).join()).to.equal('submit');
    }
  });

  it('lets a lone weight on oneself pass permit and length', () => {
    const self = { uids: [2], values: [1] };
    expect(codeOf(plan({ validatorPermit: false, minAllowedWeights: 5 }, self))).to.equal('submit');
    expect(codeOf(plan({ minAllowedWeights: 5 }, { uids: [3], values: [1] }))).to.equal('chain.too_few_weights');
  });

  it('refuses vectors that mean nothing', () => {
    const bad: readonly Partial<PlannedVector>[] = [
      { uids: [], values: [] },
      { values: [1, 2] },
      { uids: [1, 1, 2] },
      { uids: [-1, 1, 2] },
      { uids: [0.5, 1, 2] },
      { uids: [70_000, 1, 2] },
      { values: [0, 0, 0] },
      { values: [65_536, 1, 1] },
      { values: [Number.NaN, 1, 1] },
      { values: [0.5, 1, 1] },
      { values: [-1, 1, 1] },
    ];
    for (const vector of bad) expect(codeOf(plan({}, vector)), JSON.stringify(vector)).to.equal('chain.bad_vector');
  });

  it('waits exactly as many blocks as the limit has left', () => {
    for (let lastUpdate = 895; lastUpdate <= 1_000; lastUpdate += 1) {
      const result = plan({ lastUpdate });
      // What is sent at block 1000 is in block 1001.
      const left = lastUpdate + 100 - 1_001;
      if (left <= 0) expect(result.action).to.equal('submit');
      else {
        expect(result).to.deep.include({ action: 'wait', blocks: left });
        if (result.action === 'wait') expect(result.because.facts).to.deep.include({ blocksLeft: left });
        const later = plan({ lastUpdate }, {}, { head: { number: 1_000 + left } });
        expect(later.action).to.equal('submit');
        expect(plan({ lastUpdate }, {}, { head: { number: 1_000 + left - 1 } }).action).to.equal('wait');
      }
    }
    expect(plan({ lastUpdate: 0, block: { number: 5, hash: aHash(5) } }).action).to.equal('submit');
    expect(plan({ lastUpdate: 1_000, rateLimitBlocks: 0 }).action).to.equal('submit');
  });

  it('waits for the next epoch where stake can bring a permit, and for the longer of two waits', () => {
    const permit = plan({ validatorPermit: false });
    expect(permit).to.deep.include({ action: 'wait', blocks: 260 });
    expect(codeOf(permit)).to.equal('chain.no_permit');
    expect(plan({ validatorPermit: false, lastUpdate: 1_000 })).to.deep.include({ action: 'wait', blocks: 260 });
    expect(plan({ validatorPermit: false, lastUpdate: 1_000, rateLimitBlocks: 400 })).to.deep.include({ action: 'wait', blocks: 399 });
    expect(plan({ validatorPermit: false, epochClock: null })).to.deep.include({ action: 'wait', blocks: 361 - (1_005 % 361) });
  });

  it('says the refusal before any wait', () => {
    expect(codeOf(plan({ lastUpdate: 1_000, uid: null }))).to.equal('chain.not_registered');
    expect(codeOf(plan({ lastUpdate: 1_000, validatorPermit: false, stakeRao: 0n, stakeThresholdRao: 0n }))).to.equal('chain.no_permit');
  });

  it('always decides, and a wait is at least one block', () => {
    fc.assert(
      fc.property(
        fc.record({
          uid: fc.option(fc.nat(7)),
          lastUpdate: fc.nat(2_000),
          validatorPermit: fc.boolean(),
          isOwner: fc.boolean(),
          stakeRao: fc.bigInt(0n, 200n),
          minAllowedWeights: fc.nat(5),
          rateLimitBlocks: fc.nat(500),
          commitRevealEnabled: fc.boolean(),
          tempo: fc.nat(400),
        }),
        fc.array(fc.tuple(fc.nat(9), fc.nat(70_000)), { maxLength: 6 }),
        (facts, entries) => {
          const result = plan(facts, { uids: entries.map(([uid]) => uid), values: entries.map(([, value]) => value) });
          if (result.action === 'wait') expect(result.blocks).to.be.at.least(1);
          if ('because' in result) expect(result.because.message + result.because.hint).not.to.match(/\{\w+\}/);
          if (result.action === 'submit') expect(facts.uid === null || facts.commitRevealEnabled).to.equal(false);
        },
      ),
    );
  });
});
