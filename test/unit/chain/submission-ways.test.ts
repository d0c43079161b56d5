import { expect } from 'chai';
import fc from 'fast-check';
import { publicKeyOf, QUICKNET, roundAt } from '../../../chain/beacon.js';
import type { Beacon, CommitReveal, WeightFacts } from '../../../chain/ports.js';
import { failureOfModuleError } from '../../../chain/refusals.js';
import {
  BEACON_LAG_SECONDS_MAX,
  planSubmission,
  type SubmissionOptions,
  type SubmissionPlan,
  UNREVEALED_COMMITS_MAX,
} from '../../../chain/submission.js';
import { isStored, maxUpscaled, type PlannedVector, revealFault } from '../../../chain/weight-checks.js';
import { TIMELOCKED_WEIGHTS_MAX } from '../../../chain/weight-payload.js';
import { sha256 } from '../../../protocol/digest.js';
import { aHash } from '../../support/keys.js';
import { SOME_TIME_MS, someCommitReveal, someWeightFacts } from '../../support/weight-facts.js';

const NOW = SOME_TIME_MS / 1000;
const VECTOR: PlannedVector = { uids: [0, 1, 4], values: [65_535, 0, 3], versionKey: 1_000n };
const FRESH: Beacon = { ...QUICKNET, lastStoredRound: roundAt(QUICKNET, NOW) - 1 };
const STALLED: Beacon = { ...QUICKNET, lastStoredRound: roundAt(QUICKNET, NOW) - BEACON_LAG_SECONDS_MAX / 3 - 1 };
const FOREIGN: Beacon = { ...FRESH, publicKey: publicKeyOf(sha256('a chain of our own')) };

const plan = (facts: Partial<WeightFacts>, options: Partial<SubmissionOptions> = {}, vector: PlannedVector = VECTOR) =>
  planSubmission(someWeightFacts(facts), vector, { nowSeconds: NOW, blockTimeMs: 12_000, ...options });
const committing = (over: Partial<CommitReveal> = {}, facts: Partial<WeightFacts> = {}): Partial<WeightFacts> => ({
  commitRevealEnabled: true,
  commitReveal: someCommitReveal({ beacon: FRESH, ...over }),
  ...facts,
});
const saidOf = (result: SubmissionPlan) =>
  'because' in result ? result.because.code : result.action === 'submit' ? result.method : result.action;

describe('the way by which weights get on chain', () => {
  it('is what the runtime offers and the operator wants, for every combination', () => {
    for (const commitRevealEnabled of [false, true])
      for (const byHash of [false, true])
        for (const timelockVersion of [null, 3, 4])
          for (const beacon of [null, FRESH, STALLED, FOREIGN])
            for (const prefer of ['auto', 'timelocked', 'hash'] as const)
              for (const mechanism of [0, 1])
                for (const quicknetOnly of [false, true]) {
                  const facts = {
                    commitRevealEnabled,
                    mechanism,
                    mechanismCount: 2,
                    commitReveal: someCommitReveal({ byHash, timelockVersion, beacon }),
                  };
                  const name = (verb: string) => `${verb}${mechanism === 0 ? '' : '_mechanism'}_weights`;
                  const trouble =
                    timelockVersion === null
                      ? 'chain.timelock_missing'
                      : timelockVersion === 3
                        ? 'chain.timelock_version'
                        : beacon === null
                          ? 'chain.beacon_unknown'
                          : beacon === FOREIGN && quicknetOnly
                            ? 'chain.beacon_foreign'
                            : beacon === STALLED
                              ? 'chain.beacon_stalled'
                              : null;
                  let expected: string;
                  if (!commitRevealEnabled) expected = name('set');
                  else if (prefer !== 'hash' && trouble === null) expected = name('commit_timelocked');
                  else if (prefer === 'timelocked') expected = trouble ?? 'impossible';
                  else if (byHash) expected = name('commit');
                  else expected = prefer === 'hash' ? 'chain.hash_commit_missing' : (trouble ?? 'impossible');
                  const result = plan(facts, { prefer, quicknetOnly });
                  expect(saidOf(result), JSON.stringify({ ...facts, prefer, quicknetOnly })).to.equal(expected);
                  if ('because' in result) expect(result.because.message + result.because.hint).not.to.match(/\{\w+\}/);
                }
  });

  it('comes with the blocks of the reveal, and the round for a timelocked commit', () => {
    expect(plan(committing(), { prefer: 'hash' })).to.deep.include({ way: 'hash', reveal: { commitEpoch: 5, from: 1_260, until: 1_619 } });
    const locked = plan(committing());
    expect(locked).to.deep.include({ way: 'timelocked', version: 4, beacon: FRESH });
    expect(locked.action === 'submit' && locked.way === 'timelocked' && locked.reveal).to.deep.include({
      commitEpoch: 5,
      from: 1_260,
      until: 1_619,
    });
  });

  it('is by hash for vectors that no timelocked commit can hold', () => {
    const uids = Array.from({ length: TIMELOCKED_WEIGHTS_MAX + 1 }, (_, uid) => uid);
    const large = { uids, values: uids.map(() => 1), versionKey: 1_000n };
    const facts = committing({}, { neuronCount: 2_000 });
    expect(saidOf(plan(facts, {}, large))).to.equal('commit_weights');
    expect(saidOf(plan(facts, { prefer: 'timelocked' }, large))).to.equal('chain.bad_vector');
    expect(saidOf(plan(facts, {}, { ...large, uids: uids.slice(1), values: uids.slice(1).map(() => 1) }))).to.equal(
      'commit_timelocked_weights',
    );
  });

  it('takes a beacon that is as far from our clock as allowed, ahead or behind, and one that is a key', () => {
    const off = (rounds: number, over: Partial<Beacon> = {}) =>
      saidOf(plan(committing({ byHash: false, beacon: { ...QUICKNET, lastStoredRound: roundAt(QUICKNET, NOW) + rounds, ...over } })));
    for (const rounds of [-200, 200]) expect(off(rounds)).to.equal('commit_timelocked_weights');
    for (const rounds of [-201, 201]) expect(off(rounds)).to.equal('chain.beacon_stalled');
    expect(off(0, { publicKey: '00'.repeat(96) })).to.equal('chain.beacon_unknown');
    expect(off(0, { periodSeconds: 0 })).to.equal('chain.beacon_unknown');
  });

  it('is none where commits would never be revealed', () => {
    expect(saidOf(plan(committing({}, { tempo: 0 })))).to.equal('chain.reveal_unforeseen');
    expect(saidOf(plan(committing({ revealPeriodEpochs: 101 })))).to.equal('chain.reveal_unforeseen');
    expect(saidOf(plan({ commitRevealEnabled: true }))).to.equal('chain.commit_reveal_unsupported');
  });
});

describe('weights that are done', () => {
  const stored = [
    { uid: 0, value: 65_535 },
    { uid: 1, value: 0 },
    { uid: 4, value: 3 },
  ];

  it('are those the chain holds since this epoch opened', () => {
    expect(plan({ stored, lastUpdate: 900 })).to.deep.equal({ action: 'done', what: 'set', block: 900 });
    expect(saidOf(plan({ stored, lastUpdate: 899 }))).to.equal('set_weights');
    expect(saidOf(plan({ stored: stored.slice(1), lastUpdate: 950 }))).to.equal('chain.rate_limited');
    expect(saidOf(plan({ stored: stored.with(1, { uid: 1, value: 1 }), lastUpdate: 950 }))).to.equal('chain.rate_limited');
  });

  it('are those committed and not yet revealed', () => {
    const hash = aHash(7);
    const commit = { hash, digest: hash, block: 950, epoch: 5, round: 1 };
    for (const held of [{ hashCommits: [commit] }, { timelockedCommits: [commit] }]) {
      expect(plan(committing(held), { sent: [aHash(1), hash] })).to.deep.equal({ action: 'done', what: 'committed', block: 950 });
      expect(saidOf(plan(committing(held), { sent: [aHash(1)] }))).to.equal('commit_timelocked_weights');
    }
    const old = { hashCommits: [{ ...commit, epoch: 3 }] };
    expect(saidOf(plan(committing(old), { sent: [hash] }))).to.equal('commit_timelocked_weights');
  });
});

describe('a crowd of commits', () => {
  const commits = (count: number, epoch: number) =>
    Array.from({ length: count }, (_, n) => ({ hash: aHash(n), digest: aHash(n), block: 950, round: 1, epoch }));

  it('by hash waits until the oldest expires', () => {
    const wait = (hashCommits: CommitReveal['hashCommits']) => plan(committing({ hashCommits }), { prefer: 'hash' });
    expect(saidOf(wait(commits(UNREVEALED_COMMITS_MAX - 1, 5)))).to.equal('commit_weights');
    expect(wait(commits(UNREVEALED_COMMITS_MAX, 5))).to.deep.include({ action: 'wait', blocks: 619 });
    expect(wait([...commits(1, 4), ...commits(UNREVEALED_COMMITS_MAX - 1, 5)])).to.deep.include({ action: 'wait', blocks: 259 });
    expect(saidOf(wait([...commits(1, 3), ...commits(UNREVEALED_COMMITS_MAX - 1, 5)]))).to.equal('commit_weights');
  });

  it('timelocked waits for the next epoch', () => {
    const wait = (epoch: number) => plan(committing({ timelockedCommits: commits(UNREVEALED_COMMITS_MAX, epoch) }));
    expect(wait(5)).to.deep.include({ action: 'wait', blocks: 259 });
    expect(saidOf(wait(4))).to.equal('commit_timelocked_weights');
  });
});

describe('the safe mode of the chain', () => {
  const untilBlock = (safeModeUntil: number | null) => ({ safeModeUntil });

  it('is waited for by commits and by every mechanism but the first, until the next block is the one after its last', () => {
    const wait = (blocks: number) => ({ action: 'wait', blocks });
    for (const prefer of ['timelocked', 'hash'] as const) {
      expect(plan(committing({}, untilBlock(1_005)), { prefer })).to.deep.include(wait(5));
      expect(plan(committing({}, untilBlock(1_001)), { prefer })).to.deep.include(wait(1));
      expect(plan(committing({}, untilBlock(1_000)), { prefer }).action).to.equal('submit');
      expect(plan(committing({}, untilBlock(1_005)), { prefer, head: { number: 1_004 } })).to.deep.include(wait(1));
      expect(plan(committing({}, untilBlock(null)), { prefer }).action).to.equal('submit');
    }
    const paused = plan({ mechanism: 1, mechanismCount: 2, ...untilBlock(1_005) });
    expect(paused).to.deep.include(wait(5));
    if (!('because' in paused)) throw new Error('it says nothing');
    expect(paused.because.code).to.equal('chain.paused');
    expect(paused.because.message).to.contain('set_mechanism_weights').and.to.contain('until block 1005');
    expect(paused.because.facts['blocksLeft']).to.equal(5);
  });

  it('lets open weights of the first mechanism pass', () => {
    expect(saidOf(plan(untilBlock(1_005)))).to.equal('set_weights');
  });

  it('is the longer wait, or the shorter', () => {
    expect(plan(committing({}, { ...untilBlock(1_005), lastUpdate: 990 }))).to.deep.include({ action: 'wait', blocks: 89 });
    expect(plan(committing({}, { ...untilBlock(1_500), lastUpdate: 990 }))).to.deep.include({ action: 'wait', blocks: 500 });
  });
});

/** Every check of the pallet that fails for these weights, as its source has them: at the commit, and at the reveal where failing is silent. */
function palletRefusals(facts: WeightFacts, { uids, versionKey }: PlannedVector, at: number): readonly string[] {
  const itself = uids.length === 1 && uids[0] === facts.uid;
  const checks: readonly (readonly [string, boolean])[] = [
    ['CanNotSetRootNetworkWeights', facts.netuid !== 0],
    ['MechanismDoesNotExist', facts.mechanism < (facts.mechanismCount ?? 16)],
    ['UidsLengthExceedUidsInSubNet', uids.length <= facts.neuronCount],
    ['HotKeyNotRegisteredInSubNet', facts.uid !== null],
    ['NotEnoughStakeToSetWeights', facts.isOwner || facts.stakeRao >= facts.stakeThresholdRao],
    ['IncorrectWeightVersionKey', facts.weightsVersionKey === 0n || versionKey >= facts.weightsVersionKey],
    ['SettingWeightsTooFast', facts.lastUpdate === 0 || at - facts.lastUpdate >= facts.rateLimitBlocks],
    ['NeuronNoValidatorPermit', itself || facts.isOwner || facts.validatorPermit],
    ['DuplicateUids', new Set(uids).size === uids.length],
    ['UidVecContainInvalidOne', uids.every((uid) => uid < facts.neuronCount)],
    ['WeightVecLengthIsLow', itself || uids.length >= Math.min(facts.neuronCount, facts.minAllowedWeights)],
  ];
  return checks.filter(([, passes]) => !passes).map(([name]) => name);
}

describe('what the pallet would say', () => {
  const facts = fc.record({
    netuid: fc.nat(2),
    mechanism: fc.nat(1),
    mechanismCount: fc.integer({ min: 1, max: 2 }),
    uid: fc.option(fc.nat(7), { freq: 8 }),
    neuronCount: fc.integer({ min: 5, max: 8 }),
    lastUpdate: fc.oneof(fc.constant(0), fc.integer({ min: 880, max: 920 })),
    validatorPermit: fc.boolean(),
    isOwner: fc.boolean(),
    stakeRao: fc.bigInt(90n, 300n),
    minAllowedWeights: fc.nat(5),
    weightsVersionKey: fc.constantFrom(0n, 999n, 1_000n, 1_001n),
    commitRevealEnabled: fc.boolean(),
  });
  const uids = fc.array(fc.nat(8), { minLength: 1, maxLength: 9 });

  it('is what the plan says, for the open way and for both commits', () => {
    let submitted = 0;
    fc.assert(
      fc.property(facts, uids, fc.constantFrom('timelocked' as const, 'hash' as const), (over, chosen, prefer) => {
        const known = someWeightFacts({ ...over, commitReveal: someCommitReveal({ beacon: FRESH }) });
        const vector = { uids: chosen, values: chosen.map(() => 9), versionKey: 1_000n };
        const errors = palletRefusals(known, vector, known.block.number + 1);
        const result = planSubmission(known, vector, { nowSeconds: NOW, blockTimeMs: 12_000, prefer });
        if (result.action === 'submit') submitted += 1;
        expect(result.action === 'submit', errors.join()).to.equal(errors.length === 0);
        if ('because' in result) {
          const codes = errors.map((name) => failureOfModuleError('SubtensorModule', name, { method: 'set_weights' }).code);
          expect(codes).to.include(result.because.code);
          expect(result.because.message + result.because.hint).not.to.match(/\{\w+\}/);
        }
        const later = errors.filter((name) => name !== 'SettingWeightsTooFast');
        expect(revealFault(known, vector) === null, 'at the reveal').to.equal(later.length === 0);
      }),
      { numRuns: 3_000 },
    );
    expect(submitted).to.be.greaterThan(20);
  });
});

describe('the row that the chain stores', () => {
  it('has the largest weight at 65535, and the others rounded to the nearest', () => {
    expect(maxUpscaled([0, 1, 2, 3, 4])).to.deep.equal([0, 16_384, 32_768, 49_151, 65_535]);
    expect(maxUpscaled([1, 6])).to.deep.equal([10_923, 65_535]);
    expect(maxUpscaled([0, 0])).to.deep.equal([0, 0]);
    expect(maxUpscaled([])).to.deep.equal([]);
    // Above 32768 the chain divides first: exactly half would be 32767.5.
    expect(maxUpscaled([40_000, 20_000, 1])).to.deep.equal([65_535, 32_767, 2]);
    fc.assert(
      fc.property(fc.array(fc.nat(65_535), { minLength: 1, maxLength: 8 }), (values) => {
        const scaled = maxUpscaled([...values, 65_535]);
        expect(scaled.slice(0, -1)).to.deep.equal(values);
      }),
    );
  });

  it('is recognised in any order', () => {
    const row = [
      { uid: 1, value: 65_535 },
      { uid: 3, value: 32_768 },
    ];
    expect(isStored({ uids: [3, 1], values: [1, 2] }, row)).to.equal(true);
    expect(isStored({ uids: [3, 1], values: [1, 3] }, row)).to.equal(false);
    expect(isStored({ uids: [1], values: [2] }, row)).to.equal(false);
  });
});
