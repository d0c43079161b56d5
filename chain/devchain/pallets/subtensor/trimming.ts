/** A subnet made smaller: those who earned least lose their seats and everybody after them gets a lower uid. Source: subtensor subnets/uids.rs. */
import type { Store, StoreView } from '../../storage-item.js';
import { ensure } from './errors.js';
import { storageIndicesOf } from './mechanisms.js';
import { forgetMember, MECHANISM_VECTORS, STAKE_WEIGHT, SUBNET_VECTORS } from './registration.js';
import * as stored from './storage.js';

/** Immune seats must stay below this part of the seats that are left. */
const MAX_IMMUNE_PERCENT = 80;

export function trimToMaxAllowedUids(store: Store, netuid: number, most: number, block: number): void {
  ensure(stored.networksAdded.get(store, netuid), 'SubnetNotExists');
  ensure(most >= stored.minAllowedUids.get(store, netuid), 'InvalidValue');
  ensure(most <= stored.maxAllowedUids.get(store, netuid), 'InvalidValue');
  stored.maxAllowedUids.put(store, netuid, most);
  const count = stored.subnetworkN.get(store, netuid);
  if (count <= most) return;

  const uids = Array.from({ length: count }, (_, uid) => uid);
  const immune = new Set(uids.filter((uid) => isImmune(store, netuid, uid, block)));
  ensure(immune.size * 100 < MAX_IMMUNE_PERCENT * most, 'TrimmingWouldExceedMaxImmunePercentage');
  const emission = stored.emission.get(store, netuid);
  const byEmission = [...uids].sort((a, b) => Number((emission[b] ?? 0n) - (emission[a] ?? 0n)) || a - b);
  const removed = byEmission
    .reverse()
    .filter((uid) => !immune.has(uid))
    .slice(0, count - most);
  renumber(store, netuid, uids, new Set(removed));
  stored.subnetworkN.put(store, netuid, most);
}

function isImmune(store: StoreView, netuid: number, uid: number, block: number): boolean {
  const hotkey = stored.keys.get(store, netuid, uid);
  if (hotkey === stored.subnetOwnerHotkey.get(store, netuid)) return true;
  return block - Number(stored.blockAtRegistration.get(store, netuid, uid)) < stored.immunityPeriod.get(store, netuid);
}

function renumber(store: Store, netuid: number, uids: readonly number[], removed: ReadonlySet<number>): void {
  const kept = uids.filter((uid) => !removed.has(uid));
  const next = new Map(kept.map((uid, i) => [uid, i]));
  const seats = kept.map((uid) => ({
    hotkey: stored.keys.get(store, netuid, uid),
    registeredAt: stored.blockAtRegistration.get(store, netuid, uid),
  }));
  for (const uid of removed) {
    const hotkey = stored.keys.get(store, netuid, uid);
    forgetMember(store, netuid, hotkey);
    stored.alphaDividendsPerSubnet.remove(store, netuid, hotkey);
  }
  for (const vector of [...SUBNET_VECTORS, STAKE_WEIGHT]) vector.keep(store, netuid, kept);
  for (const index of storageIndicesOf(store, netuid)) {
    for (const vector of MECHANISM_VECTORS) vector.keep(store, index, kept);
    for (const rows of [stored.weights, stored.bonds]) {
      const before = kept.map((uid) => rows.get(store, index, uid));
      for (const uid of uids) rows.remove(store, index, uid);
      for (const [uid, row] of before.entries()) {
        const moved = row.flatMap(([to, value]) => {
          const at = next.get(to);
          return at === undefined ? [] : [[at, value] as const];
        });
        if (moved.length > 0) rows.put(store, index, uid, moved);
      }
    }
  }
  for (const uid of uids) {
    stored.keys.remove(store, netuid, uid);
    stored.blockAtRegistration.remove(store, netuid, uid);
  }
  for (const [uid, { hotkey, registeredAt }] of seats.entries()) {
    stored.keys.put(store, netuid, uid, hotkey);
    stored.uids.put(store, netuid, hotkey, uid);
    stored.blockAtRegistration.put(store, netuid, uid, registeredAt);
  }
}
