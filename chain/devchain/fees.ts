/** What a paying call costs: a fixed part and a rao per byte. (The public chain weighs each call; a development chain need not.) */
import type { CallDefinition } from './pallet.js';

export const FEE_BASE_RAO = 124_000n;

export function feeOf(definition: Pick<CallDefinition<unknown>, 'pays'>, sizeBytes: number): bigint {
  return definition.pays ? FEE_BASE_RAO + BigInt(sizeBytes) : 0n;
}
