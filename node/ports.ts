/**
 * What the daemon remembers. Postgres implements these ports (node/postgres), memory ones serve tests (test/support).
 * Stores take and return domain values; history is append-only. All reject with a `Failure` of a `store.*` code.
 */
import type { RegistryChange } from '../chain/registry.js';
import type { BlockRef, SubnetSnapshot } from '../chain/snapshot.js';
import type { Facts } from '../protocol/failure.js';
import type { Hash, Hotkey, ModelDigest, Uid } from '../protocol/names.js';
import type { Secret } from '../protocol/secret.js';
import type { Listener } from '../scoring/assignment.js';
import type { StageTimings } from '../scoring/evaluate.js';
import type { Manifest } from '../scoring/manifest.js';
import type { PromptScore } from '../scoring/profile.js';
import type { ScoreRecord } from '../scoring/record.js';
import type { Beliefs, WeighedModel, WeighingPolicy } from '../scoring/weigh.js';
import type { AuditHearing, AuditStore, FlagStore } from './audit/ports.js';
import type { EquivocationStore, PeerRuleStore } from './network/ports.js';

export interface RegistryStore {
  /** Replaces the current neurons of the subnet and appends the changes, in one transaction. An older block than the stored one is refused. */
  save(snapshot: SubnetSnapshot, changes: readonly RegistryChange[]): Promise<void>;
  latest(genesis: Hash, netuid: number): Promise<SubnetSnapshot | null>;
  /** Newest first. */
  changes(genesis: Hash, netuid: number, limit: number): Promise<readonly RegistryChange[]>;
}

export interface StoredAnnouncement {
  readonly hotkey: Hotkey;
  readonly model: ModelDigest;
  readonly manifestSizeBytes: number;
  readonly sizeBytes: number;
  readonly commitmentBlock: number;
  /** Multiaddrs with /p2p/ where the model can be fetched. */
  readonly providers: readonly string[];
  readonly sequence: bigint;
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
  /** The signed envelope as received: evidence. */
  readonly envelope: Uint8Array;
}

export interface AnnouncementStore {
  /** Keeps the announcement of highest sequence per (hotkey, model). False: not newer than what is there. */
  put(announcement: StoredAnnouncement): Promise<boolean>;
  /** Not expired at `nowMs`, newest first. */
  active(nowMs: number): Promise<readonly StoredAnnouncement[]>;
  forModel(model: ModelDigest, nowMs: number): Promise<readonly StoredAnnouncement[]>;
}

/** Sequence numbers of signed messages: ours before publishing (never reused after a crash), and the highest seen of others. */
export interface SequenceStore {
  /** Strictly greater than every number returned before for this pair, and at least `atLeast`; durable before it is returned. */
  next(hotkey: Hotkey, kind: number, atLeast: bigint): Promise<bigint>;
  seen(hotkey: Hotkey, kind: number): Promise<{ readonly sequence: bigint; readonly bodyDigest: string } | null>;
  recordSeen(hotkey: Hotkey, kind: number, sequence: bigint, bodyDigest: string): Promise<void>;
}

export type ModelState =
  | 'announced'
  | 'verified'
  | 'prechecked'
  | 'queued'
  | 'running'
  | 'scored'
  | 'rejected'
  | 'retry'
  | 'superseded'
  | 'expired';

/** One claimed model of one registration. */
export interface ModelRow {
  readonly hotkey: Hotkey;
  readonly registeredAt: number;
  readonly model: ModelDigest;
  readonly commitmentBlock: number;
  readonly state: ModelState;
  /** Failure code and facts, for rejected and retry. */
  readonly reason: { readonly code: string; readonly facts: Facts } | null;
  readonly attempts: number;
  readonly manifest: Manifest | null;
  /** Pairs "dtype:dims → digest" per tensor, sorted; for copy detection. */
  readonly tensorDigests: readonly string[];
}

export interface ModelStore {
  get(hotkey: Hotkey, model: ModelDigest): Promise<ModelRow | null>;
  list(): Promise<readonly ModelRow[]>;
  put(row: ModelRow): Promise<void>;
}

/** What a round takes from the block that opened it, kept so that nobody has to read that block again: endpoints forget old states. */
export interface RoundOpening {
  /** Permit holders with stake, ascending uid. */
  readonly listeners: readonly Listener[];
  /** Commitments to models that were final. */
  readonly claims: readonly {
    readonly hotkey: Hotkey;
    readonly registeredAt: number;
    readonly commitment: string;
    readonly block: number;
  }[];
}

export interface RoundRow {
  readonly round: number;
  readonly openedAt: BlockRef;
  /** Null: a row from before openings were kept. */
  readonly opening: RoundOpening | null;
  readonly seed: string;
  /** The models that take part, by ascending (commitment block, hotkey). */
  readonly entries: readonly {
    readonly hotkey: Hotkey;
    readonly registeredAt: number;
    readonly model: ModelDigest;
    readonly commitmentBlock: number;
  }[];
  readonly state: 'open' | 'revealed' | 'weighed' | 'skipped';
  /** Why it was skipped or what was missing; code and facts. */
  readonly note: { readonly code: string; readonly facts: Facts } | null;
  /** What the weights were made from besides rows of other tables, so that a replay needs no chain. Null until weighed. */
  readonly weighing: Weighing | null;
}

/** Everything that `weighRound` took from outside the database. */
export interface Weighing {
  /** Opening of the round: the age of what stands is counted to it, so that it does not matter who weighs when. */
  readonly block: number;
  readonly minAllowedWeights: number;
  /** Digests of the records that were there; what arrived later changes nothing. */
  readonly records: readonly string[];
  /** Coldkeys are absent in rounds from before they counted. */
  readonly seats: readonly { readonly uid: Uid; readonly hotkey: Hotkey; readonly registeredAt: number; readonly coldkey?: Hotkey }[];
  readonly policy: WeighingPolicy;
  /** Absent: a round from before beliefs were kept. */
  readonly beliefs?: Beliefs;
  /** WEIGHING_RULES of the program that weighed it; absent: 1. */
  readonly rules?: number;
}

export interface RoundStore {
  /** Inserts, or returns the row already there: the first opening stands. */
  open(row: RoundRow): Promise<RoundRow>;
  /** Changes the named fields only. */
  update(round: number, change: Partial<Pick<RoundRow, 'opening' | 'entries' | 'state' | 'note' | 'weighing'>>): Promise<void>;
  get(round: number): Promise<RoundRow | null>;
  /** Newest first. */
  list(limit: number): Promise<readonly RoundRow[]>;
}

export interface StoredScore {
  readonly record: ScoreRecord;
  /** Who heard it. */
  readonly validator: Hotkey;
  /** Signed reveal as published or received; empty for our own record before it is published. */
  readonly envelope: Uint8Array;
  readonly receivedAtMs: number;
}

export interface ScoreCommit {
  readonly round: number;
  readonly validator: Hotkey;
  /** sha-256 hex over the nonce and the canonical records of the round. */
  readonly commitment: string;
  readonly block: number;
  /** Digests of the records it commits to; for other validators empty until they reveal. */
  readonly recordDigests: readonly string[];
  /** The secret of its round, 64 hex digits; for other validators null until they reveal. Learnt together with the digests. */
  readonly nonce: string | null;
  /** What it commits its secret of the next round by, 64 hex digits. */
  readonly nextNonceDigest: string | null;
}

export interface ScoreStore {
  /** False: this validator's record of this model and round is there already (the first stands). */
  put(score: StoredScore): Promise<boolean>;
  ofRound(round: number): Promise<readonly StoredScore[]>;
  putCommit(commit: ScoreCommit): Promise<boolean>;
  commitsOf(round: number): Promise<readonly ScoreCommit[]>;
  /** Our own nonce for a round: made once, durable before it is returned. */
  nonce(round: number): Promise<Uint8Array>;
}

/** What is being listened to, prompt by prompt, so that a killed worker's model goes on where it was. */
export interface ProgressStore {
  /** The first score of a prompt stands. */
  put(job: ScoringJob, scorer: string, heard: HeardPrompt): Promise<void>;
  /** Ascending prompts. Scores of other scorer digests are not among them. */
  of(job: ScoringJob, scorer: string): Promise<readonly HeardPrompt[]>;
  putStage(row: StageRow): Promise<void>;
  /** Newest first. */
  stages(limit: number): Promise<readonly StageRow[]>;
}

export interface HeardPrompt {
  /** `Prompt.index`. */
  readonly prompt: number;
  readonly score: PromptScore;
  readonly synthesisMs: number;
  readonly judgeMs: number;
}

/** One stage of one model in one process. */
export interface StageRow extends StageTimings, ScoringJob {
  /** Machine that did it. */
  readonly host: string;
}

/** What a round left of a registration. Its share is of the weights before the u16 step, ppm. */
export interface StandingRow extends WeighedModel {
  readonly round: number;
}

export interface StandingStore {
  /** Replaces the whole round in one transaction. */
  put(round: number, rows: readonly StandingRow[]): Promise<void>;
  ofRound(round: number): Promise<readonly StandingRow[]>;
  /** The newest round before `round` that has standings. */
  before(round: number): Promise<readonly StandingRow[]>;
}

/** How weights get on chain: set openly, or committed first (by hash, or encrypted) and revealed later. */
export type SubmissionWay = 'open' | 'hash' | 'timelocked';

/**
 * planned: written, nothing sent. sent: the extrinsic that sets or commits may be on its way. committed: the commit is final, the reveal is to come.
 * revealing: the reveal may be on its way. finalized: the chain holds these weights. refused: the chain did not take it. abandoned: never got to
 * the chain. lost: it got there, and the weights did not come of it.
 */
export type SubmissionState = 'planned' | 'sent' | 'committed' | 'revealing' | 'finalized' | 'refused' | 'abandoned' | 'lost';

export interface SubmissionRow {
  readonly id: number;
  readonly genesis: Hash;
  readonly netuid: number;
  readonly mechanism: number;
  readonly hotkey: Hotkey;
  /** One submission per epoch: the tempo-long period it belongs to, named by its first block. */
  readonly epochStart: number;
  readonly round: number | null;
  readonly way: SubmissionWay;
  /** The call that sets or commits. */
  readonly method: string;
  readonly uids: readonly Uid[];
  readonly hotkeys: readonly Hotkey[];
  readonly values: readonly number[];
  readonly versionKey: bigint;
  readonly plannedAt: BlockRef;
  /** What of the weights went to the hotkey of the subnet owner. */
  readonly burn: Burn | null;
  /** Of a commit: its hash, or blake2-256 of the ciphertext. */
  readonly digest: Hash | null;
  /** Of a commit by hash: u16 values. */
  readonly salt: Secret<readonly number[]> | null;
  /** Of a timelocked commit: the round of the beacon that opens it. */
  readonly revealRound: number | null;
  readonly state: SubmissionState;
  readonly committed: BlockRef | null;
  readonly commitExtrinsicHash: Hash | null;
  /** Epoch in which the chain holds the commit, as the pallet counts. */
  readonly commitEpoch: number | null;
  /** First and last block in which the reveal is expected, as far as is known. */
  readonly revealFrom: number | null;
  readonly revealUntil: number | null;
  /** Where the weights themselves are. */
  readonly included: BlockRef | null;
  readonly extrinsicHash: Hash | null;
  readonly failure: SubmissionFailure | null;
}

export interface SubmissionFailure {
  readonly code: string;
  readonly facts: Facts;
}

/** A part of the weights for the hotkey of the subnet owner, whose miner incentive the chain burns. */
export interface Burn {
  /** 1..100. */
  readonly percent: number;
  readonly hotkey: Hotkey;
}

type Outcome =
  | 'committed'
  | 'commitExtrinsicHash'
  | 'commitEpoch'
  | 'revealFrom'
  | 'revealUntil'
  | 'included'
  | 'extrinsicHash'
  | 'failure';
export type NewSubmission = Omit<SubmissionRow, 'id' | 'state' | Outcome>;
/** What is left out stays as it is; the failure goes unless it is named. */
export type SubmissionChange = Partial<Pick<SubmissionRow, Outcome>>;

export interface SubmissionStep {
  readonly state: SubmissionState;
  readonly block: number | null;
  readonly failure: SubmissionFailure | null;
}

export interface SubmissionStore {
  /** Inserts as `planned`. Null: this (genesis, netuid, mechanism, hotkey, epochStart) has a row that is not refused or abandoned. */
  plan(submission: NewSubmission): Promise<SubmissionRow | null>;
  /**
   * From the state that `row` shows to `state`, durable before it resolves. Staying in the same state moves the expected window of the reveal only.
   * Errors: store.row_moved when the row is in another state by now, store.row_refused when that state cannot follow.
   */
  mark(row: Pick<SubmissionRow, 'id' | 'state'>, state: SubmissionState, change?: SubmissionChange): Promise<SubmissionRow>;
  /** Rows that are not settled, oldest first. */
  unsettled(): Promise<readonly SubmissionRow[]>;
  /** Newest first. */
  list(limit: number): Promise<readonly SubmissionRow[]>;
  /** Every state the submission has been in, oldest first. */
  steps(id: number): Promise<readonly SubmissionStep[]>;
}

/** Who acts on the weights of a hotkey: the daemon and a command beside it take turns. */
export interface WeightLock {
  /** Null: another process holds it. The lock also ends with the process. */
  tryAcquire(of: {
    readonly genesis: Hash;
    readonly netuid: number;
    readonly mechanism: number;
    readonly hotkey: Hotkey;
  }): Promise<{ release(): Promise<void> } | null>;
}

export interface Stores {
  readonly registry: RegistryStore;
  readonly announcements: AnnouncementStore;
  readonly sequences: SequenceStore;
  readonly equivocations: EquivocationStore;
  readonly peerRules: PeerRuleStore;
  readonly models: ModelStore;
  readonly rounds: RoundStore;
  readonly scores: ScoreStore;
  readonly progress: ProgressStore;
  readonly audits: AuditStore;
  readonly flags: FlagStore;
  readonly standings: StandingStore;
  readonly submissions: SubmissionStore;
}

/** Durable work, done by any worker on the same database. */
export interface ScoringJob {
  readonly round: number;
  readonly hotkey: Hotkey;
  readonly model: ModelDigest;
}

/** `later`: the rest of this job waits until no other one is waiting for its first turn. */
export type JobOutcome = 'done' | 'later';

export type JobHandler = (job: ScoringJob, signal: AbortSignal) => Promise<JobOutcome | undefined>;

/** Hears a model again for an audit; `later` leaves it to another worker. */
export type HearingHandler = (hearing: AuditHearing) => Promise<readonly PromptScore[] | 'later'>;

export interface ScoringQueue {
  /** A job of the same (round, model, hotkey) is added once. */
  add(jobs: readonly ScoringJob[]): Promise<void>;
  /** Takes jobs, and hearings for audits where it has ears for them, until stopped; a job whose handler rejects with a `retry` failure comes back with backoff, bounded. */
  work(handler: JobHandler, concurrency: number, hear?: HearingHandler): Promise<{ stop(): Promise<void> }>;
  /** Jobs that wait for their first turn. */
  untried(): Promise<number>;
  depth(): Promise<{ readonly waiting: number; readonly running: number; readonly dead: number }>;
}

/** Verified model packages on disk, by digest. */
