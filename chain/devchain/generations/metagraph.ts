/** Spec 250 to 422: the whole metagraph in one runtime call, several mechanisms, timelocked commits; epochs by formula. */
import type { Generation } from '../generation-shape.js';
import { CLOCK } from './clock.js';

/** What came with the stateful epoch clock. */
const LACKS = [
  'SubtensorModule.ActivityCutoffFactorMilli',
  'SubtensorModule.LastEpochBlock',
  'SubtensorModule.PendingEpochAt',
  'SubtensorModule.SubnetEpochIndex',
  'SubtensorModule.MaxEpochsPerBlock',
  'SubtensorModule.EpochDeferred',
  'SubnetInfoRuntimeApi_get_next_epoch_start_block',
  'SubnetInfoRuntimeApi_get_subnet_hyperparams_v3',
  'SubtensorModule.MaxEpochsPerBlockSet',
  'SubtensorModule.ActivityCutoffFactorMilliSet',
  'SubtensorModule.EpochTriggered',
  'SubtensorModule.set_activity_cutoff_factor',
  'SubtensorModule.trigger_epoch',
  'SubtensorModule.set_tempo',
  'AdminUtils.sudo_set_max_epochs_per_block',
];

/** Nothing stood yet where the runtime later put `MaxEpochsPerBlockSet`: what follows it had one number less. */
const EARLIER_EVENTS = [
  ['AdminFreezeWindowSet', 42],
  ['OwnerHyperparamRateLimitSet', 43],
  ['RegistrationAllowed', 49],
  ['TempoSet', 51],
  ['StakeThresholdSet', 53],
  ['HotkeySwapped', 65],
  ['SetChildrenScheduled', 74],
  ['SetChildren', 75],
  ['WeightsCommitted', 84],
  ['WeightsRevealed', 85],
  ['WeightsBatchRevealed', 86],
  ['BatchWeightsCompleted', 87],
  ['BatchCompletedWithErrors', 88],
  ['BatchWeightItemFailed', 89],
  ['CommitRevealPeriodsSet', 99],
  ['CommitRevealEnabled', 100],
  ['HotkeySwappedOnSubnet', 101],
  ['CommitRevealVersionSet', 105],
  ['TimelockedWeightsCommitted', 106],
  ['TimelockedWeightsRevealed', 107],
] as const;

export const METAGRAPH: Generation = {
  ...CLOCK,
  specVersion: 402,
  rules: { epochClock: 'formula', poolChecks: true, yuma3: true, safeMode: true },
  lacks: new Set(LACKS),
  events: new Map(EARLIER_EVENTS.map(([name, index]) => [`SubtensorModule.${name}`, { index }])),
};
