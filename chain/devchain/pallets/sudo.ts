import { parts } from '../composite.js';
import { call, ensureFor, eventsOf, type Pallet, signedBy } from '../pallet.js';
import { dispatchErrorOf, type RuntimeCall } from '../runtime-call.js';
import type { Type } from '../scale.js';
import { accountId, dispatchResult } from '../shapes.js';
import { itemsOf } from '../storage-item.js';

const INDEX = 12;
const ERRORS = ['RequireSudo'] as const;
const ensure = ensureFor('Sudo', ERRORS);

export const sudoKey = itemsOf('Sudo').optional('Key', [], accountId);

const events = eventsOf('pallet_sudo', INDEX, { Sudid: [0, parts({ sudo_result: dispatchResult })] });

/** `runtimeCall` is the type of every call there is, this pallet's included. */
export function sudoPallet(runtimeCall: Type<RuntimeCall>, palletIndexOf: (name: string) => Pallet): Pallet {
  return {
    name: 'Sudo',
    index: INDEX,
    crate: 'pallet_sudo',
    storage: [sudoKey],
    calls: [
      call(0, 'sudo', parts({ call: runtimeCall }), {
        run: (context, origin, args) => {
          ensure(signedBy(origin) === sudoKey.get(context.store), 'RequireSudo');
          const refusal = args.call.attempt(context, { kind: 'root' });
          const result =
            refusal === null
              ? ({ type: 'Ok', value: null } as const)
              : ({ type: 'Err', value: dispatchErrorOf(refusal, palletIndexOf) } as const);
          context.deposit(events.of({ type: 'Sudid', value: { sudo_result: result } }));
        },
      }),
    ],
    events: events.type,
    errors: ERRORS,
    constants: [],
  };
}
