import { type Failure, isFailure } from '../../protocol/failure.js';
import { chainFailure } from '../failures.js';
import { failureOfPoolError, type RefusedCall } from '../refusals.js';

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
    if (/State already discarded|UnknownBlock/.test(`${refusal.message} ${refusal.data}`)) {
      return chainFailure(
        'chain.block_not_found',
        { block: /0x[0-9a-f]{64}/.exec(`${refusal.message} ${refusal.data}`)?.[0] ?? 'asked for', endpoint },
        error,
      );
    }
    const reason = refusal.data === '' ? refusal.message : `${refusal.message}: ${refusal.data}`;
    return chainFailure('chain.request_refused', { method, endpoint, rpcCode: refusal.code, reason: reason.slice(0, 300) }, error);
  }
  const message = error instanceof Error ? error.message : String(error);
  return chainFailure('chain.bad_answer', { method, endpoint, reason: message.slice(0, 300) }, error);
}

/** What helps when the pool will not take a transaction: fresh metadata, a fresh nonce and era, or nothing but another state of the chain. */
export type PoolRemedy = 'renew' | 'resign' | 'none';

export function poolRemedyFor({ code }: Failure): PoolRemedy {
  if (code === 'chain.bad_signature') return 'renew';
  return code === 'chain.outdated' || code === 'chain.not_yet_valid' || code === 'chain.priority_too_low' ? 'resign' : 'none';
}

/** The pool's answer to a submission; null when the failure is not the pool's. */
export function poolFailure(failure: Failure, call: RefusedCall): Failure | null {
  const refusal = failure.code === 'chain.request_refused' ? rpcRefusalOf(failure.cause) : null;
  return refusal === null ? null : failureOfPoolError(refusal.code, refusal.message, refusal.data, call, failure.cause);
}
