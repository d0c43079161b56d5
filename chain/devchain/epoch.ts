/** What happens at the start of each block: prices fall, emission gathers, and where a tempo is over the epoch runs. */
import { type EpochOutput, runEpoch } from '../yuma.js';
import type { CallContext, Rules } from './pallet.js';
import { events } from './pallets/subtensor/declarations.js';
import { decayPrice } from './pallets/subtensor/registration.js';
import { increaseStake, shareEarnings, stakeWeightOf } from './pallets/subtensor/staking.js';
import * as stored from './pallets/subtensor/storage.js';
import type { Store, StoreView } from './storage-item.js';

/** 1 alpha per block and subnet. */
export const EMISSION_PER_BLOCK_RAO = 1_000_000_000n;
/** 18 % for the subnet's owner. */
const OWNER_CUT_U16 = 11_796n;
const U16_MAX = 65_535n;
/** A subnet whose epoch has not run for this long runs it whatever its tempo. */
const MAX_BLOCKS_WITHOUT_STEP = 50_400n;

export function startBlock(context: CallContext): void {
  const { store, rules } = context;
  let epochs = 0;
  for (const { keys, value } of stored.networksAdded.entries(store, [])) {
    const [netuid] = keys;
    if (!value) continue;
    decayPrice(store, netuid);
    gatherEmission(store, netuid);
    if (!shouldRunEpoch(store, netuid, context.block, rules)) {
      stored.blocksSinceLastStep.put(store, netuid, stored.blocksSinceLastStep.get(store, netuid) + 1n);
      continue;
    }
    if (rules.epochClock === 'state' && epochs >= stored.maxEpochsPerBlock.get(store)) {
      stored.pendingEpochAt.put(store, netuid, BigInt(context.block + 1));
      context.deposit(events.of({ type: 'EpochDeferred', value: { netuid, block: BigInt(context.block + 1) } }));
      continue;
    }
    epochs += 1;
    openEpoch(store, netuid, context.block, rules);
  }
}

export function shouldRunEpoch(store: StoreView, netuid: number, block: number, rules: Rules): boolean {
  const tempo = stored.tempo.get(store, netuid);
  if (tempo === 0) return false;
  if (rules.epochClock === 'formula') return (block + netuid + 1) % (tempo + 1) === 0;
  const pending = stored.pendingEpochAt.get(store, netuid);
  if (pending > 0n && BigInt(block) >= pending) return true;
  if (stored.blocksSinceLastStep.get(store, netuid) > MAX_BLOCKS_WITHOUT_STEP) return true;
  return BigInt(block) - stored.lastEpochBlock.get(store, netuid) >= BigInt(tempo);
}

function gatherEmission(store: Store, netuid: number): void {
  if (stored.firstEmissionBlockNumber.get(store, netuid) === null) return;
  const cut = (EMISSION_PER_BLOCK_RAO * OWNER_CUT_U16) / U16_MAX;
  const server = (EMISSION_PER_BLOCK_RAO - cut) / 2n;
  const add = (item: typeof stored.pendingOwnerCut, amount: bigint) => item.put(store, netuid, item.get(store, netuid) + amount);
  add(stored.pendingOwnerCut, cut);
  add(stored.pendingServerEmission, server);
  add(stored.pendingValidatorEmission, EMISSION_PER_BLOCK_RAO - cut - server);
}

/** The clock's state is kept in every generation, so that an upgrade to the one that shows it finds it right. */
function openEpoch(store: Store, netuid: number, block: number, rules: Rules): void {
  stored.lastEpochBlock.put(store, netuid, BigInt(block));
  stored.pendingEpochAt.put(store, netuid, 0n);
  stored.subnetEpochIndex.put(store, netuid, stored.subnetEpochIndex.get(store, netuid) + 1n);
  stored.blocksSinceLastStep.put(store, netuid, 0n);

  const output = consensusOf(store, netuid, block, rules);
  const pools = [stored.pendingServerEmission, stored.pendingValidatorEmission, stored.pendingOwnerCut] as const;
  const ownerCut = stored.pendingOwnerCut.get(store, netuid);
  for (const pool of pools) pool.put(store, netuid, 0n);
  writeBack(store, netuid, output);
  payOut(store, netuid, output, ownerCut);
  stored.lastMechanismStepBlock.put(store, netuid, BigInt(block));
}

function consensusOf(store: StoreView, netuid: number, block: number, rules: Rules): EpochOutput {
  const uids = Array.from({ length: stored.subnetworkN.get(store, netuid) }, (_, uid) => uid);
  const tempo = stored.tempo.get(store, netuid);
  const numbers = (list: readonly bigint[]) => uids.map((uid) => Number(list[uid] ?? 0n));
  const permits = stored.validatorPermit.get(store, netuid);
  return runEpoch({
    block,
    tempo,
    activityCutoffBlocks: activityCutoffOf(store, netuid, rules),
    stakeRao: uids.map((uid) => stakeWeightOf(store, stored.keys.get(store, netuid, uid), netuid)),
    lastUpdate: numbers(stored.lastUpdate.get(store, netuid)),
    registeredAt: uids.map((uid) => Number(stored.blockAtRegistration.get(store, netuid, uid))),
    validatorPermit: uids.map((uid) => permits[uid] ?? false),
    weights: uids.map((uid) => stored.weights.get(store, netuid, uid)),
    bonds: uids.map((uid) => stored.bonds.get(store, netuid, uid)),
    kappa: stored.kappa.get(store, netuid),
    bondsPenalty: stored.bondsPenalty.get(store, netuid),
    bondsMovingAverage: Number(stored.bondsMovingAverage.get(store, netuid)),
    yuma3: stored.yuma3On.get(store, netuid),
    liquidAlpha: null,
    commitBlocks: null,
    maxValidators: stored.maxAllowedValidators.get(store, netuid),
    stakeThresholdRao: stored.stakeThreshold.get(store),
    ownerUid: stored.uids.get(store, netuid, stored.subnetOwnerHotkey.get(store, netuid)),
    lastStepBlock: Number(stored.lastMechanismStepBlock.get(store, netuid)),
    serverPoolRao: stored.pendingServerEmission.get(store, netuid),
    validatorPoolRao: stored.pendingValidatorEmission.get(store, netuid),
  });
}

/** Blocks after which a validator that set no weights does not count. */
export function activityCutoffOf(store: StoreView, netuid: number, rules: Rules): number {
  if (rules.epochClock === 'formula') return stored.activityCutoff.get(store, netuid);
  const factor = stored.activityCutoffFactorMilli.get(store, netuid);
  return Math.max(1, Math.floor((factor * stored.tempo.get(store, netuid)) / 1000));
}

function writeBack(store: Store, netuid: number, output: EpochOutput): void {
  stored.active.put(store, netuid, output.active);
  stored.consensus.put(store, netuid, output.consensus);
  stored.incentive.put(store, netuid, output.incentive);
  stored.dividends.put(store, netuid, output.dividends);
  stored.validatorTrust.put(store, netuid, output.validatorTrust);
  stored.stakeWeight.put(store, netuid, output.stakeWeight);
  stored.validatorPermit.put(store, netuid, output.validatorPermit);
  const emission = output.serverEmissionRao.map((rao, uid) => rao + (output.validatorEmissionRao[uid] ?? 0n));
  stored.emission.put(store, netuid, emission);
  for (const [uid, row] of output.bonds.entries()) {
    if (row.length > 0) stored.bonds.put(store, netuid, uid, row);
    else stored.bonds.remove(store, netuid, uid);
  }
}

/** Incentive becomes stake of the hotkey's owner, dividends stake of all its nominators; what the subnet owner's hotkey mined is burned. */
function payOut(store: Store, netuid: number, output: EpochOutput, ownerCutRao: bigint): void {
  const ownerHotkey = stored.subnetOwnerHotkey.get(store, netuid);
  for (const [uid, server] of output.serverEmissionRao.entries()) {
    const hotkey = stored.keys.get(store, netuid, uid);
    const dividends = output.validatorEmissionRao[uid] ?? 0n;
    if (server > 0n && hotkey !== ownerHotkey) increaseStake(store, hotkey, stored.owner.get(store, hotkey), netuid, server);
    if (dividends > 0n) shareEarnings(store, hotkey, netuid, dividends);
    stored.alphaDividendsPerSubnet.put(store, netuid, hotkey, dividends);
  }
  if (ownerCutRao > 0n) increaseStake(store, ownerHotkey, stored.subnetOwner.get(store, netuid), netuid, ownerCutRao);
}
