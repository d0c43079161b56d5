/** Weights that are committed encrypted to a round of the beacon; the chain opens them by itself, and says nothing of those it cannot use. */
import { blake2AsU8a } from '@polkadot/util-crypto';
import { decryptTimelocked } from '../../../timelock.js';
import { parts } from '../../composite.js';
import { type CallContext, call, ModuleError, signedBy } from '../../pallet.js';
import { bytes, createReader, toHex, u8, u16, u64, vec } from '../../scale.js';
import { type AccountId, timelockedCommit } from '../../shapes.js';
import { createOverlay } from '../../state.js';
import { lastStoredRound, pulses } from '../drand.js';
import { commitEpoch, currentEpoch } from './clock.js';
import { MAX_UNREVEALED_COMMITS } from './committing.js';
import { ensure } from './errors.js';
import { deposit } from './events.js';
import { ensureMechanism, setLastUpdate, storageIndexOf } from './mechanisms.js';
import * as stored from './storage.js';
import { guardStake, mayAlready, setWeights } from './weighing.js';

interface Commit {
  readonly netuid: number;
  readonly mechanism: number;
  readonly commit: Uint8Array;
  readonly round: bigint;
  readonly version: number;
}

/** The version that `commit_crv3_mechanism_weights` stands for. */
const CRV3_VERSION = 4;
const ACCOUNT_BYTES = 32;

function commitTimelocked(context: CallContext, who: AccountId, { netuid, mechanism, commit, round, version }: Commit): void {
  const { store, block } = context;
  ensureMechanism(store, netuid, mechanism);
  const index = storageIndexOf(netuid, mechanism);
  ensure(stored.commitRevealWeightsEnabled.get(store, netuid), 'CommitRevealDisabled');
  ensure(version === stored.commitRevealWeightsVersion.get(store), 'IncorrectCommitRevealVersion');
  const uid = stored.uids.get(store, netuid, who);
  ensure(uid !== null, 'HotKeyNotRegisteredInSubNet');
  if (uid === null) return;
  ensure(mayAlready(context, netuid, mechanism, uid), 'CommittingWeightsTooFast');
  const epoch = commitEpoch(context, netuid);
  const commits = stored.timelockedWeightCommits.get(store, index, epoch);
  ensure(commits.filter(([account]) => account === who).length < MAX_UNREVEALED_COMMITS, 'TooManyUnrevealedCommits');
  stored.timelockedWeightCommits.put(store, index, epoch, [...commits, [who, BigInt(block), commit, round]]);
  deposit(context, { type: 'TimelockedWeightsCommitted', value: [who, index, toHex(blake2AsU8a(commit)), round] });
  setLastUpdate(store, index, uid, block);
}

function guard({ store }: Pick<CallContext, 'store'>, who: AccountId, netuid: number, round: bigint): void {
  guardStake({ store }, who, netuid);
  ensure(round >= lastStoredRound.get(store), 'InvalidRevealRound');
}

/**
 * Opens what was committed one reveal period ago and is due. Without its pulse a commit waits for the next block of the same epoch; when that
 * epoch is over it is deleted. What does not open, names another hotkey or sets no valid weights is dropped without a word.
 */
export function revealTimelocked(context: CallContext, netuid: number): void {
  const { store } = context;
  const period = stored.revealPeriodEpochs.get(store, netuid);
  const current = currentEpoch(context, netuid);
  const due = current > period ? current - period : 0n;
  for (let mechanism = 0; mechanism < stored.mechanismCountCurrent.get(store, netuid); mechanism += 1) {
    const index = storageIndexOf(netuid, mechanism);
    for (const { keys } of stored.timelockedWeightCommits.entries(store, [index])) {
      if (keys[1] < due) stored.timelockedWeightCommits.remove(store, ...keys);
    }
    if (current < period) return;
    const commits = stored.timelockedWeightCommits.get(store, index, due);
    if (commits.length === 0) continue;
    stored.timelockedWeightCommits.remove(store, index, due);
    const waiting = commits.filter(([who, , commit, round]) => {
      const pulse = pulses.get(store, round);
      if (pulse === null) return true;
      open(context, who, netuid, mechanism, commit, pulse.signature);
      return false;
    });
    if (waiting.length > 0) stored.timelockedWeightCommits.put(store, index, due, waiting);
  }
}

function open(context: CallContext, who: AccountId, netuid: number, mechanism: number, commit: Uint8Array, signature: Uint8Array): void {
  const opened = decryptTimelocked(commit, signature);
  const payload = opened.ok ? payloadOf(opened.value, who) : null;
  if (payload === null) return;
  const { uids, values, version_key } = payload;
  const store = createOverlay(context.store);
  try {
    setWeights({ ...context, store }, who, { netuid, mechanism, dests: uids, weights: values, versionKey: version_key });
  } catch (error) {
    if (error instanceof ModuleError) return;
    throw error;
  }
  store.apply(context.store);
  deposit(context, { type: 'TimelockedWeightsRevealed', value: [storageIndexOf(netuid, mechanism), who] });
}

const vector = { uids: vec(u16), values: vec(u16), version_key: u64 };
const payload = parts({ hotkey: bytes, ...vector });
/** What was committed before a payload named its hotkey; still understood. */
const legacyPayload = parts(vector);

/** Bytes after the payload are passed over, as the runtime does. Null: not for this hotkey, or nothing that can be read. */
function payloadOf(plain: Uint8Array, who: AccountId) {
  const read = readOrNull(payload, plain);
  if (read === null || read.hotkey.length < ACCOUNT_BYTES) return readOrNull(legacyPayload, plain);
  return toHex(read.hotkey.subarray(0, ACCOUNT_BYTES)) === who ? read : null;
}

function readOrNull<T>(fields: { read(from: ReturnType<typeof createReader>): T }, plain: Uint8Array): T | null {
  try {
    return fields.read(createReader(plain));
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

const commitArgs = { commit: timelockedCommit, reveal_round: u64 };

const commitTimelockedCall = call(113, 'commit_timelocked_weights', parts({ netuid: u16, ...commitArgs, commit_reveal_version: u16 }), {
  pays: false,
  guard: (context, who, { netuid, reveal_round }) => guard(context, who, netuid, reveal_round),
  run: (context, origin, { netuid, commit, reveal_round, commit_reveal_version }) =>
    commitTimelocked(context, signedBy(origin), { netuid, mechanism: 0, commit, round: reveal_round, version: commit_reveal_version }),
});

const commitTimelockedMechanismCall = call(
  118,
  'commit_timelocked_mechanism_weights',
  parts({ netuid: u16, mecid: u8, ...commitArgs, commit_reveal_version: u16 }),
  {
    pays: false,
    guard: (context, who, { netuid, reveal_round }) => guard(context, who, netuid, reveal_round),
    run: (context, origin, { netuid, mecid, commit, reveal_round, commit_reveal_version }) =>
      commitTimelocked(context, signedBy(origin), {
        netuid,
        mechanism: mecid,
        commit,
        round: reveal_round,
        version: commit_reveal_version,
      }),
  },
);

const commitCrv3Call = call(117, 'commit_crv3_mechanism_weights', parts({ netuid: u16, mecid: u8, ...commitArgs }), {
  pays: false,
  guard: (context, who, { netuid, reveal_round }) => guard(context, who, netuid, reveal_round),
  run: (context, origin, { netuid, mecid, commit, reveal_round }) =>
    commitTimelocked(context, signedBy(origin), { netuid, mechanism: mecid, commit, round: reveal_round, version: CRV3_VERSION }),
});

export const timelockedCalls = [commitTimelockedCall, commitCrv3Call, commitTimelockedMechanismCall] as const;
