/**
 * What the daemon remembers. Postgres implements these ports (node/postgres), memory ones serve tests (test/support).
 * Stores take and return domain values; history is append-only. All reject with a `Failure` of a `store.*` code.
 */
import type { RegistryChange } from '../chain/registry.js';
import type { BlockRef, SubnetSnapshot } from '../chain/snapshot.js';
import type { Facts } from '../protocol/failure.js';
import type { Hash, Hotkey, ModelDigest, Uid } from '../protocol/names.js';
import type { Manifest } from '../scoring/manifest.js';
import type { ScoreRecord } from '../scoring/record.js';
import type { WeighingPolicy } from '../scoring/weigh.js';

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

export interface RoundRow {
  readonly round: number;
  readonly openedAt: BlockRef;
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
  readonly block: number;
  readonly minAllowedWeights: number;
  /** Digests of the records that were there; what arrived later changes nothing. */
  readonly records: readonly string[];
  readonly seats: readonly { readonly uid: Uid; readonly hotkey: Hotkey; readonly registeredAt: number }[];
  readonly policy: WeighingPolicy;
}

export interface RoundStore {
  /** Inserts, or returns the row already there: the first opening stands. */
  open(row: RoundRow): Promise<RoundRow>;
  /** Changes the named fields only. */
  update(round: number, change: Partial<Pick<RoundRow, 'entries' | 'state' | 'note' | 'weighing'>>): Promise<void>;
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

export interface StandingRow {
  readonly round: number;
  readonly hotkey: Hotkey;
  readonly registeredAt: number;
  readonly model: ModelDigest;
  readonly scorePpm: number | null;
  readonly standingPpm: number;
  readonly copyOf: Hotkey | null;
  /** Why it counts as a copy, in words; null when it is none. */
  readonly copyEvidence: string | null;
  /** Share of the weights before the u16 step, ppm. */
  readonly sharePpm: number;
}

export interface StandingStore {
  /** Replaces the whole round in one transaction. */
  put(round: number, rows: readonly StandingRow[]): Promise<void>;
  ofRound(round: number): Promise<readonly StandingRow[]>;
  /** The newest round before `round` that has standings. */
  before(round: number): Promise<readonly StandingRow[]>;
}

export type SubmissionState = 'planned' | 'sent' | 'finalized' | 'refused' | 'abandoned';

export interface SubmissionRow {
  readonly id: number;
  readonly genesis: Hash;
  readonly netuid: number;
  readonly mechanism: number;
  readonly hotkey: Hotkey;
  /** One submission per epoch: the tempo-long period it belongs to, named by its first block. */
  readonly epochStart: number;
  readonly round: number | null;
  readonly method: string;
  readonly uids: readonly Uid[];
  readonly hotkeys: readonly Hotkey[];
  readonly values: readonly number[];
  readonly versionKey: bigint;
  readonly plannedAt: BlockRef;
  readonly state: SubmissionState;
  readonly included: BlockRef | null;
  readonly extrinsicHash: Hash | null;
  readonly failure: { readonly code: string; readonly facts: Facts } | null;
}

export type NewSubmission = Omit<SubmissionRow, 'id' | 'state' | 'included' | 'extrinsicHash' | 'failure'>;

export interface SubmissionStore {
  /** Inserts as `planned`. Null: this (genesis, netuid, mechanism, hotkey, epochStart) has a row that is not refused or abandoned. */
  plan(submission: NewSubmission): Promise<SubmissionRow | null>;
  mark(id: number, state: SubmissionState, outcome: Pick<SubmissionRow, 'included' | 'extrinsicHash' | 'failure'>): Promise<void>;
  /** Rows a crash may have left `planned` or `sent`. */
  unsettled(): Promise<readonly SubmissionRow[]>;
  /** Newest first. */
  list(limit: number): Promise<readonly SubmissionRow[]>;
}

export interface Stores {
  readonly registry: RegistryStore;
  readonly announcements: AnnouncementStore;
  readonly sequences: SequenceStore;
  readonly models: ModelStore;
  readonly rounds: RoundStore;
  readonly scores: ScoreStore;
  readonly standings: StandingStore;
  readonly submissions: SubmissionStore;
}

/** Durable work, done by any worker on the same database. */
export interface ScoringJob {
  readonly round: number;
  readonly hotkey: Hotkey;
  readonly model: ModelDigest;
}

export interface ScoringQueue {
  /** A job of the same (round, model, hotkey) is added once. */
  add(jobs: readonly ScoringJob[]): Promise<void>;
  /** Takes jobs until stopped; a job whose handler rejects with a `retry` failure comes back with backoff, bounded. */
  work(handler: (job: ScoringJob, signal: AbortSignal) => Promise<void>, concurrency: number): Promise<{ stop(): Promise<void> }>;
  depth(): Promise<{ readonly waiting: number; readonly running: number; readonly dead: number }>;
}

/** Verified model packages on disk, by digest. */
export interface ModelCache {
  /** The directory of a complete, verified package; null when it is not here. Marks it used. */
  find(model: ModelDigest): Promise<string | null>;
  /** Room for an arriving package: a private directory that `commit` verifies and renames, `discard` removes. */
  begin(model: ModelDigest, sizeBytes: number): Promise<PendingModel>;
  list(): Promise<readonly { readonly model: ModelDigest; readonly sizeBytes: number }[]>;
}

export interface PendingModel {
  readonly directory: string;
  commit(): Promise<string>;
  discard(): Promise<void>;
}
