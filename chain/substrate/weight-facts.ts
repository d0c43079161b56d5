import { storageIndexOf } from '../commit-hash.js';
import { chainFailure } from '../failures.js';
import type { EpochClock, WeightEntry, WeightFacts } from '../ports.js';
import type { BlockRef, Hotkey } from '../snapshot.js';
import { commitRevealOf, commitRevealSlots, pendingEpochs, timelockedSlots } from './commit-reveal.js';
import { at, fieldIn, toBigInt, toBoolean, toHotkey, toList, toNumber } from './decode.js';
import { HOLDER_SLOTS, holderOf, holderSlots, hyperparametersOf, outsideStakes, readNamed, subnetSlots, weightOf } from './neurons.js';
import type { Session } from './session-shape.js';
import { storageAt } from './storage.js';

const PALLET = 'subtensorModule';

export interface WeightPlace {
  readonly netuid: number;
  readonly mechanism: number;
  readonly hotkey: Hotkey;
  readonly block: BlockRef;
}

/** At most five requests, whatever the size of the subnet. Errors: chain.subnet_not_found. */
export async function readWeightFacts(session: Session, { netuid, mechanism, hotkey, block }: WeightPlace): Promise<WeightFacts> {
  const storage = await storageAt(session, block.hash);
  const slots = {
    ...subnetSlots(storage, netuid),
    ...commitRevealSlots(storage, netuid, mechanism, hotkey),
    lastUpdate: storage.slot(PALLET, 'lastUpdate', storageIndexOf(netuid, mechanism)),
    uid: storage.slot(PALLET, 'uids', netuid, hotkey),
    account: storage.slot('system', 'account', hotkey),
    ownerHotkey: storage.slot(PALLET, 'subnetOwnerHotkey', netuid),
    stakeThreshold: storage.slot(PALLET, 'stakeThreshold') ?? storage.slot(PALLET, 'weightsMinStake'),
    mechanismCount: storage.slot(PALLET, 'mechanismCountCurrent', netuid),
    safeMode: storage.slot('safeMode', 'enteredUntil'),
    time: storage.slot('timestamp', 'now'),
    ...clockSlots(storage, netuid),
  };
  const [holding, values] = await Promise.all([storage.read(holderSlots(storage, netuid, hotkey)), readNamed(storage, slots)]);
  if (values.exists !== true) throw chainFailure('chain.subnet_not_found', { netuid });
  const hyperparameters = hyperparametersOf(values);
  const { tempo, revealPeriodEpochs } = hyperparameters;
  const epochClock = epochClockOf(values);
  const uid = isAbsent(values.uid) ? null : toNumber(values.uid);
  const facts = { block, netuid, tempo, epochClock };
  const ownerHotkey = isAbsent(values.ownerHotkey) ? null : toHotkey(values.ownerHotkey);
  const epochs = pendingEpochs(facts, revealPeriodEpochs);
  const self = holderOf(holding.slice(0, HOLDER_SLOTS));
  const [[registeredAt, row, ...timelocked], stakeOf] = await Promise.all([
    storage.read([
      uid === null ? null : storage.slot(PALLET, 'blockAtRegistration', netuid, uid),
      uid === null ? null : storage.slot(PALLET, 'weights', storageIndexOf(netuid, mechanism), uid),
      ...timelockedSlots(storage, netuid, mechanism, epochs),
    ]),
    outsideStakes(storage, netuid, [self], new Set()),
  ]);
  return {
    ...facts,
    timeMs: toNumber(values.time),
    mechanism,
    mechanismCount: isAbsent(values.mechanismCount) ? 1 : toNumber(values.mechanismCount),
    hotkey,
    nonce: toNumber(fieldIn(values.account, 'nonce') ?? 0),
    uid,
    registeredAt: toNumber(registeredAt ?? 0),
    lastUpdate: uid === null ? 0 : at(toList(values.lastUpdate ?? [], toNumber), uid, 0),
    validatorPermit: uid === null ? false : at(toList(values.validatorPermit ?? [], toBoolean), uid, false),
    isOwner: ownerHotkey === hotkey,
    ownerHotkey,
    stakeRao: weightOf(self, stakeOf, values.taoWeight),
    stakeThresholdRao: toBigInt(values.stakeThreshold ?? 0),
    neuronCount: toNumber(values.count),
    minAllowedWeights: hyperparameters.minAllowedWeights,
    weightsVersionKey: hyperparameters.weightsVersionKey,
    rateLimitBlocks: hyperparameters.weightsRateLimitBlocks,
    safeModeUntil: isAbsent(values.safeMode) ? null : toNumber(values.safeMode),
    commitRevealEnabled: hyperparameters.commitRevealEnabled,
    commitReveal: commitRevealOf({
      features: session.features,
      facts,
      mechanism,
      hotkey,
      revealPeriodEpochs,
      values,
      epochs,
      timelocked,
    }),
    stored: toRow(row ?? []),
  };
}

/** Shape: the pairs of a row of `Weights` → entries, ascending uid. */
export function toRow(json: unknown): readonly WeightEntry[] {
  const entries = toList(json, (pair): WeightEntry => {
    const [to, value] = toList(pair, toNumber);
    return { uid: to ?? 0, value: value ?? 0 };
  });
  return entries.toSorted((a, b) => a.uid - b.uid);
}

export function clockSlots(storage: Parameters<typeof subnetSlots>[0], netuid: number) {
  return {
    lastEpochBlock: storage.slot(PALLET, 'lastEpochBlock', netuid),
    pendingEpochAt: storage.slot(PALLET, 'pendingEpochAt', netuid),
    epochIndex: storage.slot(PALLET, 'subnetEpochIndex', netuid),
    blocksSinceLastStep: storage.slot(PALLET, 'blocksSinceLastStep', netuid),
  };
}

export function epochClockOf(values: Readonly<Record<keyof ReturnType<typeof clockSlots>, unknown>>): EpochClock | null {
  if (isAbsent(values.lastEpochBlock)) return null;
  return {
    lastEpochBlock: toNumber(values.lastEpochBlock),
    pendingEpochAt: toNumber(values.pendingEpochAt ?? 0),
    index: toNumber(values.epochIndex ?? 0),
    blocksSinceLastStep: toNumber(values.blocksSinceLastStep ?? 0),
  };
}

function isAbsent(json: unknown): json is null | undefined {
  return json === null || json === undefined;
}
