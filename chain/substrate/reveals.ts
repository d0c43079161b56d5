import type { Hotkey } from '../snapshot.js';
import { toHotkey, toNumber } from './decode.js';
import type { BlockEvents } from './events.js';

/** (storage index, account): a commit was opened by the chain and its weights were set. The second is its name before version 4. */
const REVEALED = new Set(['SubtensorModule.TimelockedWeightsRevealed', 'SubtensorModule.CRV3WeightsRevealed']);

/** Whose timelocked weights of that storage index a block has set, in the order it did. A failed reveal raises no event. */
export function revealersOf({ events }: Pick<BlockEvents, 'events'>, storageIndex: number): readonly Hotkey[] {
  return events.flatMap(({ name, data: [index, account] }) =>
    name !== null && REVEALED.has(name) && toNumber(index) === storageIndex ? [toHotkey(account)] : [],
  );
}
