import type { Pallet } from '../../pallet.js';
import { u16, u64 } from '../../scale.js';
import type { ItemDescription } from '../../storage-item.js';
import { childrenCalls } from './children.js';
import { commitRevealCalls } from './committing.js';
import { ERRORS } from './errors.js';
import { events, INDEX } from './events.js';
import { hotkeySwapCalls } from './hotkey-swap.js';
import { registrationCalls } from './registration.js';
import { rootRegistrationCalls } from './root.js';
import { servingCalls } from './serving.js';
import { stakingCalls } from './staking.js';
import * as stored from './storage.js';
import { tempoCalls } from './tempo.js';
import { timelockedCalls } from './timelocked.js';
import { weighingCalls } from './weighing.js';

const { PALLET, ...items } = stored;
const storage: readonly ItemDescription[] = Object.values(items);

const calls: Pallet['calls'] = [
  ...weighingCalls,
  ...commitRevealCalls,
  ...timelockedCalls,
  ...stakingCalls,
  ...servingCalls,
  ...registrationCalls,
  ...rootRegistrationCalls,
  ...childrenCalls,
  ...hotkeySwapCalls,
  ...tempoCalls,
];

export const subtensorPallet: Pallet = {
  name: PALLET,
  index: INDEX,
  crate: 'pallet_subtensor',
  storage,
  calls: [...calls].sort((a, b) => a.index - b.index),
  events: events.type,
  errors: ERRORS,
  constants: [
    { name: 'InitialTempo', type: u16, value: 360 },
    { name: 'InitialServingRateLimit', type: u64, value: 50n },
  ],
};
