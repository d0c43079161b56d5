/** NeuronInfoRuntimeApi: the neurons of a subnet without their weights. Source: subtensor rpc_info/neuron_info.rs. */
import { struct } from '../composite.js';
import * as stored from '../pallets/subtensor/storage.js';
import { bool, compact, tuple, u8, u16, u32, u64, u128, type ValueOf, vec } from '../scale.js';
import { accountId, axonInfo } from '../shapes.js';
import { method, NETUID, optionalMethod } from './method.js';
import { type SubnetView, subnetView } from './subnet-view.js';

const prometheusInfo = struct(['pallet_subtensor', 'pallet', 'PrometheusInfo'], {
  block: u64,
  version: u32,
  ip: u128,
  port: u16,
  ip_type: u8,
});
const NO_PROMETHEUS = { block: 0n, version: 0, ip: 0n, port: 0, ip_type: 0 } as const;
const compactU16 = compact(u16);
const compactU64 = compact(u64);

const neuronLite = struct(['pallet_subtensor', 'rpc_info', 'neuron_info', 'NeuronInfoLite'], {
  hotkey: accountId,
  coldkey: accountId,
  uid: compactU16,
  netuid: compactU16,
  active: bool,
  axon_info: axonInfo,
  prometheus_info: prometheusInfo,
  stake: vec(tuple(accountId, compactU64)),
  rank: compactU16,
  emission: compactU64,
  incentive: compactU16,
  consensus: compactU16,
  trust: compactU16,
  validator_trust: compactU16,
  dividends: compactU16,
  last_update: compactU64,
  validator_permit: bool,
  pruning_score: compactU16,
});

const PRUNING_SCORE = 65_535n;

/** The neurons of these uids; the vectors are read once for all. */
function neuronsOf(view: SubnetView, uids: readonly number[]): readonly ValueOf<typeof neuronLite>[] {
  const { store, netuid } = view;
  const vectors = {
    active: stored.active.get(store, netuid),
    emission: stored.emission.get(store, netuid),
    incentive: stored.incentive.get(store, netuid),
    consensus: stored.consensus.get(store, netuid),
    validatorTrust: stored.validatorTrust.get(store, netuid),
    dividends: stored.dividends.get(store, netuid),
    lastUpdate: stored.lastUpdate.get(store, netuid),
    permits: stored.validatorPermit.get(store, netuid),
  };
  const short = (list: readonly number[], uid: number) => BigInt(list[uid] ?? 0);
  return uids.map((uid) => {
    const hotkey = stored.keys.get(store, netuid, uid);
    const coldkey = stored.owner.get(store, hotkey);
    return {
      hotkey,
      coldkey,
      uid: BigInt(uid),
      netuid: BigInt(netuid),
      active: vectors.active[uid] ?? false,
      axon_info: view.axonOf(hotkey),
      prometheus_info: NO_PROMETHEUS,
      stake: [[coldkey, stored.totalHotkeyAlpha.get(store, hotkey, netuid)]],
      rank: 0n,
      emission: vectors.emission[uid] ?? 0n,
      incentive: short(vectors.incentive, uid),
      consensus: short(vectors.consensus, uid),
      trust: 0n,
      validator_trust: short(vectors.validatorTrust, uid),
      dividends: short(vectors.dividends, uid),
      last_update: vectors.lastUpdate[uid] ?? 0n,
      validator_permit: vectors.permits[uid] ?? false,
      pruning_score: PRUNING_SCORE,
    };
  });
}

const API = 'NeuronInfoRuntimeApi';

export const neuronApi = [
  method({
    api: API,
    name: 'get_neurons_lite',
    inputs: [NETUID],
    output: vec(neuronLite),
    answer: (context, args) => {
      const view = subnetView(context, u16.read(args));
      return view === null ? [] : neuronsOf(view, [...view.hotkeys().keys()]);
    },
  }),
  optionalMethod({
    api: API,
    name: 'get_neuron_lite',
    inputs: [NETUID, { name: 'uid', type: u16 }],
    output: neuronLite,
    answer: (context, args) => {
      const view = subnetView(context, u16.read(args));
      const uid = u16.read(args);
      if (view === null || uid >= stored.subnetworkN.get(view.store, view.netuid)) return null;
      return neuronsOf(view, [uid])[0] ?? null;
    },
  }),
];
