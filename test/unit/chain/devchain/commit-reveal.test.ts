import { cryptoWaitReady } from '@polkadot/util-crypto';
import { expect } from 'chai';
import { publicKeyOf } from '../../../../chain/beacon.js';
import { commitHash } from '../../../../chain/commit-hash.js';
import { devAddress } from '../../../../chain/devchain/genesis.js';
import { lastStoredRound, pulses } from '../../../../chain/devchain/pallets/drand.js';
import * as stored from '../../../../chain/devchain/pallets/subtensor/storage.js';
import { encryptTimelocked } from '../../../../chain/timelock.js';
import { encodeWeightPayload } from '../../../../chain/weight-payload.js';
import { createLedger, hotkeyOf, type Ledger, NETUID } from '../../../support/ledger.js';

const VALIDATOR = '//AliceHot';
const SUBNET = { commitRevealEnabled: true, tempo: 10, minAllowedWeights: 1 };
const VECTOR = { uids: [0, 1], values: [1, 2], salt: [7, 8], version_key: 0n };

const hashOf = (uri = VALIDATOR, { uids, values, salt, version_key } = VECTOR, mechanism = 0) =>
  commitHash(hotkeyOf(uri), { netuid: NETUID, mechanism, uids, values, salt, versionKey: version_key });

function start(subnet: object = {}, rest: Parameters<typeof createLedger>[0] = {}): Ledger {
  const neurons = ['//m1', '//m2'].map((uri) => ({
    hotkey: devAddress(uri),
    coldkey: devAddress('//Alice'),
    stakeRao: 0n,
    axon: null,
    commitment: null,
  }));
  const ledger = createLedger({ subnet: { ...SUBNET, neurons, ...subnet }, ...rest });
  ledger.step(3);
  return ledger;
}

const epochOf = (ledger: Ledger) => Number(stored.subnetEpochIndex.get(ledger.store, NETUID));
/** Until the epoch has that number. */
function stepToEpoch(ledger: Ledger, epoch: number): void {
  while (epochOf(ledger) < epoch) ledger.step();
}

describe('development chain: weights committed by hash', () => {
  before(cryptoWaitReady);
  const commit = (ledger: Ledger, uri = VALIDATOR, commit_hash: string = hashOf(uri)) =>
    ledger.call(uri, 'SubtensorModule.commit_weights', { netuid: NETUID, commit_hash });
  const reveal = (ledger: Ledger, vector = VECTOR) =>
    ledger.call(VALIDATOR, 'SubtensorModule.reveal_weights', { netuid: NETUID, ...vector });

  for (const period of [1, 3]) {
    it(`reveals in exactly the epoch ${period} later`, () => {
      const ledger = start({ revealPeriodEpochs: period });
      expect(commit(ledger)).to.equal(null);
      expect(ledger.events()).to.deep.equal(['WeightsCommitted']);
      for (let epoch = 0; epoch < period; epoch += 1) {
        stepToEpoch(ledger, epoch);
        expect(reveal(ledger), `epoch ${epoch}`).to.equal('RevealTooEarly');
        expect(ledger.pool(VALIDATOR, 'SubtensorModule.reveal_weights', { netuid: NETUID, ...VECTOR })).to.equal('RevealTooEarly');
      }
      stepToEpoch(ledger, period);
      expect(reveal(ledger, { ...VECTOR, salt: [9] })).to.equal('InvalidRevealCommitHashNotMatch');
      expect(reveal(ledger)).to.equal(null);
      expect(ledger.events()).to.include.members(['WeightsSet', 'WeightsRevealed']);
      expect(stored.weights.get(ledger.store, NETUID, 0)).to.deep.equal([
        [0, 32768],
        [1, 65535],
      ]);
      expect(stored.weightCommits.get(ledger.store, NETUID, ledger.idOf(VALIDATOR))).to.equal(null);
      expect(reveal(ledger)).to.equal('NoWeightsCommitFound');
    });

    it(`is expired after that epoch, period ${period}`, () => {
      const ledger = start({ revealPeriodEpochs: period });
      expect(commit(ledger)).to.equal(null);
      stepToEpoch(ledger, period + 1);
      // The pool knows too early only.
      expect(ledger.pool(VALIDATOR, 'SubtensorModule.reveal_weights', { netuid: NETUID, ...VECTOR })).to.equal('RevealTooEarly');
      expect(reveal(ledger)).to.equal('ExpiredWeightCommit');
      expect(reveal(ledger, { ...VECTOR, salt: [1] })).to.equal('NoWeightsCommitFound');
    });
  }

  it('counts a block whose epoch is due to the epoch that it opens', () => {
    const ledger = start();
    stepToEpoch(ledger, 1);
    const opened = ledger.block();
    ledger.step(9);
    expect(commit(ledger)).to.equal(null);
    const [first] = stored.weightCommits.get(ledger.store, NETUID, ledger.idOf(VALIDATOR)) ?? [];
    expect(first?.slice(1)).to.deep.equal([1n, BigInt(opened + 9), 0n]);
  });

  it('refuses a commit in the order of the runtime', () => {
    const ledger = start({ weightsRateLimit: 5, commitRevealEnabled: false });
    const at = (uri: string, netuid = NETUID, mecid = 0) =>
      ledger.call(uri, 'SubtensorModule.commit_mechanism_weights', { netuid, mecid, commit_hash: hashOf() });
    expect(at('//stranger', 9)).to.equal('MechanismDoesNotExist');
    expect(at('//stranger', NETUID, 1)).to.equal('MechanismDoesNotExist');
    expect(at('//stranger')).to.equal('CommitRevealDisabled');
    stored.commitRevealWeightsEnabled.put(ledger.store, NETUID, true);
    expect(at('//stranger')).to.equal('HotKeyNotRegisteredInSubNet');
    expect(at(VALIDATOR)).to.equal(null);
    ledger.step(4);
    expect(at(VALIDATOR)).to.equal('CommittingWeightsTooFast');
    expect(ledger.pool(VALIDATOR, 'SubtensorModule.commit_weights', { netuid: NETUID, commit_hash: hashOf() })).to.equal(
      'CommittingWeightsTooFast',
    );
    ledger.step();
    expect(at(VALIDATOR)).to.equal(null);
  });

  it('keeps ten commits and no more, and drops all before the one revealed', () => {
    const ledger = start();
    const vector = (i: number) => ({ ...VECTOR, salt: [i] });
    for (let i = 0; i < 10; i += 1) expect(commit(ledger, VALIDATOR, hashOf(VALIDATOR, vector(i)))).to.equal(null);
    expect(commit(ledger, VALIDATOR, hashOf(VALIDATOR, vector(10)))).to.equal('TooManyUnrevealedCommits');
    stepToEpoch(ledger, 1);
    expect(reveal(ledger, vector(4))).to.equal(null);
    expect(stored.weightCommits.get(ledger.store, NETUID, ledger.idOf(VALIDATOR))).to.have.length(5);
    expect(reveal(ledger, vector(3))).to.equal('InvalidRevealCommitHashNotMatch');
  });

  it('checks a revealed vector as any other, and gives the commit back when it is refused', () => {
    const ledger = start();
    const wrong = { ...VECTOR, uids: [0, 9] };
    expect(commit(ledger, VALIDATOR, hashOf(VALIDATOR, wrong))).to.equal(null);
    stepToEpoch(ledger, 1);
    expect(reveal(ledger, wrong)).to.equal('UidVecContainInvalidOne');
    expect(stored.weightCommits.get(ledger.store, NETUID, ledger.idOf(VALIDATOR))).to.have.length(1);
  });

  it('reveals several at once, all or none', () => {
    const ledger = start();
    const vectors = [1, 2].map((i) => ({ ...VECTOR, salt: [i] }));
    for (const vector of vectors) expect(commit(ledger, VALIDATOR, hashOf(VALIDATOR, vector))).to.equal(null);
    stepToEpoch(ledger, 1);
    const args = (list: readonly (typeof VECTOR)[]) => ({
      netuid: NETUID,
      uids_list: list.map(({ uids }) => uids),
      values_list: list.map(({ values }) => values),
      salts_list: list.map(({ salt }) => salt),
      version_keys: list.map(({ version_key }) => version_key),
    });
    const batch = (value: object) => ledger.call(VALIDATOR, 'SubtensorModule.batch_reveal_weights', value as Record<string, unknown>);
    expect(batch({ ...args(vectors), version_keys: [] })).to.equal('InputLengthsUnequal');
    expect(batch(args([...vectors, { ...VECTOR, salt: [3] }]))).to.equal('InvalidRevealCommitHashNotMatch');
    expect(batch(args(vectors))).to.equal(null);
    expect(ledger.events()).to.deep.equal(['WeightsSet', 'WeightsSet', 'WeightsBatchRevealed']);
  });

  it('tells by events which of a batch were refused', () => {
    const ledger = start();
    const batch = { netuids: [1n, 5n], commit_hashes: [hashOf(), hashOf()] };
    expect(ledger.call(VALIDATOR, 'SubtensorModule.batch_commit_weights', batch)).to.equal(null);
    expect(ledger.events()).to.deep.equal([
      'WeightsCommitted',
      'BatchCompletedWithErrors',
      'BatchWeightItemFailed',
      'BatchWeightsCompleted',
    ]);
    const open = { netuids: [1n], weights: [[[0n, 1n]]], version_keys: [0n] };
    ledger.step();
    expect(ledger.call(VALIDATOR, 'SubtensorModule.batch_set_weights', open)).to.equal(null);
    expect(ledger.events()).to.include('BatchWeightItemFailed');
    expect(ledger.call(VALIDATOR, 'SubtensorModule.set_weights', { netuid: 1, dests: [0], weights: [1], version_key: 0n })).to.equal(
      'CommitRevealEnabled',
    );
  });

  it('numbers epochs by the formula before the clock was state', () => {
    const ledger = start({}, { generation: 'metagraph' });
    expect(commit(ledger)).to.equal(null);
    expect(stored.weightCommits.get(ledger.store, NETUID, ledger.idOf(VALIDATOR))?.[0]?.slice(1)).to.deep.equal([3n, 9n, 19n]);
    while (ledger.block() < 8) ledger.step();
    expect(reveal(ledger)).to.equal('RevealTooEarly');
    ledger.step();
    expect(reveal(ledger)).to.equal(null);
  });
});

describe('development chain: timelocked weights', () => {
  before(cryptoWaitReady);

  const seal = (ledger: Ledger, round: number, of = VALIDATOR, vector: { uids: number[]; values: number[] } = VECTOR) => {
    const payload = { hotkey: hotkeyOf(of), uids: vector.uids, values: vector.values, versionKey: 0n };
    const randomness = { sigma: new Uint8Array(32).fill(1), secretKey: new Uint8Array(32).fill(2), nonce: new Uint8Array(12) };
    return encryptTimelocked(encodeWeightPayload(payload), round, publicKeyOf(ledger.beacon.secret), randomness);
  };
  const commit = (ledger: Ledger, bytes: Uint8Array, round: number, version = 4, uri = VALIDATOR) =>
    ledger.call(uri, 'SubtensorModule.commit_timelocked_weights', {
      netuid: NETUID,
      commit: bytes,
      reveal_round: BigInt(round),
      commit_reveal_version: version,
    });
  /** The round of a block: 12 seconds a block, 3 a round. */
  const roundOf = (block: number) => block * 4 + 1;
  const waiting = (ledger: Ledger) => stored.timelockedWeightCommits.entries(ledger.store, [NETUID]).flatMap(({ value }) => value);

  for (const period of [1, 3]) {
    it(`opens a commit at the first block of its epoch, period ${period}`, () => {
      const ledger = start({ revealPeriodEpochs: period });
      const opens = 10 * period;
      expect(commit(ledger, seal(ledger, roundOf(opens)), roundOf(opens))).to.equal(null);
      expect(ledger.events()).to.deep.equal(['TimelockedWeightsCommitted']);
      while (ledger.block() < opens - 1) ledger.step();
      expect(waiting(ledger)).to.have.length(1);
      ledger.step();
      expect(ledger.valuesOf('TimelockedWeightsRevealed')).to.deep.equal([[NETUID, ledger.idOf(VALIDATOR)]]);
      expect(stored.weights.get(ledger.store, NETUID, 0)).to.have.length(2);
      expect(waiting(ledger)).to.have.length(0);
      // Counted in the very epoch that the block opens.
      expect(stored.incentive.get(ledger.store, NETUID)[1]).to.be.greaterThan(0);
    });
  }

  it('tries a late pulse again in every block of the epoch, and gives up after it', () => {
    const late = start();
    expect(commit(late, seal(late, roundOf(10)), roundOf(10))).to.equal(null);
    late.faults.delayPulses(5 * 12_000);
    late.step(11);
    expect(waiting(late)).to.have.length(1);
    expect(late.valuesOf('TimelockedWeightsRevealed')).to.have.length(0);
    late.step();
    expect(late.valuesOf('TimelockedWeightsRevealed')).to.have.length(1);

    const lost = start();
    expect(commit(lost, seal(lost, roundOf(10)), roundOf(10))).to.equal(null);
    lost.faults.stopPulses(true);
    while (lost.block() < 19) lost.step();
    expect(waiting(lost)).to.have.length(1);
    lost.step();
    lost.faults.stopPulses(false);
    expect(waiting(lost)).to.have.length(0);
    lost.step(3);
    expect(stored.weights.get(lost.store, NETUID, 0)).to.deep.equal([]);
  });

  it('drops in silence what does not open, names another, or sets no weights', () => {
    const ledger = start();
    const round = roundOf(10);
    const good = seal(ledger, round);
    const broken = Uint8Array.from(good, (byte, i) => (i === good.length - 60 ? byte ^ 1 : byte));
    for (const bytes of [
      Uint8Array.of(1, 2, 3),
      broken,
      seal(ledger, round + 1),
      seal(ledger, round, '//m1'),
      seal(ledger, round, VALIDATOR, { uids: [0, 9], values: [1, 1] }),
    ]) {
      expect(commit(ledger, bytes, round)).to.equal(null);
    }
    while (ledger.block() < 10) ledger.step();
    expect(ledger.events()).to.not.include.members(['TimelockedWeightsRevealed']);
    expect(ledger.events()).to.not.include.members(['WeightsSet']);
    expect(waiting(ledger)).to.have.length(0);
    expect(stored.weights.get(ledger.store, NETUID, 0)).to.deep.equal([]);
  });

  it('refuses a commit in the order of the runtime', () => {
    const ledger = start({ weightsRateLimit: 5, commitRevealEnabled: false });
    const bytes = Uint8Array.of(1);
    expect(commit(ledger, bytes, 99, 3, '//stranger')).to.equal('CommitRevealDisabled');
    stored.commitRevealWeightsEnabled.put(ledger.store, NETUID, true);
    expect(commit(ledger, bytes, 99, 3, '//stranger')).to.equal('IncorrectCommitRevealVersion');
    expect(commit(ledger, bytes, 99, 4, '//stranger')).to.equal('HotKeyNotRegisteredInSubNet');
    expect(commit(ledger, bytes, 99)).to.equal(null);
    expect(commit(ledger, bytes, 99)).to.equal('CommittingWeightsTooFast');
    stored.weightsSetRateLimit.put(ledger.store, NETUID, 0n);
    for (let i = 1; i < 10; i += 1) expect(commit(ledger, bytes, 99)).to.equal(null);
    expect(commit(ledger, bytes, 99)).to.equal('TooManyUnrevealedCommits');
    expect(commit(ledger, bytes, 99, 4, '//m1')).to.equal(null);
    const pool = (reveal_round: bigint) =>
      ledger.pool(VALIDATOR, 'SubtensorModule.commit_timelocked_weights', {
        netuid: NETUID,
        commit: bytes,
        reveal_round,
        commit_reveal_version: 4,
      });
    const newest = lastStoredRound.get(ledger.store);
    expect(newest).to.equal(BigInt(roundOf(3)));
    expect(pool(newest - 1n)).to.equal('InvalidRevealRound');
    expect(pool(newest)).to.equal(null);
  });

  it('holds the pulses somebody waits for, and few others', () => {
    const ledger = start({ tempo: 100 });
    const awaited = roundOf(5) + 2;
    expect(commit(ledger, seal(ledger, awaited), awaited)).to.equal(null);
    ledger.step(40);
    expect(pulses.get(ledger.store, BigInt(awaited))).to.not.equal(null);
    expect(pulses.entries(ledger.store, [])).to.have.length(17);
  });
});
