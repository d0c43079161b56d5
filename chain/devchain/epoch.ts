/** What happens at the start of each block: prices fall, emission gathers, and where a tempo is over the epoch runs. */
import { gatherEmission, payDividends, splitByMechanism } from '../emission.js';
import { ZERO } from '../fixed.js';
import { type EpochInput, type EpochOutput, runEpoch } from '../yuma.js';
import type { CallContext, Rules } from './pallet.js';
import { revealCommitments } from './pallets/commitments.js';
import { applyPendingChildren } from './pallets/subtensor/children.js';
import { blockOfCommit, isExpired, isOver, type Moment, shouldRunEpoch } from './pallets/subtensor/clock.js';
import { deposit } from './pallets/subtensor/events.js';
import { lastUpdatesOf, storageIndexOf } from './pallets/subtensor/mechanisms.js';
import { decayPrice } from './pallets/subtensor/registration.js';
import { increaseStake, shareEarnings, stakeWeightOf, withParents } from './pallets/subtensor/staking.js';
import * as stored from './pallets/subtensor/storage.js';
import { revealTimelocked } from './pallets/subtensor/timelocked.js';
import type { AccountId } from './shapes.js';
import type { Store, StoreView } from './storage-item.js';

/** 1 alpha per block and subnet. */
export const EMISSION_PER_BLOCK_RAO = 1_000_000_000n;
/** 18 % for the subnet's owner. */
const OWNER_CUT = 11_796;
const U16_MAX = 65_535n;
const ROOT_NETUID = 0;
/** Shares of the emission are binary fractions of this many bits. */
const SHARE_BITS = 64n;

export function startBlock(context: CallContext): void {
  const { store, block, rules } = context;
  const netuids = stored.networksAdded
    .entries(store, [])
    .flatMap(({ keys, value }) => (value && keys[0] !== ROOT_NETUID ? [keys[0]] : []))
    .sort((a, b) => a - b);
  for (const netuid of netuids) decayPrice(store, netuid);
  const due = netuids.filter((netuid) => shouldRunEpoch(context, netuid));
  const deferred = new Set(rules.epochClock === 'state' ? due.slice(stored.maxEpochsPerBlock.get(store)) : []);
  for (const netuid of netuids) if (!deferred.has(netuid)) revealTimelocked(context, netuid);
  for (const netuid of netuids) gather(store, netuid);
  for (const netuid of netuids) {
    stored.blocksSinceLastStep.put(store, netuid, stored.blocksSinceLastStep.get(store, netuid) + 1n);
    if (!deferred.has(netuid)) continue;
    stored.pendingEpochAt.put(store, netuid, BigInt(block + 1));
    deposit(context, { type: 'EpochDeferred', value: { netuid, from_block: BigInt(block), to_block: BigInt(block + 1) } });
  }
  const opened = due.filter((netuid) => !deferred.has(netuid));
  for (const netuid of opened) openEpoch(context, netuid);
  for (const netuid of opened) applyPendingChildren(context, netuid);
  revealCommitments(context);
}

/** Root has no pool of its own here: nothing is set aside for it, whatever is staked there. */
function gather(store: Store, netuid: number): void {
  if (stored.firstEmissionBlockNumber.get(store, netuid) === null) return;
  const { ownerRao, serverRao, validatorRao } = gatherEmission({
    alphaRao: EMISSION_PER_BLOCK_RAO,
    ownerCut: OWNER_CUT,
    rootProportion: ZERO,
    rootSells: true,
  });
  const add = (item: typeof stored.pendingOwnerCut, amount: bigint) => item.put(store, netuid, item.get(store, netuid) + amount);
  add(stored.pendingOwnerCut, ownerRao);
  add(stored.pendingServerEmission, serverRao);
  add(stored.pendingValidatorEmission, validatorRao);
}

/** The clock's state is kept in every generation, so that an upgrade to the one that shows it finds it right. */
function openEpoch(context: CallContext, netuid: number): void {
  const { store, block } = context;
  stored.lastEpochBlock.put(store, netuid, BigInt(block));
  stored.pendingEpochAt.put(store, netuid, 0n);
  stored.subnetEpochIndex.put(store, netuid, stored.subnetEpochIndex.get(store, netuid) + 1n);
  stored.blocksSinceLastStep.put(store, netuid, 0n);

  const server = stored.pendingServerEmission.get(store, netuid);
  const validator = stored.pendingValidatorEmission.get(store, netuid);
  const ownerCut = stored.pendingOwnerCut.get(store, netuid);
  const pools = [stored.pendingServerEmission, stored.pendingValidatorEmission, stored.pendingOwnerCut] as const;
  for (const pool of pools) pool.put(store, netuid, 0n);

  const whole = server + validator;
  const mechanisms = stored.mechanismCountCurrent.get(store, netuid);
  const shares = stored.mechanismEmissionSplit.get(store, netuid);
  const validators = splitByMechanism(validator, mechanisms, shares);
  const epochs = splitByMechanism(whole, mechanisms, shares).map((poolRao, mechanism) => {
    const validatorPoolRao = validators[mechanism] ?? 0n;
    const serverPoolRao = poolRao - validatorPoolRao;
    const input = consensusOf(context, netuid, mechanism);
    const output = runEpoch({ ...input, serverPoolRao, validatorPoolRao });
    writeMechanism(store, storageIndexOf(netuid, mechanism), output);
    const share = whole === 0n ? (mechanism === 0 ? 1n << SHARE_BITS : 0n) : (poolRao << SHARE_BITS) / whole;
    return { output, share };
  });
  writeSubnet(store, netuid, epochs);
  payOut(
    store,
    netuid,
    epochs.map(({ output }) => output),
    { serverRao: server, validatorRao: validator, ownerRao: ownerCut },
  );
  stored.lastMechanismStepBlock.put(store, netuid, BigInt(block));
}

interface Gathered {
  readonly serverRao: bigint;
  readonly validatorRao: bigint;
  readonly ownerRao: bigint;
}

function consensusOf(moment: Moment, netuid: number, mechanism: number): EpochInput {
  const { store, block, rules } = moment;
  const index = storageIndexOf(netuid, mechanism);
  const uids = Array.from({ length: stored.subnetworkN.get(store, netuid) }, (_, uid) => uid);
  const tempo = stored.tempo.get(store, netuid);
  const updates = lastUpdatesOf(store, index);
  const permits = stored.validatorPermit.get(store, netuid);
  return {
    block,
    tempo,
    activityCutoffBlocks: activityCutoffOf(store, netuid, rules),
    stakeRao: uids.map((uid) => stakeWeightOf(store, stored.keys.get(store, netuid, uid), netuid)),
    lastUpdate: uids.map((uid) => Number(updates[uid] ?? 0n)),
    registeredAt: uids.map((uid) => Number(stored.blockAtRegistration.get(store, netuid, uid))),
    validatorPermit: uids.map((uid) => permits[uid] ?? false),
    weights: uids.map((uid) => stored.weights.get(store, index, uid)),
    bonds: uids.map((uid) => stored.bonds.get(store, index, uid)),
    kappa: stored.kappa.get(store, netuid),
    bondsPenalty: stored.bondsPenalty.get(store, netuid),
    bondsMovingAverage: Number(stored.bondsMovingAverage.get(store, netuid)),
    yuma3: rules.yuma3 && stored.yuma3On.get(store, netuid),
    maxValidators: stored.maxAllowedValidators.get(store, netuid),
    stakeThresholdRao: stored.stakeThreshold.get(store),
    ownerUid: stored.uids.get(store, netuid, stored.subnetOwnerHotkey.get(store, netuid)),
    lastStepBlock: Number(stored.lastMechanismStepBlock.get(store, netuid)),
    serverPoolRao: 0n,
    validatorPoolRao: 0n,
    liquidAlpha: liquidAlphaOf(store, netuid),
    commitBlocks: commitBlocksOf(moment, netuid, index),
  };
}

function liquidAlphaOf(store: StoreView, netuid: number): EpochInput['liquidAlpha'] {
  if (!stored.liquidAlphaOn.get(store, netuid)) return null;
  const [alphaLow, alphaHigh] = stored.alphaValues.get(store, netuid);
  return { alphaLow, alphaHigh, steepness: stored.alphaSigmoidSteepness.get(store, netuid) };
}

/** Per uid the block of the oldest commit that still counts; null for all: this subnet knows open weights only. */
function commitBlocksOf(moment: Moment, netuid: number, index: number): EpochInput['commitBlocks'] {
  const { store } = moment;
  if (!stored.commitRevealWeightsEnabled.get(store, netuid)) return null;
  const oldest = new Map<AccountId, bigint>();
  const see = (who: AccountId, block: bigint) => {
    const known = oldest.get(who);
    if (known === undefined || block < known) oldest.set(who, block);
  };
  for (const { keys, value } of stored.weightCommits.entries(store, [index])) {
    const commit = value.find((one) => !isExpired(moment, netuid, one));
    if (commit !== undefined) see(keys[1], blockOfCommit(moment, commit));
  }
  for (const { keys, value } of stored.timelockedWeightCommits.entries(store, [index])) {
    if (!isOver(moment, netuid, keys[1])) for (const [who, block] of value) see(who, block);
  }
  return Array.from({ length: stored.subnetworkN.get(store, netuid) }, (_, uid) => {
    const block = oldest.get(stored.keys.get(store, netuid, uid));
    return block === undefined ? null : Number(block);
  });
}

/** Blocks after which a validator that set no weights does not count. */
export function activityCutoffOf(store: StoreView, netuid: number, rules: Rules): number {
  if (rules.epochClock === 'formula') return stored.activityCutoff.get(store, netuid);
  const factor = stored.activityCutoffFactorMilli.get(store, netuid);
  return Math.max(1, Math.floor((factor * stored.tempo.get(store, netuid)) / 1000));
}

function writeMechanism(store: Store, index: number, output: EpochOutput): void {
  stored.incentive.put(store, index, output.incentive);
  for (const [uid, row] of output.bonds.entries()) {
    if (row.length > 0) stored.bonds.put(store, index, uid, row);
    else stored.bonds.remove(store, index, uid);
  }
}

interface MechanismEpoch {
  readonly output: EpochOutput;
  /** Of the subnet's emission, in 2^64ths. */
  readonly share: bigint;
}

/** What is one for the whole subnet: the mechanisms together, each counted by its share of the emission. */
function writeSubnet(store: Store, netuid: number, epochs: readonly MechanismEpoch[]): void {
  const uids = [...(epochs[0]?.output.active ?? []).keys()];
  const any = (of: (output: EpochOutput) => readonly boolean[]) => uids.map((uid) => epochs.some(({ output }) => of(output)[uid] === true));
  const weighed = (of: (output: EpochOutput, uid: number) => bigint) =>
    uids.map((uid) => epochs.reduce((sum, { output, share }) => sum + ((of(output, uid) * share) >> SHARE_BITS), 0n));
  const small = (of: (output: EpochOutput) => readonly number[]) =>
    weighed((output, uid) => BigInt(of(output)[uid] ?? 0)).map((value) => Number(value < U16_MAX ? value : U16_MAX));
  stored.active.put(
    store,
    netuid,
    any(({ active }) => active),
  );
  stored.consensus.put(
    store,
    netuid,
    small(({ consensus }) => consensus),
  );
  stored.dividends.put(
    store,
    netuid,
    small(({ dividends }) => dividends),
  );
  stored.validatorTrust.put(
    store,
    netuid,
    small(({ validatorTrust }) => validatorTrust),
  );
  stored.stakeWeight.put(
    store,
    netuid,
    small(({ stakeWeight }) => stakeWeight),
  );
  stored.validatorPermit.put(
    store,
    netuid,
    any(({ validatorPermit }) => validatorPermit),
  );
  stored.emission.put(
    store,
    netuid,
    weighed(({ emissionRao }, uid) => emissionRao[uid] ?? 0n),
  );
}

/**
 * Incentive becomes stake of the hotkey's owner; of dividends the owner keeps the take, the rest is stake of all nominators. What the subnet
 * owner's hotkey mined is burned.
 */
function payOut(store: Store, netuid: number, outputs: readonly EpochOutput[], pools: Gathered): void {
  const ownerHotkey = stored.subnetOwnerHotkey.get(store, netuid);
  const count = stored.subnetworkN.get(store, netuid);
  const dividends = new Map<AccountId, bigint>();
  let incentiveRao = 0n;
  for (let uid = 0; uid < count; uid += 1) {
    const hotkey = stored.keys.get(store, netuid, uid);
    const server = outputs.reduce((sum, { serverEmissionRao }) => sum + (serverEmissionRao[uid] ?? 0n), 0n);
    const validator = outputs.reduce((sum, { validatorEmissionRao }) => sum + (validatorEmissionRao[uid] ?? 0n), 0n);
    incentiveRao += server;
    if (server > 0n && hotkey !== ownerHotkey) increaseStake(store, hotkey, stored.owner.get(store, hotkey), netuid, server);
    for (const [receiver, rao] of withParents(store, hotkey, netuid, validator)) {
      dividends.set(receiver, (dividends.get(receiver) ?? 0n) + rao);
    }
  }
  const earners = [...dividends].map(([hotkey, dividendsRao]) => ({
    hotkey,
    dividendsRao,
    alphaStakeRao: stored.totalHotkeyAlpha.get(store, hotkey, netuid),
    rootStakeRao: 0n,
    take: stored.delegates.get(store, hotkey),
  }));
  const { serverRao, validatorRao, ownerRao } = pools;
  const payouts = payDividends({ serverRao, validatorRao, rootRao: 0n, incentiveRao, taoWeight: ZERO }, earners);
  for (const [i, { takeRao, alphaRao }] of payouts.entries()) {
    const hotkey = earners[i]?.hotkey;
    if (hotkey === undefined) continue;
    if (takeRao > 0n) increaseStake(store, hotkey, stored.owner.get(store, hotkey), netuid, takeRao);
    if (alphaRao > 0n) shareEarnings(store, hotkey, netuid, alphaRao);
    stored.alphaDividendsPerSubnet.put(store, netuid, hotkey, alphaRao);
  }
  if (ownerRao > 0n) increaseStake(store, ownerHotkey, stored.subnetOwner.get(store, netuid), netuid, ownerRao);
}
