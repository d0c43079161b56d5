import { type Failure, isFailure } from '../../protocol/failure.js';
import { chainFailure } from '../failures.js';
import type { BlockRef } from '../snapshot.js';
import type { DispatchRefusal } from './inclusion.js';

/** The node's answer to a refused JSON-RPC request. */
export interface RpcRefusal {
  readonly code: number;
  readonly message: string;
  readonly data: string;
}

export function rpcRefusalOf(error: unknown): RpcRefusal | null {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'number') return null;
  const data = 'data' in error && error.data !== undefined && error.data !== null ? String(error.data) : '';
  return { code: error.code, message: error.message, data };
}

/** Whatever a request rejected with, as a failure of ours; the original stays its cause. */
export function toRequestFailure(error: unknown, method: string, endpoint: string): Failure {
  if (isFailure(error)) return error;
  const refusal = rpcRefusalOf(error);
  if (refusal !== null) {
    const reason = refusal.data === '' ? refusal.message : `${refusal.message}: ${refusal.data}`;
    return chainFailure('chain.request_refused', { method, endpoint, rpcCode: refusal.code, reason: reason.slice(0, 300) }, error);
  }
  const message = error instanceof Error ? error.message : String(error);
  if (message.startsWith('disconnected from') || message.includes('WebSocket is not connected')) {
    return chainFailure('chain.disconnected', { endpoint }, error);
  }
  if (message.startsWith('No response received')) {
    return chainFailure('chain.timeout', { method, endpoint, timeoutMs: Number(/(\d+)s/.exec(message)?.[1] ?? 0) * 1000 }, error);
  }
  return chainFailure('chain.bad_answer', { method, endpoint, reason: message.slice(0, 300) }, error);
}

/** Errors that mean "not yet": the same transaction is good some blocks later. */
const RATE_LIMITS = new Set([
  'SettingWeightsTooFast',
  'CommittingWeightsTooFast',
  'ServingRateLimitExceeded',
  'NetworkTxRateLimitExceeded',
  'TooManyRegistrationsThisBlock',
  'TooManyRegistrationsThisInterval',
  'SpaceLimitExceeded',
]);

/** A pallet's refusal, in a finalized block or at the pool, as a failure of ours. */
export function refusalFailure(method: string, { pallet, error, documentation }: DispatchRefusal, block: BlockRef | null): Failure {
  const where = block === null ? { stage: 'pool' } : { stage: 'block', block: block.number };
  const code = RATE_LIMITS.has(error) ? 'chain.rate_limited' : 'chain.refused';
  return chainFailure(code, { method, pallet, error, documentation, wait: 'some blocks', ...where });
}

/**
 * `InvalidTransaction::Custom` of subtensor's transaction extension, by the name of the module error it stands for.
 * Source: opentensor/subtensor common/src/transaction_error.rs.
 */
const CUSTOM_POOL_ERRORS: Readonly<Record<number, string>> = {
  0: 'ColdkeySwapAnnounced',
  1: 'NotEnoughStakeToSetWeights',
  2: 'NotEnoughBalanceToStake',
  3: 'SubnetNotExists',
  4: 'HotKeyAccountNotExists',
  5: 'NotEnoughStakeToWithdraw',
  6: 'SettingWeightsTooFast',
  7: 'InsufficientLiquidity',
  8: 'SlippageTooHigh',
  9: 'TransferDisallowed',
  10: 'HotKeyNotRegisteredInNetwork',
  11: 'InvalidIpAddress',
  12: 'ServingRateLimitExceeded',
  13: 'InvalidPort',
  14: 'ZeroMaxAmount',
  15: 'InvalidRevealRound',
  16: 'NoWeightsCommitFound',
  17: 'RevealTooEarly',
  18: 'InputLengthsUnequal',
  19: 'HotKeyNotRegisteredInSubNet',
  20: 'EvmKeyAssociateRateLimitExceeded',
  21: 'ColdkeySwapDisputed',
  22: 'InvalidRealAccount',
  25: 'NonAssociatedColdKey',
  26: 'DelegateTakeTooLow',
  27: 'DelegateTakeTooHigh',
};

/** What helps when the pool will not take a transaction. */
export interface PoolRefusal {
  readonly failure: Failure;
  /** `renew`: fresh metadata and signature; `resign`: a fresh nonce and era; `none`: nothing but another state of the chain. */
  readonly remedy: 'renew' | 'resign' | 'none';
}

const INVALID_TRANSACTION = 1010;
const UNKNOWN_VALIDITY = 1011;
const TEMPORARILY_BANNED = 1012;
const PRIORITY_TOO_LOW = 1014;

/** The pool's answer to a submission by its code and data; null when the failure is not a pool's answer at all. */
export function poolRefusal(failure: Failure, method: string): PoolRefusal | null {
  const refusal = failure.code === 'chain.request_refused' ? rpcRefusalOf(failure.cause) : null;
  if (refusal === null || refusal.code < INVALID_TRANSACTION || refusal.code > 1019) return null;
  const refused = (error: string, remedy: PoolRefusal['remedy'], documentation = refusal.message): PoolRefusal => ({
    failure: refusalFailure(method, { pallet: 'pool', error, documentation }, null),
    remedy,
  });
  const text = `${refusal.message} ${refusal.data}`;
  const custom = /Custom error: (\d+)/i.exec(text)?.[1];
  if (custom !== undefined) return refused(CUSTOM_POOL_ERRORS[Number(custom)] ?? `Custom(${custom})`, 'none');
  if (/bad signature/i.test(text)) return refused('BadProof', 'renew');
  if (/outdated|stale/i.test(text)) return refused('Stale', 'resign');
  if (/ancient birth block/i.test(text)) return refused('AncientBirthBlock', 'resign');
  if (/payment|inability to pay/i.test(text)) return refused('Payment', 'none');
  if (refusal.code === PRIORITY_TOO_LOW) return refused('PriorityTooLow', 'resign');
  if (refusal.code === TEMPORARILY_BANNED) return refused('TemporarilyBanned', 'none');
  return refused(refusal.code === UNKNOWN_VALIDITY ? 'UnknownValidity' : 'InvalidTransaction', 'none');
}
