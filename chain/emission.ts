/** Alpha before and after the epoch: what gathers in each block, how mechanisms share it, and who is paid what. Rounded as the pallet rounds. */
import { invariant } from '../protocol/failure.js';
import { type Fixed, fromU16, ONE, part, ratio, sum, ZERO } from './fixed.js';

const U16_MAX = 65_535n;

export interface BlockEmission {
  /** What the subnet emits in this block: 1 alpha before the first halving. */
  readonly alphaRao: bigint;
  /** u16, 65535 = 1; null: the cut is switched off. */
  readonly ownerCut: number | null;
  /** Root's part of validator emission, see `rootProportion`. */
  readonly rootProportion: Fixed;
  /** False: nobody sells root's alpha; it is recycled. */
  readonly rootSells: boolean;
}

export interface PendingEmission {
  readonly ownerRao: bigint;
  readonly serverRao: bigint;
  readonly validatorRao: bigint;
  readonly rootRao: bigint;
  readonly recycledRao: bigint;
}

/**
 * What one block adds to each pending pool: the owner's cut first, half of the rest to servers, the other half to validators less root's part.
 *
 * Units: rao, each rounded down by itself; at most one rao per pool is lost.
 * Source: subtensor pallets/subtensor, coinbase/run_coinbase.rs, emit_to_subnets.
 */
export function gatherEmission({ alphaRao, ownerCut, rootProportion, rootSells }: BlockEmission): PendingEmission {
  const all = alphaRao * ONE;
  const owner = ownerCut === null ? ZERO : alphaRao * fromU16(ownerCut);
  const rest = all - owner;
  const half = rest / 2n;
  const root = part(part(rest, rootProportion), ONE / 2n);
  const rootRao = whole(root);
  return {
    ownerRao: whole(owner),
    serverRao: whole(half),
    validatorRao: whole(rest - half - root),
    rootRao: rootSells ? rootRao : 0n,
    recycledRao: rootSells ? 0n : rootRao,
  };
}

/**
 * Root's part of what a subnet's stake is worth: TAO on root times its weight, over that plus all alpha of the subnet.
 * Source: subtensor coinbase/block_step.rs, root_proportion.
 */
export function rootProportion(of: { readonly rootTaoRao: bigint; readonly taoWeight: Fixed; readonly alphaIssuanceRao: bigint }): Fixed {
  const weighed = of.rootTaoRao * of.taoWeight;
  return ratio(weighed, weighed + of.alphaIssuanceRao * ONE);
}

/**
 * A subnet's emission to its mechanisms. `shares` are of 65535, one per mechanism; null: evenly. What rounding leaves goes to mechanism 0.
 * Source: subtensor subnets/mechanism.rs, split_emissions.
 */
export function splitByMechanism(rao: bigint, mechanisms: number, shares: readonly number[] | null): readonly bigint[] {
  invariant(mechanisms > 0, 'a subnet has at least one mechanism');
  const parts = Array.from({ length: mechanisms }, (_, i) =>
    shares === null ? rao / BigInt(mechanisms) : (rao * BigInt(shares[i] ?? 0)) / U16_MAX,
  );
  const [first = 0n, ...others] = parts;
  const left = rao - sum(parts);
  return [first + (left > 0n ? left : 0n), ...others];
}

export interface Earner {
  /** From the epoch, all mechanisms together, after what parents of the hotkey get of it. */
  readonly dividendsRao: bigint;
  /** Stake in alpha on this subnet, of the hotkey itself. */
  readonly alphaStakeRao: bigint;
  /** Stake on root. */
  readonly rootStakeRao: bigint;
  /** u16, 65535 = 1: what the validator keeps of what it earns for others. */
  readonly take: number;
}

export interface Pools {
  readonly serverRao: bigint;
  readonly validatorRao: bigint;
  readonly rootRao: bigint;
  /** All incentive that the epoch gave. */
  readonly incentiveRao: bigint;
  readonly taoWeight: Fixed;
}

/** Units: rao. */
export interface Payout {
  /** To the validator's owner, as stake on this subnet: take of both dividends. */
  readonly takeRao: bigint;
  /** To all stakers of the hotkey on this subnet, by their stake. */
  readonly alphaRao: bigint;
  /** To the hotkey's stakers on root. */
  readonly rootRao: bigint;
}

/**
 * What dividends become: each hotkey's dividend is cut into an alpha and a root part by what its stake is made of; the alpha parts share the
 * validators' pool, the root parts root's pool. Without any incentive the servers' pool goes to the validators as well.
 *
 * Shape: one payout per earner, in their order. Nothing is paid from a pool in which nobody has a part.
 * Source: subtensor coinbase/run_coinbase.rs, calculate_dividend_distribution and distribute_dividends_and_incentives.
 */
export function payDividends(
  { serverRao, validatorRao, rootRao, incentiveRao, taoWeight }: Pools,
  earners: readonly Earner[],
): readonly Payout[] {
  const alphaPool = incentiveRao === 0n ? validatorRao + serverRao : validatorRao;
  const parts = earners.map(({ dividendsRao, alphaStakeRao, rootStakeRao }) => {
    const rootStake = rootStakeRao * taoWeight;
    const root = dividendsRao * ratio(rootStake, alphaStakeRao * ONE + rootStake);
    return { root, alpha: dividendsRao * ONE - root };
  });
  const totals = { root: sum(parts.map(({ root }) => root)), alpha: sum(parts.map(({ alpha }) => alpha)) };
  return parts.map(({ root, alpha }, i) => {
    const take = fromU16(earners[i]?.take ?? 0);
    const fromAlpha = lessTake(alphaPool * ratio(alpha, totals.alpha), take);
    const fromRoot = lessTake(rootRao * ratio(root, totals.root), take);
    return { takeRao: fromAlpha.takeRao + fromRoot.takeRao, alphaRao: fromAlpha.restRao, rootRao: fromRoot.restRao };
  });
}

function lessTake(amount: Fixed, take: Fixed): { readonly takeRao: bigint; readonly restRao: bigint } {
  const taken = part(amount, take);
  return { takeRao: whole(taken), restRao: whole(amount - taken) };
}

function whole(amount: Fixed): bigint {
  return amount / ONE;
}
