import { storageIndexOf, timelockedDigest } from '../commit-hash.js';
import { epochIndex } from '../epoch.js';
import type { Beacon, CommitReveal, HashCommit, TimelockedCommit, WeightFacts } from '../ports.js';
import type { Hotkey } from '../snapshot.js';
import { asHash, DecodeError, fieldOf, hexDigits, toBigInt, toHotkey, toList, toNumber } from './decode.js';
import type { RuntimeFeatures } from './features.js';
import type { Slot, StorageAt } from './storage.js';

const PALLET = 'subtensorModule';
/** The pallet allows no longer reveal period (`MAX_COMMIT_REVEAL_PEROIDS`); more epochs than these are never asked for. */
export const MAX_REVEAL_PERIOD_EPOCHS = 100;

type EpochFacts = Pick<WeightFacts, 'block' | 'netuid' | 'tempo' | 'epochClock'>;

/** The one-per-subnet items of commit and reveal. */
export function commitRevealSlots(storage: StorageAt, netuid: number, mechanism: number, hotkey: Hotkey) {
  return {
    timelockVersion: storage.slot(PALLET, 'commitRevealWeightsVersion'),
    hashCommits: storage.slot(PALLET, 'weightCommits', storageIndexOf(netuid, mechanism), hotkey),
    beacon: storage.slot('drand', 'beaconConfig'),
    lastStoredRound: storage.slot('drand', 'lastStoredRound'),
  };
}

type CommitRevealValues = Readonly<Record<keyof ReturnType<typeof commitRevealSlots>, unknown>>;

/** Epochs under which commits can lie that are not revealed yet, with the one that opens at the next block. */
export function pendingEpochs(facts: EpochFacts, revealPeriodEpochs: number): readonly number[] {
  const now = epochIndex(facts);
  const first = Math.max(0, now - Math.min(revealPeriodEpochs, MAX_REVEAL_PERIOD_EPOCHS));
  return Array.from({ length: now + 2 - first }, (_, i) => first + i);
}

/** One slot for each of those epochs. */
export function timelockedSlots(storage: StorageAt, netuid: number, mechanism: number, epochs: readonly number[]): (Slot | null)[] {
  return epochs.map((epoch) => storage.slot(PALLET, 'timelockedWeightCommits', storageIndexOf(netuid, mechanism), epoch));
}

export interface CommitRevealParts {
  readonly features: RuntimeFeatures;
  readonly facts: EpochFacts;
  readonly mechanism: number;
  readonly hotkey: Hotkey;
  readonly revealPeriodEpochs: number;
  readonly values: CommitRevealValues;
  readonly epochs: readonly number[];
  /** What the slots of those epochs held, in their order. */
  readonly timelocked: readonly unknown[];
}

/** Null: the runtime has neither kind of commit. */
export function commitRevealOf(parts: CommitRevealParts): CommitReveal | null {
  const { features, facts, mechanism, hotkey, revealPeriodEpochs, values, epochs, timelocked } = parts;
  if (!features.commitReveal) return null;
  const offered = mechanism === 0 ? features.commitCalls.plain : features.commitCalls.mechanism;
  const version = absent(values.timelockVersion) ? null : toNumber(values.timelockVersion);
  return {
    byHash: offered.byHash,
    timelockVersion: offered.timelocked ? version : null,
    revealPeriodEpochs,
    hashCommits: absent(values.hashCommits) ? [] : toList(values.hashCommits, (tuple) => toHashCommit(tuple, facts)),
    timelockedCommits: epochs.flatMap((epoch, i) => toTimelockedCommits(timelocked[i], epoch, hotkey)),
    beacon: toBeacon(values.beacon, values.lastStoredRound),
  };
}

/**
 * Shape: (hash, epoch, block, 0) on runtimes with the stateful epoch clock; (hash, block, first block of the reveal, last block of it)
 * before, where the epoch follows from the block.
 */
export function toHashCommit(json: unknown, facts: EpochFacts): HashCommit {
  const [hash, second, third, fourth] = toList(json, (part) => part);
  const parsed = asHash(hash);
  if (parsed === null) throw new DecodeError(`not a hash: ${String(hash)}`);
  if (toNumber(fourth) === 0) return { hash: parsed, epoch: toNumber(second), block: toNumber(third) };
  const block = toNumber(second);
  return { hash: parsed, block, epoch: epochIndex({ ...facts, epochClock: null, block: { ...facts.block, number: block } }) };
}

/** Shape: entries (account, block, ciphertext, round) of one epoch → those of this hotkey, in their order. */
export function toTimelockedCommits(json: unknown, epoch: number, hotkey: Hotkey): readonly TimelockedCommit[] {
  if (absent(json)) return [];
  return toList(json, (tuple) => toList(tuple, (part) => part)).flatMap(([account, block, commit, round]) =>
    toHotkey(account) === hotkey
      ? [{ epoch, block: toNumber(block), round: toNumber(round), digest: timelockedDigest(Buffer.from(hexDigits(commit), 'hex')) }]
      : [],
  );
}

/** Null: the runtime follows no beacon, or has not been told which. */
export function toBeacon(config: unknown, lastStoredRound: unknown): Beacon | null {
  if (absent(config)) return null;
  const publicKey = hexDigits(fieldOf(config, 'publicKey'));
  const periodSeconds = toNumber(fieldOf(config, 'period'));
  if (publicKey === '' || periodSeconds === 0) return null;
  return {
    publicKey,
    periodSeconds,
    genesisSeconds: toNumber(fieldOf(config, 'genesisTime')),
    lastStoredRound: absent(lastStoredRound) ? 0 : Number(toBigInt(lastStoredRound)),
  };
}

function absent(json: unknown): json is null | undefined {
  return json === null || json === undefined;
}
