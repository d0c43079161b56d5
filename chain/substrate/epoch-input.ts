import { storageIndexOf } from '../commit-hash.js';
import { splitByMechanism } from '../emission.js';
import { chainFailure } from '../failures.js';
import type { LiquidAlpha } from '../liquid-alpha.js';
import type { BlockRef, Hotkey } from '../snapshot.js';
import type { EpochInput, StoredRow } from '../yuma.js';
import { readCommitBlocks } from './commit-blocks.js';
import { at, toBigInt, toBoolean, toHotkey, toList, toNumber } from './decode.js';
import { HOLDER_SLOTS, holderOf, holderSlots, hyperparametersOf, outsideStakes, readNamed, subnetSlots, weightOf } from './neurons.js';
import { seatCount } from './plain-snapshot.js';
import type { StorageAt } from './storage.js';
import { clockSlots, epochClockOf } from './weight-facts.js';

const PALLET = 'subtensorModule';
const SEAT_SLOTS = 4;
const U16_MAX = 65_535;

export interface EpochPlace {
  readonly netuid: number;
  readonly mechanism: number;
  readonly block: BlockRef;
}

/**
 * What an epoch of one mechanism would be computed from, were it to run after that block.
 *
 * Requests for n seats: 1 + 2 × ⌈4n / 4096⌉, ⌈2p / 4096⌉ when p hotkeys outside the subnet lend stake to some inside, and with commit-reveal
 * ⌈(n + reveal period) / 4096⌉.
 * Errors: chain.subnet_not_found, chain.mechanism_missing.
 */
export async function readEpochInput(storage: StorageAt, { netuid, mechanism, block }: EpochPlace): Promise<EpochInput> {
  const index = storageIndexOf(netuid, mechanism);
  const values = await readNamed(storage, { ...subnetSlots(storage, netuid), ...epochSlots(storage, netuid, index) });
  if (values.exists !== true) throw chainFailure('chain.subnet_not_found', { netuid });
  const mechanismCount = given(values.mechanismCount, toNumber) ?? 1;
  if (mechanism >= mechanismCount) throw chainFailure('chain.mechanism_missing', { netuid, mechanism });
  const seats = await readSeats(storage, netuid, index, seatCount(netuid, values.count));
  const holding = await storage.read(seats.flatMap(({ hotkey }) => holderSlots(storage, netuid, hotkey)));
  const holders = seats.map((_, i) => holderOf(holding.slice(i * HOLDER_SLOTS, (i + 1) * HOLDER_SLOTS)));
  const inside = new Map(seats.map(({ hotkey }, i) => [hotkey, holders[i]?.stake ?? { alphaRao: 0n, rootRao: 0n }]));
  const stakeOf = new Map([...inside, ...(await outsideStakes(storage, netuid, holders, new Set(inside.keys())))]);
  const { tempo, activityCutoffBlocks, maxValidators, commitRevealEnabled, revealPeriodEpochs } = hyperparametersOf(values);
  const owner = given(values.ownerHotkey, toHotkey);
  const shares = given(values.mechanismSplit, (list) => toList(list, toNumber));
  // The chain divides the sum of both pools, among mechanisms and then among neurons.
  const mine = (rao: bigint) => splitByMechanism(rao, mechanismCount, shares)[mechanism] ?? 0n;
  const lastUpdates = toList(values.lastUpdateOfMechanism ?? [], toNumber);
  const permits = toList(values.validatorPermit ?? [], toBoolean);
  const pools = poolsOf(values);
  const commits = {
    facts: { block, netuid, tempo, epochClock: epochClockOf(values) },
    mechanism,
    revealPeriodEpochs,
    hotkeys: seats.map(({ hotkey }) => hotkey),
  };
  return {
    block: block.number,
    tempo,
    activityCutoffBlocks,
    stakeRao: holders.map((holder) => weightOf(holder, stakeOf, values.taoWeight)),
    lastUpdate: seats.map((_, uid) => at(lastUpdates, uid, 0)),
    registeredAt: seats.map(({ registeredAt }) => registeredAt),
    validatorPermit: seats.map((_, uid) => at(permits, uid, false)),
    weights: seats.map(({ weights }) => weights),
    bonds: seats.map(({ bonds }) => bonds),
    kappa: toNumber(values.kappa),
    bondsPenalty: given(values.bondsPenalty, toNumber) ?? U16_MAX,
    bondsMovingAverage: toNumber(values.bondsMovingAverage),
    yuma3: given(values.yuma3, toBoolean) ?? false,
    liquidAlpha: liquidAlphaOf(values),
    commitBlocks: commitRevealEnabled ? await readCommitBlocks(storage, commits) : null,
    maxValidators,
    stakeThresholdRao: given(values.stakeThreshold, toBigInt) ?? 0n,
    ownerUid: seats.find(({ hotkey }) => hotkey === owner)?.uid ?? null,
    lastStepBlock: given(values.lastStepBlock, toNumber) ?? 0,
    serverPoolRao: mine(pools.serverRao + pools.validatorRao) - mine(pools.validatorRao),
    validatorPoolRao: mine(pools.validatorRao),
  };
}

function epochSlots(storage: StorageAt, netuid: number, index: number) {
  const item = (name: string) => storage.slot(PALLET, name, netuid);
  return {
    kappa: item('kappa'),
    bondsPenalty: item('bondsPenalty'),
    bondsMovingAverage: item('bondsMovingAverage'),
    yuma3: item('yuma3On'),
    liquidAlphaOn: item('liquidAlphaOn'),
    alphaValues: item('alphaValues'),
    steepness: item('alphaSigmoidSteepness'),
    ...clockSlots(storage, netuid),
    stakeThreshold: storage.slot(PALLET, 'stakeThreshold') ?? storage.slot(PALLET, 'weightsMinStake'),
    ownerHotkey: item('subnetOwnerHotkey'),
    mechanismCount: item('mechanismCountCurrent'),
    mechanismSplit: item('mechanismEmissionSplit'),
    lastUpdateOfMechanism: storage.slot(PALLET, 'lastUpdate', index),
    // The pallet spells it so.
    lastStepBlock: item('lastMechansimStepBlock'),
    pendingServer: item('pendingServerEmission'),
    pendingValidator: item('pendingValidatorEmission'),
    pendingRoot: item('pendingRootAlphaDivs'),
    pendingWhole: item('pendingEmission'),
    pendingSwapped: item('pendingAlphaSwapped'),
  };
}

type EpochValues = Readonly<Record<keyof ReturnType<typeof epochSlots>, unknown>>;

/** The pallet's own defaults where it has the switch but nothing is stored. */
function liquidAlphaOf({ liquidAlphaOn, alphaValues, steepness }: EpochValues): LiquidAlpha | null {
  if (liquidAlphaOn !== true) return null;
  const [alphaLow, alphaHigh] = toList(alphaValues ?? [45_875, 58_982], toNumber);
  return { alphaLow: alphaLow ?? 0, alphaHigh: alphaHigh ?? 0, steepness: given(steepness, toNumber) ?? 1000 };
}

interface EpochSeat {
  readonly uid: number;
  readonly hotkey: Hotkey;
  readonly registeredAt: number;
  readonly weights: StoredRow;
  readonly bonds: StoredRow;
}

async function readSeats(storage: StorageAt, netuid: number, index: number, count: number): Promise<readonly EpochSeat[]> {
  const uids = Array.from({ length: count }, (_, uid) => uid);
  const values = await storage.read(
    uids.flatMap((uid) => [
      storage.slot(PALLET, 'keys', netuid, uid),
      storage.slot(PALLET, 'blockAtRegistration', netuid, uid),
      storage.slot(PALLET, 'weights', index, uid),
      storage.slot(PALLET, 'bonds', index, uid),
    ]),
  );
  return uids.map((uid) => {
    const [hotkey, registeredAt, weights, bonds] = values.slice(uid * SEAT_SLOTS, (uid + 1) * SEAT_SLOTS);
    return {
      uid,
      hotkey: toHotkey(hotkey),
      registeredAt: given(registeredAt, toNumber) ?? 0,
      weights: toStoredRow(weights),
      bonds: toStoredRow(bonds),
    };
  });
}

function toStoredRow(json: unknown): StoredRow {
  return toList(json ?? [], (pair) => {
    const [uid, value] = toList(pair, toNumber);
    return [uid ?? 0, value ?? 0] as const;
  });
}

/** Runtimes with one pending figure pay half of it to servers and half to validators. */
function poolsOf(values: EpochValues): { readonly serverRao: bigint; readonly validatorRao: bigint } {
  const rao = (json: unknown) => given(json, toBigInt) ?? 0n;
  const serverRao = given(values.pendingServer, toBigInt);
  if (serverRao !== null) return { serverRao, validatorRao: rao(values.pendingValidator) + rao(values.pendingRoot) };
  const whole = rao(values.pendingWhole) + rao(values.pendingSwapped);
  return { serverRao: whole / 2n, validatorRao: whole - whole / 2n };
}

/** An item that this runtime lacks, or that is not set, reads as null. */
function given<T>(json: unknown, read: (json: unknown) => T): T | null {
  return json === null || json === undefined ? null : read(json);
}
