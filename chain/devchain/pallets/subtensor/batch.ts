/** Calls that do the same for several subnets: what is refused becomes an event, the others go on. */
import { type CallContext, ModuleError } from '../../pallet.js';
import type { AccountId } from '../../shapes.js';
import { createOverlay } from '../../state.js';
import { ERRORS } from './errors.js';
import { deposit, INDEX } from './events.js';

export function attemptEach(
  context: CallContext,
  who: AccountId,
  netuids: readonly bigint[],
  attempt: (context: CallContext, netuid: number, index: number) => void,
): void {
  const refused: { readonly netuid: number; readonly error: number }[] = [];
  for (const [index, compact] of netuids.entries()) {
    const netuid = Number(compact);
    const store = createOverlay(context.store);
    try {
      attempt({ ...context, store }, netuid, index);
      store.apply(context.store);
    } catch (error) {
      if (!(error instanceof ModuleError)) throw error;
      // Safety: only the codes of this pallet are thrown here.
      refused.push({ netuid, error: ERRORS.indexOf(error.error as (typeof ERRORS)[number]) });
    }
  }
  if (refused.length > 0) deposit(context, { type: 'BatchCompletedWithErrors', value: null });
  for (const { netuid, error } of refused) {
    const module = { index: INDEX, error: Uint8Array.of(error, 0, 0, 0) };
    deposit(context, { type: 'BatchWeightItemFailed', value: [netuid, { type: 'Module', value: module }] });
  }
  deposit(context, { type: 'BatchWeightsCompleted', value: [netuids, who] });
}
