/** When the owner of a subnet may change it: not shortly before an epoch, and each thing only so often. Source: subtensor utils/misc.rs, utils/rate_limiting.rs. */
import { DispatchRefusal, type Origin } from '../../pallet.js';
import type { ValueOf } from '../../scale.js';
import type { AccountId, OwnerHyperparameter, ownerHyperparameter, rateLimitKey } from '../../shapes.js';
import type { Store, StoreView } from '../../storage-item.js';
import { blocksUntilEpoch, type Moment } from './clock.js';
import { ensure } from './errors.js';
import * as stored from './storage.js';

/** Shortest tempo that an owner can choose, and the blocks between two such changes. */
export const MIN_TEMPO = 360;
/** Blocks between two changes of a hotkey's children. */
const SET_CHILDREN_BLOCKS = 150n;

/** What is counted per account and subnet, at the positions the runtime gives them, with the blocks between two of a kind. */
const TRANSACTIONS = {
  SetChildren: { index: 0, blocks: () => SET_CHILDREN_BLOCKS },
  SetWeightsVersionKey: {
    index: 4,
    blocks: (store: StoreView, netuid: number) => BigInt(stored.tempo.get(store, netuid)) * stored.weightsVersionKeyRateLimit.get(store),
  },
  // A day on the public networks, a block where blocks are fast, as here.
  MechanismCountUpdate: { index: 7, blocks: () => 1n },
  MechanismEmission: { index: 8, blocks: () => 1n },
  MaxUidsTrimming: { index: 9, blocks: () => 1n },
  TempoUpdate: { index: 11, blocks: () => BigInt(MIN_TEMPO) },
} as const;

export type Limited = keyof typeof TRANSACTIONS | { readonly hyperparameter: OwnerHyperparameter };

/** Errors: BadOrigin. Null: root. */
export function ownerOrRoot(store: StoreView, origin: Origin, netuid: number): AccountId | null {
  return origin.kind === 'root' ? null : ownerOf(store, origin, netuid);
}

/** Errors: BadOrigin. */
export function ownerOf(store: StoreView, origin: Origin, netuid: number): AccountId {
  if (origin.kind === 'signed' && stored.subnetOwner.get(store, netuid) === origin.account) return origin.account;
  throw new DispatchRefusal('BadOrigin');
}

export function ensureAdminWindowOpen(moment: Moment, netuid: number): void {
  ensure(!isFrozen(moment, netuid), 'AdminActionProhibitedDuringWeightsWindow');
}

function isFrozen(moment: Moment, netuid: number): boolean {
  const { store, block } = moment;
  const remaining = blocksUntilEpoch(moment, netuid);
  if (remaining === null) return false;
  if (stored.pendingEpochAt.get(store, netuid) > BigInt(block)) return true;
  return remaining < stored.adminFreezeWindow.get(store);
}

function lastBlockOf(store: StoreView, who: AccountId, netuid: number, limited: Limited): bigint {
  if (typeof limited === 'string') return stored.transactionKeyLastBlock.get(store, who, netuid, TRANSACTIONS[limited].index);
  return stored.lastRateLimitedBlock.get(store, keyOf(netuid, limited));
}

function keyOf(netuid: number, { hyperparameter }: Exclude<Limited, string>): ValueOf<typeof rateLimitKey> {
  // Safety: a name of the variant, which has no fields.
  return { type: 'OwnerHyperparamUpdate', value: [netuid, { type: hyperparameter, value: null } as ValueOf<typeof ownerHyperparameter>] };
}

/** Errors: TxRateLimitExceeded. */
export function ensureMayAgain({ store, block }: Moment, who: AccountId, netuid: number, limited: Limited): void {
  const last = lastBlockOf(store, who, netuid, limited);
  const blocks =
    typeof limited === 'string'
      ? TRANSACTIONS[limited].blocks(store, netuid)
      : BigInt(stored.tempo.get(store, netuid)) * BigInt(stored.ownerHyperparamRateLimit.get(store));
  ensure(last === 0n || BigInt(block) - last >= blocks, 'TxRateLimitExceeded');
}

export function record(store: Store, who: AccountId, netuid: number, limited: Limited, block: number): void {
  if (typeof limited === 'string') {
    stored.transactionKeyLastBlock.put(store, who, netuid, TRANSACTIONS[limited].index, BigInt(block));
  } else stored.lastRateLimitedBlock.put(store, keyOf(netuid, limited), BigInt(block));
}
