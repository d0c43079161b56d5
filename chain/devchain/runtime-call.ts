/** A call as it stands in an extrinsic, and what becomes of it when it is refused. */
import { type CallContext, type CallDefinition, DispatchRefusal, ModuleError, type Origin, type Pallet } from './pallet.js';
import { defined, field, type Type, type ValueOf } from './scale.js';
import type { dispatchError } from './shapes.js';
import { createOverlay } from './state.js';

export interface RuntimeCall {
  readonly pallet: Pallet;
  readonly definition: CallDefinition<unknown>;
  readonly args: unknown;
  /** Runs it; when it refuses, nothing of it remains and the refusal is returned. */
  attempt(context: CallContext, origin: Origin): ModuleError | DispatchRefusal | null;
}

export function runtimeCall(pallet: Pallet, definition: CallDefinition<unknown>, args: unknown): RuntimeCall {
  return {
    pallet,
    definition,
    args,
    attempt: (context, origin) => {
      const store = createOverlay(context.store);
      const deposited: Parameters<CallContext['deposit']>[0][] = [];
      try {
        definition.run({ ...context, store, deposit: (event) => void deposited.push(event) }, origin, args);
      } catch (error) {
        if (error instanceof ModuleError || error instanceof DispatchRefusal) return error;
        throw error;
      }
      store.apply(context.store);
      for (const event of deposited) context.deposit(event);
      return null;
    },
  };
}

/** The type of every call of these pallets; the list is asked for when it is first needed, since pallets may hold calls themselves. */
export function callType(pallets: () => readonly Pallet[]): Type<RuntimeCall> {
  return defined<RuntimeCall>(
    {
      write: (out, { pallet, definition, args }) => {
        out.push(Uint8Array.of(pallet.index, definition.index));
        definition.args.write(out, args);
      },
      read: (from) => {
        const [palletIndex, callIndex] = from.take(2);
        const pallet = pallets().find(({ index }) => index === palletIndex);
        const definition = pallet?.calls.find(({ index }) => index === callIndex);
        if (pallet === undefined || definition === undefined) throw new RangeError(`no call ${palletIndex}.${callIndex}`);
        return runtimeCall(pallet, definition, definition.args.read(from));
      },
    },
    (table) => ({
      path: ['node_subtensor_runtime', 'RuntimeCall'],
      params: [],
      def: {
        tag: 'variant',
        value: pallets()
          .filter(({ calls }) => calls.length > 0)
          .map((pallet) => ({
            name: pallet.name,
            index: pallet.index,
            docs: [],
            fields: [field(undefined, palletCallsId(table, pallet))],
          })),
      },
    }),
  );
}

/** The type `pallet::Call`. */
export function palletCallsId(table: Parameters<Type<unknown>['id']>[0], pallet: Pallet): number {
  return table.idOf(pallet.calls, () => ({
    path: [pallet.crate, 'pallet', 'Call'],
    params: [],
    def: {
      tag: 'variant',
      value: pallet.calls.map(({ name, index, args }) => ({ name, index, docs: [], fields: args.describe(table) })),
    },
  }));
}

export function dispatchErrorOf(
  refusal: ModuleError | DispatchRefusal,
  palletNamed: (name: string) => Pallet,
): ValueOf<typeof dispatchError> {
  if (refusal instanceof DispatchRefusal) {
    const { kind } = refusal;
    return kind === 'BadOrigin' || kind === 'CannotLookup'
      ? { type: kind, value: null }
      : { type: 'Token', value: { type: kind, value: null } };
  }
  const pallet = palletNamed(refusal.pallet);
  const index = pallet.errors.indexOf(refusal.error);
  // An older generation may refuse for a reason that has no number there.
  if (index === -1) return { type: 'Other', value: null };
  return { type: 'Module', value: { index: pallet.index, error: Uint8Array.of(index, 0, 0, 0) } };
}
