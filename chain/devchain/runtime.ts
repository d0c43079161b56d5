/** The runtime: all pallets together, and the types that name them all. */
import { blake2AsU8a } from '@polkadot/util-crypto';
import { invariant } from '../../protocol/failure.js';
import { struct } from './composite.js';
import type { DepositedEvent, Pallet } from './pallet.js';
import { adminUtilsPallet } from './pallets/admin.js';
import { balancesPallet, transactionPaymentPallet } from './pallets/balances.js';
import { auraPallet, timestampPallet } from './pallets/clock.js';
import { commitmentsPallet } from './pallets/commitments.js';
import { subtensorPallet } from './pallets/subtensor/pallet.js';
import { sudoPallet } from './pallets/sudo.js';
import { systemPallet } from './pallets/system.js';
import { callType, type RuntimeCall } from './runtime-call.js';
import { defined, field, type Type, toHex, type ValueOf, vec } from './scale.js';
import { hash, phase } from './shapes.js';

export interface RuntimeVersion {
  readonly specName: string;
  readonly implName: string;
  readonly authoringVersion: number;
  readonly specVersion: number;
  readonly implVersion: number;
  readonly apis: readonly (readonly [string, number])[];
  readonly transactionVersion: number;
  readonly stateVersion: number;
}

export interface EventRecord {
  readonly phase: ValueOf<typeof phase>;
  readonly event: DepositedEvent;
  readonly topics: readonly string[];
}

export interface Runtime {
  readonly version: RuntimeVersion;
  readonly pallets: readonly Pallet[];
  readonly call: Type<RuntimeCall>;
  readonly event: Type<DepositedEvent>;
  readonly eventRecords: Type<readonly EventRecord[]>;
  palletNamed(name: string): Pallet;
}

/** The runtime with the stateful epoch clock. */
export const SPEC_VERSION = 425;
const APIS: readonly (readonly [string, number])[] = [
  ['Core', 5],
  ['Metadata', 2],
  ['AccountNonceApi', 1],
  ['TransactionPaymentApi', 4],
];

export function createRuntime(options: { readonly blockTimeMs: number; readonly specVersion?: number }): Runtime {
  let pallets: readonly Pallet[] = [];
  const list = () => pallets;
  const palletNamed = (name: string): Pallet => {
    const found = pallets.find((pallet) => pallet.name === name);
    invariant(found !== undefined, `no pallet ${name}`);
    return found;
  };
  const call = callType(list);
  const event = eventType(list);
  const record = struct(['frame_system', 'EventRecord'], { phase, event, topics: vec(hash) }, [
    ['E', event],
    ['T', hash],
  ]);
  const eventRecords = vec(record);
  pallets = [
    systemPallet(eventRecords),
    timestampPallet(options.blockTimeMs),
    auraPallet(options.blockTimeMs),
    balancesPallet,
    transactionPaymentPallet,
    subtensorPallet,
    sudoPallet(call, palletNamed),
    commitmentsPallet,
    adminUtilsPallet,
  ];
  return {
    version: {
      specName: 'node-subtensor',
      implName: 'node-subtensor',
      authoringVersion: 1,
      specVersion: options.specVersion ?? SPEC_VERSION,
      implVersion: 1,
      apis: APIS.map(([name, version]) => [toHex(blake2AsU8a(name, 64)), version]),
      transactionVersion: 1,
      stateVersion: 1,
    },
    pallets,
    call,
    event,
    eventRecords,
    palletNamed,
  };
}

function eventType(pallets: () => readonly Pallet[]): Type<DepositedEvent> {
  const eventsOf = (index: number): Type<unknown> => {
    const events = pallets().find((pallet) => pallet.index === index)?.events;
    if (events === null || events === undefined) throw new RangeError(`pallet ${index} has no events`);
    return events;
  };
  return defined<DepositedEvent>(
    {
      write: (out, { pallet, event }) => {
        out.push(Uint8Array.of(pallet));
        eventsOf(pallet).write(out, event);
      },
      read: (from) => {
        const pallet = from.take(1)[0] ?? 0;
        return { pallet, event: eventsOf(pallet).read(from) };
      },
    },
    (table) => ({
      path: ['node_subtensor_runtime', 'RuntimeEvent'],
      params: [],
      def: {
        tag: 'variant',
        value: pallets().flatMap((pallet) =>
          pallet.events === null
            ? []
            : [{ name: pallet.name, index: pallet.index, docs: [], fields: [field(undefined, pallet.events.id(table))] }],
        ),
      },
    }),
  );
}
