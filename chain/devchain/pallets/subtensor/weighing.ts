/** `set_weights`: its checks, in the order in which the runtime makes them. */
import { parts } from '../../composite.js';
import { type CallContext, call, signedBy } from '../../pallet.js';
import { u8, u16, u64, vec } from '../../scale.js';
import type { AccountId } from '../../shapes.js';
import type { StoreView } from '../../storage-item.js';
import { ensure, events } from './declarations.js';
import { setAt } from './registration.js';
import { stakeWeightOf } from './staking.js';
import * as stored from './storage.js';

const ROOT_NETUID = 0;
const MAX_WEIGHT = 65_535;

interface Vector {
  readonly netuid: number;
  readonly mechanism: number;
  readonly dests: readonly number[];
  readonly weights: readonly number[];
  readonly versionKey: bigint;
}

function hasEnoughStake(store: StoreView, netuid: number, hotkey: AccountId): boolean {
  if (stored.subnetOwnerHotkey.get(store, netuid) === hotkey) return true;
  return stakeWeightOf(store, hotkey, netuid) >= stored.stakeThreshold.get(store);
}

function mayAlready(store: StoreView, netuid: number, uid: number, block: number): boolean {
  const last = stored.lastUpdate.get(store, netuid)[uid] ?? 0n;
  return last === 0n || BigInt(block) - last >= stored.weightsSetRateLimit.get(store, netuid);
}

/** What the transaction pool looks at before it takes the call. */
function guard({ store, block }: Pick<CallContext, 'store' | 'block'>, who: AccountId, netuid: number): void {
  ensure(hasEnoughStake(store, netuid, who), 'NotEnoughStakeToSetWeights');
  const uid = stored.uids.get(store, netuid, who);
  if (uid === null || stored.commitRevealWeightsEnabled.get(store, netuid)) return;
  ensure(mayAlready(store, netuid, uid, block), 'SettingWeightsTooFast');
}

function setWeights(context: CallContext, who: AccountId, { netuid, mechanism, dests, weights, versionKey }: Vector): void {
  const { store, block } = context;
  ensure(!stored.commitRevealWeightsEnabled.get(store, netuid), 'CommitRevealEnabled');
  ensure(netuid !== ROOT_NETUID, 'CanNotSetRootNetworkWeights');
  ensure(dests.length === weights.length, 'WeightVecNotEqualSize');
  ensure(stored.networksAdded.get(store, netuid) && mechanism < stored.mechanismCountCurrent.get(store, netuid), 'MechanismDoesNotExist');
  const count = stored.subnetworkN.get(store, netuid);
  ensure(dests.length <= count, 'UidsLengthExceedUidsInSubNet');
  const uid = stored.uids.get(store, netuid, who);
  ensure(uid !== null, 'HotKeyNotRegisteredInSubNet');
  if (uid === null) return;
  ensure(hasEnoughStake(store, netuid, who), 'NotEnoughStakeToSetWeights');
  const required = stored.weightsVersionKey.get(store, netuid);
  ensure(required === 0n || versionKey >= required, 'IncorrectWeightVersionKey');
  ensure(mayAlready(store, netuid, uid, block), 'SettingWeightsTooFast');
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
    netuid,
    uid,
    dests.map((dest, i) => [dest, scaled[i] ?? 0] as const),
  );
  stored.lastUpdate.put(store, netuid, setAt(stored.lastUpdate.get(store, netuid), uid, BigInt(block)));
  context.deposit(events.of({ type: 'WeightsSet', value: [netuid, uid] }));
}

/** Shape: u16 values → the same proportions with the greatest at 65535, rounded down; all zeros stay. */
export function maxUpscaled(values: readonly number[]): readonly number[] {
  const greatest = Math.max(0, ...values);
  return greatest === 0 || greatest === MAX_WEIGHT ? values : values.map((value) => Math.floor((value * MAX_WEIGHT) / greatest));
}

const vectorParts = { dests: vec(u16), weights: vec(u16), version_key: u64 };

export const setWeightsCall = call(0, 'set_weights', parts({ netuid: u16, ...vectorParts }), {
  pays: false,
  guard: (context, who, args) => guard(context, who, args.netuid),
  run: (context, origin, args) => setWeights(context, signedBy(origin), { ...args, mechanism: 0, versionKey: args.version_key }),
});

export const setMechanismWeightsCall = call(119, 'set_mechanism_weights', parts({ netuid: u16, mecid: u8, ...vectorParts }), {
  pays: false,
  guard: (context, who, args) => guard(context, who, args.netuid),
  run: (context, origin, args) => setWeights(context, signedBy(origin), { ...args, mechanism: args.mecid, versionKey: args.version_key }),
});
