import { chainFailure } from '../failures.js';
import type { BlockRef, Hash, SubnetSnapshot } from '../snapshot.js';
import { toNumber } from './decode.js';
import {
  hyperparametersOf,
  neuronsOf,
  outsideStakes,
  PERSON_SLOTS,
  personOf,
  personSlots,
  readNamed,
  seatSlots,
  seatsOf,
  stakePartsOf,
  subnetSlots,
} from './neurons.js';
import type { StorageAt } from './storage.js';

/** More seats than any subnet may have: a larger count is a broken node, not a subnet. */
export const MAX_NEURONS = 4096;

/** Which subnet at which block. */
export interface SnapshotPlace {
  readonly genesis: Hash;
  readonly netuid: number;
  readonly block: BlockRef;
}

/**
 * A snapshot from plain storage: the way that every generation of the runtime knows.
 *
 * Requests for n seats: 1 + ⌈2n / 4096⌉ + ⌈8n / 4096⌉, and ⌈2p / 4096⌉ when p hotkeys outside the subnet lend stake to some inside: 3 for
 * 256 seats, 11 for the 4,096 of the largest subnet, and 4 more at most.
 * Errors: chain.subnet_not_found.
 */
export async function readPlainSnapshot(storage: StorageAt, { genesis, netuid, block }: SnapshotPlace): Promise<SubnetSnapshot> {
  const values = await readNamed(storage, subnetSlots(storage, netuid));
  if (values.exists !== true) throw chainFailure('chain.subnet_not_found', { netuid });
  const seats = seatsOf(await storage.read(seatSlots(storage, netuid, seatCount(netuid, values.count))));
  const found = await storage.read(seats.flatMap(({ hotkey }) => personSlots(storage, netuid, hotkey)));
  const people = seats.map((_, i) => personOf(found.slice(i * PERSON_SLOTS, (i + 1) * PERSON_SLOTS)));
  const inside = new Map(seats.map(({ hotkey }, i) => [hotkey, people[i]?.stake ?? stakePartsOf(null, null)]));
  const outside = await outsideStakes(storage, netuid, people, new Set(inside.keys()));
  return {
    genesis,
    netuid,
    block,
    specVersion: storage.specVersion,
    hyperparameters: hyperparametersOf(values),
    neurons: neuronsOf(seats, people, new Map([...inside, ...outside]), values),
  };
}

/** Errors: throws a RangeError for more seats than a subnet can have. */
export function seatCount(netuid: number, json: unknown): number {
  const count = toNumber(json);
  if (count > MAX_NEURONS) throw new RangeError(`subnet ${netuid} claims ${count} neurons`);
  return count;
}
