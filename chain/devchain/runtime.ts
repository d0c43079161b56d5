/** The runtime: all pallets together as one generation has them, and the types that name them all. */
import { blake2AsU8a } from '@polkadot/util-crypto';
import { invariant } from '../../protocol/failure.js';
import type { ApiMethod } from './apis/method.js';
import { type Cases, struct, type VariantType, variant } from './composite.js';
import { extensionsOf, type TransactionExtension } from './extrinsic.js';
import { type GenerationName, generationOf } from './generation.js';
import type { Generation } from './generation-shape.js';
import type { DepositedEvent, Pallet } from './pallet.js';
import { adminUtilsPallet } from './pallets/admin.js';
import { balancesPallet, transactionPaymentPallet } from './pallets/balances.js';
import { auraPallet, timestampPallet } from './pallets/clock.js';
import { commitmentsPallet } from './pallets/commitments.js';
import { drandPallet } from './pallets/drand.js';
import { safeModePallet } from './pallets/safe-mode.js';
import { subtensorPallet } from './pallets/subtensor/pallet.js';
import { sudoPallet } from './pallets/sudo.js';
import { systemPallet } from './pallets/system.js';
import { type Presentation, presentationOf } from './presentation.js';
import { apisOf } from './runtime-api.js';
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
  readonly generation: Generation;
  readonly version: RuntimeVersion;
  readonly pallets: readonly Pallet[];
  readonly apis: readonly ApiMethod[];
  readonly presentation: Presentation;
  readonly extensions: readonly TransactionExtension[];
  readonly call: Type<RuntimeCall>;
  readonly event: Type<DepositedEvent>;
  readonly eventRecords: Type<readonly EventRecord[]>;
  palletNamed(name: string): Pallet;
  /** Whether this generation has such an event; others are not deposited. */
  announces(event: DepositedEvent): boolean;
}

export interface RuntimeOptions {
  readonly blockTimeMs: number;
  /** Default: the newest. */
  readonly generation?: GenerationName;
  /** Default: the generation's own. */
  readonly specVersion?: number;
}

const API_VERSIONS: readonly (readonly [string, number])[] = [
  ['Core', 5],
  ['Metadata', 2],
  ['AccountNonceApi', 1],
  ['TransactionPaymentApi', 4],
  ['NeuronInfoRuntimeApi', 1],
  ['SubnetInfoRuntimeApi', 2],
  ['SwapRuntimeApi', 1],
];

export function createRuntime({ blockTimeMs, generation: name = 'clock', specVersion }: RuntimeOptions): Runtime {
  const generation = generationOf(name);
  let pallets: readonly Pallet[] = [];
  const list = () => pallets;
  const palletNamed = (wanted: string): Pallet => {
    const found = pallets.find((pallet) => pallet.name === wanted);
    invariant(found !== undefined, `no pallet ${wanted}`);
    return found;
  };
  const call = callType(list);
  const event = eventType(list);
  const record = struct(['frame_system', 'EventRecord'], { phase, event, topics: vec(hash) }, [
    ['E', event],
    ['T', hash],
  ]);
  const eventRecords = vec(record);
  const whole = [
    systemPallet(eventRecords),
    timestampPallet(blockTimeMs),
    auraPallet(blockTimeMs),
    balancesPallet,
    transactionPaymentPallet,
    subtensorPallet,
    sudoPallet(call, palletNamed),
    commitmentsPallet,
    adminUtilsPallet,
    safeModePallet,
    drandPallet,
  ];
  pallets = whole.filter((pallet) => !generation.lacks.has(pallet.name)).map((pallet) => cut(pallet, generation));
  const apis = apisOf(generation, () => call);
  const offered = new Set(['Core', 'Metadata', ...apis.map(({ api }) => api)]);
  return {
    generation,
    version: {
      specName: 'node-subtensor',
      implName: 'node-subtensor',
      authoringVersion: 1,
      specVersion: specVersion ?? generation.specVersion,
      implVersion: 1,
      apis: API_VERSIONS.filter(([api]) => offered.has(api)).map(([api, version]) => [toHex(blake2AsU8a(api, 64)), version]),
      transactionVersion: 1,
      stateVersion: 1,
    },
    pallets,
    apis,
    presentation: presentationOf(generation, whole),
    extensions: extensionsOf(generation.extensions),
    call,
    event,
    eventRecords,
    palletNamed,
    announces: ({ pallet: index, event: deposited }) => {
      const events = pallets.find((pallet) => pallet.index === index)?.events;
      if (events === undefined || events === null) return false;
      const known = isVariant(events) && typeof deposited === 'object' && deposited !== null && 'type' in deposited;
      return !known || String(deposited.type) in events.cases;
    },
  };
}

/** The pallet as the generation has it. */
function cut(pallet: Pallet, generation: Generation): Pallet {
  const has = ({ name }: { readonly name: string }) => !generation.lacks.has(`${pallet.name}.${name}`);
  const shown = generation.shows.map(({ item }) => item).filter((item) => item.pallet === pallet.name);
  const replaced = new Set(shown.map(({ name }) => name));
  return {
    ...pallet,
    storage: [...pallet.storage.filter((item) => has(item) && !replaced.has(item.name)), ...shown],
    calls: pallet.calls.filter(has).map((definition) => ({ ...definition, ...generation.calls.get(`${pallet.name}.${definition.name}`) })),
    events: pallet.events === null ? null : cutEvents(pallet, pallet.events, generation),
    errors: generation.errors.get(pallet.name) ?? pallet.errors,
    constants: pallet.constants.filter(has),
  };
}

function cutEvents(pallet: Pallet, events: Type<unknown>, generation: Generation): Type<unknown> {
  if (!isVariant(events)) return events;
  const cases = Object.entries(events.cases)
    .filter(([name]) => !generation.lacks.has(`${pallet.name}.${name}`))
    .map(([name, [index, fields]]) => {
      const change = generation.events.get(`${pallet.name}.${name}`);
      return [name, [change?.index ?? index, change?.fields ?? fields]] as const;
    });
  return variant(events.path, Object.fromEntries(cases));
}

function isVariant(type: Type<unknown>): type is VariantType<Cases> {
  return 'cases' in type;
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
