/** Safe mode: while it lasts the runtime takes a handful of calls and refuses the others in the block, not in the pool. */
import { NOTHING, parts, variant } from '../composite.js';
import { type CallContext, call, ensureFor, ensureRoot, eventsOf, type Pallet } from '../pallet.js';
import type { RuntimeCall } from '../runtime-call.js';
import { u32 } from '../scale.js';
import { itemsOf, type StoreView } from '../storage-item.js';

const NAME = 'SafeMode';
const INDEX = 20;
const ERRORS = ['Entered', 'Exited', 'NotConfigured', 'NoDeposit', 'AlreadyDeposited', 'CannotReleaseYet', 'CurrencyError'] as const;
const ensure = ensureFor(NAME, ERRORS);

/** Blocks that `force_enter` and `force_extend` add. */
export const SAFE_MODE_BLOCKS = 100;

/** The last block in safe mode. */
export const enteredUntil = itemsOf(NAME).optional('EnteredUntil', [], u32);

const exitReason = variant(['pallet_safe_mode', 'pallet', 'ExitReason'], { Timeout: [0, NOTHING], Force: [1, NOTHING] });
const events = eventsOf('pallet_safe_mode', INDEX, {
  Entered: [0, parts({ until: u32 })],
  Extended: [1, parts({ until: u32 })],
  Exited: [2, parts({ reason: exitReason })],
});

/** Whole pallets, and single calls, that go on. Source: subtensor runtime/src/lib.rs, SafeModeWhitelistedCalls. */
const ADMITTED: ReadonlySet<string> = new Set([
  'Sudo',
  'Multisig',
  'System',
  'SafeMode',
  'Timestamp',
  'SubtensorModule.set_weights',
  'SubtensorModule.serve_axon',
  'Commitments.set_commitment',
]);

export function isHeldBack(store: StoreView, { pallet, definition }: Pick<RuntimeCall, 'pallet' | 'definition'>): boolean {
  return enteredUntil.get(store) !== null && !ADMITTED.has(pallet.name) && !ADMITTED.has(`${pallet.name}.${definition.name}`);
}

/** At the start of each block: over is over. */
export function endSafeMode({ store, block, deposit }: CallContext): void {
  const until = enteredUntil.get(store);
  if (until === null || block <= until) return;
  enteredUntil.remove(store);
  deposit(events.of({ type: 'Exited', value: { reason: { type: 'Timeout', value: null } } }));
}

/** `until`: the last block in safe mode; null: it ends now. */
export function putSafeMode({ store, deposit }: CallContext, until: number | null): void {
  if (until === null) {
    enteredUntil.remove(store);
    deposit(events.of({ type: 'Exited', value: { reason: { type: 'Force', value: null } } }));
  } else {
    const already = enteredUntil.get(store) !== null;
    enteredUntil.put(store, until);
    deposit(events.of({ type: already ? 'Extended' : 'Entered', value: { until } }));
  }
}

export const safeModePallet: Pallet = {
  name: NAME,
  index: INDEX,
  crate: 'pallet_safe_mode',
  storage: [enteredUntil],
  calls: [
    call(1, 'force_enter', NOTHING, {
      run: (context, origin) => {
        ensureRoot(origin);
        ensure(enteredUntil.get(context.store) === null, 'Entered');
        putSafeMode(context, context.block + SAFE_MODE_BLOCKS);
      },
    }),
    call(3, 'force_extend', NOTHING, {
      run: (context, origin) => {
        ensureRoot(origin);
        const until = enteredUntil.get(context.store);
        ensure(until !== null, 'Exited');
        putSafeMode(context, (until ?? context.block) + SAFE_MODE_BLOCKS);
      },
    }),
    call(4, 'force_exit', NOTHING, {
      run: (context, origin) => {
        ensureRoot(origin);
        ensure(enteredUntil.get(context.store) !== null, 'Exited');
        putSafeMode(context, null);
      },
    }),
  ],
  events: events.type,
  errors: ERRORS,
  constants: [],
};
