/** Spec 250 to 422: the whole metagraph in one runtime call, several mechanisms, timelocked commits; epochs by formula. */
import type { Generation } from '../generation.js';
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
];

export const METAGRAPH: Generation = {
  ...CLOCK,
  specVersion: 402,
  rules: { epochClock: 'formula', poolChecks: true },
  lacks: new Set(LACKS),
};
