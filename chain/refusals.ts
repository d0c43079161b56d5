/** The names and numbers by which a subtensor chain refuses, as failures of ours. What is not listed becomes `chain.refused` with its own name. */
import type { Facts, Failure } from '../protocol/failure.js';
import { type ChainCode, chainFailure } from './failures.js';
import { inBlocks } from './weight-checks.js';

/** What the caller knows about the refused call; only `method` is needed, the rest makes the hint exact. */
export interface RefusedCall {
  /** Such as "set_weights". */
  readonly method: string;
  readonly netuid?: number;
  readonly mechanism?: number;
  /** Blocks until the limit that was met has passed. */
  readonly blocksLeft?: number;
  readonly stakeRao?: bigint;
  readonly requiredRao?: bigint;
  readonly versionKey?: bigint;
  readonly requiredVersionKey?: bigint;
  readonly weightCount?: number;
  readonly requiredWeightCount?: number;
  /** Versions of timelocked commits. */
  readonly givenVersion?: number;
  readonly requiredVersion?: number;
  /** What is asked for a seat or a stake, and what the account holds. */
  readonly priceRao?: bigint;
  readonly balanceRao?: bigint;
  readonly limitRao?: bigint;
  /** The pallet's own words about the error, from the metadata. */
  readonly documentation?: string;
}

/**
 * Shape: pallet and error name, as the metadata has them → failure.
 * Source: subtensor pallets/subtensor/src/macros/errors.rs, pallets/commitments, pallets/drand, frame balances and system.
 */
export function failureOfModuleError(pallet: string, name: string, call: RefusedCall, cause?: unknown): Failure {
  const code = MODULE_ERRORS.get(name);
  const facts = factsOf(call, name);
  if (code !== undefined) return refusal(code, facts, cause);
  return refusal('chain.refused', { ...facts, pallet, documentation: call.documentation ?? '' }, cause);
}

/**
 * A refusal by the transaction pool, before any block. Null: this JSON-RPC code is none of the pool's.
 *
 * Shape: JSON-RPC error code, message and data → failure.
 * Source: substrate client/rpc-api author errors; subtensor common/src/transaction_error.rs for `Custom error: N`.
 */
export function failureOfPoolError(rpcCode: number, message: string, data: string, call: RefusedCall, cause?: unknown): Failure | null {
  const text = `${message} ${data}`;
  const facts = { ...factsOf(call, data === '' ? message : data), rpcCode };
  const custom = /custom error:?\s*(\d+)/i.exec(text)?.[1];
  if (custom !== undefined) {
    const known = /stake/.test(call.method) && Number(custom) === STAKE_TOO_LOW ? 'AmountTooLow' : CUSTOM_ERRORS.get(Number(custom));
    if (known !== undefined) return failureOfModuleError('SubtensorModule', known, call, cause);
    return refusal('chain.refused', { ...facts, pallet: 'Pool', error: `CustomError${custom}`, documentation: '' }, cause);
  }
  if (rpcCode === INVALID_TRANSACTION) {
    const code = INVALIDITIES.find(([words]) => words.test(text))?.[1];
    if (code !== undefined) return refusal(code, facts, cause);
  }
  const code = POOL_CODES.get(rpcCode);
  if (code !== undefined) return refusal(code, facts, cause);
  if (rpcCode < FIRST_POOL_CODE || rpcCode > LAST_POOL_CODE) return null;
  return refusal('chain.refused', { ...facts, pallet: 'Pool', error: data === '' ? message : data, documentation: '' }, cause);
}

/** Facts that are parts of a sentence, and of no use where the sentence is another. */
const WORDS: ReadonlySet<string> = new Set(['wait', 'next', 'reason', 'given', 'required']);

/** Keeps of the facts what the failure says, and what is known beside it. */
function refusal(code: ChainCode, facts: Facts, cause: unknown): Failure {
  const { message, hint } = chainFailure.table[code];
  const said = (name: string) => new RegExp(`\\{${name}\\b`).test(`${message} ${hint}`);
  const kept = Object.entries(facts).filter(([name, value]) => said(name) || (value !== UNKNOWN && !WORDS.has(name)));
  return chainFailure(code, Object.fromEntries(kept), cause);
}

const UNKNOWN = '?';

/** Facts for every template of the table, so that none is shown with a hole. */
function factsOf(call: RefusedCall, error: string): Facts {
  const { blocksLeft, documentation, stakeRao, requiredRao, versionKey, requiredVersionKey, weightCount, requiredWeightCount, ...rest } =
    call;
  const { priceRao, balanceRao, limitRao, ...plain } = rest;
  return {
    netuid: UNKNOWN,
    mechanism: UNKNOWN,
    givenVersion: UNKNOWN,
    requiredVersion: UNKNOWN,
    ...plain,
    error,
    wait: blocksLeft === undefined ? WAIT_UNKNOWN : inBlocks(blocksLeft),
    ...(blocksLeft === undefined ? {} : { blocksLeft }),
    next:
      blocksLeft === undefined
        ? 'Permits go to the largest stakes at each epoch: wait for the next one, or add stake to the hotkey.'
        : `Permits are given to the largest stakes at the next epoch, in ${inBlocks(blocksLeft)}; if there is none then, add stake.`,
    priceRao: priceRao === undefined ? UNKNOWN : String(priceRao),
    limitRao: limitRao === undefined ? UNKNOWN : String(limitRao),
    reason: priceRao === undefined || balanceRao === undefined ? error : `${error}: it holds ${balanceRao} rao, ${priceRao} are asked`,
    stakeRao: stakeRao === undefined ? UNKNOWN : String(stakeRao),
    requiredRao: requiredRao === undefined ? UNKNOWN : String(requiredRao),
    given: weightCount ?? (versionKey === undefined ? UNKNOWN : String(versionKey)),
    required: requiredWeightCount ?? (requiredVersionKey === undefined ? UNKNOWN : String(requiredVersionKey)),
  };
}

const WAIT_UNKNOWN = 'a few blocks and try again; the limit is a hyperparameter of the subnet';

const MODULE_ERRORS: ReadonlyMap<string, ChainCode> = new Map<string, ChainCode>([
  ['CommitRevealEnabled', 'chain.commit_reveal_on'],
  ['CommitRevealDisabled', 'chain.commit_reveal_off'],
  ['CanNotSetRootNetworkWeights', 'chain.root_weights'],
  ['WeightVecNotEqualSize', 'chain.bad_vector'],
  ['DuplicateUids', 'chain.bad_vector'],
  ['MaxWeightExceeded', 'chain.bad_vector'],
  ['InputLengthsUnequal', 'chain.bad_vector'],
  ['MechanismDoesNotExist', 'chain.mechanism_missing'],
  ['UidsLengthExceedUidsInSubNet', 'chain.seat_gone'],
  ['UidVecContainInvalidOne', 'chain.seat_gone'],
  ['HotKeyNotRegisteredInSubNet', 'chain.not_registered'],
  ['HotKeyNotRegisteredInNetwork', 'chain.not_registered'],
  ['AccountNotAllowedCommit', 'chain.not_registered'],
  ['NotEnoughStakeToSetWeights', 'chain.stake_too_low'],
  ['IncorrectWeightVersionKey', 'chain.version_key'],
  ['SettingWeightsTooFast', 'chain.rate_limited'],
  ['CommittingWeightsTooFast', 'chain.rate_limited'],
  ['ServingRateLimitExceeded', 'chain.rate_limited'],
  ['NetworkTxRateLimitExceeded', 'chain.rate_limited'],
  ['TxRateLimitExceeded', 'chain.rate_limited'],
  ['HotKeySetTxRateLimitExceeded', 'chain.rate_limited'],
  ['StakingRateLimitExceeded', 'chain.rate_limited'],
  ['DelegateTxRateLimitExceeded', 'chain.rate_limited'],
  ['StakeRateLimitExceeded', 'chain.rate_limited'],
  ['UnstakeRateLimitExceeded', 'chain.rate_limited'],
  ['StakingOperationRateLimitExceeded', 'chain.rate_limited'],
  ['WeightsCommitNotAllowed', 'chain.rate_limited'],
  ['TxChildkeyTakeRateLimitExceeded', 'chain.rate_limited'],
  ['EvmKeyAssociateRateLimitExceeded', 'chain.rate_limited'],
  ['AddStakeBurnRateLimitExceeded', 'chain.rate_limited'],
  ['CommitmentSetRateLimitExceeded', 'chain.rate_limited'],
  ['TooManyRegistrationsThisBlock', 'chain.rate_limited'],
  ['TooManyRegistrationsThisInterval', 'chain.rate_limited'],
  ['NeuronNoValidatorPermit', 'chain.no_permit'],
  ['WeightVecLengthIsLow', 'chain.too_few_weights'],
  ['NoWeightsCommitFound', 'chain.commit_lost'],
  ['ExpiredWeightCommit', 'chain.commit_lost'],
  ['InvalidRevealCommitHashNotMatch', 'chain.commit_lost'],
  ['InvalidRevealRound', 'chain.round_passed'],
  ['IncorrectCommitRevealVersion', 'chain.timelock_version'],
  ['RevealTooEarly', 'chain.reveal_too_early'],
  ['InvalidRevealCommitTempo', 'chain.reveal_too_early'],
  ['TooManyUnrevealedCommits', 'chain.too_many_commits'],
  ['InvalidIpType', 'chain.bad_axon'],
  ['InvalidIpAddress', 'chain.bad_axon'],
  ['InvalidPort', 'chain.bad_axon'],
  ['SpaceLimitExceeded', 'chain.commitment_full'],
  ['TooManyFieldsInCommitmentInfo', 'chain.commitment_refused'],
  ['SubNetworkDoesNotExist', 'chain.subnet_not_found'],
  ['SubnetNotExists', 'chain.subnet_not_found'],
  ['RootNetworkDoesNotExist', 'chain.subnet_not_found'],
  ['SubNetRegistrationDisabled', 'chain.registration_closed'],
  ['RegistrationNotPermittedOnRootSubnet', 'chain.registration_closed'],
  ['RegistrationPriceLimitExceeded', 'chain.price_above_limit'],
  ['HotKeyAlreadyRegisteredInSubNet', 'chain.already_registered'],
  ['NoNeuronIdAvailable', 'chain.no_seat'],
  ['NotEnoughBalanceToStake', 'chain.insufficient_balance'],
  ['BalanceWithdrawalError', 'chain.insufficient_balance'],
  ['CannotAffordLockCost', 'chain.insufficient_balance'],
  ['InsufficientBalance', 'chain.insufficient_balance'],
  ['ZeroBalanceAfterWithdrawn', 'chain.insufficient_balance'],
  ['FundsUnavailable', 'chain.insufficient_balance'],
  ['Expendability', 'chain.insufficient_balance'],
  ['LiquidityRestrictions', 'chain.insufficient_balance'],
  ['NonAssociatedColdKey', 'chain.wrong_coldkey'],
  ['HotKeyNotDelegateAndSignerNotOwnHotKey', 'chain.wrong_coldkey'],
  ['HotKeyAccountNotExists', 'chain.hotkey_unknown'],
  ['ColdkeySwapAnnounced', 'chain.coldkey_swap'],
  ['ColdKeySwapScheduled', 'chain.coldkey_swap'],
  ['ColdkeyIsInArbitration', 'chain.coldkey_swap'],
  ['ColdkeySwapDisputed', 'chain.coldkey_swap'],
  ['AmountTooLow', 'chain.stake_refused'],
  ['StakeTooLowForRoot', 'chain.stake_refused'],
  ['SubtokenDisabled', 'chain.stake_refused'],
  ['SlippageTooHigh', 'chain.stake_refused'],
  ['InsufficientLiquidity', 'chain.stake_refused'],
  ['NotEnoughStake', 'chain.stake_refused'],
  ['NomStakeBelowMinimumThreshold', 'chain.stake_refused'],
  ['StakeToWithdrawIsZero', 'chain.stake_refused'],
  ['StakeUnavailable', 'chain.stake_refused'],
  ['InsufficientInputAmount', 'chain.stake_refused'],
  ['PriceLimitExceeded', 'chain.stake_refused'],
  ['ReservesTooLow', 'chain.stake_refused'],
  ['ReservesOutOfBalance', 'chain.stake_refused'],
  ['SwapInputTooLarge', 'chain.stake_refused'],
  ['NotEnoughStakeToWithdraw', 'chain.stake_refused'],
  ['ZeroMaxAmount', 'chain.stake_refused'],
  ['ZeroMaxStakeAmount', 'chain.stake_refused'],
  ['CallFiltered', 'chain.paused'],
  ['CallDisabled', 'chain.call_disabled'],
  ['Deprecated', 'chain.call_disabled'],
  ['DisabledTemporarily', 'chain.call_disabled'],
  ['BadOrigin', 'chain.not_allowed'],
  ['NotSubnetOwner', 'chain.not_allowed'],
  ['RequireSudo', 'chain.not_allowed'],
  ['TransactorAccountShouldBeHotKey', 'chain.not_allowed'],
]);

/** `Custom error: N` of the pool → the error the same check raises inside a block. 0 and the gaps have names of their own. */
const CUSTOM_ERRORS: ReadonlyMap<number, string> = new Map([
  [0, 'ColdkeySwapAnnounced'],
  [1, 'NotEnoughStakeToSetWeights'],
  [2, 'NotEnoughBalanceToStake'],
  [3, 'SubnetNotExists'],
  [4, 'HotKeyAccountNotExists'],
  [5, 'NotEnoughStakeToWithdraw'],
  [6, 'SettingWeightsTooFast'],
  [7, 'InsufficientLiquidity'],
  [8, 'SlippageTooHigh'],
  [9, 'TransferDisallowed'],
  [10, 'HotKeyNotRegisteredInNetwork'],
  [11, 'InvalidIpAddress'],
  [12, 'ServingRateLimitExceeded'],
  [13, 'InvalidPort'],
  [14, 'ZeroMaxAmount'],
  [15, 'InvalidRevealRound'],
  [16, 'NoWeightsCommitFound'],
  [17, 'RevealTooEarly'],
  [18, 'InputLengthsUnequal'],
  [19, 'HotKeyNotRegisteredInSubNet'],
  [20, 'EvmKeyAssociateRateLimitExceeded'],
  [21, 'ColdkeySwapDisputed'],
  [22, 'InvalidRealAccount'],
  [23, 'FailedShieldedTxParsing'],
  [24, 'InvalidShieldedTxPubKeyHash'],
  [25, 'NonAssociatedColdKey'],
  [26, 'DelegateTakeTooLow'],
  [27, 'DelegateTakeTooHigh'],
  [255, 'BadRequest'],
]);

/** One number for two errors: too little to stake, or too little staked. */
const STAKE_TOO_LOW = 1;

const INVALID_TRANSACTION = 1010;
const FIRST_POOL_CODE = 1010;
const LAST_POOL_CODE = 1018;

/** Words of a 1010 refusal. */
const INVALIDITIES: readonly (readonly [RegExp, ChainCode])[] = [
  [/bad signature|bad proof/i, 'chain.bad_signature'],
  [/outdated|stale|ancient birth block/i, 'chain.outdated'],
  [/will be valid in the future|future/i, 'chain.not_yet_valid'],
  [/inability to pay|payment/i, 'chain.cannot_pay'],
  [/call is not expected|bad origin/i, 'chain.paused'],
];

const POOL_CODES: ReadonlyMap<number, ChainCode> = new Map<number, ChainCode>([
  [1012, 'chain.banned'],
  [1013, 'chain.already_sent'],
  [1014, 'chain.priority_too_low'],
  [1016, 'chain.pool_full'],
]);
