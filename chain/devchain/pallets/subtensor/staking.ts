/** Stake: TAO becomes the subnet's alpha one to one (a subnet without a pool), held in shares so that dividends reach every nominator. */
import { parts } from '../../composite.js';
import { call, signedBy } from '../../pallet.js';
import { u16, u64 } from '../../scale.js';
import { type AccountId, accountId, ZERO_ACCOUNT } from '../../shapes.js';
import type { Store, StoreView } from '../../storage-item.js';
import { credit, debit, spendableOf } from '../balances.js';
import { ensure } from './errors.js';
import { deposit } from './events.js';
import * as stored from './storage.js';

/** 0.002 TAO. */
export const MIN_STAKE_RAO = 2_000_000n;
const FRACTION_BITS = 64n;
const ROOT_NETUID = 0;
const FULL_SHARE = 2n ** 64n - 1n;

/** New stake of one nominator: as many shares as the amount is worth now. */
export function increaseStake(store: Store, hotkey: AccountId, coldkey: AccountId, netuid: number, amountRao: bigint): void {
  const total = stored.totalHotkeyAlpha.get(store, hotkey, netuid);
  const totalShares = stored.totalHotkeyShares.get(store, hotkey, netuid).bits;
  const bits = total === 0n || totalShares === 0n ? amountRao << FRACTION_BITS : (amountRao * totalShares) / total;
  stored.totalHotkeyShares.put(store, hotkey, netuid, { bits: totalShares + bits });
  stored.alpha.put(store, hotkey, coldkey, netuid, { bits: stored.alpha.get(store, hotkey, coldkey, netuid).bits + bits });
  stored.totalHotkeyAlpha.put(store, hotkey, netuid, total + amountRao);
}

/** Earnings of the hotkey: every share grows. */
export function shareEarnings(store: Store, hotkey: AccountId, netuid: number, amountRao: bigint): void {
  if (stored.totalHotkeyShares.get(store, hotkey, netuid).bits === 0n) {
    increaseStake(store, hotkey, stored.owner.get(store, hotkey), netuid, amountRao);
    return;
  }
  stored.totalHotkeyAlpha.put(store, hotkey, netuid, stored.totalHotkeyAlpha.get(store, hotkey, netuid) + amountRao);
}

/** What one nominator's shares are worth now. */
export function stakeOf(store: StoreView, hotkey: AccountId, coldkey: AccountId, netuid: number): bigint {
  const shares = stored.totalHotkeyShares.get(store, hotkey, netuid).bits;
  if (shares === 0n) return 0n;
  return (stored.totalHotkeyAlpha.get(store, hotkey, netuid) * stored.alpha.get(store, hotkey, coldkey, netuid).bits) / shares;
}

/** Takes stake of one nominator; all of it takes all his shares. */
export function decreaseStake(store: Store, hotkey: AccountId, coldkey: AccountId, netuid: number, amountRao: bigint): void {
  const total = stored.totalHotkeyAlpha.get(store, hotkey, netuid);
  const totalShares = stored.totalHotkeyShares.get(store, hotkey, netuid).bits;
  const held = stored.alpha.get(store, hotkey, coldkey, netuid).bits;
  const all = amountRao === stakeOf(store, hotkey, coldkey, netuid);
  const bits = all || total === 0n ? held : (amountRao * totalShares) / total;
  stored.totalHotkeyShares.put(store, hotkey, netuid, { bits: totalShares - bits });
  stored.totalHotkeyAlpha.put(store, hotkey, netuid, total - amountRao);
  if (bits === held) stored.alpha.remove(store, hotkey, coldkey, netuid);
  else stored.alpha.put(store, hotkey, coldkey, netuid, { bits: held - bits });
}

/** Stake of the hotkey less what its children got of it, more what it got of its parents. */
function inheritedOf(store: StoreView, hotkey: AccountId, netuid: number, of: number): bigint {
  const own = stored.totalHotkeyAlpha.get(store, hotkey, of);
  const given = stored.childKeys.get(store, hotkey, netuid).reduce((sum, [share]) => sum + (own * share) / FULL_SHARE, 0n);
  const taken = stored.parentKeys
    .get(store, hotkey, netuid)
    .reduce((sum, [share, parent]) => sum + (stored.totalHotkeyAlpha.get(store, parent, of) * share) / FULL_SHARE, 0n);
  return (own > given ? own - given : 0n) + taken;
}

/** Stake that counts in consensus. */
export function stakeWeightOf(store: StoreView, hotkey: AccountId, netuid: number): bigint {
  const root = inheritedOf(store, hotkey, netuid, ROOT_NETUID);
  return inheritedOf(store, hotkey, netuid, netuid) + (root * stored.taoWeight.get(store)) / FULL_SHARE;
}

/** Who gets the dividends of a hotkey: itself, and its parents by what they lent it, less the child's take where another coldkey owns it. */
export function withParents(
  store: StoreView,
  hotkey: AccountId,
  netuid: number,
  dividendsRao: bigint,
): readonly (readonly [AccountId, bigint])[] {
  const parents = stored.parentKeys.get(store, hotkey, netuid);
  if (parents.length === 0) return [[hotkey, dividendsRao]];
  const taoWeight = stored.taoWeight.get(store);
  const lent = (owner: AccountId, share: bigint): bigint => {
    const root = (stored.totalHotkeyAlpha.get(store, owner, ROOT_NETUID) * taoWeight) / FULL_SHARE;
    return ((stored.totalHotkeyAlpha.get(store, owner, netuid) + root) * share) / FULL_SHARE;
  };
  const given = stored.childKeys.get(store, hotkey, netuid).reduce((sum, [share]) => sum + share, 0n);
  const own = lent(hotkey, given < FULL_SHARE ? FULL_SHARE - given : 0n);
  const total = parents.reduce((sum, [share, parent]) => sum + lent(parent, share), own);
  const take = BigInt(stored.childkeyTake.get(store, hotkey, netuid));
  const owner = stored.owner.get(store, hotkey);
  const toParents = parents.map(([share, parent]) => {
    const earned = total === 0n ? 0n : (dividendsRao * lent(parent, share)) / total;
    const taken = stored.owner.get(store, parent) === owner ? 0n : (earned * take) / 65_535n;
    return [parent, earned - taken] as const;
  });
  return [...toParents, [hotkey, dividendsRao - toParents.reduce((sum, [, rao]) => sum + rao, 0n)]];
}

/** All stake of the hotkey, over all subnets. */
export function totalStakeOf(store: StoreView, hotkey: AccountId): bigint {
  return stored.totalHotkeyAlpha.entries(store, [hotkey]).reduce((sum, { value }) => sum + value, 0n);
}

const addStake = call(2, 'add_stake', parts({ hotkey: accountId, netuid: u16, amount_staked: u64 }), {
  run: (context, origin, { hotkey, netuid, amount_staked: amount }) => {
    const { store } = context;
    const coldkey = signedBy(origin);
    ensure(stored.networksAdded.get(store, netuid), 'SubnetNotExists');
    ensure(stored.subtokenEnabled.get(store, netuid), 'SubtokenDisabled');
    ensure(amount >= MIN_STAKE_RAO, 'AmountTooLow');
    ensure(spendableOf(store, coldkey) >= amount, 'NotEnoughBalanceToStake');
    ensure(stored.owner.get(store, hotkey) !== ZERO_ACCOUNT, 'HotKeyAccountNotExists');
    debit(store, coldkey, amount);
    increaseStake(store, hotkey, coldkey, netuid, amount);
    stored.totalStake.put(store, stored.totalStake.get(store) + amount);
    const staking = stored.stakingHotkeys.get(store, coldkey);
    if (!staking.includes(hotkey)) stored.stakingHotkeys.put(store, coldkey, [...staking, hotkey]);
    deposit(context, { type: 'StakeAdded', value: [coldkey, hotkey, amount, amount, netuid, 0n] });
  },
});

const removeStake = call(3, 'remove_stake', parts({ hotkey: accountId, netuid: u16, amount_unstaked: u64 }), {
  run: (context, origin, { hotkey, netuid, amount_unstaked }) => {
    const { store } = context;
    const coldkey = signedBy(origin);
    ensure(stored.subtokenEnabled.get(store, netuid), 'SubtokenDisabled');
    const held = stakeOf(store, hotkey, coldkey, netuid);
    const amount = amount_unstaked < held ? amount_unstaked : held;
    ensure(stored.networksAdded.get(store, netuid), 'SubnetNotExists');
    ensure(amount > 0n, 'AmountTooLow');
    ensure(amount === held || amount >= MIN_STAKE_RAO, 'AmountTooLow');
    ensure(stored.owner.get(store, hotkey) !== ZERO_ACCOUNT, 'HotKeyAccountNotExists');
    decreaseStake(store, hotkey, coldkey, netuid, amount);
    credit(store, coldkey, amount);
    const total = stored.totalStake.get(store);
    stored.totalStake.put(store, total > amount ? total - amount : 0n);
    deposit(context, { type: 'StakeRemoved', value: [coldkey, hotkey, amount, amount, netuid, 0n] });
  },
});

export const stakingCalls = [addStake, removeStake] as const;
