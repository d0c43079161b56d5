/** Stake: TAO becomes the subnet's alpha one to one (a subnet without a pool), held in shares so that dividends reach every nominator. */
import { parts } from '../../composite.js';
import { call, signedBy } from '../../pallet.js';
import { u16, u64 } from '../../scale.js';
import { type AccountId, accountId, ZERO_ACCOUNT } from '../../shapes.js';
import type { Store, StoreView } from '../../storage-item.js';
import { debit, spendableOf } from '../balances.js';
import { ensure, events } from './declarations.js';
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

/** Stake that counts in consensus. Child and parent keys are not modelled. */
export function stakeWeightOf(store: StoreView, hotkey: AccountId, netuid: number): bigint {
  const root = stored.totalHotkeyAlpha.get(store, hotkey, ROOT_NETUID);
  return stored.totalHotkeyAlpha.get(store, hotkey, netuid) + (root * stored.taoWeight.get(store)) / FULL_SHARE;
}

export const addStake = call(2, 'add_stake', parts({ hotkey: accountId, netuid: u16, amount_staked: u64 }), {
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
    context.deposit(events.of({ type: 'StakeAdded', value: [coldkey, hotkey, amount, amount, netuid, 0n] }));
  },
});
