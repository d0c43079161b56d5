/** Hyperparameters, set by the subnet's owner or by sudo. */
import { parts } from '../composite.js';
import { type CallContext, type CallDefinition, call, DispatchRefusal, ensureFor, type Origin, type Pallet } from '../pallet.js';
import { bool, type Type, u16, u64 } from '../scale.js';
import type { Store } from '../storage-item.js';
import * as stored from './subtensor/storage.js';

const ERRORS = ['SubnetDoesNotExist', 'MaxValidatorsLargerThanMaxUIds', 'MaxAllowedUIdsLessThanCurrentUIds'] as const;
const ensure = ensureFor('AdminUtils', ERRORS);

function ensureOwnerOrRoot(store: Store, origin: Origin, netuid: number): void {
  if (origin.kind === 'root') return;
  if (origin.kind === 'signed' && stored.subnetOwner.get(store, netuid) === origin.account) return;
  throw new DispatchRefusal('BadOrigin');
}

/** A call with a subnet and one value. */
function setter<V>(
  index: number,
  hyperparameter: string,
  type: Type<V>,
  set: (context: CallContext, netuid: number, value: V) => void,
  argument = hyperparameter,
): CallDefinition<unknown> {
  const args = { netuid: u16, [argument]: type };
  return call(index, `sudo_set_${hyperparameter}`, parts<Record<string, Type<unknown>>>(args), {
    run: (context, origin, values) => {
      const netuid = Number(values['netuid']);
      ensureOwnerOrRoot(context.store, origin, netuid);
      ensure(stored.networksAdded.get(context.store, netuid), 'SubnetDoesNotExist');
      // Safety: read by `type`, which is a Type<V>.
      set(context, netuid, values[argument] as V);
    },
  });
}

export const adminUtilsPallet: Pallet = {
  name: 'AdminUtils',
  index: 19,
  crate: 'pallet_admin_utils',
  storage: [],
  calls: [
    setter(3, 'serving_rate_limit', u64, ({ store }, netuid, value) => stored.servingRateLimit.put(store, netuid, value)),
    setter(6, 'weights_version_key', u64, ({ store }, netuid, value) => stored.weightsVersionKey.put(store, netuid, value)),
    setter(7, 'weights_set_rate_limit', u64, ({ store }, netuid, value) => stored.weightsSetRateLimit.put(store, netuid, value)),
    setter(13, 'immunity_period', u16, ({ store }, netuid, value) => stored.immunityPeriod.put(store, netuid, value)),
    setter(14, 'min_allowed_weights', u16, ({ store }, netuid, value) => stored.minAllowedWeights.put(store, netuid, value)),
    setter(15, 'max_allowed_uids', u16, ({ store }, netuid, value) => {
      ensure(value >= stored.subnetworkN.get(store, netuid), 'MaxAllowedUIdsLessThanCurrentUIds');
      stored.maxAllowedUids.put(store, netuid, value);
    }),
    setter(16, 'kappa', u16, ({ store }, netuid, value) => stored.kappa.put(store, netuid, value)),
    setter(
      19,
      'network_registration_allowed',
      bool,
      ({ store }, netuid, value) => stored.networkRegistrationAllowed.put(store, netuid, value),
      'registration_allowed',
    ),
    setter(25, 'max_allowed_validators', u16, ({ store }, netuid, value) => {
      ensure(value <= stored.maxAllowedUids.get(store, netuid), 'MaxValidatorsLargerThanMaxUIds');
      stored.maxAllowedValidators.put(store, netuid, value);
    }),
    setter(30, 'tempo', u16, ({ store, block }, netuid, value) => {
      stored.tempo.put(store, netuid, value);
      stored.lastEpochBlock.put(store, netuid, BigInt(block));
    }),
    call(42, 'sudo_set_stake_threshold', parts({ min_stake: u64 }), {
      run: (context, origin, args) => {
        if (origin.kind !== 'root') throw new DispatchRefusal('BadOrigin');
        stored.stakeThreshold.put(context.store, args.min_stake);
      },
    }),
    setter(
      49,
      'commit_reveal_weights_enabled',
      bool,
      ({ store }, netuid, value) => stored.commitRevealWeightsEnabled.put(store, netuid, value),
      'enabled',
    ),
    setter(66, 'subtoken_enabled', bool, ({ store }, netuid, value) => stored.subtokenEnabled.put(store, netuid, value)),
  ],
  events: null,
  errors: ERRORS,
  constants: [],
};
