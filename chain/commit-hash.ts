/** What a commit by hash commits to. */
import { blake2b } from '@noble/hashes/blake2';
import { toHex } from '../protocol/digest.js';
import { type Hash, type Hotkey, publicKeyOf } from '../protocol/names.js';
import type { RevealWeights } from './ports.js';
import { joined, u16, u64, vecU16 } from './scale.js';

/** Mechanisms of a subnet are this far apart in the pallet's maps. */
const SUBNETS_MAX = 4_096;

/** The key of a mechanism's weights, bonds and commits. Shape: netuid, mechanism → u16; the netuid itself for mechanism 0. */
export function storageIndexOf(netuid: number, mechanism: number): number {
  return mechanism * SUBNETS_MAX + netuid;
}

/**
 * The hash to commit, of exactly what will be revealed: the chain hashes the revealed vector as it comes, so not even the order may differ.
 *
 * Shape: hotkey that commits, the call that will reveal → blake2b-256 over public key, storage index, uids, values, salt and version key.
 * Errors: RangeError for a number that does not fit its field.
 * Source: subtensor pallets/subtensor, subnets/weights.rs, get_commit_hash.
 */
export function commitHash(hotkey: Hotkey, { netuid, mechanism, uids, values, salt, versionKey }: RevealWeights): Hash {
  const index = u16(storageIndexOf(netuid, mechanism));
  return blake2of(joined(publicKeyOf(hotkey), index, vecU16(uids), vecU16(values), vecU16(salt), u64(versionKey)));
}

/** How the chain's event names a timelocked commit. Shape: ciphertext → blake2b-256. */
export function timelockedDigest(ciphertext: Uint8Array): Hash {
  return blake2of(ciphertext);
}

function blake2of(bytes: Uint8Array): Hash {
  // Safety: 32 bytes as lower-case hex digits are a Hash.
  return `0x${toHex(blake2b(bytes, { dkLen: 32 }))}` as Hash;
}
