/** Which storage items make up a snapshot, and how they become one. The requests are made in reader.ts. */
import type { Hotkey, Hyperparameters, Neuron } from '../snapshot.js';
import { at, toAxon, toBigInt, toBoolean, toCommitment, toHotkey, toList, toNumber, toShares } from './decode.js';
import { type StakeParts, stakeWeightRao } from './stake.js';
import type { Slot, StorageAt } from './storage.js';

const PALLET = 'subtensorModule';
const ROOT_NETUID = 0;
/** Runtimes before the settable activity cutoff: the factor's scale. */
const CUTOFF_FACTOR_SCALE = 1000n;

type Values<K extends string> = Readonly<Record<K, unknown>>;

/** Reads named slots in one go. */
export async function readNamed<K extends string>(storage: StorageAt, slots: Readonly<Record<K, Slot | null>>): Promise<Values<K>> {
  // Safety: Object.keys of a record literal are its keys.
  const names = Object.keys(slots) as K[];
  const values = await storage.read(names.map((name) => slots[name]));
  // Safety: built from exactly these names.
  return Object.fromEntries(names.map((name, i) => [name, values[i]])) as Values<K>;
}

/** The one-per-subnet items: hyperparameters and the per-uid vectors. Shape: netuid → named slots. */
export function subnetSlots(storage: StorageAt, netuid: number) {
  const item = (name: string) => storage.slot(PALLET, name, netuid);
  return {
    exists: item('networksAdded'),
    count: item('subnetworkN'),
    tempo: item('tempo'),
    minAllowedWeights: item('minAllowedWeights'),
    weightsVersionKey: item('weightsVersionKey'),
    weightsSetRateLimit: item('weightsSetRateLimit'),
    activityCutoff: item('activityCutoff'),
    activityCutoffFactorMilli: item('activityCutoffFactorMilli'),
    immunityPeriod: item('immunityPeriod'),
    maxAllowedValidators: item('maxAllowedValidators'),
    maxAllowedUids: item('maxAllowedUids'),
    commitRevealEnabled: item('commitRevealWeightsEnabled'),
    revealPeriod: item('revealPeriodEpochs'),
    servingRateLimit: item('servingRateLimit'),
    burn: item('burn'),
    registrationAllowed: item('networkRegistrationAllowed'),
    active: item('active'),
    validatorPermit: item('validatorPermit'),
    lastUpdate: item('lastUpdate'),
    incentive: item('incentive'),
    dividends: item('dividends'),
    emission: item('emission'),
    taoWeight: item('taoWeight'),
  };
}

export type SubnetValues = Values<keyof ReturnType<typeof subnetSlots>>;

/** An item that this runtime lacks reads as null; `absent` is what the runtime did before it had it. */
function or<T>(json: unknown, read: (json: unknown) => T, absent: T): T {
  return json === null || json === undefined ? absent : read(json);
}

export function hyperparametersOf(values: SubnetValues): Hyperparameters {
  const tempo = toNumber(values.tempo);
  return {
    tempo,
    minAllowedWeights: toNumber(values.minAllowedWeights),
    weightsVersionKey: or(values.weightsVersionKey, toBigInt, 0n),
    weightsRateLimitBlocks: or(values.weightsSetRateLimit, toNumber, 0),
    activityCutoffBlocks: activityCutoffOf(values, tempo),
    immunityPeriodBlocks: toNumber(values.immunityPeriod),
    maxValidators: toNumber(values.maxAllowedValidators),
    maxUids: toNumber(values.maxAllowedUids),
    commitRevealEnabled: or(values.commitRevealEnabled, toBoolean, false),
    revealPeriodEpochs: or(values.revealPeriod, toNumber, 1),
    servingRateLimitBlocks: or(values.servingRateLimit, toNumber, 0),
    burnRao: or(values.burn, toBigInt, 0n),
    registrationAllowed: or(values.registrationAllowed, toBoolean, true),
  };
}

function activityCutoffOf(values: SubnetValues, tempo: number): number {
  if (values.activityCutoffFactorMilli === null || values.activityCutoffFactorMilli === undefined) {
    return or(values.activityCutoff, toNumber, 5000);
  }
  const blocks = (toBigInt(values.activityCutoffFactorMilli) * BigInt(tempo)) / CUTOFF_FACTOR_SCALE;
  return Math.max(1, Number(blocks));
}

/** Two slots per seat: who sits there, and since when. */
export function seatSlots(storage: StorageAt, netuid: number, count: number): (Slot | null)[] {
  const uids = Array.from({ length: count }, (_, uid) => uid);
  return uids.flatMap((uid) => [storage.slot(PALLET, 'keys', netuid, uid), storage.slot(PALLET, 'blockAtRegistration', netuid, uid)]);
}

export interface Seat {
  readonly uid: number;
  readonly hotkey: Hotkey;
  readonly registeredAt: number;
}

export function seatsOf(values: readonly unknown[]): readonly Seat[] {
  return Array.from({ length: values.length / 2 }, (_, uid) => ({
    uid,
    hotkey: toHotkey(values[2 * uid]),
    registeredAt: or(values[2 * uid + 1], toNumber, 0),
  }));
}

/** The per-hotkey items, in the order that `PersonValues` reads them. */
export function personSlots(storage: StorageAt, netuid: number, hotkey: Hotkey): (Slot | null)[] {
  return [
    storage.slot(PALLET, 'owner', hotkey),
    storage.slot(PALLET, 'axons', netuid, hotkey),
    storage.slot(PALLET, 'neuronCertificates', netuid, hotkey),
    storage.slot('commitments', 'commitmentOf', netuid, hotkey),
    ...holderSlots(storage, netuid, hotkey),
  ];
}

export const PERSON_SLOTS = 8;

/** What a hotkey's stake weight is made of, in the order that `holderOf` reads it. */
export function holderSlots(storage: StorageAt, netuid: number, hotkey: Hotkey): (Slot | null)[] {
  return [
    ...stakeSlots(storage, netuid, hotkey),
    storage.slot(PALLET, 'childKeys', hotkey, netuid),
    storage.slot(PALLET, 'parentKeys', hotkey, netuid),
  ];
}

export const HOLDER_SLOTS = 4;

/** Alpha on the subnet and TAO on root; where the runtime knows no alpha, the total TAO stake and nothing. */
function stakeSlots(storage: StorageAt, netuid: number, hotkey: Hotkey): [Slot | null, Slot | null] {
  if (!storage.has(PALLET, 'totalHotkeyAlpha')) return [storage.slot(PALLET, 'totalHotkeyStake', hotkey), null];
  const root = netuid === ROOT_NETUID ? null : storage.slot(PALLET, 'totalHotkeyAlpha', hotkey, ROOT_NETUID);
  return [storage.slot(PALLET, 'totalHotkeyAlpha', hotkey, netuid), root];
}

export function stakePartsOf(alpha: unknown, root: unknown): StakeParts {
  return { alphaRao: or(alpha, toBigInt, 0n), rootRao: or(root, toBigInt, 0n) };
}

/** Own stake, and shares of it lent to children or taken from parents. */
export interface Holder {
  readonly stake: StakeParts;
  readonly lent: readonly bigint[];
  readonly parents: readonly { readonly share: bigint; readonly account: Hotkey }[];
}

export interface Person extends Holder {
  readonly coldkey: Hotkey;
  readonly axon: Neuron['axon'];
  readonly commitment: Neuron['commitment'];
}

export function holderOf(values: readonly unknown[]): Holder {
  const [alpha, root, children, parents] = values;
  return {
    stake: stakePartsOf(alpha, root),
    lent: toShares(children ?? null).map(({ share }) => share),
    parents: toShares(parents ?? null),
  };
}

export function personOf(values: readonly unknown[]): Person {
  const [owner, axon, certificate, commitment, ...holder] = values;
  return {
    coldkey: toHotkey(owner),
    axon: toAxon(axon ?? null, certificate ?? null),
    commitment: toCommitment(commitment ?? null),
    ...holderOf(holder),
  };
}

/** More than ever did: lending takes a stake of its own. A node that tells of more is broken. */
export const MAX_OUTSIDE_HOLDERS = 8192;

/** Stake of people outside the subnet who lend some of it to someone inside. */
export async function outsideStakes(
  storage: StorageAt,
  netuid: number,
  holders: readonly Holder[],
  inside: ReadonlySet<Hotkey>,
): Promise<ReadonlyMap<Hotkey, StakeParts>> {
  const outside = unknownParents(holders, inside);
  if (outside.length === 0) return new Map();
  if (outside.length > MAX_OUTSIDE_HOLDERS) throw new RangeError(`${outside.length} hotkeys outside subnet ${netuid} lend stake to it`);
  const values = await storage.read(outside.flatMap((hotkey) => stakeSlots(storage, netuid, hotkey)));
  return new Map(outside.map((hotkey, i) => [hotkey, stakePartsOf(values[2 * i], values[2 * i + 1])]));
}

function unknownParents(people: readonly Holder[], known: ReadonlySet<Hotkey>): readonly Hotkey[] {
  return [...new Set(people.flatMap((person) => person.parents.map(({ account }) => account)))].filter((account) => !known.has(account));
}

export function weightOf(person: Holder, stakeOf: ReadonlyMap<Hotkey, StakeParts>, taoWeight: unknown): bigint {
  const nothing: StakeParts = { alphaRao: 0n, rootRao: 0n };
  const parents = person.parents.map(({ share, account }) => ({ share, of: stakeOf.get(account) ?? nothing }));
  return stakeWeightRao(person.stake, person.lent, parents, or(taoWeight, toBigInt, 0n));
}

/** Shape: seats and people in the same order, the per-uid vectors → neurons, ascending uid. */
export function neuronsOf(
  seats: readonly Seat[],
  people: readonly Person[],
  stakeOf: ReadonlyMap<Hotkey, StakeParts>,
  values: SubnetValues,
): readonly Neuron[] {
  const vector = <T>(json: unknown, read: (json: unknown) => T) => or(json, (list) => toList(list, read), []);
  const active = vector(values.active, toBoolean);
  const permits = vector(values.validatorPermit, toBoolean);
  const lastUpdates = vector(values.lastUpdate, toNumber);
  const incentives = vector(values.incentive, toNumber);
  const dividends = vector(values.dividends, toNumber);
  const emissions = vector(values.emission, toBigInt);
  return seats.flatMap((seat, i) => {
    const person = people[i];
    if (person === undefined) return [];
    return {
      uid: seat.uid,
      hotkey: seat.hotkey,
      coldkey: person.coldkey,
      stakeRao: weightOf(person, stakeOf, values.taoWeight),
      validatorPermit: at(permits, seat.uid, false),
      active: at(active, seat.uid, false),
      lastUpdate: at(lastUpdates, seat.uid, 0),
      registeredAt: seat.registeredAt,
      axon: person.axon,
      commitment: person.commitment,
      incentive: at(incentives, seat.uid, 0),
      dividends: at(dividends, seat.uid, 0),
      emissionRao: at(emissions, seat.uid, 0n),
    };
  });
}
