/** Hyperparameters, set by the subnet's owner or by sudo: their checks in the order of the runtime. Source: subtensor pallets/admin-utils. */
import { parts } from '../composite.js';
import { type CallContext, type CallDefinition, call, ensureFor, ensureRoot, eventsOf, type Pallet } from '../pallet.js';
import { bool, i16, option, type Type, u8, u16, u64, vec } from '../scale.js';
import type { OwnerHyperparameter } from '../shapes.js';
import type { Store } from '../storage-item.js';
import { ensure as ensureSubtensor } from './subtensor/errors.js';
import { deposit } from './subtensor/events.js';
import { ensureAdminWindowOpen, ensureMayAgain, type Limited, ownerOrRoot, record } from './subtensor/limits.js';
import { ensureUidsFitMechanisms, setEmissionSplit, setMechanismCount } from './subtensor/mechanisms.js';
import * as stored from './subtensor/storage.js';
import { applyTempo } from './subtensor/tempo.js';
import { trimToMaxAllowedUids } from './subtensor/trimming.js';

const INDEX = 19;
const ERRORS = [
  'SubnetDoesNotExist',
  'MaxValidatorsLargerThanMaxUIds',
  'MaxAllowedUIdsLessThanCurrentUIds',
  'BondsMovingAverageMaxReached',
  'NegativeSigmoidSteepness',
  'ValueNotInBounds',
  'MinAllowedUidsGreaterThanCurrentUids',
  'MinAllowedUidsGreaterThanMaxAllowedUids',
  'MaxAllowedUidsLessThanMinAllowedUids',
  'MaxAllowedUidsGreaterThanDefaultMaxAllowedUids',
  'InvalidValue',
  'NotPermittedOnRootSubnet',
  'POWRegistrationDisabled',
  'Deprecated',
] as const;
const ensure = ensureFor('AdminUtils', ERRORS);

const events = eventsOf('pallet_admin_utils', INDEX, {
  Yuma3EnableToggled: [1, parts({ netuid: u16, enabled: bool })],
  BondsResetToggled: [2, parts({ netuid: u16, enabled: bool })],
});

/** The most uids that a subnet can ever have. */
const MAX_UIDS = 256;
/** An owner cannot slow the bonds of his subnet more than this. */
const OWNER_MAX_BONDS_MOVING_AVERAGE = 975_000n;
const MIN_ALPHA = 1_638;
const MIN_REVEAL_PERIOD = 1n;
const MAX_REVEAL_PERIOD = 100n;
const MIN_BURN_UPPER_BOUND_RAO = 1_000_000_000n;
const MAX_MECHANISMS = 16;

interface Change<V> {
  readonly context: CallContext;
  readonly store: Store;
  readonly netuid: number;
  readonly value: V;
  /** Root, not the owner. */
  readonly byRoot: boolean;
}

interface Rules<V> {
  /** Root only; else the owner too, as often as this allows. */
  readonly by: 'root' | 'root_in_window' | Limited;
  /** Not looked at everywhere. */
  readonly anySubnet?: true;
  readonly set: (change: Change<V>) => void;
}

const of = (hyperparameter: OwnerHyperparameter) => ({ hyperparameter });

/** A call with a subnet and one value. */
function setter<V>(
  index: number,
  name: string,
  argument: string,
  type: Type<V>,
  { by, anySubnet, set }: Rules<V>,
): CallDefinition<unknown> {
  const args = { netuid: u16, [argument]: type };
  return call(index, `sudo_${name}`, parts<Record<string, Type<unknown>>>(args), {
    run: (context, origin, values) => {
      const { store, block } = context;
      const netuid = Number(values['netuid']);
      const limited = by === 'root' || by === 'root_in_window' ? null : by;
      if (limited === null) ensureRoot(origin);
      const owner = ownerOrRoot(store, origin, netuid);
      if (owner !== null && limited !== null) ensureMayAgain(context, owner, netuid, limited);
      if (by !== 'root') ensureAdminWindowOpen(context, netuid);
      if (anySubnet !== true) ensure(stored.networksAdded.get(store, netuid), 'SubnetDoesNotExist');
      // Safety: read by `type`, which is a Type<V>.
      set({ context, store, netuid, value: values[argument] as V, byRoot: owner === null });
      if (owner !== null && limited !== null) record(store, owner, netuid, limited, block);
    },
  });
}

const setters: readonly CallDefinition<unknown>[] = [
  setter(3, 'set_serving_rate_limit', 'serving_rate_limit', u64, {
    by: of('ServingRateLimit'),
    anySubnet: true,
    set: ({ context, store, netuid, value }) => {
      stored.servingRateLimit.put(store, netuid, value);
      deposit(context, { type: 'ServingRateLimitSet', value: [netuid, value] });
    },
  }),
  setter(6, 'set_weights_version_key', 'weights_version_key', u64, {
    by: 'SetWeightsVersionKey',
    set: ({ context, store, netuid, value }) => {
      stored.weightsVersionKey.put(store, netuid, value);
      deposit(context, { type: 'WeightsVersionKeySet', value: [netuid, value] });
    },
  }),
  setter(7, 'set_weights_set_rate_limit', 'weights_set_rate_limit', u64, {
    by: 'root',
    set: ({ context, store, netuid, value }) => {
      stored.weightsSetRateLimit.put(store, netuid, value);
      deposit(context, { type: 'WeightsSetRateLimitSet', value: [netuid, value] });
    },
  }),
  setter(13, 'set_immunity_period', 'immunity_period', u16, {
    by: of('ImmunityPeriod'),
    set: ({ context, store, netuid, value }) => {
      stored.immunityPeriod.put(store, netuid, value);
      deposit(context, { type: 'ImmunityPeriodSet', value: [netuid, value] });
    },
  }),
  setter(14, 'set_min_allowed_weights', 'min_allowed_weights', u16, {
    by: of('MinAllowedWeights'),
    set: ({ context, store, netuid, value }) => {
      stored.minAllowedWeights.put(store, netuid, value);
      deposit(context, { type: 'MinAllowedWeightSet', value: [netuid, value] });
    },
  }),
  setter(15, 'set_max_allowed_uids', 'max_allowed_uids', u16, {
    by: of('MaxAllowedUids'),
    set: ({ context, store, netuid, value }) => {
      ensure(value >= stored.minAllowedUids.get(store, netuid), 'MaxAllowedUidsLessThanMinAllowedUids');
      ensure(value >= stored.subnetworkN.get(store, netuid), 'MaxAllowedUIdsLessThanCurrentUIds');
      ensure(value <= MAX_UIDS, 'MaxAllowedUidsGreaterThanDefaultMaxAllowedUids');
      ensureUidsFitMechanisms(value, stored.mechanismCountCurrent.get(store, netuid));
      stored.maxAllowedUids.put(store, netuid, value);
      deposit(context, { type: 'MaxAllowedUidsSet', value: [netuid, value] });
    },
  }),
  setter(16, 'set_kappa', 'kappa', u16, {
    by: 'root',
    set: ({ context, store, netuid, value }) => {
      stored.kappa.put(store, netuid, value);
      deposit(context, { type: 'KappaSet', value: [netuid, value] });
    },
  }),
  setter(19, 'set_network_registration_allowed', 'registration_allowed', bool, {
    by: 'root',
    anySubnet: true,
    set: ({ context, store, netuid, value }) => {
      stored.networkRegistrationAllowed.put(store, netuid, value);
      deposit(context, { type: 'RegistrationAllowed', value: [netuid, value] });
    },
  }),
  setter(22, 'set_min_burn', 'min_burn', u64, {
    by: of('MinBurn'),
    set: ({ context, store, netuid, value }) => {
      ensure(value < MIN_BURN_UPPER_BOUND_RAO, 'ValueNotInBounds');
      ensure(value < stored.maxBurn.get(store, netuid), 'ValueNotInBounds');
      stored.minBurn.put(store, netuid, value);
      deposit(context, { type: 'MinBurnSet', value: [netuid, value] });
    },
  }),
  setter(25, 'set_max_allowed_validators', 'max_allowed_validators', u16, {
    by: 'root_in_window',
    set: ({ context, store, netuid, value }) => {
      ensure(value <= stored.maxAllowedUids.get(store, netuid), 'MaxValidatorsLargerThanMaxUIds');
      stored.maxAllowedValidators.put(store, netuid, value);
      deposit(context, { type: 'MaxAllowedValidatorsSet', value: [netuid, value] });
    },
  }),
  setter(26, 'set_bonds_moving_average', 'bonds_moving_average', u64, {
    by: of('BondsMovingAverage'),
    anySubnet: true,
    set: ({ context, store, netuid, value, byRoot }) => {
      ensure(byRoot || value <= OWNER_MAX_BONDS_MOVING_AVERAGE, 'BondsMovingAverageMaxReached');
      ensure(stored.networksAdded.get(store, netuid), 'SubnetDoesNotExist');
      stored.bondsMovingAverage.put(store, netuid, value);
      deposit(context, { type: 'BondsMovingAverageSet', value: [netuid, value] });
    },
  }),
  setter(30, 'set_tempo', 'tempo', u16, {
    by: 'root_in_window',
    set: ({ context, netuid, value }) => applyTempo(context, netuid, value),
  }),
  setter(49, 'set_commit_reveal_weights_enabled', 'enabled', bool, {
    by: of('CommitRevealEnabled'),
    set: ({ context, store, netuid, value }) => {
      stored.commitRevealWeightsEnabled.put(store, netuid, value);
      deposit(context, { type: 'CommitRevealEnabled', value: [netuid, value] });
    },
  }),
  setter(50, 'set_liquid_alpha_enabled', 'enabled', bool, {
    by: of('LiquidAlphaEnabled'),
    anySubnet: true,
    set: ({ store, netuid, value }) => stored.liquidAlphaOn.put(store, netuid, value),
  }),
  setter(57, 'set_commit_reveal_weights_interval', 'interval', u64, {
    by: of('WeightCommitInterval'),
    set: ({ context, store, netuid, value }) => {
      ensureSubtensor(value <= MAX_REVEAL_PERIOD, 'RevealPeriodTooLarge');
      ensureSubtensor(value >= MIN_REVEAL_PERIOD, 'RevealPeriodTooSmall');
      stored.revealPeriodEpochs.put(store, netuid, value);
      deposit(context, { type: 'CommitRevealPeriodsSet', value: [netuid, value] });
    },
  }),
  setter(60, 'set_bonds_penalty', 'bonds_penalty', u16, {
    by: of('BondsPenalty'),
    set: ({ context, store, netuid, value }) => {
      stored.bondsPenalty.put(store, netuid, value);
      deposit(context, { type: 'BondsPenaltySet', value: [netuid, value] });
    },
  }),
  setter(66, 'set_subtoken_enabled', 'subtoken_enabled', bool, {
    by: 'root',
    anySubnet: true,
    set: ({ store, netuid, value }) => stored.subtokenEnabled.put(store, netuid, value),
  }),
  setter(68, 'set_alpha_sigmoid_steepness', 'steepness', i16, {
    by: of('AlphaSigmoidSteepness'),
    set: ({ context, store, netuid, value, byRoot }) => {
      ensure(byRoot || value >= 0, 'NegativeSigmoidSteepness');
      stored.alphaSigmoidSteepness.put(store, netuid, value);
      deposit(context, { type: 'AlphaSigmoidSteepnessSet', value: [netuid, value] });
    },
  }),
  setter(69, 'set_yuma3_enabled', 'enabled', bool, {
    by: of('Yuma3Enabled'),
    anySubnet: true,
    set: ({ context, store, netuid, value }) => {
      stored.yuma3On.put(store, netuid, value);
      context.deposit(events.of({ type: 'Yuma3EnableToggled', value: { netuid, enabled: value } }));
    },
  }),
  setter(70, 'set_bonds_reset_enabled', 'enabled', bool, {
    by: of('BondsResetEnabled'),
    anySubnet: true,
    set: ({ context, store, netuid, value }) => {
      stored.bondsResetOn.put(store, netuid, value);
      deposit(context, { type: 'BondsResetOnSet', value: [netuid, value] });
      context.deposit(events.of({ type: 'BondsResetToggled', value: { netuid, enabled: value } }));
    },
  }),
  setter(76, 'set_mechanism_count', 'mechanism_count', u8, {
    by: 'MechanismCountUpdate',
    anySubnet: true,
    set: ({ store, netuid, value }) => setMechanismCount(store, netuid, value),
  }),
  setter(77, 'set_mechanism_emission_split', 'maybe_split', option(vec(u16)), {
    by: 'MechanismEmission',
    anySubnet: true,
    set: ({ store, netuid, value }) => setEmissionSplit(store, netuid, value),
  }),
  setter(78, 'trim_to_max_allowed_uids', 'max_n', u16, {
    by: 'MaxUidsTrimming',
    anySubnet: true,
    set: ({ context, store, netuid, value }) => trimToMaxAllowedUids(store, netuid, value, context.block),
  }),
];

/** A call of root with one value for the whole chain. */
function global<V>(index: number, name: string, argument: string, type: Type<V>, set: (context: CallContext, value: V) => void) {
  return call(index, `sudo_${name}`, parts<Record<string, Type<unknown>>>({ [argument]: type }), {
    run: (context, origin, values) => {
      ensureRoot(origin);
      // Safety: read by `type`, which is a Type<V>.
      set(context, values[argument] as V);
    },
  });
}

const globals: readonly CallDefinition<unknown>[] = [
  global(2, 'set_tx_rate_limit', 'tx_rate_limit', u64, ({ store }, value) => stored.txRateLimit.put(store, value)),
  global(42, 'set_stake_threshold', 'min_stake', u64, (context, value) => {
    stored.stakeThreshold.put(context.store, value);
    deposit(context, { type: 'StakeThresholdSet', value });
  }),
  global(71, 'set_commit_reveal_version', 'version', u16, (context, value) => {
    stored.commitRevealWeightsVersion.put(context.store, value);
    deposit(context, { type: 'CommitRevealVersionSet', value });
  }),
  global(74, 'set_admin_freeze_window', 'window', u16, (context, value) => {
    stored.adminFreezeWindow.put(context.store, value);
    deposit(context, { type: 'AdminFreezeWindowSet', value });
  }),
  global(75, 'set_owner_hparam_rate_limit', 'epochs', u16, (context, value) => {
    stored.ownerHyperparamRateLimit.put(context.store, value);
    deposit(context, { type: 'OwnerHyperparamRateLimitSet', value });
  }),
  global(88, 'set_max_mechanism_count', 'max_mechanism_count', u8, ({ store }, value) => {
    ensureSubtensor(value > 0 && value <= MAX_MECHANISMS, 'InvalidValue');
    stored.maxMechanismCount.put(store, value);
  }),
  global(96, 'set_max_epochs_per_block', 'max_epochs_per_block', u8, (context, value) => {
    ensure(value >= 1, 'ValueNotInBounds');
    stored.maxEpochsPerBlock.put(context.store, value);
    deposit(context, { type: 'MaxEpochsPerBlockSet', value });
  }),
];

const alphaValues = call(51, 'sudo_set_alpha_values', parts({ netuid: u16, alpha_low: u16, alpha_high: u16 }), {
  run: (context, origin, { netuid, alpha_low, alpha_high }) => {
    const { store, block } = context;
    const owner = ownerOrRoot(store, origin, netuid);
    if (owner !== null) ensureMayAgain(context, owner, netuid, of('AlphaValues'));
    ensureAdminWindowOpen(context, netuid);
    ensureSubtensor(stored.liquidAlphaOn.get(store, netuid), 'LiquidAlphaDisabled');
    ensureSubtensor(alpha_high >= MIN_ALPHA, 'AlphaHighTooLow');
    ensureSubtensor(alpha_low >= MIN_ALPHA && alpha_low <= alpha_high, 'AlphaLowOutOfRange');
    stored.alphaValues.put(store, netuid, [alpha_low, alpha_high]);
    if (owner !== null) record(store, owner, netuid, of('AlphaValues'), block);
  },
});

export const adminUtilsPallet: Pallet = {
  name: 'AdminUtils',
  index: INDEX,
  crate: 'pallet_admin_utils',
  storage: [],
  calls: [...setters, ...globals, alphaValues].sort((a, b) => a.index - b.index),
  events: events.type,
  errors: ERRORS,
  constants: [],
};
