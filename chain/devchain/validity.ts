/** Whether a transaction may enter the pool, or a block. */
import { err, ok, type Result } from '../../protocol/result.js';
import { birthOf, deathOf } from './era.js';
import { type Extrinsic, isSignatureValid } from './extrinsic.js';
import { feeOf } from './fees.js';
import { ModuleError } from './pallet.js';
import { spendableOf } from './pallets/balances.js';
import * as system from './pallets/system.js';
import type { Runtime } from './runtime.js';
import { createOverlay } from './state.js';
import type { StoreView } from './storage-item.js';

/** Why not, as a node says it. */
export type Invalidity =
  | { readonly kind: 'unsigned' | 'ancientBirth' | 'badSignature' | 'stale' | 'future' | 'payment' }
  | { readonly kind: 'custom'; readonly code: number };

/** The runtime's codes for refusals that the pool makes itself. Source: subtensor common/src/transaction_error.rs. */
const CUSTOM_CODES: Readonly<Record<string, number>> = {
  AmountTooLow: 1,
  NotEnoughStakeToSetWeights: 1,
  NotEnoughBalanceToStake: 2,
  SubnetNotExists: 3,
  HotKeyAccountNotExists: 4,
  NotEnoughStakeToWithdraw: 5,
  SettingWeightsTooFast: 6,
  CommittingWeightsTooFast: 6,
  NetworkTxRateLimitExceeded: 6,
  InsufficientLiquidity: 7,
  SlippageTooHigh: 8,
  TransferDisallowed: 9,
  HotKeyNotRegisteredInNetwork: 10,
  InvalidIpAddress: 11,
  ServingRateLimitExceeded: 12,
  InvalidPort: 13,
  InvalidRevealRound: 15,
  NoWeightsCommitFound: 16,
  RevealTooEarly: 17,
  InputLengthsUnequal: 18,
  HotKeyNotRegisteredInSubNet: 19,
  NonAssociatedColdKey: 25,
  DelegateTakeTooLow: 26,
  DelegateTakeTooHigh: 27,
};
/** What older pools look at. */
const STAKE_CHECKS: ReadonlySet<string> = new Set(['NotEnoughStakeToSetWeights']);
const OTHER_CUSTOM_CODE = 255;

export interface Valid {
  /** The first block in which it is no longer valid. */
  readonly death: number;
}

/**
 * Shape: a transaction, the state after block `number - 1` → valid in block `number`, or why not. `future` means that its nonce is still to come
 * and all else is in order.
 */
export function validate(
  runtime: Runtime,
  genesisHash: string,
  store: StoreView,
  number: number,
  extrinsic: Extrinsic,
): Result<Valid, Invalidity> {
  const { signed, call } = extrinsic;
  if (signed === null) return err({ kind: 'unsigned' });
  const birth = birthOf(signed.era, number);
  const birthHash = birth === 0 ? genesisHash : system.blockHash.get(store, birth);
  if (birth >= number || birthHash === system.blockHash.get(store, number)) return err({ kind: 'ancientBirth' });
  const { specVersion, transactionVersion } = runtime.version;
  const { rules } = runtime.generation;
  if (!isSignatureValid(extrinsic, { specVersion, transactionVersion, genesisHash, birthHash })) return err({ kind: 'badSignature' });
  const nonce = system.nonceOf(store, signed.signer);
  if (signed.nonce < nonce) return err({ kind: 'stale' });
  const fee = feeOf(call.definition, extrinsic.bytes.length);
  if (fee > spendableOf(store, signed.signer)) return err({ kind: 'payment' });
  try {
    call.definition.guard?.({ store: createOverlay(store), block: number, rules }, signed.signer, call.args);
  } catch (error) {
    if (error instanceof ModuleError && (rules.poolChecks || STAKE_CHECKS.has(error.error)))
      return err({ kind: 'custom', code: CUSTOM_CODES[error.error] ?? OTHER_CUSTOM_CODE });
    if (!(error instanceof ModuleError)) throw error;
  }
  return signed.nonce > nonce ? err({ kind: 'future' }) : ok({ death: deathOf(signed.era, number) });
}
