/** `swap_hotkey`: another key takes the place of a hotkey, with its seat, endpoint, commits, family and stake. Source: subtensor swap/swap_hotkey.rs. */
import { parts } from '../../composite.js';
import { type CallContext, call, signedBy } from '../../pallet.js';
import { bool, option, u16 } from '../../scale.js';
import { type AccountId, accountId, ZERO_ACCOUNT } from '../../shapes.js';
import type { StorageItem, Store } from '../../storage-item.js';
import { debit, spendableOf, totalIssuance } from '../balances.js';
import { renameInFamily } from './children.js';
import { ensure } from './errors.js';
import { deposit } from './events.js';
import { storageIndicesOf } from './mechanisms.js';
import { decreaseStake, increaseStake, stakeOf } from './staking.js';
import * as stored from './storage.js';

const ROOT_NETUID = 0;
const SWAP_COST_RAO = 100_000_000n;
const SWAP_ON_SUBNET_COST_RAO = 1_000_000n;
/** A day on the public networks, a block where blocks are fast, as here. */
const SWAP_INTERVAL_BLOCKS = 1n;

interface Swap {
  readonly coldkey: AccountId;
  readonly before: AccountId;
  readonly after: AccountId;
  readonly keepStake: boolean;
}

function swap(context: CallContext, of: Swap, only: number | null): void {
  const { store, block } = context;
  const { coldkey, before, after } = of;
  ensure(stored.owner.get(store, before) === coldkey, 'NonAssociatedColdKey');
  const owner = stored.owner.get(store, after);
  ensure(owner === ZERO_ACCOUNT || owner === coldkey, 'NonAssociatedColdKey');
  ensure(before !== after, 'NewHotKeyIsSameWithOld');
  const limit = stored.txRateLimit.get(store);
  const last = stored.lastRateLimitedBlock.get(store, { type: 'LastTxBlock', value: coldkey });
  ensure(limit === 0n || last === 0n || BigInt(block) - last > limit, 'HotKeySetTxRateLimitExceeded');
  const netuids = stored.networksAdded.entries(store, []).flatMap(({ keys, value }) => (value ? [keys[0]] : []));
  const asked = only === null ? netuids : [only];
  ensure(
    asked.every((netuid) => stored.uids.get(store, netuid, after) === null),
    'HotKeyAlreadyRegisteredInSubNet',
  );
  const touchesRoot = only === null || only === ROOT_NETUID;
  ensure(!touchesRoot || stored.totalHotkeyAlpha.get(store, after, ROOT_NETUID) === 0n, 'NewHotKeyNotCleanForRootSwap');

  const affected = asked.filter((netuid) => only !== null || isConcerned(store, netuid, before));
  for (const netuid of affected) {
    const swapped = stored.lastHotkeySwapOnNetuid.get(store, netuid, coldkey);
    ensure(swapped === 0n || swapped + SWAP_INTERVAL_BLOCKS < BigInt(block), 'HotKeySwapOnSubnetIntervalNotPassed');
  }
  const cost = only === null ? SWAP_COST_RAO : SWAP_ON_SUBNET_COST_RAO;
  ensure(spendableOf(store, coldkey) >= cost, 'NotEnoughBalanceToPaySwapHotKey');
  debit(store, coldkey, cost);
  totalIssuance.put(store, totalIssuance.get(store) - cost);
  if (only === null) stored.owner.remove(store, before);
  stored.owner.put(store, after, coldkey);
  const owned = stored.ownedHotkeys.get(store, coldkey).filter((hotkey) => hotkey !== after && (only !== null || hotkey !== before));
  stored.ownedHotkeys.put(store, coldkey, [...owned, after]);

  for (const netuid of asked) swapOn(store, netuid, of);
  if (only === null && !of.keepStake) swapOn(store, ROOT_NETUID, of);
  for (const netuid of affected) stored.lastHotkeySwapOnNetuid.put(store, netuid, coldkey, BigInt(block));
  stored.lastRateLimitedBlock.put(store, { type: 'LastTxBlock', value: coldkey }, BigInt(block));
  const keys = { coldkey, old_hotkey: before, new_hotkey: after };
  if (only === null) deposit(context, { type: 'HotkeySwapped', value: keys });
  else deposit(context, { type: 'HotkeySwappedOnSubnet', value: { ...keys, netuid: only } });
}

function isConcerned(store: Store, netuid: number, hotkey: AccountId): boolean {
  return stored.isNetworkMember.get(store, hotkey, netuid) || stored.childKeys.get(store, hotkey, netuid).length > 0;
}

function swapOn(store: Store, netuid: number, { before, after, keepStake }: Swap): void {
  const uid = stored.uids.get(store, netuid, before);
  stored.isNetworkMember.remove(store, before, netuid);
  if (uid !== null) {
    stored.isNetworkMember.put(store, after, netuid, true);
    stored.uids.remove(store, netuid, before);
    stored.uids.put(store, netuid, after, uid);
    stored.keys.put(store, netuid, uid, after);
    move(store, stored.axons, netuid, before, after);
    move(store, stored.prometheus, netuid, before, after);
    move(store, stored.neuronCertificates, netuid, before, after);
    // Timelocked commits name the old key in what is encrypted: they stay, and are dropped at their reveal.
    for (const index of storageIndicesOf(store, netuid)) move(store, stored.weightCommits, index, before, after);
  }
  renameInFamily(store, netuid, before, after);
  if (stored.subnetOwnerHotkey.get(store, netuid) === before) stored.subnetOwnerHotkey.put(store, netuid, after);
  if (keepStake) return;
  for (const { keys } of stored.alpha.entries(store, [before])) {
    const [, coldkey, of] = keys;
    if (of !== netuid) continue;
    const amount = stakeOf(store, before, coldkey, netuid);
    decreaseStake(store, before, coldkey, netuid, amount);
    if (amount > 0n) increaseStake(store, after, coldkey, netuid, amount);
    const staking = stored.stakingHotkeys.get(store, coldkey);
    if (!staking.includes(after)) stored.stakingHotkeys.put(store, coldkey, [...staking, after]);
  }
}

function move<V>(
  store: Store,
  item: StorageItem<readonly [number, AccountId], V, V | null>,
  key: number,
  before: AccountId,
  after: AccountId,
): void {
  const value = item.get(store, key, before);
  if (value === null) return;
  item.remove(store, key, before);
  item.put(store, key, after, value);
}

const swapParts = { hotkey: accountId, new_hotkey: accountId, netuid: option(u16) };

export const hotkeySwapCalls = [
  call(70, 'swap_hotkey', parts(swapParts), {
    run: (context, origin, { hotkey, new_hotkey, netuid }) =>
      swap(context, { coldkey: signedBy(origin), before: hotkey, after: new_hotkey, keepStake: false }, netuid),
  }),
  call(72, 'swap_hotkey_v2', parts({ ...swapParts, keep_stake: bool }), {
    run: (context, origin, { hotkey, new_hotkey, netuid, keep_stake }) =>
      swap(context, { coldkey: signedBy(origin), before: hotkey, after: new_hotkey, keepStake: keep_stake }, netuid),
  }),
] as const;
