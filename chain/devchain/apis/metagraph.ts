/**
 * SubnetInfoRuntimeApi: a whole subnet in one call, or the parts of it that are asked for by number.
 *
 * Source: subtensor rpc_info/metagraph.rs, rpc_info/subnet_info.rs.
 */
import { only, struct, variant } from '../composite.js';
import { activityCutoffOf } from '../epoch.js';
import * as stored from '../pallets/subtensor/storage.js';
import { bool, bytes, compact, option, type Type, u8, u16, u32, u64, type ValueOf, vec } from '../scale.js';
import { METAGRAPH_FIELDS, type MetagraphField, SELECTIVE_ONLY } from './metagraph-fields.js';
import { NETUID, optionalMethod } from './method.js';
import { type SubnetView, subnetView } from './subnet-view.js';

const API = 'SubnetInfoRuntimeApi';
const PATH = ['pallet_subtensor', 'rpc_info', 'metagraph'] as const;
/** Storage index of a mechanism: its number × this + netuid. */
const MECHANISM_STRIDE = 4096;

type Parts = Readonly<Record<string, unknown>>;

const netuidPart = { netuid: compact(u16) };
const partsOf = (fields: readonly MetagraphField[], wrap: (type: Type<unknown>) => Type<unknown>) =>
  Object.fromEntries(fields.map(({ name, type }) => [name, wrap(type)]));
const metagraph: Type<Parts> = struct([...PATH, 'Metagraph'], { ...netuidPart, ...partsOf(METAGRAPH_FIELDS, (type) => type) });
const SELECTABLE = [...METAGRAPH_FIELDS, ...SELECTIVE_ONLY];
const selective: Type<Parts> = struct([...PATH, 'SelectiveMetagraph'], { ...netuidPart, ...partsOf(SELECTABLE, option) });

/** `indexes`: 0 is the subnet's number, n the field n - 1; others ask for nothing. */
function select(view: SubnetView, netuid: number, indexes: readonly number[]): Parts {
  const wanted = new Set(indexes);
  const fields = SELECTABLE.map(({ name, read }, i) => [name, wanted.has(i + 1) ? read(view) : null]);
  return { netuid: BigInt(netuid), ...Object.fromEntries(fields) };
}

const hyperparameter = variant(['pallet_subtensor', 'rpc_info', 'subnet_info', 'HyperparamValue'], {
  Bool: [0, only(bool)],
  U16: [1, only(compact(u16))],
  U32: [2, only(compact(u32))],
  U64: [3, only(compact(u64))],
  TaoBalance: [5, only(compact(u64))],
});
const hyperparameters = vec(
  struct(['pallet_subtensor', 'rpc_info', 'subnet_info', 'HyperparamEntry'], { name: bytes, value: hyperparameter }),
);

function hyperparametersOf({ store, netuid, rules }: SubnetView): ValueOf<typeof hyperparameters> {
  const values: Readonly<Record<string, ValueOf<typeof hyperparameter>>> = {
    kappa: { type: 'U16', value: BigInt(stored.kappa.get(store, netuid)) },
    immunity_period: { type: 'U16', value: BigInt(stored.immunityPeriod.get(store, netuid)) },
    min_allowed_weights: { type: 'U16', value: BigInt(stored.minAllowedWeights.get(store, netuid)) },
    max_weights_limit: { type: 'U16', value: 65_535n },
    tempo: { type: 'U16', value: BigInt(stored.tempo.get(store, netuid)) },
    weights_version: { type: 'U64', value: stored.weightsVersionKey.get(store, netuid) },
    weights_rate_limit: { type: 'U64', value: stored.weightsSetRateLimit.get(store, netuid) },
    activity_cutoff: { type: 'U64', value: BigInt(activityCutoffOf(store, netuid, rules)) },
    activity_cutoff_factor: { type: 'U32', value: BigInt(stored.activityCutoffFactorMilli.get(store, netuid)) },
    registration_allowed: { type: 'Bool', value: stored.networkRegistrationAllowed.get(store, netuid) },
    min_burn: { type: 'TaoBalance', value: stored.minBurn.get(store, netuid) },
    max_burn: { type: 'TaoBalance', value: stored.maxBurn.get(store, netuid) },
    burn_half_life: { type: 'U16', value: BigInt(stored.burnHalfLife.get(store, netuid)) },
    bonds_moving_avg: { type: 'U64', value: stored.bondsMovingAverage.get(store, netuid) },
    serving_rate_limit: { type: 'U64', value: stored.servingRateLimit.get(store, netuid) },
    max_validators: { type: 'U16', value: BigInt(stored.maxAllowedValidators.get(store, netuid)) },
    commit_reveal_period: { type: 'U64', value: stored.revealPeriodEpochs.get(store, netuid) },
    commit_reveal_weights_enabled: { type: 'Bool', value: stored.commitRevealWeightsEnabled.get(store, netuid) },
    liquid_alpha_enabled: { type: 'Bool', value: stored.liquidAlphaOn.get(store, netuid) },
    yuma_version: { type: 'U16', value: stored.yuma3On.get(store, netuid) ? 3n : 2n },
    subnet_is_active: { type: 'Bool', value: stored.subtokenEnabled.get(store, netuid) },
  };
  return Object.entries(values).map(([name, value]) => ({ name: new TextEncoder().encode(name), value }));
}

export const metagraphApi = [
  optionalMethod({
    api: API,
    name: 'get_subnet_hyperparams_v3',
    inputs: [NETUID],
    output: hyperparameters,
    answer: (context, args) => {
      const view = subnetView(context, u16.read(args));
      return view === null ? null : hyperparametersOf(view);
    },
  }),
  optionalMethod({
    api: API,
    name: 'get_metagraph',
    inputs: [NETUID],
    output: metagraph,
    answer: (context, args) => {
      const view = subnetView(context, u16.read(args));
      if (view === null) return null;
      return { netuid: BigInt(view.netuid), ...Object.fromEntries(METAGRAPH_FIELDS.map(({ name, read }) => [name, read(view)])) };
    },
  }),
  optionalMethod({
    api: API,
    name: 'get_selective_metagraph',
    inputs: [NETUID, { name: 'metagraph_indexes', type: vec(u16) }],
    output: selective,
    answer: (context, args) => {
      const view = subnetView(context, u16.read(args));
      const indexes = vec(u16).read(args);
      // The runtime leaves 0 where its own number was not asked for.
      return view === null ? null : select(view, indexes.includes(0) ? view.netuid : 0, indexes);
    },
  }),
  optionalMethod({
    api: API,
    name: 'get_selective_mechagraph',
    inputs: [NETUID, { name: 'subid', type: u8 }, { name: 'metagraph_indexes', type: vec(u16) }],
    output: selective,
    answer: (context, args) => {
      const netuid = u16.read(args);
      const view = subnetView(context, netuid, u8.read(args) * MECHANISM_STRIDE + netuid);
      return view === null ? null : select(view, netuid, vec(u16).read(args));
    },
  }),
  optionalMethod({
    api: API,
    name: 'get_next_epoch_start_block',
    inputs: [NETUID],
    output: u64,
    answer: ({ store }, args) => {
      const netuid = u16.read(args);
      const tempo = stored.tempo.get(store, netuid);
      if (tempo === 0) return null;
      const due = stored.lastEpochBlock.get(store, netuid) + BigInt(tempo);
      const pending = stored.pendingEpochAt.get(store, netuid);
      return pending > 0n && pending < due ? pending : due;
    },
  }),
];
