/** Seats of a subnet: who gets one, at what price, and who loses his. */
import { parts } from '../../composite.js';
import { type CallContext, call, signedBy } from '../../pallet.js';
import { bytes, u16, u64 } from '../../scale.js';
import { type AccountId, accountId, ZERO_ACCOUNT } from '../../shapes.js';
import type { StorageItem, Store, StoreView } from '../../storage-item.js';
import { debit, spendableOf, totalIssuance } from '../balances.js';
import { ensure } from './errors.js';
import { deposit } from './events.js';
import { setLastUpdate, storageIndicesOf } from './mechanisms.js';
import * as stored from './storage.js';

const ROOT_NETUID = 0;
/** The price grows by this with each registration (1.26). */
const PRICE_GROWTH_PERCENT = 126n;
const DECAY_SCALE = 1_000_000_000_000n;

type VectorItem<V> = StorageItem<readonly [number], readonly V[], readonly V[]>;

interface Vector {
  append(store: Store, key: number, count: number): void;
  clear(store: Store, key: number, uid: number): void;
  /** Keeps these entries, in this order. */
  keep(store: Store, key: number, uids: readonly number[]): void;
}

function vectorOf<V>(item: VectorItem<V>, fresh: V): Vector {
  const change = (store: Store, key: number, next: (old: readonly V[]) => readonly V[]) => item.put(store, key, next(item.get(store, key)));
  return {
    append: (store, key, count) => change(store, key, (old) => [...old, ...Array.from({ length: count }, () => fresh)]),
    clear: (store, key, uid) => change(store, key, (old) => old.map((value, i) => (i === uid ? fresh : value))),
    keep: (store, key, uids) => change(store, key, (old) => uids.map((uid) => old[uid] ?? fresh)),
  };
}

/** Vectors of a subnet. The stake weight of a new seat is not known before its first epoch. */
export const SUBNET_VECTORS: readonly Vector[] = [
  vectorOf(stored.active, true),
  vectorOf(stored.consensus, 0),
  vectorOf(stored.dividends, 0),
  vectorOf(stored.validatorTrust, 0),
  vectorOf(stored.validatorPermit, false),
  vectorOf(stored.emission, 0n),
];
export const STAKE_WEIGHT: Vector = vectorOf(stored.stakeWeight, 0);
/** Vectors of each mechanism. */
const INCENTIVE = vectorOf(stored.incentive, 0);
const LAST_UPDATE = vectorOf(stored.lastUpdate, 0n);
export const MECHANISM_VECTORS: readonly Vector[] = [INCENTIVE, LAST_UPDATE];

function sit(store: Store, netuid: number, uid: number, hotkey: AccountId, block: number): void {
  takeSeat(store, netuid, uid, hotkey, block);
  for (const index of storageIndicesOf(store, netuid)) setLastUpdate(store, index, uid, block);
}

function takeSeat(store: Store, netuid: number, uid: number, hotkey: AccountId, block: number): void {
  stored.keys.put(store, netuid, uid, hotkey);
  stored.uids.put(store, netuid, hotkey, uid);
  stored.blockAtRegistration.put(store, netuid, uid, BigInt(block));
  stored.isNetworkMember.put(store, hotkey, netuid, true);
}

export function appendNeuron(store: Store, netuid: number, hotkey: AccountId, block: number): number {
  const uid = appendSeats(store, netuid, 1);
  sit(store, netuid, uid, hotkey, block);
  return uid;
}

/** As if all of them had registered before the first block; each vector is written once, whatever their number. */
export function seatInGenesis(store: Store, netuid: number, hotkeys: readonly AccountId[]): void {
  const first = appendSeats(store, netuid, hotkeys.length);
  for (const [i, hotkey] of hotkeys.entries()) takeSeat(store, netuid, first + i, hotkey, 0);
  for (const index of storageIndicesOf(store, netuid)) LAST_UPDATE.append(store, index, hotkeys.length);
}

/** The uid of the first new seat. */
function appendSeats(store: Store, netuid: number, count: number): number {
  const first = stored.subnetworkN.get(store, netuid);
  stored.subnetworkN.put(store, netuid, first + count);
  for (const vector of SUBNET_VECTORS) vector.append(store, netuid, count);
  for (const index of storageIndicesOf(store, netuid)) INCENTIVE.append(store, index, count);
  return first;
}

/** What a hotkey leaves behind when its seat is taken. */
export function forgetMember(store: Store, netuid: number, hotkey: AccountId): void {
  stored.uids.remove(store, netuid, hotkey);
  stored.isNetworkMember.remove(store, hotkey, netuid);
  stored.axons.remove(store, netuid, hotkey);
  stored.neuronCertificates.remove(store, netuid, hotkey);
  stored.prometheus.remove(store, netuid, hotkey);
}

export function replaceNeuron(store: Store, netuid: number, uid: number, hotkey: AccountId, block: number): void {
  forgetMember(store, netuid, stored.keys.get(store, netuid, uid));
  for (const vector of [...SUBNET_VECTORS, STAKE_WEIGHT]) vector.clear(store, netuid, uid);
  for (const index of storageIndicesOf(store, netuid)) {
    INCENTIVE.clear(store, index, uid);
    stored.bonds.remove(store, index, uid);
    stored.weights.remove(store, index, uid);
    // What others weighed stays in their rows, at nothing; their bonds are void by the age of the seat.
    for (const { keys, value } of stored.weights.entries(store, [index])) {
      if (!value.some(([to]) => to === uid)) continue;
      stored.weights.put(
        store,
        ...keys,
        value.map(([to, weight]) => [to, to === uid ? 0 : weight] as const),
      );
    }
  }
  sit(store, netuid, uid, hotkey, block);
}

/** The seat that goes when all are taken: least emission, then oldest, then lowest; those still immune go last, the owner's never. */
export function seatToPrune(store: StoreView, netuid: number, block: number): number | null {
  const emissions = stored.emission.get(store, netuid);
  const immunity = stored.immunityPeriod.get(store, netuid);
  const ownerHotkey = stored.subnetOwnerHotkey.get(store, netuid);
  const seats = Array.from({ length: stored.subnetworkN.get(store, netuid) }, (_, uid) => {
    const registeredAt = Number(stored.blockAtRegistration.get(store, netuid, uid));
    return { uid, registeredAt, emission: emissions[uid] ?? 0n, immune: block - registeredAt < immunity };
  })
    .filter(({ uid }) => stored.keys.get(store, netuid, uid) !== ownerHotkey)
    .sort((a, b) => Number(a.emission - b.emission) || a.registeredAt - b.registeredAt || a.uid - b.uid);
  const open = seats.filter(({ immune }) => !immune);
  const immune = seats.filter((seat) => seat.immune);
  const first = open.length > stored.minNonImmuneUids.get(store, netuid) ? open[0] : (immune[0] ?? open[0]);
  return first?.uid ?? null;
}

export function associate(store: Store, coldkey: AccountId, hotkey: AccountId): void {
  stored.owner.put(store, hotkey, coldkey);
  for (const list of [stored.ownedHotkeys, stored.stakingHotkeys]) {
    const known = list.get(store, coldkey);
    if (!known.includes(hotkey)) list.put(store, coldkey, [...known, hotkey]);
  }
}

/** The price falls to its half in `BurnHalfLife` blocks, down to `MinBurn`. Once per block. */
export function decayPrice(store: Store, netuid: number): void {
  const price = stored.burn.get(store, netuid);
  const floor = stored.minBurn.get(store, netuid);
  if (price <= floor) return;
  const factor = BigInt(Math.round(Number(DECAY_SCALE) * 0.5 ** (1 / stored.burnHalfLife.get(store, netuid))));
  const lower = (price * factor) / DECAY_SCALE;
  stored.burn.put(store, netuid, lower < floor ? floor : lower);
}

function raisePrice(store: Store, netuid: number): void {
  const raised = (stored.burn.get(store, netuid) * PRICE_GROWTH_PERCENT) / 100n;
  const cap = stored.maxBurn.get(store, netuid);
  stored.burn.put(store, netuid, raised > cap ? cap : raised);
}

function register(context: CallContext, coldkey: AccountId, netuid: number, hotkey: AccountId): void {
  const { store, block } = context;
  ensure(netuid !== ROOT_NETUID, 'RegistrationNotPermittedOnRootSubnet');
  ensure(stored.networksAdded.get(store, netuid), 'SubnetNotExists');
  ensure(stored.networkRegistrationAllowed.get(store, netuid), 'SubNetRegistrationDisabled');
  ensure(stored.uids.get(store, netuid, hotkey) === null, 'HotKeyAlreadyRegisteredInSubNet');
  const price = stored.burn.get(store, netuid);
  ensure(spendableOf(store, coldkey) >= price, 'NotEnoughBalanceToStake');
  const owner = stored.owner.get(store, hotkey);
  ensure(owner === ZERO_ACCOUNT || owner === coldkey, 'NonAssociatedColdKey');
  const most = stored.maxAllowedUids.get(store, netuid);
  const full = stored.subnetworkN.get(store, netuid) >= most;
  const pruned = full ? seatToPrune(store, netuid, block) : null;
  ensure(most > 0 && (!full || pruned !== null), 'NoNeuronIdAvailable');

  debit(store, coldkey, price);
  totalIssuance.put(store, totalIssuance.get(store) - price);
  if (owner === ZERO_ACCOUNT) associate(store, coldkey, hotkey);
  let uid = pruned;
  if (uid === null) uid = appendNeuron(store, netuid, hotkey, block);
  else replaceNeuron(store, netuid, uid, hotkey, block);
  raisePrice(store, netuid);
  deposit(context, { type: 'NeuronRegistered', value: [netuid, uid, hotkey] });
}

function registerWithin(context: CallContext, coldkey: AccountId, netuid: number, hotkey: AccountId, limitRao: bigint): void {
  const { store } = context;
  ensure(netuid !== ROOT_NETUID, 'RegistrationNotPermittedOnRootSubnet');
  ensure(stored.networksAdded.get(store, netuid), 'SubnetNotExists');
  ensure(stored.burn.get(store, netuid) <= limitRao, 'RegistrationPriceLimitExceeded');
  register(context, coldkey, netuid, hotkey);
}

/** The proof of work is not looked at: it is a registration for burned TAO like the other. */
const registerArgs = parts({ netuid: u16, block_number: u64, nonce: u64, work: bytes, hotkey: accountId, coldkey: accountId });

export const registrationCalls = [
  call(6, 'register', registerArgs, {
    run: (context, origin, { netuid, hotkey }) => register(context, signedBy(origin), netuid, hotkey),
  }),
  call(7, 'burned_register', parts({ netuid: u16, hotkey: accountId }), {
    run: (context, origin, { netuid, hotkey }) => register(context, signedBy(origin), netuid, hotkey),
  }),
  call(134, 'register_limit', parts({ netuid: u16, hotkey: accountId, limit_price: u64 }), {
    run: (context, origin, { netuid, hotkey, limit_price }) => registerWithin(context, signedBy(origin), netuid, hotkey, limit_price),
  }),
] as const;
