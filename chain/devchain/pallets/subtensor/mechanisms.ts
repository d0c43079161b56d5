/** Mechanisms: a subnet may weigh its neurons in several ways at once, each with weights, bonds and incentive of its own. */
import type { Store, StoreView } from '../../storage-item.js';
import { ensure } from './errors.js';
import * as stored from './storage.js';

/** Subnets that there can be; the storage index of mechanism m of a subnet is m times this, plus the netuid. */
const MAX_SUBNETS = 4096;
const SPLIT_WHOLE = 65_535n;
/** Uids of a subnet times its mechanisms are never more. */
const MAX_UIDS_OVER_MECHANISMS = 256;

export function storageIndexOf(netuid: number, mechanism: number): number {
  return Math.min(mechanism * MAX_SUBNETS, 65_535 - netuid) + netuid;
}

export function netuidOf(storageIndex: number): number {
  return storageIndex % MAX_SUBNETS;
}

/** The storage indices of all mechanisms of the subnet. */
export function storageIndicesOf(store: StoreView, netuid: number): readonly number[] {
  return Array.from({ length: stored.mechanismCountCurrent.get(store, netuid) }, (_, mechanism) => storageIndexOf(netuid, mechanism));
}

export function ensureMechanism(store: StoreView, netuid: number, mechanism: number): void {
  ensure(stored.networksAdded.get(store, netuid) && mechanism < stored.mechanismCountCurrent.get(store, netuid), 'MechanismDoesNotExist');
}

/** One entry per uid: the stored vector may be shorter. */
export function lastUpdatesOf(store: StoreView, storageIndex: number): readonly bigint[] {
  const known = stored.lastUpdate.get(store, storageIndex);
  const missing = stored.subnetworkN.get(store, netuidOf(storageIndex)) - known.length;
  return missing <= 0 ? known : [...known, ...Array.from({ length: missing }, () => 0n)];
}

export function setLastUpdate(store: Store, storageIndex: number, uid: number, block: number): void {
  const list = lastUpdatesOf(store, storageIndex);
  stored.lastUpdate.put(
    store,
    storageIndex,
    list.map((old, i) => (i === uid ? BigInt(block) : old)),
  );
}

export function ensureUidsFitMechanisms(maxUids: number, mechanisms: number): void {
  ensure(maxUids * mechanisms <= MAX_UIDS_OVER_MECHANISMS, 'TooManyUIDsPerMechanism');
}

export function setMechanismCount(store: Store, netuid: number, count: number): void {
  ensure(stored.networksAdded.get(store, netuid), 'MechanismDoesNotExist');
  ensure(count > 0 && count <= stored.maxMechanismCount.get(store), 'InvalidValue');
  ensureUidsFitMechanisms(stored.maxAllowedUids.get(store, netuid), count);
  const before = stored.mechanismCountCurrent.get(store, netuid);
  if (before === count) return;
  for (let mechanism = count; mechanism < before; mechanism += 1) clearMechanism(store, storageIndexOf(netuid, mechanism));
  stored.mechanismCountCurrent.put(store, netuid, count);
  stored.mechanismEmissionSplit.remove(store, netuid);
}

function clearMechanism(store: Store, index: number): void {
  stored.incentive.remove(store, index);
  stored.lastUpdate.remove(store, index);
  for (const { keys } of stored.weights.entries(store, [index])) stored.weights.remove(store, ...keys);
  for (const { keys } of stored.bonds.entries(store, [index])) stored.bonds.remove(store, ...keys);
  for (const { keys } of stored.weightCommits.entries(store, [index])) stored.weightCommits.remove(store, ...keys);
  for (const { keys } of stored.timelockedWeightCommits.entries(store, [index])) stored.timelockedWeightCommits.remove(store, ...keys);
}

/** Null: every mechanism the same. */
export function setEmissionSplit(store: Store, netuid: number, split: readonly number[] | null): void {
  ensure(stored.networksAdded.get(store, netuid), 'MechanismDoesNotExist');
  if (split === null) {
    stored.mechanismEmissionSplit.remove(store, netuid);
    return;
  }
  ensure(split.length > 0 && split.length <= stored.mechanismCountCurrent.get(store, netuid), 'InvalidValue');
  ensure(split.reduce((sum, part) => sum + BigInt(part), 0n) === SPLIT_WHOLE, 'InvalidValue');
  stored.mechanismEmissionSplit.put(store, netuid, split);
}
