/** Timestamp and Aura: when a block was made, and how long blocks take. */
import { parts } from '../composite.js';
import { call, type Pallet } from '../pallet.js';
import { compact, u64 } from '../scale.js';
import { itemsOf } from '../storage-item.js';

const TIMESTAMP_INDEX = 2;
export const now = itemsOf('Timestamp').valued('Now', [], u64, 0n);

export const setTime = call(0, 'set', parts({ now: compact(u64) }), {
  run: (context, _origin, args) => now.put(context.store, args.now),
});

export function timestampPallet(blockTimeMs: number): Pallet {
  return {
    name: 'Timestamp',
    index: TIMESTAMP_INDEX,
    crate: 'pallet_timestamp',
    storage: [now],
    calls: [setTime],
    events: null,
    errors: [],
    constants: [{ name: 'MinimumPeriod', type: u64, value: BigInt(Math.floor(blockTimeMs / 2)) }],
  };
}

export function auraPallet(blockTimeMs: number): Pallet {
  return {
    name: 'Aura',
    index: 3,
    crate: 'pallet_aura',
    storage: [],
    calls: [],
    events: null,
    errors: [],
    constants: [{ name: 'SlotDuration', type: u64, value: BigInt(blockTimeMs) }],
  };
}
