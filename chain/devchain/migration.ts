/**
 * What an upgrade does to the state besides the code: from epochs by formula to the stateful clock, so that the next epoch opens where the
 * formula has it, epochs go on being counted and the activity cutoff stays what it is.
 *
 * Source: subtensor migrations/migrate_dynamic_tempo.rs.
 */

import type { GenerationName } from './generation.js';
import { generationOf } from './generation.js';
import type { CallContext } from './pallet.js';
import * as stored from './pallets/subtensor/storage.js';

/** Weights of mechanism m of a subnet stand at m × this + netuid. */
const MECHANISM_STRIDE = 4096;
const FACTOR_SCALE = 1000;
const LEAST_FACTOR = 1_000;
const GREATEST_FACTOR = 50_000;

export function migrate(context: CallContext, from: GenerationName, to: GenerationName): void {
  const { store, block } = context;
  if (generationOf(from).rules.epochClock === generationOf(to).rules.epochClock || generationOf(to).rules.epochClock === 'formula') return;
  for (const { keys } of stored.networksAdded.entries(store, [])) {
    const [netuid] = keys;
    const tempo = stored.tempo.get(store, netuid);
    if (tempo === 0) continue;
    // As the first block of the new runtime would do it before anything else.
    const first = block + 1;
    const position = first + netuid + 1;
    stored.lastEpochBlock.put(store, netuid, BigInt(Math.max(0, first - (position % (tempo + 1)))));
    stored.subnetEpochIndex.put(store, netuid, BigInt(Math.floor(position / (tempo + 1))));
    stored.pendingEpochAt.put(store, netuid, 0n);
    const factor = Math.ceil((stored.activityCutoff.get(store, netuid) * FACTOR_SCALE) / tempo);
    stored.activityCutoffFactorMilli.put(store, netuid, Math.min(GREATEST_FACTOR, Math.max(LEAST_FACTOR, factor)));
  }
  migrateCommits(context);
}

/** (hash, block, first, last block to reveal) becomes (hash, epoch, block, 0). */
function migrateCommits({ store }: CallContext): void {
  for (const { keys, value } of stored.weightCommits.entries(store, [])) {
    const [index, who] = keys;
    const netuid = index % MECHANISM_STRIDE;
    const period = BigInt(stored.tempo.get(store, netuid) + 1);
    const migrated = value.map(([hash, block]) => [hash, (block + BigInt(netuid + 1)) / period, block, 0n] as const);
    stored.weightCommits.put(store, index, who, migrated);
  }
}
