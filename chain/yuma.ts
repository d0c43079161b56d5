/** One Yuma consensus epoch of one mechanism, as the pallet computes it: stake and weights in, permits, incentive, dividends and emission out. */
import { invariant } from '../protocol/failure.js';
import {
  ascending,
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
  part,
  ratio,
  rowSums,
  type SparseMatrix,
  saturate,
  sum,
  toFixed,
  toU16,
  upscaleColumns,
  ZERO,
} from './fixed.js';
import { type LiquidAlpha, liquidBonds } from './liquid-alpha.js';
import type { Uid } from './snapshot.js';

/** Sparse row as stored, in the order it is stored in: [uid, u16 value]. Entries for seats that do not exist are passed over. */
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
  /** null: switched off. Without effect under Yuma2. */
  readonly liquidAlpha: LiquidAlpha | null;
  /** Block of each hotkey's earliest weight commit, by hash or timelocked, that has not expired; null for one without. null as a whole: no commit-reveal. */
  readonly commitBlocks: readonly (number | null)[] | null;
  readonly maxValidators: number;
  readonly stakeThresholdRao: bigint;
  /** Exempt from threshold and permit, may weigh itself. */
  readonly ownerUid: Uid | null;
  /** Block of the previous epoch; 0: none yet. */
  readonly lastStepBlock: number;
  /** The epoch divides the sum of both pools: half by incentive, half by dividends. */
  readonly serverPoolRao: bigint;
  /** With what root stake is to receive. */
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
  /** Rows to store, in the pallet's order; empty for seats without a permit in the next epoch. */
  readonly bonds: readonly StoredRow[];
  readonly serverEmissionRao: readonly bigint[];
  readonly validatorEmissionRao: readonly bigint[];
  /** Both together, rounded once: what the chain stores as emission. */
  readonly emissionRao: readonly bigint[];
}

const BONDS_SCALE = 1_000_000n;

/**
 * Runs one epoch. Deterministic to the bit: integers only, rounded where and as the pallet rounds.
 *
 * Units: emission in rao. Shares have 32 fractional bits, so a little is left over and paid to nobody; the pools are never exceeded. Incentive
 * and dividends each get half of the sum of both pools, whatever the pools were (what is paid of it: chain/emission.ts). Where nobody earns
 * incentive or dividends the validators share everything by stake; where incentive is earned but no bond pays a dividend, it gets everything.
 * Source: subtensor pallets/subtensor, epoch/run_epoch.rs and epoch/math.rs.
 */
export function runEpoch(input: EpochInput): EpochOutput {
  const n = input.stakeRao.length;
  for (const list of [
    input.lastUpdate,
    input.registeredAt,
    input.validatorPermit,
    input.weights,
    input.bonds,
    input.commitBlocks ?? input.bonds,
  ]) {
    invariant(list.length === n, `an epoch of ${n} neurons needs ${n} entries in each list, not ${list.length}`);
  }
  const isOwner = (uid: Uid) => uid === input.ownerUid;

  const active = input.lastUpdate.map((updated) => updated + input.activityCutoffBlocks >= input.block);
  const stake = shares(input.stakeRao.map((rao, uid) => (rao < input.stakeThresholdRao && !isOwner(uid) ? 0n : rao)));
  const permitted = input.validatorPermit.map((permit, uid) => permit || isOwner(uid));
  const nextPermit = largest(stake, input.maxValidators).map((permit, uid) => permit || isOwner(uid));
  const activeStake = normalise(stake.map((share, uid) => (active[uid] === true && permitted[uid] === true ? share : ZERO)));

  const weights = countedWeights(input, permitted);
  const consensus = weightedMedians(weights, activeStake, fromU16(input.kappa));
  const clipped = clip(weights, consensus);
  const incentive = normalise(columnSums(weighByRow(clipped, activeStake), n));

  const forBonds = penalised(weights, clipped, fromU16(input.bondsPenalty));
  const held = heldBonds(input);
  const basis = { input, forBonds, held, stake: activeStake, incentive, consensus };
  const { dividends, bonds } = input.yuma3 ? sharedBonds(basis) : competingBonds(basis);

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

/**
 * What a validator's row is worth this epoch: rows without a permit are void, nobody weighs himself, nobody has weighed a seat taken after his
 * last update, and weights that were committed before a seat was taken do not count for whoever took it.
 */
function countedWeights(
  { weights, lastUpdate, registeredAt, ownerUid, commitBlocks }: EpochInput,
  permitted: readonly boolean[],
): SparseMatrix {
  const rows = weights.map((row, i) => {
    if (permitted[i] !== true) return new Map<Uid, Fixed>();
    const knownSince = Math.min((lastUpdate[i] ?? 0) - 1, commitBlocks?.[i] ?? Infinity);
    const counted = row.filter(([j]) => (j !== i || i === ownerUid) && knownSince >= (registeredAt[j] ?? Infinity));
    return new Map(counted.map(([j, value]) => [j, toFixed(value)]));
  });
  return normaliseRows(rows);
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

/** What is above consensus is cut off; where there is no consensus nothing stays. */
function clip(weights: SparseMatrix, consensus: readonly Fixed[]): SparseMatrix {
  return weights.map((row) => {
    const next = new Map<Uid, Fixed>();
    for (const [j, value] of row) {
      const most = consensus[j] ?? ZERO;
      if (value <= most) next.set(j, value);
      else if (most > ZERO) next.set(j, most);
    }
    return next;
  });
}

/** Weights as bonds see them: between the given and the clipped ones. At both ends the rows are taken over as they stand. */
function penalised(weights: SparseMatrix, clipped: SparseMatrix, penalty: Fixed): SparseMatrix {
  if (penalty === ZERO) return weights;
  if (penalty === ONE) return clipped;
  const between = mapEntries(weights, (value, i, j) => value + multiply(penalty, (clipped[i]?.get(j) ?? ZERO) - value));
  return between.map(ascending);
}

/** Bonds into a seat that changed hands since the previous epoch are void. */
function heldBonds({ bonds, lastStepBlock, block, tempo, registeredAt }: EpochInput): SparseMatrix {
  const since = lastStepBlock === 0 ? Math.max(0, block - tempo) : lastStepBlock + 1;
  return bonds.map((row) => {
    const held = row.filter(([j]) => since > (registeredAt[j] ?? Infinity));
    return new Map(held.map(([j, value]) => [j, BigInt(value)]));
  });
}

function freshShare({ bondsMovingAverage }: EpochInput): Fixed {
  return saturate(ONE - saturate(ratio(BigInt(bondsMovingAverage), BONDS_SCALE)));
}

interface BondBasis {
  readonly input: EpochInput;
  readonly forBonds: SparseMatrix;
  /** Stored values, 0..65535. */
  readonly held: SparseMatrix;
  readonly stake: readonly Fixed[];
  readonly incentive: readonly Fixed[];
  readonly consensus: readonly Fixed[];
}

interface Bonded {
  readonly dividends: Fixed[];
  readonly bonds: SparseMatrix;
}

/** Yuma3: each validator's bond in a miner moves towards its own weight; dividends are bond share times stake. */
function sharedBonds({ input, forBonds, held, stake, incentive, consensus }: BondBasis): Bonded {
  const stored = mapEntries(held, (value) => fromU16(Number(value)));
  const isLiquid = input.liquidAlpha !== null && consensus.some((value) => value !== ZERO);
  const bonds =
    isLiquid && input.liquidAlpha !== null
      ? liquidBonds(forBonds, stored, consensus, input.liquidAlpha)
      : blend(forBonds, stored, freshShare(input));
  const earned = rowSums(weighByColumn(normaliseColumns(bonds, stake.length), incentive));
  return { dividends: normalise(earned.map((value, uid) => multiply(value, stake[uid] ?? ZERO))), bonds };
}

/** Yuma2: validators compete for a column's bonds with stake times weight. */
function competingBonds({ input, forBonds, held, stake, incentive }: BondBasis): Bonded {
  const n = stake.length;
  const stored = normaliseColumns(mapEntries(held, toFixed), n);
  const bought = normaliseColumns(weighByRow(forBonds, stake), n);
  const bonds = normaliseColumns(blend(bought, stored, freshShare(input)), n);
  return { dividends: normalise(rowSums(weighByColumn(bonds, incentive))), bonds: upscaleColumns(bonds, n) };
}

interface Earners {
  readonly incentive: readonly Fixed[];
  readonly dividends: readonly Fixed[];
  readonly stake: readonly Fixed[];
  readonly activeStake: readonly Fixed[];
}

function payOut({ serverPoolRao, validatorPoolRao }: EpochInput, { incentive, dividends, stake, activeStake }: Earners) {
  const pool = serverPoolRao + validatorPoolRao;
  const both = incentive.map((value, uid) => value + (dividends[uid] ?? ZERO));
  const total = sum(both);
  const pay = (shares: readonly Fixed[]) => shares.map((share) => part(pool, share));
  if (total === ZERO) {
    const byStake = pay(sum(activeStake) > ZERO ? activeStake : stake);
    return { serverEmissionRao: incentive.map(() => 0n), validatorEmissionRao: byStake, emissionRao: byStake };
  }
  const over = (values: readonly Fixed[]) => pay(values.map((value) => ratio(value, total)));
  return { serverEmissionRao: over(incentive), validatorEmissionRao: over(dividends), emissionRao: over(both) };
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
  return rao.map((own) => ratio(own, total));
}

function weighByRow(matrix: SparseMatrix, factors: readonly Fixed[]): SparseMatrix {
  return mapEntries(matrix, (value, i) => multiply(value, factors[i] ?? ZERO));
}

function weighByColumn(matrix: SparseMatrix, factors: readonly Fixed[]): SparseMatrix {
  return mapEntries(matrix, (value, _i, j) => multiply(value, factors[j] ?? ZERO));
}

function toStored(row: ReadonlyMap<Uid, Fixed>): StoredRow {
  return [...row].map(([uid, value]) => [uid, toU16(value)]);
}
