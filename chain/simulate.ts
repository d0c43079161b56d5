/** What if: the next epochs with another row of weights in one seat, held against the same epochs with the row that is stored. */
import { invariant } from '../protocol/failure.js';
import type { WeightEntry } from './ports.js';
import type { Uid } from './snapshot.js';
import { type EpochInput, type EpochOutput, runEpoch } from './yuma.js';

export const SIMULATED_EPOCHS_MAX = 1000;
const MS_A_DAY = 86_400_000n;

export interface Scenario {
  readonly uid: Uid;
  readonly weights: readonly WeightEntry[];
  /** 1..1000; bonds, and dividends with them, take many epochs to follow weights. */
  readonly epochs: number;
  /** Blocks from one epoch to the next. */
  readonly epochBlocks: number;
  readonly blockTimeMs: number;
}

/** Shares are u16, 65535 = 1. Amounts are rao of alpha in one epoch; null: the pools are empty or too young to tell how fast they fill. */
export interface Outcome {
  readonly incentive: number;
  readonly dividends: number;
  readonly validatorTrust: number;
  readonly serverRao: bigint | null;
  readonly validatorRao: bigint | null;
  readonly perDayRao: bigint | null;
}

export interface SimulatedSeat {
  readonly uid: Uid;
  readonly before: Outcome;
  readonly after: Outcome;
}

export interface Simulation {
  readonly block: number;
  /** What both pools hold after a whole epoch, at the pace since the last one. */
  readonly poolsRao: bigint | null;
  /** Ascending by uid, every seat. */
  readonly seats: readonly SimulatedSeat[];
  readonly reservations: readonly Reservation[];
}

/** Why what happens will differ. */
export type Reservation = 'no_permit' | 'no_stake' | 'commit_reveal' | 'unknown_pools' | 'newcomers_masked';

/**
 * Both futures of a subnet, from what the chain holds now.
 *
 * Shape: the seat's row is replaced and its last update is now; all else stays as it is in every simulated epoch, the block included, so that
 * nobody becomes inactive meanwhile.
 */
export function simulate(input: EpochInput, scenario: Scenario): Simulation {
  const { uid, weights, epochs, epochBlocks } = scenario;
  invariant(uid in input.stakeRao, `there is no uid ${uid} in a subnet of ${input.stakeRao.length}`);
  const pools = wholeEpochPools(input, epochBlocks);
  const now = { ...input, ...pools };
  const row = weights.map(({ uid: to, value }) => [to, value] as const);
  const changed: EpochInput = { ...now, weights: now.weights.with(uid, row), lastUpdate: now.lastUpdate.with(uid, input.block) };
  const before = lastOf(now, epochs);
  const after = lastOf(changed, epochs);
  return {
    block: input.block,
    poolsRao: pools === null ? null : pools.serverPoolRao + pools.validatorPoolRao,
    seats: input.stakeRao.map((_, seat) => ({
      uid: seat,
      before: outcomeOf(before, seat, scenario, pools !== null),
      after: outcomeOf(after, seat, scenario, pools !== null),
    })),
    reservations: reservationsOf(changed, after, uid, pools === null),
  };
}

/** The seats whose emission (where it is unknown, whose share) differs; who gains most stands first, who loses most last. */
export function movers(
  seats: readonly SimulatedSeat[],
): readonly { readonly uid: Uid; readonly changeRao: bigint | null; readonly gains: boolean }[] {
  const moved = seats
    .map(({ uid, before, after }) => ({ uid, change: totalOf(after) - totalOf(before), isKnown: after.perDayRao !== null }))
    .filter(({ change }) => change !== 0n)
    .sort((a, b) => (a.change > b.change ? -1 : a.change < b.change ? 1 : a.uid - b.uid));
  return moved.map(({ uid, change, isKnown }) => ({ uid, changeRao: isKnown ? change : null, gains: change > 0n }));
}

function totalOf({ serverRao, validatorRao, incentive, dividends }: Outcome): bigint {
  return serverRao === null || validatorRao === null ? BigInt(incentive + dividends) : serverRao + validatorRao;
}

function lastOf(input: EpochInput, epochs: number): EpochOutput {
  invariant(epochs >= 1 && epochs <= SIMULATED_EPOCHS_MAX, `${epochs} epochs cannot be simulated`);
  let out = runEpoch(input);
  for (let done = 1; done < epochs; done += 1) {
    out = runEpoch({ ...input, bonds: out.bonds, validatorPermit: out.validatorPermit, lastStepBlock: input.block });
  }
  return out;
}

/** The pools now hold what gathered since the last epoch; a whole epoch gathers in proportion. */
function wholeEpochPools(input: EpochInput, epochBlocks: number): Pick<EpochInput, 'serverPoolRao' | 'validatorPoolRao'> | null {
  const { block, lastStepBlock, serverPoolRao, validatorPoolRao } = input;
  const gathered = block - lastStepBlock;
  if (lastStepBlock === 0 || gathered <= 0 || serverPoolRao + validatorPoolRao === 0n) return null;
  const whole = (rao: bigint) => (rao * BigInt(epochBlocks)) / BigInt(gathered);
  return { serverPoolRao: whole(serverPoolRao), validatorPoolRao: whole(validatorPoolRao) };
}

function outcomeOf(out: EpochOutput, uid: Uid, { epochBlocks, blockTimeMs }: Scenario, isPoolKnown: boolean): Outcome {
  const serverRao = out.serverEmissionRao[uid] ?? 0n;
  const validatorRao = out.validatorEmissionRao[uid] ?? 0n;
  const epochMs = BigInt(epochBlocks) * BigInt(blockTimeMs);
  const shares = { incentive: out.incentive[uid] ?? 0, dividends: out.dividends[uid] ?? 0, validatorTrust: out.validatorTrust[uid] ?? 0 };
  if (!isPoolKnown || epochMs === 0n) return { ...shares, serverRao: null, validatorRao: null, perDayRao: null };
  return { ...shares, serverRao, validatorRao, perDayRao: ((serverRao + validatorRao) * MS_A_DAY) / epochMs };
}

function reservationsOf(input: EpochInput, out: EpochOutput, uid: Uid, arePoolsUnknown: boolean): Reservation[] {
  const { validatorPermit, ownerUid, commitBlocks, registeredAt, weights } = input;
  const committed = commitBlocks?.[uid] ?? null;
  const masked = committed !== null && (weights[uid] ?? []).some(([to]) => committed < (registeredAt[to] ?? 0));
  const found: (Reservation | false)[] = [
    validatorPermit[uid] !== true && uid !== ownerUid && 'no_permit',
    out.stakeWeight[uid] === 0 && 'no_stake',
    commitBlocks !== null && 'commit_reveal',
    masked && 'newcomers_masked',
    arePoolsUnknown && 'unknown_pools',
  ];
  return found.filter((each) => each !== false);
}
