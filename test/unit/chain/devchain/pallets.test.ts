import { cryptoWaitReady } from '@polkadot/util-crypto';
import { expect } from 'chai';
import { publicKeyOf } from '../../../../chain/beacon.js';
import { devAddress } from '../../../../chain/devchain/genesis.js';
import * as commitments from '../../../../chain/devchain/pallets/commitments.js';
import { storageIndexOf } from '../../../../chain/devchain/pallets/subtensor/mechanisms.js';
import { stakeWeightOf } from '../../../../chain/devchain/pallets/subtensor/staking.js';
import * as stored from '../../../../chain/devchain/pallets/subtensor/storage.js';
import { encryptTimelocked } from '../../../../chain/timelock.js';
import { createLedger, NETUID } from '../../../support/ledger.js';

const RAO = 1_000_000_000n;
const HALF = 2n ** 63n;

function start(options: Parameters<typeof createLedger>[0] = {}) {
  const neurons = ['//m1', '//m2', '//m3'].map((uri, i) => ({
    hotkey: devAddress(uri),
    coldkey: devAddress('//Alice'),
    stakeRao: BigInt(i + 1) * 10n * RAO,
    axon: null,
    commitment: null,
  }));
  const ledger = createLedger({ ...options, subnet: { tempo: 10, neurons, ...options.subnet } });
  ledger.step();
  return ledger;
}

describe('development chain: mechanisms', () => {
  before(cryptoWaitReady);

  it('weigh, pay and remember each by itself', () => {
    const ledger = start({ subnet: { maxUids: 64, immunityPeriod: 0 } });
    const count = (mechanism_count: number, who: string | typeof ledger.root = '//Alice') =>
      ledger.call(who, 'AdminUtils.sudo_set_mechanism_count', { netuid: NETUID, mechanism_count });
    expect(count(2, '//Bob')).to.equal('BadOrigin');
    expect(count(0)).to.equal('InvalidValue');
    expect(count(3)).to.equal('InvalidValue');
    expect(count(2)).to.equal(null);
    const split = (maybe_split: number[] | null) =>
      ledger.call(ledger.root, 'AdminUtils.sudo_set_mechanism_emission_split', { netuid: NETUID, maybe_split });
    expect(split([1, 2])).to.equal('InvalidValue');
    expect(split([1, 2, 65_532])).to.equal('InvalidValue');
    expect(split([13_107, 52_428])).to.equal(null);
    const weigh = (mecid: number, dests: number[]) =>
      ledger.call('//AliceHot', 'SubtensorModule.set_mechanism_weights', {
        netuid: NETUID,
        mecid,
        dests,
        weights: dests.map(() => 1),
        version_key: 0n,
      });
    expect(weigh(2, [1])).to.equal('MechanismDoesNotExist');
    expect(weigh(0, [1])).to.equal(null);
    expect(weigh(1, [2])).to.equal(null);
    expect(ledger.valuesOf('WeightsSet')).to.deep.equal([
      [NETUID, 0],
      [4097, 0],
    ]);
    const before = [1, 2].map((i) => stored.totalHotkeyAlpha.get(ledger.store, ledger.idOf(`//m${i}`), NETUID));
    ledger.step(9);
    expect(stored.incentive.get(ledger.store, NETUID)).to.deep.equal([0, 65_535, 0, 0]);
    expect(stored.incentive.get(ledger.store, storageIndexOf(NETUID, 1))).to.deep.equal([0, 0, 65_535, 0]);
    const earned = [1, 2].map((i) => stored.totalHotkeyAlpha.get(ledger.store, ledger.idOf(`//m${i}`), NETUID) - (before[i - 1] ?? 0n));
    expect(Number(earned[1]) / Number(earned[0])).to.be.closeTo(4, 0.01);

    expect(count(1)).to.equal(null);
    expect(stored.weights.entries(ledger.store, [4097])).to.deep.equal([]);
    expect(stored.mechanismEmissionSplit.get(ledger.store, NETUID)).to.equal(null);
  });

  it('refuses mechanisms for more uids than all of them may have', () => {
    const ledger = start({ subnet: { maxUids: 256 } });
    const args = { netuid: NETUID, mechanism_count: 2 };
    expect(ledger.call(ledger.root, 'AdminUtils.sudo_set_mechanism_count', args)).to.equal('TooManyUIDsPerMechanism');
  });
});

describe('development chain: what an owner may change', () => {
  before(cryptoWaitReady);

  it('nothing shortly before an epoch, and each thing only so often', () => {
    const ledger = start({ adminFreezeWindow: 3, ownerHyperparamEpochs: 2 });
    const set = (interval: bigint, who: string | typeof ledger.root = '//Alice') =>
      ledger.call(who, 'AdminUtils.sudo_set_commit_reveal_weights_interval', { netuid: NETUID, interval });
    expect(set(101n)).to.equal('RevealPeriodTooLarge');
    expect(set(0n)).to.equal('RevealPeriodTooSmall');
    expect(set(3n)).to.equal(null);
    expect(set(4n)).to.equal('TxRateLimitExceeded');
    expect(set(4n, ledger.root)).to.equal(null);
    while (ledger.block() < 7) ledger.step();
    expect(set(5n, ledger.root)).to.equal(null);
    ledger.step();
    expect(set(5n, ledger.root)).to.equal('AdminActionProhibitedDuringWeightsWindow');
    while (ledger.block() < 21) ledger.step();
    expect(set(6n)).to.equal(null);
  });

  it('the clock, within bounds and not under a commit', () => {
    const ledger = start({ adminFreezeWindow: 3 });
    const call = (name: string, args: object, who = '//Alice') =>
      ledger.call(who, `SubtensorModule.${name}`, { netuid: NETUID, ...args } as Record<string, unknown>);
    expect(call('set_tempo', { tempo: 400 }, '//Bob')).to.equal('BadOrigin');
    expect(call('set_tempo', { tempo: 359 })).to.equal('TempoOutOfBounds');
    expect(call('trigger_epoch', {})).to.equal(null);
    expect(ledger.valuesOf('EpochTriggered')).to.have.length(1);
    expect(call('trigger_epoch', {})).to.equal('EpochTriggerAlreadyPending');
    expect(call('set_tempo', { tempo: 400 })).to.equal('AdminActionProhibitedDuringWeightsWindow');
    ledger.step(3);
    expect(stored.lastEpochBlock.get(ledger.store, NETUID)).to.equal(4n);
    expect(call('set_tempo', { tempo: 400 })).to.equal(null);
    expect(call('set_tempo', { tempo: 400 })).to.equal('TxRateLimitExceeded');
    stored.commitRevealWeightsEnabled.put(ledger.store, NETUID, true);
    expect(call('trigger_epoch', {})).to.equal('DynamicTempoBlockedByCommitReveal');
    expect(call('set_activity_cutoff_factor', { factor_milli: 999 })).to.equal('ActivityCutoffFactorMilliOutOfBounds');
    expect(call('set_activity_cutoff_factor', { factor_milli: 1000 })).to.equal(null);
  });

  it('alpha values only while liquid alpha is on', () => {
    const ledger = start();
    const set = (alpha_low: number, alpha_high: number) =>
      ledger.call('//Alice', 'AdminUtils.sudo_set_alpha_values', { netuid: NETUID, alpha_low, alpha_high });
    expect(set(2000, 3000)).to.equal('LiquidAlphaDisabled');
    expect(ledger.call('//Alice', 'AdminUtils.sudo_set_liquid_alpha_enabled', { netuid: NETUID, enabled: true })).to.equal(null);
    expect(set(2000, 1000)).to.equal('AlphaHighTooLow');
    expect(set(4000, 3000)).to.equal('AlphaLowOutOfRange');
    expect(set(2000, 3000)).to.equal(null);
    ledger.step(10);
    expect(stored.subnetEpochIndex.get(ledger.store, NETUID)).to.equal(1n);
  });
});

describe('development chain: seats and stake', () => {
  before(cryptoWaitReady);

  it('trims to those who earned most and numbers them anew', () => {
    const ledger = start({ subnet: { maxUids: 8, immunityPeriod: 0 } });
    const weights = { netuid: NETUID, dests: [1, 3], weights: [1, 2], version_key: 0n };
    expect(ledger.call('//AliceHot', 'SubtensorModule.set_weights', weights)).to.equal(null);
    ledger.step(9);
    const trim = (max_n: number) => ledger.call('//Alice', 'AdminUtils.sudo_trim_to_max_allowed_uids', { netuid: NETUID, max_n });
    expect(trim(9)).to.equal('InvalidValue');
    expect(trim(1)).to.equal('TrimmingWouldExceedMaxImmunePercentage');
    expect(trim(3)).to.equal(null);
    expect(stored.subnetworkN.get(ledger.store, NETUID)).to.equal(3);
    expect(stored.uids.get(ledger.store, NETUID, ledger.idOf('//m2'))).to.equal(null);
    expect(stored.uids.get(ledger.store, NETUID, ledger.idOf('//m3'))).to.equal(2);
    expect(stored.keys.get(ledger.store, NETUID, 2)).to.equal(ledger.idOf('//m3'));
    expect(stored.weights.get(ledger.store, NETUID, 0)).to.deep.equal([
      [1, 32768],
      [2, 65535],
    ]);
    for (const vector of [stored.active, stored.emission, stored.incentive, stored.lastUpdate]) {
      expect(vector.get(ledger.store, NETUID)).to.have.length(3);
    }
    ledger.step(10);
  });

  it('registers within a limit', () => {
    const ledger = start();
    const price = stored.burn.get(ledger.store, NETUID);
    const args = (limit_price: bigint) => ({ netuid: NETUID, hotkey: ledger.idOf('//new'), limit_price });
    expect(ledger.call('//Alice', 'SubtensorModule.register_limit', args(price - 1n))).to.equal('RegistrationPriceLimitExceeded');
    expect(ledger.call('//Alice', 'SubtensorModule.register_limit', args(price))).to.equal(null);
    expect(ledger.call('//Alice', 'SubtensorModule.register_limit', args(price * 2n))).to.equal('HotKeyAlreadyRegisteredInSubNet');
  });

  it('takes stake back', () => {
    const ledger = start();
    const remove = (amount_unstaked: bigint, who = '//Alice') =>
      ledger.call(who, 'SubtensorModule.remove_stake', { hotkey: ledger.idOf('//m1'), netuid: NETUID, amount_unstaked });
    expect(remove(1n)).to.equal('AmountTooLow');
    expect(remove(RAO, '//Bob')).to.equal('AmountTooLow');
    expect(remove(4n * RAO)).to.equal(null);
    expect(stored.totalHotkeyAlpha.get(ledger.store, ledger.idOf('//m1'), NETUID)).to.equal(6n * RAO);
    expect(remove(100n * RAO)).to.equal(null);
    expect(stored.totalHotkeyAlpha.get(ledger.store, ledger.idOf('//m1'), NETUID)).to.equal(0n);
  });

  it('lends stake to children after a while, and shares their dividends', () => {
    const ledger = start();
    const [parent, child] = [ledger.idOf('//m1'), ledger.idOf('//m2')];
    const set = (children: readonly (readonly [bigint, string])[], who = '//Alice') =>
      ledger.call(who, 'SubtensorModule.set_children', { hotkey: parent, netuid: NETUID, children });
    expect(set([[HALF, child]], '//Bob')).to.equal('NonAssociatedColdKey');
    expect(
      set([
        [HALF, child],
        [1n, child],
      ]),
    ).to.equal('DuplicateChild');
    expect(set([[HALF, parent]])).to.equal('InvalidChild');
    expect(
      set([
        [2n ** 64n - 1n, child],
        [1n, ledger.idOf('//m3')],
      ]),
    ).to.equal('ProportionOverflow');
    expect(set([[HALF, child]])).to.equal(null);
    expect(set([])).to.equal('TxRateLimitExceeded');
    expect(stakeWeightOf(ledger.store, child, NETUID)).to.equal(20n * RAO);
    while (ledger.block() < 20) ledger.step();
    expect(ledger.events()).to.include('SetChildren');
    const held = stored.totalHotkeyAlpha.get(ledger.store, parent, NETUID);
    expect(stakeWeightOf(ledger.store, parent, NETUID)).to.equal(held - (held * HALF) / (2n ** 64n - 1n));
    expect(stored.parentKeys.get(ledger.store, child, NETUID)).to.deep.equal([[HALF, parent]]);
  });

  it('swaps a hotkey with all that is his', () => {
    const ledger = start();
    const [old, next] = [ledger.idOf('//m1'), ledger.idOf('//fresh')];
    const swap = (new_hotkey: string, who = '//Alice') =>
      ledger.call(who, 'SubtensorModule.swap_hotkey', { hotkey: old, new_hotkey, netuid: null });
    expect(swap(next, '//Bob')).to.equal('NonAssociatedColdKey');
    expect(swap(old)).to.equal('NewHotKeyIsSameWithOld');
    expect(swap(ledger.idOf('//m2'))).to.equal('HotKeyAlreadyRegisteredInSubNet');
    expect(swap(next)).to.equal(null);
    expect(stored.keys.get(ledger.store, NETUID, 1)).to.equal(next);
    expect(stored.uids.get(ledger.store, NETUID, old)).to.equal(null);
    expect(stored.totalHotkeyAlpha.get(ledger.store, next, NETUID)).to.equal(10n * RAO);
    expect(stored.totalHotkeyAlpha.get(ledger.store, old, NETUID)).to.equal(0n);
    expect(ledger.events()).to.include('HotkeySwapped');
    ledger.step(10);
  });
});

describe('development chain: commitments', () => {
  before(cryptoWaitReady);
  const raw = (length: number) => ({ type: 'BigRaw', value: Array.from({ length }, () => 7) });
  const set = (ledger: ReturnType<typeof start>, fields: readonly object[], who = '//m1') =>
    ledger.call(who, 'Commitments.set_commitment', { netuid: NETUID, info: { fields } });

  it('counts the space of an epoch, a small one as 100 bytes', () => {
    const ledger = start();
    expect(set(ledger, [raw(1)], '//stranger')).to.equal('AccountNotAllowedCommit');
    for (let i = 0; i < 6; i += 1) expect(set(ledger, [raw(500)])).to.equal(null);
    expect(set(ledger, [])).to.equal(null);
    expect(set(ledger, [])).to.equal('SpaceLimitExceeded');
    expect(commitments.usedSpaceOf.get(ledger.store, NETUID, ledger.idOf('//m1'))).to.deep.equal({ last_epoch: 0n, used_space: 3100n });
    ledger.step(10);
    expect(set(ledger, [raw(1)])).to.equal(null);
  });

  it('opens timelocked fields at their round, and drops what does not open', () => {
    const ledger = start();
    const who = ledger.idOf('//m1');
    const round = 5 * 4 + 1;
    const randomness = { sigma: new Uint8Array(32).fill(3), secretKey: new Uint8Array(32).fill(4), nonce: new Uint8Array(12) };
    const sealed = encryptTimelocked(Uint8Array.of(1, 2, 3), round, publicKeyOf(ledger.beacon.secret), randomness);
    const field = (encrypted: Uint8Array) => ({
      type: 'TimelockEncrypted',
      value: { encrypted: [...encrypted], reveal_round: BigInt(round) },
    });
    expect(set(ledger, [field(sealed), field(Uint8Array.of(1)), raw(2)])).to.equal(null);
    expect(ledger.events()).to.deep.equal(['TimelockCommitment']);
    ledger.step(3);
    expect(commitments.commitmentOf.get(ledger.store, NETUID, who)?.info.fields).to.have.length(3);
    ledger.step();
    expect(ledger.events()).to.deep.equal(['CommitmentRevealed']);
    const [first, ...others] = commitments.revealedCommitments.get(ledger.store, NETUID, who) ?? [];
    expect([[...(first?.[0] ?? [])], first?.[1], others.length]).to.deep.equal([[1, 2, 3], 5n, 0]);
    expect(commitments.commitmentOf.get(ledger.store, NETUID, who)?.info.fields).to.have.length(1);
    expect(commitments.timelockedIndex.get(ledger.store)).to.deep.equal([]);
  });

  it('resets bonds where the subnet allows it', () => {
    const ledger = start();
    stored.bonds.put(ledger.store, NETUID, 0, [
      [1, 5],
      [2, 6],
    ]);
    const flag = [{ type: 'ResetBondsFlag', value: null }];
    expect(set(ledger, flag)).to.equal(null);
    expect(stored.bonds.get(ledger.store, NETUID, 0)).to.have.length(2);
    expect(ledger.call('//Alice', 'AdminUtils.sudo_set_bonds_reset_enabled', { netuid: NETUID, enabled: true })).to.equal(null);
    expect(set(ledger, flag)).to.equal(null);
    expect(stored.bonds.get(ledger.store, NETUID, 0)).to.deep.equal([[2, 6]]);
  });
});
