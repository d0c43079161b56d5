import type { Pallet } from '../../pallet.js';
import { u16, u64 } from '../../scale.js';
import type { ItemDescription } from '../../storage-item.js';
import { ERRORS, events, INDEX } from './declarations.js';
import { burnedRegister } from './registration.js';
import { serveAxon, serveAxonTls } from './serving.js';
import { addStake } from './staking.js';
import * as stored from './storage.js';
import { setMechanismWeightsCall, setWeightsCall } from './weighing.js';

const { PALLET, ...items } = stored;
const storage: readonly ItemDescription[] = Object.values(items);

export const subtensorPallet: Pallet = {
  name: PALLET,
  index: INDEX,
  crate: 'pallet_subtensor',
  storage,
  calls: [setWeightsCall, addStake, serveAxon, burnedRegister, serveAxonTls, setMechanismWeightsCall],
  events: events.type,
  errors: ERRORS,
  constants: [
    { name: 'InitialTempo', type: u16, value: 360 },
    { name: 'InitialServingRateLimit', type: u64, value: 50n },
  ],
};
