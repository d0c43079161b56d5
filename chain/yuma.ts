/** One Yuma consensus epoch of one mechanism, as the pallet computes it: stake and weights in, permits, incentive, dividends and emission out. */
import { invariant } from '../protocol/failure.js';
import {
  blend,
  columnSums,
  type Fixed,
  fromU16,
  mapEntries,
  multiply,
  normalise,
  normaliseColumns,
  normaliseRows,
  ONE,
  ratio,
  rowSums,
  type SparseMatrix,
  sum,
  toFixed,
  toU16,
  upscaleColumns,
  ZERO,
} from './fixed.js';
import type { Uid } from './snapshot.js';

/** Sparse row as stored: [uid, u16 value]. Entries for seats that do not exist are passed over. */
export type StoredRow = readonly (readonly [Uid, number])[];

/** All arrays have one entry per uid. */
export interface EpochInput {
  readonly block: number;
  readonly tempo: number;
  readonly activityCutoffBlocks: number;
  /** Stake that counts in consensus (the whole hotkey's), before the threshold. */
  readonly stakeRao: readonly bigint[];
  readonly lastUpdate: readonly number[];
  readonly registeredAt: readonly number[];
  /** Permits as stored by the previous epoch. */
  readonly validatorPermit: readonly boolean[];
  readonly weights: readonly StoredRow[];
  readonly bonds: readonly StoredRow[];
  /** u16, 65535 = 1: the share of stake that must agree. */
  readonly kappa: number;
  /** u16, 65535 = 1. */
  readonly bondsPenalty: number;
  /** Millionths of the old bonds that stay. */
  readonly bondsMovingAverage: number;
  readonly yuma3: boolean;
  readonly maxValidators: number;
  readonly stakeThresholdRao: bigint;
  /** Exempt from threshold and permit, may weigh itself. */
  readonly ownerUid: Uid | null;
  /** Block of the previous epoch; 0: none yet. */
  readonly lastStepBlock: number;
  readonly serverPoolRao: bigint;
  readonly validatorPoolRao: bigint;
}

/** Per uid; u16 values have 65535 = 1. */
export interface EpochOutput {
  readonly active: readonly boolean[];
  /** Permits of the next epoch. */
  readonly validatorPermit: readonly boolean[];
  readonly consensus: readonly number[];
  readonly incentive: readonly number[];
  readonly dividends: readonly number[];
  readonly validatorTrust: readonly number[];
  readonly stakeWeight: readonly number[];
  /** Rows to store, ascending uid; empty for seats without a permit in the next epoch. */
  readonly bonds: readonly StoredRow[];
  readonly serverEmissionRao: readonly bigint[];
  readonly validatorEmissionRao: readonly bigint[];
}

const BONDS_SCALE = 1_000_000n;

/**
 * Runs one epoch. Deterministic to the bit: integers only.
 *
 * Units: emission in rao, each share rounded down; less than one rao per neuron of a pool is left over and paid to nobody. Both pools together
 * are never exceeded. Where nobody earns incentive the validators share both pools by stake, as in the pallet; where incentive is earned but no
 * bond pays a dividend, both pools follow the incentive.
 * Limits: liquid alpha and the commit-reveal mask are not modelled; a chain with liquid alpha switched on must not be computed with this.
 * Source: subtensor pallets/subtensor, epoch/run_epoch.rs and epoch/math.rs.
 */
export function runEpoch(input: EpochInput): EpochOutput {
  const n = input.stakeRao.length;
  for (const list of [input.lastUpdate, input.registeredAt, input.validatorPermit, input.weights, input.bonds]) {
    invariant(list.length === n, `an epoch of ${n} neurons needs ${n} entries in each list, not ${list.length}`);
  }
  const isOwner = (uid: Uid) => uid === input.ownerUid;

  const active = input.lastUpdate.map((updated) => updated + input.activityCutoffBlocks >= input.block);
  const stake = shares(input.stakeRao.map((rao, uid) => (rao < input.stakeThresholdRao && !isOwner(uid) ? 0n : rao)));
  const permitted = input.validatorPermit.map((permit, uid) => permit || isOwner(uid));
  const nextPermit = largest(stake, input.maxValidators).map((permit, uid) => permit || isOwner(uid));
  const activeStake = normalise(stake.map((share, uid) => (active[uid] === true && permitted[uid] === true ? share : ZERO)));

  const weights = normaliseRows(countedWeights(input, permitted));
  const consensus = weightedMedians(weights, activeStake, fromU16(input.kappa));
  const clipped = mapEntries(weights, (value, _i, j) => smaller(value, consensus[j] ?? ZERO));
  const incentive = normalise(columnSums(weighByRow(clipped, activeStake), n));

  const penalty = fromU16(input.bondsPenalty);
  const forBonds = mapEntries(weights, (value, i, j) => value + multiply(penalty, (clipped[i]?.get(j) ?? ZERO) - value));
  const held = heldBonds(input);
  const { dividends, bonds } = input.yuma3
    ? sharedBonds(forBonds, held, activeStake, incentive, freshShare(input))
    : competingBonds(forBonds, held, activeStake, incentive, freshShare(input));

  const emission = payOut(input, { incentive, dividends, stake, activeStake });
  return {
    active,
    validatorPermit: nextPermit,
    consensus: consensus.map(toU16),
    incentive: incentive.map(toU16),
    dividends: dividends.map(toU16),
    validatorTrust: rowSums(clipped).map(toU16),
    stakeWeight: stake.map(toU16),
    bonds: bonds.map((row, uid) => (nextPermit[uid] === true ? toStored(row) : [])),
    ...emission,
  };
}

/** What a validator's row is worth this epoch: rows without a permit are void, nobody weighs himself, and nobody has weighed a seat taken after his last update. */
function countedWeights(input: EpochInput, permitted: readonly boolean[]): SparseMatrix {
  return input.weights.map((row, i) => {
    if (permitted[i] !== true) return new Map();
    const counted = row.filter(
      ([j, value]) => value > 0 && (j !== i || i === input.ownerUid) && (input.lastUpdate[i] ?? 0) > (input.registeredAt[j] ?? Infinity),
    );
    return new Map(counted.map(([j, value]) => [j, toFixed(value)]));
  });
}

/**
 * Per column the largest weight that validators holding at least kappa of the stake set or exceed; absent weights count as 0.
 */
function weightedMedians(weights: SparseMatrix, stake: readonly Fixed[], kappa: Fixed): Fixed[] {
  const voters = stake.flatMap((share, uid) => (share > ZERO ? [uid] : []));
  const voices = normalise(voters.map((uid) => stake[uid] ?? ZERO));
  const minority = sum(voices) - kappa;
  return stake.map((_, column) => {
    const votes = voters.map((uid, k) => ({ weight: weights[uid]?.get(column) ?? ZERO, stake: voices[k] ?? ZERO }));
    votes.sort((a, b) => (a.weight < b.weight ? -1 : a.weight > b.weight ? 1 : 0));
    let below = ZERO;
    for (let k = 0; k < votes.length; k += 1) {
      const vote = votes[k];
      if (vote === undefined) break;
      below += vote.stake;
      const isLastOfItsWeight = votes[k + 1]?.weight !== vote.weight;
      if (isLastOfItsWeight && below > minority) return vote.weight;
    }
    return votes.at(-1)?.weight ?? ZERO;
  });
}

/** Bonds into a seat that changed hands since the previous epoch are void. */
function heldBonds({ bonds, lastStepBlock, block, tempo, registeredAt, stakeRao }: EpochInput): SparseMatrix {
  const since = lastStepBlock === 0 ? Math.max(0, block - tempo) : lastStepBlock + 1;
  return bonds.map((row) => {
    const held = row.filter(([j, value]) => value > 0 && j < stakeRao.length && since > (registeredAt[j] ?? Infinity));
    return new Map(held.map(([j, value]) => [j, BigInt(value)]));
  });
}

function freshShare({ bondsMovingAverage }: EpochInput): Fixed {
  return ONE - ratio(BigInt(bondsMovingAverage), BONDS_SCALE);
}

interface Bonded {
  readonly dividends: Fixed[];
  readonly bonds: SparseMatrix;
}

/** Yuma3: each validator's bond in a miner moves towards its own weight; dividends are bond share times stake. */
function sharedBonds(
  forBonds: SparseMatrix,
  held: SparseMatrix,
  stake: readonly Fixed[],
  incentive: readonly Fixed[],
  fresh: Fixed,
): Bonded {
  const stored = mapEntries(held, (value) => fromU16(Number(value)));
  const bonds = blend(forBonds, stored, fresh);
  const earned = rowSums(weighByColumn(normaliseColumns(bonds, stake.length), incentive));
  return { dividends: normalise(earned.map((value, uid) => multiply(value, stake[uid] ?? ZERO))), bonds };
}

/** Yuma2: validators compete for a column's bonds with stake times weight. */
function competingBonds(
  forBonds: SparseMatrix,
  held: SparseMatrix,
  stake: readonly Fixed[],
  incentive: readonly Fixed[],
  fresh: Fixed,
): Bonded {
  const n = stake.length;
  const stored = normaliseColumns(mapEntries(held, toFixed), n);
  const bought = normaliseColumns(weighByRow(forBonds, stake), n);
  const bonds = normaliseColumns(blend(bought, stored, fresh), n);
  return { dividends: normalise(rowSums(weighByColumn(bonds, incentive))), bonds: upscaleColumns(bonds, n) };
}

interface Earners {
  readonly incentive: readonly Fixed[];
  readonly dividends: readonly Fixed[];
  readonly stake: readonly Fixed[];
  readonly activeStake: readonly Fixed[];
}

function payOut({ serverPoolRao, validatorPoolRao }: EpochInput, { incentive, dividends, stake, activeStake }: Earners) {
  const none = incentive.map(() => 0n);
  const both = serverPoolRao + validatorPoolRao;
  const earnedBy = { servers: sum(incentive) > ZERO, validators: sum(dividends) > ZERO };
  if (!earnedBy.servers && !earnedBy.validators) {
    return { serverEmissionRao: none, validatorEmissionRao: divide(both, sum(activeStake) > ZERO ? activeStake : stake) };
  }
  if (!earnedBy.validators) return { serverEmissionRao: divide(both, incentive), validatorEmissionRao: none };
  return { serverEmissionRao: divide(serverPoolRao, incentive), validatorEmissionRao: divide(validatorPoolRao, dividends) };
}

function divide(poolRao: bigint, parts: readonly Fixed[]): bigint[] {
  const total = sum(parts);
  return parts.map((part) => (total === 0n ? 0n : (poolRao * part) / total));
}

/** The `count` largest entries above 0; of equals, the higher index. */
function largest(values: readonly Fixed[], count: number): boolean[] {
  const ascending = values.map((value, index) => ({ value, index }));
  ascending.sort((a, b) => (a.value < b.value ? -1 : a.value > b.value ? 1 : a.index - b.index));
  const chosen = new Set(ascending.slice(Math.max(0, values.length - count)).map(({ index }) => index));
  return values.map((value, index) => value > ZERO && chosen.has(index));
}

function shares(rao: readonly bigint[]): Fixed[] {
  const total = sum(rao);
  return rao.map((part) => ratio(part, total));
}

function weighByRow(matrix: SparseMatrix, factors: readonly Fixed[]): SparseMatrix {
  return mapEntries(matrix, (value, i) => multiply(value, factors[i] ?? ZERO));
}

function weighByColumn(matrix: SparseMatrix, factors: readonly Fixed[]): SparseMatrix {
  return mapEntries(matrix, (value, _i, j) => multiply(value, factors[j] ?? ZERO));
}

function smaller(a: Fixed, b: Fixed): Fixed {
  return a < b ? a : b;
}

function toStored(row: ReadonlyMap<Uid, Fixed>): StoredRow {
  return [...row]
    .map(([uid, value]) => [uid, toU16(value)] as const)
    .filter(([, value]) => value > 0)
    .sort(([a], [b]) => a - b);
}
