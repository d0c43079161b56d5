/** The weights of the fake chain: the pallet's checks in its order, commits and their reveals, on plain state. */

import { publicKeyOf, roundAt, signRound } from '../../chain/beacon.js';
import { commitHash } from '../../chain/commit-hash.js';
import type { Beacon, CommitReveal, HashCommit, RevealWeights, SetWeights, TimelockedCommit, WeightEntry } from '../../chain/ports.js';
import { failureOfModuleError, type RefusedCall } from '../../chain/refusals.js';
import type { Hotkey, Hyperparameters, Neuron } from '../../chain/snapshot.js';
import { decryptTimelocked } from '../../chain/timelock.js';
import { maxUpscaled } from '../../chain/weight-checks.js';
import { decodeWeightPayload } from '../../chain/weight-payload.js';
import { sha256 } from '../../protocol/digest.js';

export interface TimelockedEntry extends TimelockedCommit {
  readonly mechanism: number;
  readonly hotkey: Hotkey;
  readonly commit: Uint8Array;
}

export interface WeightState {
  /** "mechanism/uid" → row. */
  readonly rows: ReadonlyMap<string, readonly WeightEntry[]>;
  /** "mechanism/hotkey" → commits, oldest first. */
  readonly hashCommits: ReadonlyMap<string, readonly HashCommit[]>;
  readonly timelocked: readonly TimelockedEntry[];
  /** Opened in this very block. */
  readonly reveals: readonly { readonly mechanism: number; readonly hotkey: Hotkey }[];
}

export const NO_WEIGHTS: WeightState = { rows: new Map(), hashCommits: new Map(), timelocked: [], reveals: [] };

/** What the pallet looks at besides. */
export interface Surroundings {
  readonly netuid: number;
  readonly number: number;
  /** With lookahead. */
  readonly epoch: number;
  readonly lastEpochBlock: number;
  readonly neurons: readonly Neuron[];
  readonly hyperparameters: Hyperparameters;
  readonly owner: Hotkey | null;
  readonly stakeThresholdRao: bigint;
}

export const FAKE_TIMELOCK_VERSION = 4;
const COMMITS_MAX = 10;
const BEACON_SECRET = sha256('the beacon of the fake chain');
const BEACON = { publicKey: publicKeyOf(BEACON_SECRET), periodSeconds: 3, genesisSeconds: 1_600_000_000 };

export function beaconAt(nowMs: number): Beacon {
  return { ...BEACON, lastStoredRound: roundAt(BEACON, nowMs / 1000) };
}

export function commitRevealOf(
  state: WeightState,
  mechanism: number,
  hotkey: Hotkey,
  of: {
    readonly hyperparameters: Hyperparameters;
    readonly timelockVersion: number | null;
    readonly byHash: boolean;
    readonly beacon: Beacon;
  },
): CommitReveal {
  return {
    byHash: of.byHash,
    timelockVersion: of.timelockVersion,
    revealPeriodEpochs: of.hyperparameters.revealPeriodEpochs,
    hashCommits: state.hashCommits.get(`${mechanism}/${hotkey}`) ?? [],
    timelockedCommits: state.timelocked
      .filter((entry) => entry.mechanism === mechanism && entry.hotkey === hotkey)
      .map(({ epoch, block, round, digest }) => ({ epoch, block, round, digest })),
    beacon: of.beacon,
  };
}

function refuse(around: Surroundings, method: string, error: string, known: Partial<RefusedCall> = {}): never {
  throw failureOfModuleError('SubtensorModule', error, { method, netuid: around.netuid, ...known });
}

function seatOf(around: Surroundings, hotkey: Hotkey, method: string): Neuron {
  return around.neurons.find((neuron) => neuron.hotkey === hotkey) ?? refuse(around, method, 'HotKeyNotRegisteredInSubNet');
}

function ensureRate(around: Surroundings, self: Neuron, method: string, error: string): void {
  const nextAt = self.lastUpdate + around.hyperparameters.weightsRateLimitBlocks;
  if (self.lastUpdate !== 0 && around.number < nextAt) refuse(around, method, error, { blocksLeft: nextAt - around.number });
}

/** The row that would be stored. Throws the pallet's refusal. */
function rowFor(
  around: Surroundings,
  hotkey: Hotkey,
  request: Omit<SetWeights, 'netuid'>,
  method: string,
): readonly [string, readonly WeightEntry[]] {
  const { hyperparameters: hyper, neurons, owner } = around;
  const { mechanism, uids, values, versionKey } = request;
  const no = (error: string, known: Partial<RefusedCall> = {}) => refuse(around, method, error, known);
  if (uids.length !== values.length) no('WeightVecNotEqualSize');
  if (mechanism < 0 || mechanism > 1) no('MechanismDoesNotExist');
  if (uids.length > neurons.length) no('UidsLengthExceedUidsInSubNet');
  const self = seatOf(around, hotkey, method);
  const owns = owner === hotkey;
  if (!owns && self.stakeRao < around.stakeThresholdRao) no('NotEnoughStakeToSetWeights');
  if (hyper.weightsVersionKey !== 0n && versionKey < hyper.weightsVersionKey) no('IncorrectWeightVersionKey');
  if (!hyper.commitRevealEnabled) ensureRate(around, self, method, 'SettingWeightsTooFast');
  const selfOnly = uids.length === 1 && uids[0] === self.uid;
  if (!selfOnly && !owns && !self.validatorPermit) no('NeuronNoValidatorPermit');
  if (new Set(uids).size !== uids.length) no('DuplicateUids');
  if (uids.some((uid) => !neurons.some((neuron) => neuron.uid === uid))) no('UidVecContainInvalidOne');
  if (!selfOnly && uids.length < Math.min(neurons.length, hyper.minAllowedWeights)) no('WeightVecLengthIsLow');
  const scaledValues = maxUpscaled(values);
  const scaled = uids.map((uid, i) => ({ uid, value: scaledValues[i] ?? 0 }));
  return [`${mechanism}/${self.uid}`, scaled.toSorted((a, b) => a.uid - b.uid)];
}

export function setWeights(state: WeightState, around: Surroundings, hotkey: Hotkey, request: SetWeights, method: string): WeightState {
  if (around.hyperparameters.commitRevealEnabled) refuse(around, method, 'CommitRevealEnabled');
  if (request.netuid !== around.netuid) refuse(around, method, 'MechanismDoesNotExist');
  const [key, row] = rowFor(around, hotkey, request, method);
  return { ...state, rows: new Map(state.rows).set(key, row) };
}

function openForCommits(around: Surroundings, hotkey: Hotkey, method: string): void {
  if (!around.hyperparameters.commitRevealEnabled) refuse(around, method, 'CommitRevealDisabled');
  ensureRate(around, seatOf(around, hotkey, method), method, 'CommittingWeightsTooFast');
}

export function commitWeights(
  state: WeightState,
  around: Surroundings,
  hotkey: Hotkey,
  { mechanism, hash }: { readonly mechanism: number; readonly hash: HashCommit['hash'] },
): WeightState {
  const method = 'commit_weights';
  openForCommits(around, hotkey, method);
  const key = `${mechanism}/${hotkey}`;
  const live = (state.hashCommits.get(key) ?? []).filter(({ epoch }) => around.epoch <= epoch + around.hyperparameters.revealPeriodEpochs);
  if (live.length >= COMMITS_MAX) refuse(around, method, 'TooManyUnrevealedCommits');
  const commit = { hash, block: around.number, epoch: around.epoch };
  return { ...state, hashCommits: new Map(state.hashCommits).set(key, [...live, commit]) };
}

export function revealWeights(state: WeightState, around: Surroundings, hotkey: Hotkey, request: RevealWeights): WeightState {
  const method = 'reveal_weights';
  const { revealPeriodEpochs, commitRevealEnabled } = around.hyperparameters;
  if (!commitRevealEnabled) refuse(around, method, 'CommitRevealDisabled');
  const key = `${request.mechanism}/${hotkey}`;
  const all = state.hashCommits.get(key) ?? refuse(around, method, 'NoWeightsCommitFound');
  const hash = commitHash(hotkey, request);
  const live = all.filter(({ epoch }) => around.epoch <= epoch + revealPeriodEpochs);
  const at = live.findIndex((commit) => commit.hash === hash);
  if (at < 0) {
    const expired = all.some((commit) => commit.hash === hash);
    const absent = live.length === 0 ? 'NoWeightsCommitFound' : 'InvalidRevealCommitHashNotMatch';
    refuse(around, method, expired ? 'ExpiredWeightCommit' : absent);
  }
  const epochsLeft = (live[at]?.epoch ?? 0) + revealPeriodEpochs - around.epoch;
  if (epochsLeft !== 0) {
    const opensAt = around.lastEpochBlock + epochsLeft * around.hyperparameters.tempo;
    refuse(around, method, 'RevealTooEarly', { blocksLeft: Math.max(1, opensAt - around.number) });
  }
  const [rowKey, row] = rowFor(around, hotkey, request, method);
  const hashCommits = new Map(state.hashCommits);
  if (live.length === at + 1) hashCommits.delete(key);
  else hashCommits.set(key, live.slice(at + 1));
  return { ...state, rows: new Map(state.rows).set(rowKey, row), hashCommits };
}

export function commitTimelocked(
  state: WeightState,
  around: Surroundings,
  hotkey: Hotkey,
  entry: {
    readonly mechanism: number;
    readonly commit: Uint8Array;
    readonly round: number;
    readonly version: number;
    readonly digest: TimelockedCommit['digest'];
  },
  beacon: Beacon,
): WeightState {
  const method = 'commit_timelocked_weights';
  if (entry.round < beacon.lastStoredRound) refuse(around, method, 'InvalidRevealRound');
  if (entry.version !== FAKE_TIMELOCK_VERSION) refuse(around, method, 'IncorrectCommitRevealVersion');
  openForCommits(around, hotkey, method);
  const { mechanism, commit, round, digest } = entry;
  const held = state.timelocked.filter((other) => other.hotkey === hotkey && other.mechanism === mechanism && other.epoch === around.epoch);
  if (held.length >= COMMITS_MAX) refuse(around, method, 'TooManyUnrevealedCommits');
  const added = { mechanism, hotkey, epoch: around.epoch, block: around.number, round, digest, commit };
  return { ...state, timelocked: [...state.timelocked, added] };
}

/** At the start of each block: commits whose epoch has come are opened if their round is known, those that are too old are forgotten in silence. */
export function openTimelocked(state: WeightState, around: Surroundings, beacon: Beacon): WeightState {
  const due = around.epoch - around.hyperparameters.revealPeriodEpochs;
  let next: WeightState = { ...state, reveals: [], timelocked: state.timelocked.filter(({ epoch }) => epoch >= due) };
  for (const entry of next.timelocked.filter(({ epoch, round }) => epoch === due && round <= beacon.lastStoredRound)) {
    next = { ...next, timelocked: next.timelocked.filter((other) => other !== entry) };
    const opened = decryptTimelocked(entry.commit, signRound(BEACON_SECRET, entry.round));
    const payload = opened.ok ? decodeWeightPayload(opened.value) : null;
    if (payload === null || !payload.ok || payload.value.hotkey !== entry.hotkey) continue;
    try {
      const [key, row] = rowFor(around, entry.hotkey, { mechanism: entry.mechanism, ...payload.value }, 'reveal');
      const { mechanism, hotkey } = entry;
      next = { ...next, rows: new Map(next.rows).set(key, row), reveals: [...next.reveals, { mechanism, hotkey }] };
    } catch {
      // The chain says nothing either.
    }
  }
  return next;
}
