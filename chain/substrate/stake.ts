/**
 * Stake weight: what a hotkey's stake counts for in a subnet's consensus, rao.
 *
 * weight = inherited alpha + floor(taoWeight × inherited root TAO), where inherited = own − lent to children + taken from parents. This is the
 * runtime's `get_stake_weights_for_hotkey_on_subnet`; each product is rounded down here, so the figure is at most a few rao below the
 * runtime's 64-bit fraction. On runtimes before subnet tokens it is the hotkey's total TAO stake.
 *
 * Source: opentensor/subtensor pallets/subtensor/src/staking/stake_utils.rs.
 */
export interface StakeParts {
  /** Whole alpha of the hotkey on the subnet, nominators included. */
  readonly alphaRao: bigint;
  /** Its TAO on the root subnet. */
  readonly rootRao: bigint;
}

export interface Shared<T> {
  readonly share: bigint;
  readonly of: T;
}

const FULL_SHARE = 2n ** 64n - 1n;

/** Shape: own parts, shares lent to children, shares taken from parents with the parents' parts, TaoWeight (of 2⁶⁴−1) → rao. */
export function stakeWeightRao(
  own: StakeParts,
  lentShares: readonly bigint[],
  parents: readonly Shared<StakeParts>[],
  taoWeight: bigint,
): bigint {
  const inherited = (part: (parts: StakeParts) => bigint) => {
    const lent = lentShares.reduce((sum, share) => sum + (part(own) * share) / FULL_SHARE, 0n);
    const taken = parents.reduce((sum, { share, of }) => sum + (part(of) * share) / FULL_SHARE, 0n);
    const kept = part(own) > lent ? part(own) - lent : 0n;
    return kept + taken;
  };
  return inherited((parts) => parts.alphaRao) + (inherited((parts) => parts.rootRao) * taoWeight) / FULL_SHARE;
}
