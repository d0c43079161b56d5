/** JSON-RPC errors with the codes and words of a Substrate node. */
import type { PoolRefusal } from '../pool.js';

export class RpcError extends Error {
  override readonly name = 'RpcError';
  constructor(
    readonly code: number,
    message: string,
    readonly data?: string,
  ) {
    super(message);
  }
}

export function invalidParams(reason: string): RpcError {
  return new RpcError(-32602, `Invalid params: ${reason}`);
}

export function methodNotFound(): RpcError {
  return new RpcError(-32601, 'Method not found');
}

export function unknownBlock(what: string): RpcError {
  return new RpcError(4003, `Client error: UnknownBlock: ${what}`);
}

export function undecodable(reason: string): RpcError {
  return new RpcError(1002, `Verification Error: Runtime error: Execution failed: could not decode the extrinsic: ${reason}`);
}

const INVALID_TRANSACTION = 1010;

export function poolError(refusal: PoolRefusal, hash: string): RpcError {
  switch (refusal.kind) {
    case 'known':
      return new RpcError(1013, 'Transaction Already Imported', hash);
    case 'lowPriority':
      return new RpcError(
        1014,
        'Priority is too low: (1 vs 1)',
        'The transaction has too low priority to replace another transaction already in the pool.',
      );
    case 'full':
      return new RpcError(1016, 'Immediately Dropped', "The transaction couldn't enter the pool because of the limit");
    case 'custom':
      return new RpcError(INVALID_TRANSACTION, 'Invalid Transaction', `Custom error: ${refusal.code}`);
    default:
      return new RpcError(INVALID_TRANSACTION, 'Invalid Transaction', INVALID_WORDS[refusal.kind]);
  }
}

const INVALID_WORDS = {
  unsigned: 'Transaction call is not expected',
  ancientBirth: 'Transaction has an ancient birth block',
  badSignature: 'Transaction has a bad signature',
  stale: 'Transaction is outdated',
  future: 'Transaction will be valid in the future',
  payment: 'Inability to pay some fees (e.g. account balance too low)',
} as const;
