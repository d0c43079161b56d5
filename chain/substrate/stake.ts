/**
 * Stake weight: what a hotkey's stake counts for in a subnet's consensus, rao.
 *
 * weight = inherited alpha + floor(taoWeight × inherited root TAO), where inherited = own − lent to children + taken from parents. This is the
 * runtime's `get_stake_weights_for_network` to the last rao: its shares and its TAO weight are fractions of 32 bits, rounded down, and an
 * inherited part is rounded down once. On runtimes before subnet tokens it is the hotkey's total TAO stake.
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
const FRACTION_BITS = 32n;

/** A share of 2⁶⁴−1 as the runtime's fraction of 32 bits. */
function fractionOf(share: bigint): bigint {
  return (share << FRACTION_BITS) / FULL_SHARE;
}

/** Shape: own parts, shares lent to children, shares taken from parents with the parents' parts, TaoWeight (of 2⁶⁴−1) → rao. */
export function stakeWeightRao(
  own: StakeParts,
  lentShares: readonly bigint[],
  parents: readonly Shared<StakeParts>[],
  taoWeight: bigint,
): bigint {
  const inherited = (part: (parts: StakeParts) => bigint) => {
    const lent = lentShares.reduce((sum, share) => sum + part(own) * fractionOf(share), 0n);
    const taken = parents.reduce((sum, { share, of }) => sum + part(of) * fractionOf(share), 0n);
    const whole = part(own) << FRACTION_BITS;
    return ((whole > lent ? whole - lent : 0n) + taken) >> FRACTION_BITS;
  };
  return inherited((parts) => parts.alphaRao) + ((inherited((parts) => parts.rootRao) * fractionOf(taoWeight)) >> FRACTION_BITS);
}
