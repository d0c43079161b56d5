/** Seats of a subnet: who gets one, at what price, and who loses his. */
import { parts } from '../../composite.js';
import { type CallContext, call, signedBy } from '../../pallet.js';
import { u16 } from '../../scale.js';
import { type AccountId, accountId, ZERO_ACCOUNT } from '../../shapes.js';
import type { StorageItem, Store, StoreView } from '../../storage-item.js';
import { debit, spendableOf, totalIssuance } from '../balances.js';
import { ensure, events } from './declarations.js';
import * as stored from './storage.js';

const ROOT_NETUID = 0;
/** The price grows by this with each registration (1.26). */
const PRICE_GROWTH_PERCENT = 126n;
const DECAY_SCALE = 1_000_000_000_000n;

interface Vectors {
  readonly append: (store: Store, netuid: number) => void;
  readonly clear: (store: Store, netuid: number, uid: number) => void;
}

function vectorOf<V>(item: StorageItem<readonly [number], readonly V[], readonly V[]>, fresh: V): Vectors {
  return {
    append: (store, netuid) => item.put(store, netuid, [...item.get(store, netuid), fresh]),
    clear: (store, netuid, uid) =>
      item.put(
        store,
        netuid,
        item.get(store, netuid).map((value, i) => (i === uid ? fresh : value)),
      ),
  };
}

const VECTORS: readonly Vectors[] = [
  vectorOf(stored.active, true),
  vectorOf(stored.consensus, 0),
  vectorOf(stored.incentive, 0),
  vectorOf(stored.dividends, 0),
  vectorOf(stored.validatorTrust, 0),
  vectorOf(stored.validatorPermit, false),
  vectorOf(stored.emission, 0n),
  vectorOf(stored.stakeWeight, 0),
  vectorOf(stored.lastUpdate, 0n),
];

export function setAt<V>(list: readonly V[], index: number, value: V): readonly V[] {
  return list.map((old, i) => (i === index ? value : old));
}

function sit(store: Store, netuid: number, uid: number, hotkey: AccountId, block: number): void {
  stored.keys.put(store, netuid, uid, hotkey);
  stored.uids.put(store, netuid, hotkey, uid);
  stored.blockAtRegistration.put(store, netuid, uid, BigInt(block));
  stored.isNetworkMember.put(store, hotkey, netuid, true);
  stored.lastUpdate.put(store, netuid, setAt(stored.lastUpdate.get(store, netuid), uid, BigInt(block)));
}

export function appendNeuron(store: Store, netuid: number, hotkey: AccountId, block: number): number {
  const uid = stored.subnetworkN.get(store, netuid);
  stored.subnetworkN.put(store, netuid, uid + 1);
  for (const vector of VECTORS) vector.append(store, netuid);
  sit(store, netuid, uid, hotkey, block);
  return uid;
}

export function replaceNeuron(store: Store, netuid: number, uid: number, hotkey: AccountId, block: number): void {
  const before = stored.keys.get(store, netuid, uid);
  stored.uids.remove(store, netuid, before);
  stored.isNetworkMember.remove(store, before, netuid);
  stored.axons.remove(store, netuid, before);
  stored.neuronCertificates.remove(store, netuid, before);
  for (const vector of VECTORS) vector.clear(store, netuid, uid);
  for (const rows of [stored.weights, stored.bonds]) {
    rows.remove(store, netuid, uid);
    for (const { keys, value } of rows.entries(store, [netuid])) {
      if (value.some(([to]) => to === uid)) {
        rows.put(
          store,
          ...keys,
          value.filter(([to]) => to !== uid),
        );
      }
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
  const full = stored.subnetworkN.get(store, netuid) >= stored.maxAllowedUids.get(store, netuid);
  const pruned = full ? seatToPrune(store, netuid, block) : null;
  ensure(!full || pruned !== null, 'NoNeuronIdAvailable');

  debit(store, coldkey, price);
  totalIssuance.put(store, totalIssuance.get(store) - price);
  if (owner === ZERO_ACCOUNT) associate(store, coldkey, hotkey);
  let uid = pruned;
  if (uid === null) uid = appendNeuron(store, netuid, hotkey, block);
  else replaceNeuron(store, netuid, uid, hotkey, block);
  raisePrice(store, netuid);
  context.deposit(events.of({ type: 'NeuronRegistered', value: [netuid, uid, hotkey] }));
}

export const burnedRegister = call(7, 'burned_register', parts({ netuid: u16, hotkey: accountId }), {
  run: (context, origin, args) => register(context, signedBy(origin), args.netuid, args.hotkey),
});
