/** Open weights: `set_weights` and its kin, their checks in the order in which the runtime makes them. */
import { maxUpscaled } from '../../../weight-checks.js';
import { parts } from '../../composite.js';
import { type CallContext, call, signedBy } from '../../pallet.js';
import { compact, tuple, u8, u16, u64, vec } from '../../scale.js';
import type { AccountId } from '../../shapes.js';
import type { StoreView } from '../../storage-item.js';
import { attemptEach } from './batch.js';
import type { Moment } from './clock.js';
import { ensure } from './errors.js';
import { deposit } from './events.js';
import { ensureMechanism, lastUpdatesOf, setLastUpdate, storageIndexOf } from './mechanisms.js';
import { stakeWeightOf } from './staking.js';
import * as stored from './storage.js';

const ROOT_NETUID = 0;

export interface WeightVector {
  readonly netuid: number;
  readonly mechanism: number;
  readonly dests: readonly number[];
  readonly weights: readonly number[];
  readonly versionKey: bigint;
}

function hasEnoughStake(store: StoreView, netuid: number, hotkey: AccountId): boolean {
  const uid = stored.uids.get(store, netuid, hotkey);
  if (uid !== null && stored.subnetOwnerHotkey.get(store, netuid) === hotkey) return true;
  return stakeWeightOf(store, hotkey, netuid) >= stored.stakeThreshold.get(store);
}

/** Whether the uid's last weights or commit of that mechanism are long enough ago. */
export function mayAlready({ store, block }: Moment, netuid: number, mechanism: number, uid: number): boolean {
  if (mechanism >= stored.mechanismCountCurrent.get(store, netuid)) return false;
  const last = lastUpdatesOf(store, storageIndexOf(netuid, mechanism))[uid] ?? 0n;
  return last === 0n || BigInt(block) - last >= stored.weightsSetRateLimit.get(store, netuid);
}

/** The pool turns away who has too little stake, whatever way his weights take. */
export function guardStake({ store }: Pick<Moment, 'store'>, who: AccountId, netuid: number): void {
  ensure(hasEnoughStake(store, netuid, who), 'NotEnoughStakeToSetWeights');
}

/** The pool turns away who comes too early; those without a seat are left to the call itself. */
export function guardRate(
  moment: Moment,
  who: AccountId,
  netuid: number,
  mechanism: number,
  error: 'SettingWeightsTooFast' | 'CommittingWeightsTooFast',
): void {
  const uid = stored.uids.get(moment.store, netuid, who);
  if (uid !== null) ensure(mayAlready(moment, netuid, mechanism, uid), error);
}

function guard(moment: Moment, who: AccountId, netuid: number, mechanism: number): void {
  guardStake(moment, who, netuid);
  if (stored.commitRevealWeightsEnabled.get(moment.store, netuid)) return;
  guardRate(moment, who, netuid, mechanism, 'SettingWeightsTooFast');
}

function setOpenWeights(context: CallContext, who: AccountId, vector: WeightVector): void {
  ensure(!stored.commitRevealWeightsEnabled.get(context.store, vector.netuid), 'CommitRevealEnabled');
  setWeights(context, who, vector);
}

/** What open weights and revealed ones have in common. */
export function setWeights(context: CallContext, who: AccountId, { netuid, mechanism, dests, weights, versionKey }: WeightVector): void {
  const { store, block } = context;
  const index = storageIndexOf(netuid, mechanism);
  ensure(netuid !== ROOT_NETUID, 'CanNotSetRootNetworkWeights');
  ensure(dests.length === weights.length, 'WeightVecNotEqualSize');
  ensureMechanism(store, netuid, mechanism);
  const count = stored.subnetworkN.get(store, netuid);
  ensure(dests.length <= count, 'UidsLengthExceedUidsInSubNet');
  const uid = stored.uids.get(store, netuid, who);
  ensure(uid !== null, 'HotKeyNotRegisteredInSubNet');
  if (uid === null) return;
  guardStake(context, who, netuid);
  const required = stored.weightsVersionKey.get(store, netuid);
  ensure(required === 0n || versionKey >= required, 'IncorrectWeightVersionKey');
  const open = !stored.commitRevealWeightsEnabled.get(store, netuid);
  if (open) ensure(mayAlready(context, netuid, mechanism, uid), 'SettingWeightsTooFast');
  const onlyItself = dests.length === 1 && dests[0] === uid;
  const isOwner = stored.subnetOwnerHotkey.get(store, netuid) === who;
  ensure(onlyItself || isOwner || stored.validatorPermit.get(store, netuid)[uid] === true, 'NeuronNoValidatorPermit');
  ensure(new Set(dests).size === dests.length, 'DuplicateUids');
  ensure(
    dests.every((dest) => dest < count),
    'UidVecContainInvalidOne',
  );
  const least = Math.min(count, stored.minAllowedWeights.get(store, netuid));
  ensure(onlyItself || dests.length >= least, 'WeightVecLengthIsLow');

  const scaled = maxUpscaled(weights);
  stored.weights.put(
    store,
    index,
    uid,
    dests.map((dest, i) => [dest, scaled[i] ?? 0] as const),
  );
  // Whoever commits was counted when he committed.
  if (open) setLastUpdate(store, index, uid, block);
  deposit(context, { type: 'WeightsSet', value: [index, uid] });
}

const vectorParts = { dests: vec(u16), weights: vec(u16), version_key: u64 };

const setWeightsCall = call(0, 'set_weights', parts({ netuid: u16, ...vectorParts }), {
  pays: false,
  guard: (context, who, args) => guard(context, who, args.netuid, 0),
  run: (context, origin, args) => setOpenWeights(context, signedBy(origin), { ...args, mechanism: 0, versionKey: args.version_key }),
});

const setMechanismWeightsCall = call(119, 'set_mechanism_weights', parts({ netuid: u16, mecid: u8, ...vectorParts }), {
  pays: false,
  guard: (context, who, args) => guard(context, who, args.netuid, args.mecid),
  run: (context, origin, args) =>
    setOpenWeights(context, signedBy(origin), { ...args, mechanism: args.mecid, versionKey: args.version_key }),
});

const batchArgs = parts({
  netuids: vec(compact(u16)),
  weights: vec(vec(tuple(compact(u16), compact(u16)))),
  version_keys: vec(compact(u64)),
});

/** One vector for each of several subnets; one that is refused is told by an event and stops none of the others. */
const batchSetWeightsCall = call(80, 'batch_set_weights', batchArgs, {
  pays: false,
  guard: (context, who, { netuids, weights, version_keys }) => {
    ensure(netuids.length === weights.length && netuids.length === version_keys.length, 'InputLengthsUnequal');
    for (const netuid of netuids) guardStake(context, who, Number(netuid));
  },
  run: (context, origin, { netuids, weights, version_keys }) => {
    const who = signedBy(origin);
    ensure(netuids.length === weights.length && netuids.length === version_keys.length, 'InputLengthsUnequal');
    attemptEach(context, who, netuids, (inner, netuid, i) => {
      const row = weights[i] ?? [];
      setOpenWeights(inner, who, {
        netuid,
        mechanism: 0,
        dests: row.map(([dest]) => Number(dest)),
        weights: row.map(([, value]) => Number(value)),
        versionKey: version_keys[i] ?? 0n,
      });
    });
  },
});

export const weighingCalls = [setWeightsCall, batchSetWeightsCall, setMechanismWeightsCall] as const;
