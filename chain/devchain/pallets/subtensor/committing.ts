/** Weights that are committed as a hash and revealed by their owner in exactly one later epoch. */
import { hotkeyFromPublicKey } from '../../../../protocol/names.js';
import { commitHash } from '../../../commit-hash.js';
import { type FieldsValue, parts } from '../../composite.js';
import { type CallContext, call, ModuleError, signedBy } from '../../pallet.js';
import { compact, fromHex, u8, u16, u64, vec } from '../../scale.js';
import { type AccountId, hash } from '../../shapes.js';
import type { Store } from '../../storage-item.js';
import { attemptEach } from './batch.js';
import { commitTimes, isExpired, isRevealEpoch, type Moment } from './clock.js';
import { ensure } from './errors.js';
import { deposit } from './events.js';
import { ensureMechanism, setLastUpdate, storageIndexOf } from './mechanisms.js';
import * as stored from './storage.js';
import { guardRate, guardStake, mayAlready, setWeights } from './weighing.js';

/** Commits of one hotkey that wait for their reveal, per mechanism. */
export const MAX_UNREVEALED_COMMITS = 10;
const MAIN = 0;

type Commits = NonNullable<ReturnType<typeof stored.weightCommits.get>>;

interface Revealed {
  readonly uids: readonly number[];
  readonly values: readonly number[];
  readonly salt: readonly number[];
  readonly version_key: bigint;
}

function commitWeights(context: CallContext, who: AccountId, netuid: number, mechanism: number, committed: string): void {
  const { store, block } = context;
  ensureMechanism(store, netuid, mechanism);
  const index = storageIndexOf(netuid, mechanism);
  ensure(stored.commitRevealWeightsEnabled.get(store, netuid), 'CommitRevealDisabled');
  const uid = stored.uids.get(store, netuid, who);
  ensure(uid !== null, 'HotKeyNotRegisteredInSubNet');
  if (uid === null) return;
  ensure(mayAlready(context, netuid, mechanism, uid), 'CommittingWeightsTooFast');
  const { waiting } = withoutExpired(context, netuid, stored.weightCommits.get(store, index, who) ?? []);
  ensure(waiting.length < MAX_UNREVEALED_COMMITS, 'TooManyUnrevealedCommits');
  stored.weightCommits.put(store, index, who, [...waiting, [committed, ...commitTimes(context, netuid)]]);
  deposit(context, { type: 'WeightsCommitted', value: [who, index, committed] });
  setLastUpdate(store, index, uid, block);
}

/** The oldest commits whose epoch is over go first; one that still counts keeps all behind it. */
function withoutExpired(moment: Moment, netuid: number, commits: Commits) {
  const firstAlive = commits.findIndex((commit) => !isExpired(moment, netuid, commit));
  const gone = firstAlive === -1 ? commits.length : firstAlive;
  return { waiting: commits.slice(gone), expired: commits.slice(0, gone).map(([committed]) => committed) };
}

function keep(store: Store, index: number, who: AccountId, commits: Commits): void {
  if (commits.length === 0) stored.weightCommits.remove(store, index, who);
  else stored.weightCommits.put(store, index, who, commits);
}

function revealWeights(context: CallContext, who: AccountId, netuid: number, mechanism: number, revealed: Revealed): void {
  const { store } = context;
  const index = storageIndexOf(netuid, mechanism);
  ensure(stored.commitRevealWeightsEnabled.get(store, netuid), 'CommitRevealDisabled');
  const commits = stored.weightCommits.get(store, index, who);
  ensure(commits !== null, 'NoWeightsCommitFound');
  const { waiting, expired } = withoutExpired(context, netuid, commits ?? []);
  const provided = hashOf(who, netuid, mechanism, revealed);
  const position = waiting.findIndex(([committed]) => committed === provided);
  const found = waiting[position];
  if (found === undefined) throw unknownCommit(expired.includes(provided), waiting.length > 0);
  ensure(isRevealEpoch(context, netuid, found), 'RevealTooEarly');
  keep(store, index, who, waiting.slice(position + 1));
  setWeights(context, who, { netuid, mechanism, dests: revealed.uids, weights: revealed.values, versionKey: revealed.version_key });
  deposit(context, { type: 'WeightsRevealed', value: [who, index, provided] });
}

function unknownCommit(expired: boolean, othersWait: boolean): ModuleError {
  if (expired) return new ModuleError(stored.PALLET, 'ExpiredWeightCommit');
  return new ModuleError(stored.PALLET, othersWait ? 'InvalidRevealCommitHashNotMatch' : 'NoWeightsCommitFound');
}

/** All or nothing: every reveal is checked before the first is taken. */
function batchReveal(context: CallContext, who: AccountId, netuid: number, reveals: readonly Revealed[]): void {
  const { store } = context;
  ensure(stored.commitRevealWeightsEnabled.get(store, netuid), 'CommitRevealDisabled');
  const index = storageIndexOf(netuid, MAIN);
  const commits = stored.weightCommits.get(store, index, who);
  ensure(commits !== null, 'NoWeightsCommitFound');
  const { waiting, expired } = withoutExpired(context, netuid, commits ?? []);
  const hashes = reveals.map((revealed) => hashOf(who, netuid, MAIN, revealed));
  for (const provided of hashes) {
    const found = waiting.find(([committed]) => committed === provided);
    if (found === undefined) throw unknownCommit(expired.includes(provided), true);
    ensure(isRevealEpoch(context, netuid, found), 'RevealTooEarly');
  }
  let left: Commits = waiting;
  for (const [i, revealed] of reveals.entries()) {
    const provided = hashes[i];
    const position = left.findIndex(([committed]) => committed === provided);
    if (position === -1) throw unknownCommit(false, true);
    left = left.filter((_, at) => at !== position);
    setWeights(context, who, { netuid, mechanism: MAIN, dests: revealed.uids, weights: revealed.values, versionKey: revealed.version_key });
  }
  keep(store, index, who, left);
  deposit(context, { type: 'WeightsBatchRevealed', value: [who, netuid, hashes] });
}

function hashOf(who: AccountId, netuid: number, mechanism: number, { uids, values, salt, version_key }: Revealed): string {
  const hotkey = hotkeyFromPublicKey(fromHex(who));
  return commitHash(hotkey, { netuid, mechanism, uids, values, salt, versionKey: version_key });
}

/** What the pool looks at before it takes a reveal; it knows no difference between a commit that is gone and one that never was. */
function guardReveal(moment: Moment, who: AccountId, netuid: number, mechanism: number, reveals: readonly Revealed[]): void {
  const index = storageIndexOf(netuid, mechanism);
  const commits = stored.weightCommits.get(moment.store, index, who);
  ensure(commits !== null, 'NoWeightsCommitFound');
  for (const revealed of reveals) {
    const provided = hashOf(who, netuid, mechanism, revealed);
    const found = (commits ?? []).find(([committed]) => committed === provided);
    ensure(found !== undefined, 'NoWeightsCommitFound');
    ensure(found !== undefined && isRevealEpoch(moment, netuid, found), 'RevealTooEarly');
  }
}

function guardCommit(context: Moment, who: AccountId, netuid: number, mechanism: number): void {
  guardStake(context, who, netuid);
  guardRate(context, who, netuid, mechanism, 'CommittingWeightsTooFast');
}

const commitWeightsCall = call(96, 'commit_weights', parts({ netuid: u16, commit_hash: hash }), {
  pays: false,
  guard: (context, who, { netuid }) => guardCommit(context, who, netuid, MAIN),
  run: (context, origin, { netuid, commit_hash }) => commitWeights(context, signedBy(origin), netuid, MAIN, commit_hash),
});

const commitMechanismWeightsCall = call(115, 'commit_mechanism_weights', parts({ netuid: u16, mecid: u8, commit_hash: hash }), {
  pays: false,
  guard: (context, who, { netuid, mecid }) => guardCommit(context, who, netuid, mecid),
  run: (context, origin, { netuid, mecid, commit_hash }) => commitWeights(context, signedBy(origin), netuid, mecid, commit_hash),
});

const batchCommitWeightsCall = call(100, 'batch_commit_weights', parts({ netuids: vec(compact(u16)), commit_hashes: vec(hash) }), {
  pays: false,
  guard: (context, who, { netuids, commit_hashes }) => {
    ensure(netuids.length === commit_hashes.length, 'InputLengthsUnequal');
    for (const netuid of netuids) guardStake(context, who, Number(netuid));
  },
  run: (context, origin, { netuids, commit_hashes }) => {
    const who = signedBy(origin);
    ensure(netuids.length === commit_hashes.length, 'InputLengthsUnequal');
    attemptEach(context, who, netuids, (inner, netuid, i) => commitWeights(inner, who, netuid, MAIN, commit_hashes[i] ?? ''));
  },
});

const revealParts = { uids: vec(u16), values: vec(u16), salt: vec(u16), version_key: u64 };

const revealWeightsCall = call(97, 'reveal_weights', parts({ netuid: u16, ...revealParts }), {
  pays: false,
  guard: (context, who, args) => {
    guardStake(context, who, args.netuid);
    guardReveal(context, who, args.netuid, MAIN, [args]);
  },
  run: (context, origin, args) => revealWeights(context, signedBy(origin), args.netuid, MAIN, args),
});

const revealMechanismWeightsCall = call(116, 'reveal_mechanism_weights', parts({ netuid: u16, mecid: u8, ...revealParts }), {
  pays: false,
  guard: (context, who, args) => {
    guardStake(context, who, args.netuid);
    guardReveal(context, who, args.netuid, args.mecid, [args]);
  },
  run: (context, origin, args) => revealWeights(context, signedBy(origin), args.netuid, args.mecid, args),
});

const batchRevealArgs = parts({
  netuid: u16,
  uids_list: vec(vec(u16)),
  values_list: vec(vec(u16)),
  salts_list: vec(vec(u16)),
  version_keys: vec(u64),
});

/** Errors: InputLengthsUnequal. */
function revealsOf(args: FieldsValue<typeof batchRevealArgs>): readonly Revealed[] {
  const { uids_list, values_list, salts_list, version_keys } = args;
  const equal = [values_list, salts_list, version_keys].every(({ length }) => length === uids_list.length);
  ensure(equal, 'InputLengthsUnequal');
  return uids_list.map((uids, i) => ({
    uids,
    values: values_list[i] ?? [],
    salt: salts_list[i] ?? [],
    version_key: version_keys[i] ?? 0n,
  }));
}

const batchRevealWeightsCall = call(98, 'batch_reveal_weights', batchRevealArgs, {
  pays: false,
  guard: (context, who, args) => {
    const reveals = revealsOf(args);
    guardStake(context, who, args.netuid);
    guardReveal(context, who, args.netuid, MAIN, reveals);
  },
  run: (context, origin, args) => {
    const reveals = revealsOf(args);
    batchReveal(context, signedBy(origin), args.netuid, reveals);
  },
});

export const commitRevealCalls = [
  commitWeightsCall,
  revealWeightsCall,
  batchRevealWeightsCall,
  batchCommitWeightsCall,
  commitMechanismWeightsCall,
  revealMechanismWeightsCall,
] as const;
