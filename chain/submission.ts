/** May these weights be sent now, and how? The pallet's own checks, asked beforehand, so that nothing is sent in vain and each "no" says what to do. */
import { fromHex } from '../protocol/digest.js';
import type { Failure } from '../protocol/failure.js';
import type { Hash } from '../protocol/names.js';
import { err, ok, type Result } from '../protocol/result.js';
import { QUICKNET, readG2, roundAt } from './beacon.js';
import { type BlockSpan, epochSpan, epochStart } from './epoch.js';
import { chainFailure } from './failures.js';
import type { Beacon, CommitReveal, WeightFacts } from './ports.js';
import { type RevealRound, type RevealTiming, revealRound, revealSpan } from './reveal.js';
import {
  inBlocks,
  isStored,
  type PlannedVector,
  pauseFault,
  permitFault,
  type Refusal,
  rateFault,
  standingFault,
  vectorFault,
  type Wait,
} from './weight-checks.js';
import { TIMELOCK_VERSION, TIMELOCKED_WEIGHTS_MAX } from './weight-payload.js';

/** How weights are committed where a subnet asks for commits. `auto`: timelocked where that can work, else by hash. */
export type CommitPreference = 'auto' | 'timelocked' | 'hash';

export interface SubmissionOptions extends Omit<RevealTiming, 'head'> {
  /** The newest block known; default: the block of the facts. */
  readonly head?: { readonly number: number };
  /** Default: auto. */
  readonly prefer?: CommitPreference;
  /** The chain is a public one, whose beacon is known: another is not believed. */
  readonly quicknetOnly?: boolean;
  /** Hashes and digests of the commits of this very vector that were sent. */
  readonly sent?: readonly Hash[];
}

export type SubmissionMethod =
  | 'set_weights'
  | 'set_mechanism_weights'
  | 'commit_weights'
  | 'commit_mechanism_weights'
  | 'commit_timelocked_weights'
  | 'commit_timelocked_mechanism_weights';

export type Submission =
  | { readonly way: 'open' }
  /** `reveal`: the blocks in which it has to be revealed, when it is included at once; the chain tells the epoch it counts. */
  | { readonly way: 'hash'; readonly reveal: BlockSpan }
  /** To be encrypted to `reveal.round` of the beacon; the chain reveals it in these blocks, or never. */
  | { readonly way: 'timelocked'; readonly version: number; readonly beacon: Beacon; readonly reveal: RevealRound };

export type SubmissionPlan =
  | ({ readonly action: 'submit'; readonly method: SubmissionMethod } & Submission)
  | Wait
  /** These weights are on chain, or on their way: set or committed in `block`. */
  | { readonly action: 'done'; readonly what: 'set' | 'committed'; readonly block: number }
  | Refusal;

/** How far the newest round on chain may be from the round of our clock. */
export const BEACON_LAG_SECONDS_MAX = 600;
/** Commits of one hotkey that the chain keeps unrevealed: by hash altogether, timelocked in one epoch. */
export const UNREVEALED_COMMITS_MAX = 10;

/**
 * What to do with a weight vector at `head`.
 *
 * Shape: what is done comes first, then refusals, then waits; of several waits the longest.
 * Units: `blocks` is at least 1.
 * Errors: those of chain/weight-checks.ts; chain.commit_reveal_unsupported, hash_commit_missing, timelock_missing, timelock_version, beacon_unknown,
 * beacon_foreign, beacon_stalled, reveal_unforeseen, tempo_too_short; waits: no_permit, rate_limited, too_many_commits, paused.
 * Source: subtensor pallets/subtensor, subnets/weights.rs: internal_set_weights, internal_commit_weights, internal_commit_timelocked_weights.
 */
export function planSubmission(given: WeightFacts, vector: PlannedVector, options: SubmissionOptions): SubmissionPlan {
  const broken = vectorFault(vector);
  if (broken !== null) return refuse(broken);
  const done = alreadyDone(given, vector, options.sent ?? []);
  if (done !== null) return done;
  const fault = standingFault(given, vector);
  if (fault !== null) return refuse(fault);
  const head = Math.max(options.head?.number ?? 0, given.block.number);
  const way = chooseWay(given, vector, { ...options, head: { number: head } });
  if (way.action !== 'submit') return way;

  const facts = { ...given, block: { ...given.block, number: head } };
  const { method } = way;
  const waits = [permitFault(facts, vector), rateFault(facts, method), crowdFault(given, head, way), pauseFault(facts, method)].filter(
    (each) => each !== null,
  );
  const never = waits.find((each) => each.action === 'refuse');
  return (
    never ?? waits.reduce<SubmissionPlan>((best, each) => (best.action === 'wait' && best.blocks >= blocksOf(each) ? best : each), way)
  );
}

type Chosen = Extract<SubmissionPlan, { action: 'submit' }>;

function chooseWay(facts: WeightFacts, vector: PlannedVector, options: SubmissionOptions & RevealTiming): Chosen | Refusal {
  const known = facts.commitReveal;
  const one = <A extends SubmissionMethod, B extends SubmissionMethod>(main: A, mechanism: B) => (facts.mechanism === 0 ? main : mechanism);
  if (!facts.commitRevealEnabled) return { action: 'submit', way: 'open', method: one('set_weights', 'set_mechanism_weights') };
  if (known === null) return refuse(chainFailure('chain.commit_reveal_unsupported', { netuid: facts.netuid }));

  if (options.prefer !== 'hash') {
    const locked = timelocked(facts, known, vector, options);
    const method = one('commit_timelocked_weights', 'commit_timelocked_mechanism_weights');
    if (locked.ok) return { action: 'submit', method, ...locked.value };
    if (options.prefer === 'timelocked' || !known.byHash) return refuse(locked.error);
  }
  if (!known.byHash) return refuse(chainFailure('chain.hash_commit_missing', { mechanism: facts.mechanism }));
  const reveal = revealSpan(facts, options.head);
  if (!reveal.ok) return refuse(reveal.error);
  return { action: 'submit', way: 'hash', method: one('commit_weights', 'commit_mechanism_weights'), reveal: reveal.value };
}

/** Errors: why timelocked weights would not come through. */
function timelocked(
  facts: WeightFacts,
  { timelockVersion, beacon }: CommitReveal,
  vector: PlannedVector,
  options: SubmissionOptions & RevealTiming,
): Result<Extract<Submission, { way: 'timelocked' }>, Failure> {
  if (timelockVersion === null) return err(chainFailure('chain.timelock_missing', { mechanism: facts.mechanism }));
  if (timelockVersion !== TIMELOCK_VERSION)
    return err(chainFailure('chain.timelock_version', { requiredVersion: timelockVersion, givenVersion: TIMELOCK_VERSION }));
  if (beacon === null) return err(chainFailure('chain.beacon_unknown'));
  const fault = beaconFault(beacon, options) ?? sizeFault(vector);
  if (fault !== null) return err(fault);
  const reveal = revealRound(facts, options);
  return reveal.ok ? ok({ way: 'timelocked', version: TIMELOCK_VERSION, beacon, reveal: reveal.value }) : reveal;
}

function beaconFault(beacon: Beacon, { quicknetOnly = false, nowSeconds }: SubmissionOptions): Failure | null {
  const isQuicknet =
    beacon.publicKey === QUICKNET.publicKey &&
    beacon.genesisSeconds === QUICKNET.genesisSeconds &&
    beacon.periodSeconds === QUICKNET.periodSeconds;
  if (quicknetOnly && !isQuicknet) return chainFailure('chain.beacon_foreign', { publicKey: `${beacon.publicKey.slice(0, 16)}…` });
  if (!isQuicknet && (beacon.periodSeconds <= 0 || readG2(fromHex(beacon.publicKey)) === null)) return chainFailure('chain.beacon_unknown');
  const expected = roundAt(beacon, nowSeconds);
  const offSeconds = Math.abs(expected - beacon.lastStoredRound) * beacon.periodSeconds;
  if (offSeconds <= BEACON_LAG_SECONDS_MAX) return null;
  return chainFailure('chain.beacon_stalled', { storedRound: beacon.lastStoredRound, expectedRound: expected });
}

function sizeFault({ uids }: PlannedVector): Failure | null {
  if (uids.length <= TIMELOCKED_WEIGHTS_MAX) return null;
  return chainFailure('chain.bad_vector', { reason: `${uids.length} weights do not fit into a timelocked commit` });
}

function alreadyDone(facts: WeightFacts, vector: PlannedVector, sent: readonly Hash[]): SubmissionPlan | null {
  if (!facts.commitRevealEnabled) {
    const isFresh = facts.lastUpdate > 0 && facts.lastUpdate >= epochStart(facts);
    return isFresh && isStored(vector, facts.stored) ? { action: 'done', what: 'set', block: facts.lastUpdate } : null;
  }
  const { hashCommits = [], timelockedCommits = [], revealPeriodEpochs = 0 } = facts.commitReveal ?? {};
  const isOpen = ({ epoch }: { readonly epoch: number }) => (epochSpan(facts, epoch + revealPeriodEpochs)?.until ?? 0) > facts.block.number;
  const held =
    hashCommits.find((commit) => sent.includes(commit.hash) && isOpen(commit)) ??
    timelockedCommits.find((commit) => sent.includes(commit.digest) && isOpen(commit));
  return held === undefined ? null : { action: 'done', what: 'committed', block: held.block };
}

/** Room for one more commit comes when the oldest by hash expires, or with the next epoch. */
function crowdFault(facts: WeightFacts, head: number, chosen: Chosen): Wait | null {
  const known = facts.commitReveal;
  if (known === null || chosen.way === 'open') return null;
  const commitEpoch = chosen.way === 'timelocked' ? chosen.reveal.commitEpoch : 0;
  const held =
    chosen.way === 'timelocked'
      ? known.timelockedCommits.filter(({ epoch }) => epoch === commitEpoch).map(() => epochSpan(facts, commitEpoch)?.until ?? head)
      : known.hashCommits
          .map(({ epoch }) => epochSpan(facts, epoch + known.revealPeriodEpochs)?.until ?? 0)
          .filter((until) => until > head);
  if (held.length < UNREVEALED_COMMITS_MAX) return null;
  const blocks = Math.max(1, Math.min(...held) - head);
  return { action: 'wait', blocks, because: chainFailure('chain.too_many_commits', { blocksLeft: blocks, wait: inBlocks(blocks) }) };
}

function refuse(because: Failure): Refusal {
  return { action: 'refuse', because };
}

function blocksOf(plan: Wait | Refusal): number {
  return plan.action === 'wait' ? plan.blocks : 0;
}
