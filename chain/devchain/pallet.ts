/** How a pallet is declared: data from which both the metadata and the behaviour are made. */
import type { Cases, CaseValue, Fields } from './composite.js';
import { variant } from './composite.js';
import type { Type } from './scale.js';
import type { AccountId } from './shapes.js';
import type { ItemDescription, Store } from './storage-item.js';

export interface Constant {
  readonly name: string;
  readonly type: Type<unknown>;
  readonly value: unknown;
}

/** An event as it is deposited: the pallet's index and its encoded variant. */
export interface DepositedEvent {
  readonly pallet: number;
  readonly event: unknown;
}

/** In what the generations behave differently (generation.ts). */
export interface Rules {
  /** `state`: `LastEpochBlock` and its companions; `formula`: (block + netuid + 2) % (tempo + 1) == 0, and `ActivityCutoff` counts blocks. */
  readonly epochClock: 'state' | 'formula';
  /** False: of what the newer pools refuse by number, this one refuses only weights with too little stake. */
  readonly poolChecks: boolean;
  /** False: there is no Yuma3 to switch on. */
  readonly yuma3: boolean;
  /** False: safe mode can be entered, and no call asks for it. */
  readonly safeMode: boolean;
}

/** What a call may see and do while it runs. */
export interface CallContext {
  readonly store: Store;
  readonly rules: Rules;
  /** Number of the block being made. */
  readonly block: number;
  deposit(event: DepositedEvent): void;
}

export type Origin = { readonly kind: 'signed'; readonly account: AccountId } | { readonly kind: 'root' } | { readonly kind: 'none' };

export interface CallDefinition<A> {
  readonly name: string;
  readonly index: number;
  readonly args: Fields<A>;
  /** `Pays::No` calls can be sent by accounts without any balance. */
  readonly pays: boolean;
  /** What the transaction pool looks at; throws the module error that it maps to a code. */
  guard?(context: Pick<CallContext, 'store' | 'block' | 'rules'>, signer: AccountId, args: A): void;
  run(context: CallContext, origin: Origin, args: A): void;
}

export interface Pallet {
  readonly name: string;
  readonly index: number;
  /** Path of its types in the runtime, such as `pallet_subtensor`. */
  readonly crate: string;
  readonly storage: readonly ItemDescription[];
  readonly calls: readonly CallDefinition<unknown>[];
  readonly events: Type<unknown> | null;
  readonly errors: readonly string[];
  readonly constants: readonly Constant[];
}

export function call<A>(
  index: number,
  name: string,
  args: Fields<A>,
  rest: Pick<CallDefinition<A>, 'run' | 'guard'> & { readonly pays?: boolean },
): CallDefinition<A> {
  return { index, name, args, pays: true, ...rest };
}

/** Events of a pallet: a type, and one typed way to deposit each. */
export function eventsOf<C extends Cases>(crate: string, pallet: number, cases: C) {
  const type = variant([crate, 'pallet', 'Event'], cases);
  return { type, of: (event: CaseValue<C>): DepositedEvent => ({ pallet, event }) };
}

/** A pallet's refusal. */
export class ModuleError extends Error {
  override readonly name = 'ModuleError';
  constructor(
    readonly pallet: string,
    readonly error: string,
  ) {
    super(`${pallet}.${error}`);
  }
}

/** A refusal that is no pallet's own. */
export class DispatchRefusal extends Error {
  override readonly name = 'DispatchRefusal';
  constructor(readonly kind: 'BadOrigin' | 'CannotLookup' | 'FundsUnavailable' | 'BelowMinimum') {
    super(kind);
  }
}

/** `ensure(condition, name)` throws that error of the pallet; names are checked by the compiler. */
export function ensureFor<const E extends readonly string[]>(pallet: string, _errors: E) {
  return (condition: boolean, error: E[number]): void => {
    if (!condition) throw new ModuleError(pallet, error);
  };
}

export function signedBy(origin: Origin): AccountId {
  if (origin.kind !== 'signed') throw new DispatchRefusal('BadOrigin');
  return origin.account;
}

export function ensureRoot(origin: Origin): void {
  if (origin.kind !== 'root') throw new DispatchRefusal('BadOrigin');
}
