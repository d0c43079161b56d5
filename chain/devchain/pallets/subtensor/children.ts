/** Children: hotkeys to which a hotkey lends parts of its stake. Source: subtensor staking/set_children.rs. */
import { parts } from '../../composite.js';
import { type CallContext, call, signedBy } from '../../pallet.js';
import { u16 } from '../../scale.js';
import { type AccountId, accountId, shares } from '../../shapes.js';
import type { Store, StoreView } from '../../storage-item.js';
import { ensure } from './errors.js';
import { deposit } from './events.js';
import { ensureMayAgain, record } from './limits.js';
import { totalStakeOf } from './staking.js';
import * as stored from './storage.js';

const ROOT_NETUID = 0;
const MAX_CHILDREN = 5;
const WHOLE = 2n ** 64n - 1n;

type Shares = readonly (readonly [bigint, AccountId])[];

/** Errors, in the order of the runtime: InvalidChild, TooManyChildren, ProportionOverflow, ChildParentInconsistency. */
function ensureValid(store: StoreView, netuid: number, hotkey: AccountId, children: Shares): void {
  ensure(
    children.every(([, child]) => child !== hotkey),
    'InvalidChild',
  );
  ensure(children.length <= MAX_CHILDREN, 'TooManyChildren');
  ensure(children.reduce((sum, [share]) => sum + share, 0n) <= WHOLE, 'ProportionOverflow');
  const parents = new Set(stored.parentKeys.get(store, hotkey, netuid).map(([, parent]) => parent));
  ensure(
    children.every(([, child]) => !parents.has(child)),
    'ChildParentInconsistency',
  );
}

function setChildren(context: CallContext, coldkey: AccountId, hotkey: AccountId, netuid: number, children: Shares): void {
  const { store, block } = context;
  ensureMayAgain(context, hotkey, netuid, 'SetChildren');
  ensure(netuid !== ROOT_NETUID, 'RegistrationNotPermittedOnRootSubnet');
  ensure(stored.networksAdded.get(store, netuid), 'SubnetNotExists');
  ensure(stored.owner.get(store, hotkey) === coldkey, 'NonAssociatedColdKey');
  ensure(new Set(children.map(([, child]) => child)).size === children.length, 'DuplicateChild');
  ensureValid(store, netuid, hotkey, children);
  const hasStake =
    children.length === 0 ||
    totalStakeOf(store, hotkey) >= stored.stakeThreshold.get(store) ||
    stored.subnetOwnerHotkey.get(store, netuid) === hotkey;
  ensure(hasStake, 'NotEnoughStakeToSetChildkeys');
  record(store, hotkey, netuid, 'SetChildren', block);
  if (!stored.subtokenEnabled.get(store, netuid)) {
    link(context, netuid, hotkey, children);
    return;
  }
  const from = BigInt(block) + stored.pendingChildKeyCooldown.get(store);
  stored.pendingChildKeys.put(store, netuid, hotkey, [children, from]);
  deposit(context, { type: 'SetChildrenScheduled', value: [hotkey, netuid, from, children] });
}

/** After an epoch: children whose time has come. */
export function applyPendingChildren(context: CallContext, netuid: number): void {
  const { store, block } = context;
  for (const { keys, value } of stored.pendingChildKeys.entries(store, [netuid])) {
    const [children, from] = value;
    if (from >= BigInt(block) && stored.subtokenEnabled.get(store, netuid)) continue;
    link(context, netuid, keys[1], children);
    stored.pendingChildKeys.remove(store, ...keys);
  }
}

function link(context: CallContext, netuid: number, hotkey: AccountId, children: Shares): void {
  const { store } = context;
  for (const [, child] of stored.childKeys.get(store, hotkey, netuid)) {
    setParents(
      store,
      netuid,
      child,
      stored.parentKeys.get(store, child, netuid).filter(([, parent]) => parent !== hotkey),
    );
  }
  for (const [share, child] of children) {
    const others = stored.parentKeys.get(store, child, netuid).filter(([, parent]) => parent !== hotkey);
    setParents(store, netuid, child, [...others, [share, hotkey]]);
  }
  if (children.length === 0) stored.childKeys.remove(store, hotkey, netuid);
  else stored.childKeys.put(store, hotkey, netuid, children);
  deposit(context, { type: 'SetChildren', value: [hotkey, netuid, children] });
}

function setParents(store: Store, netuid: number, child: AccountId, parents: Shares): void {
  if (parents.length === 0) stored.parentKeys.remove(store, child, netuid);
  else stored.parentKeys.put(store, child, netuid, parents);
}

/** Puts another hotkey in the place of one, as parent and as child. */
export function renameInFamily(store: Store, netuid: number, before: AccountId, after: AccountId): void {
  const renamed = (list: Shares): Shares => list.map(([share, account]) => [share, account === before ? after : account] as const);
  const children = stored.childKeys.get(store, before, netuid);
  const parents = stored.parentKeys.get(store, before, netuid);
  for (const [, child] of children) setParents(store, netuid, child, renamed(stored.parentKeys.get(store, child, netuid)));
  for (const [, parent] of parents) {
    stored.childKeys.put(store, parent, netuid, renamed(stored.childKeys.get(store, parent, netuid)));
  }
  if (children.length > 0) stored.childKeys.put(store, after, netuid, children);
  if (parents.length > 0) stored.parentKeys.put(store, after, netuid, parents);
  stored.childKeys.remove(store, before, netuid);
  stored.parentKeys.remove(store, before, netuid);
  for (const { keys, value } of stored.pendingChildKeys.entries(store, [netuid])) {
    if (value[0].some(([, child]) => child === before)) stored.pendingChildKeys.put(store, ...keys, [renamed(value[0]), value[1]]);
  }
}

export const childrenCalls = [
  call(67, 'set_children', parts({ hotkey: accountId, netuid: u16, children: shares }), {
    run: (context, origin, { hotkey, netuid, children }) => setChildren(context, signedBy(origin), hotkey, netuid, children),
  }),
] as const;
