/** The daemon's memory without a database: the same contracts (test/contracts/stores.ts, queue.ts), kept in maps. */
import { randomBytes } from 'node:crypto';
import type { RegistryChange } from '../../chain/registry.js';
import type { SubnetSnapshot } from '../../chain/snapshot.js';
import type { AuditRow, ExchangeFlag } from '../../node/audit/ports.js';
import { nodeFailure } from '../../node/failures.js';
import { FOUND_PROTECTS_MS } from '../../node/files/model-cache.js';
import type { ModelCache } from '../../node/model-cache.js';
import type { StoredEquivocation } from '../../node/network/ports.js';
import type {
  HeardPrompt,
  ModelRow,
  RoundRow,
  ScoreCommit,
  ScoringJob,
  ScoringQueue,
  StageRow,
  StandingRow,
  StoredAnnouncement,
  StoredScore,
  Stores,
  SubmissionChange,
  SubmissionRow,
  SubmissionStep,
  WeightLock,
} from '../../node/ports.js';
import { isSettled, mayFollow } from '../../node/weights/states.js';
import { isFailure } from '../../protocol/failure.js';
import type { ModelDigest } from '../../protocol/names.js';
import type { PeerRule, PeerSubject } from '../../protocol/peer-rules.js';
import { encodeRecord } from '../../scoring/record.js';

export interface MemoryOptions {
  /** Rounds whose scores, commitments, audits and flags are kept; default: all. */
  readonly roundsKept?: number;
  readonly random?: (sizeBytes: number) => Uint8Array;
}

export function createMemoryStores(given: MemoryOptions = {}): Stores {
  const options = { roundsKept: Number.POSITIVE_INFINITY, random: (size: number) => new Uint8Array(randomBytes(size)), ...given };
  return {
    registry: memoryRegistry(),
    announcements: memoryAnnouncements(),
    sequences: memorySequences(),
    equivocations: memoryEquivocations(),
    peerRules: memoryPeerRules(),
    models: memoryModels(),
    rounds: memoryRounds(),
    scores: memoryScores(options),
    progress: memoryProgress(),
    audits: memoryAudits(options),
    flags: memoryFlags(options),
    standings: memoryStandings(),
    submissions: memorySubmissions(),
  };
}

function memoryRegistry(): Stores['registry'] {
  const snapshots = new Map<string, SubnetSnapshot>();
  const changes = new Map<string, RegistryChange[]>();
  return {
    async save(snapshot, seen) {
      const key = `${snapshot.genesis}/${snapshot.netuid}`;
      const stored = snapshots.get(key);
      if (stored !== undefined && stored.block.number > snapshot.block.number) {
        throw nodeFailure('store.block_older', { given: snapshot.block.number, stored: stored.block.number });
      }
      snapshots.set(key, { ...snapshot, neurons: [...snapshot.neurons].sort((a, b) => a.uid - b.uid) });
      changes.set(key, [...(changes.get(key) ?? []), ...seen]);
    },
    latest: async (genesis, netuid) => snapshots.get(`${genesis}/${netuid}`) ?? null,
    changes: async (genesis, netuid, limit) => [...(changes.get(`${genesis}/${netuid}`) ?? [])].reverse().slice(0, limit),
  };
}

function memoryAnnouncements(): Stores['announcements'] {
  const kept = new Map<string, StoredAnnouncement>();
  const active = (nowMs: number) =>
    [...kept.values()]
      .filter((item) => item.expiresAtMs > nowMs)
      .sort((a, b) => b.issuedAtMs - a.issuedAtMs || Number(b.sequence - a.sequence) || (a.hotkey < b.hotkey ? -1 : 1));
  return {
    async put(announcement) {
      const key = `${announcement.hotkey}/${announcement.model}`;
      const before = kept.get(key);
      if (before !== undefined && before.sequence >= announcement.sequence) return false;
      kept.set(key, announcement);
      return true;
    },
    active: async (nowMs) => active(nowMs),
    forModel: async (model, nowMs) => active(nowMs).filter((item) => item.model === model),
  };
}

function memorySequences(): Stores['sequences'] {
  const own = new Map<string, bigint>();
  const seen = new Map<string, { sequence: bigint; bodyDigest: string }>();
  return {
    async next(hotkey, kind, atLeast) {
      const before = own.get(`${hotkey}/${kind}`);
      const next = before === undefined || before + 1n < atLeast ? atLeast : before + 1n;
      own.set(`${hotkey}/${kind}`, next);
      return next;
    },
    seen: async (hotkey, kind) => seen.get(`${hotkey}/${kind}`) ?? null,
    async recordSeen(hotkey, kind, sequence, bodyDigest) {
      const before = seen.get(`${hotkey}/${kind}`);
      if (before === undefined || before.sequence < sequence) seen.set(`${hotkey}/${kind}`, { sequence, bodyDigest });
    },
  };
}

function memoryEquivocations(): Stores['equivocations'] {
  const kept = new Map<string, StoredEquivocation>();
  return {
    async put(of) {
      const key = `${of.hotkey}/${of.kind}/${of.sequence}`;
      if (kept.has(key)) return false;
      kept.set(key, of);
      return true;
    },
    since: async (block) => [...kept.values()].filter((of) => of.block >= block),
    list: async (limit) => [...kept.values()].reverse().slice(0, limit),
  };
}

function memoryPeerRules(): Stores['peerRules'] {
  const kept = new Map<string, PeerRule>();
  const keyOf = ({ type, value }: PeerSubject) => `${type} ${value}`;
  return {
    async put(rule, max) {
      for (const [key, { untilMs }] of kept) if (untilMs !== null && untilMs <= rule.madeAtMs) kept.delete(key);
      if (rule.madeBy === 'operator') for (const [key, { madeBy }] of kept) if (kept.size >= max && madeBy === 'node') kept.delete(key);
      const key = keyOf(rule.subject);
      const before = kept.get(key);
      if (before === undefined && kept.size >= max) return false;
      if (before?.madeBy === 'operator' && rule.madeBy === 'node') return false;
      kept.delete(key);
      kept.set(key, rule);
      return true;
    },
    remove: async (subject) => kept.delete(keyOf(subject)),
    inForce: async (nowMs) =>
      [...kept.values()]
        .filter(({ untilMs }) => untilMs === null || untilMs > nowMs)
        .sort((a, b) => b.madeAtMs - a.madeAtMs || compare(a.subject.value, b.subject.value)),
  };
}

function memoryModels(): Stores['models'] {
  const rows = new Map<string, ModelRow>();
  return {
    get: async (hotkey, model) => rows.get(`${hotkey}/${model}`) ?? null,
    list: async () =>
      [...rows.values()].sort((a, b) => a.commitmentBlock - b.commitmentBlock || compare(a.hotkey, b.hotkey) || compare(a.model, b.model)),
    async put(row) {
      rows.set(`${row.hotkey}/${row.model}`, row);
    },
  };
}

function memoryRounds(): Stores['rounds'] {
  const rows = new Map<number, RoundRow>();
  return {
    async open(row) {
      const kept = rows.get(row.round) ?? row;
      rows.set(row.round, kept);
      return kept;
    },
    async update(round, change) {
      const row = rows.get(round);
      if (row !== undefined) rows.set(round, { ...row, ...change });
    },
    get: async (round) => rows.get(round) ?? null,
    list: async (limit) => [...rows.values()].sort((a, b) => b.round - a.round).slice(0, limit),
  };
}

function memoryProgress(): Stores['progress'] {
  const heard = new Map<string, Map<number, HeardPrompt>>();
  const stages: StageRow[] = [];
  const keyOf = ({ round, hotkey, model }: ScoringJob, scorer: string) => `${round}/${hotkey}/${model}/${scorer}`;
  return {
    async put(job, scorer, one) {
      const key = keyOf(job, scorer);
      const known = heard.get(key) ?? new Map<number, HeardPrompt>();
      if (!known.has(one.prompt)) known.set(one.prompt, one);
      heard.set(key, known);
    },
    of: async (job, scorer) => [...(heard.get(keyOf(job, scorer))?.values() ?? [])].sort((a, b) => a.prompt - b.prompt),
    async putStage(row) {
      stages.unshift(row);
    },
    stages: async (limit) => stages.slice(0, limit),
  };
}

/** Rows by round, so that many rounds stay cheap; with `roundsKept`, older ones are dropped as pruning does in the database. */
function byRound<Row>(roundsKept: number): {
  of(round: number): Map<string, Row>;
  all(): Row[];
} {
  const rounds = new Map<number, Map<string, Row>>();
  return {
    of(round) {
      const rows = rounds.get(round) ?? new Map<string, Row>();
      rounds.set(round, rows);
      for (const oldest of rounds.keys()) if (rounds.size > roundsKept && oldest !== round) rounds.delete(oldest);
      return rows;
    },
    all: () => [...rounds.values()].flatMap((rows) => [...rows.values()]),
  };
}

function memoryScores({ roundsKept, random }: Required<MemoryOptions>): Stores['scores'] {
  const scores = byRound<StoredScore>(roundsKept);
  const commits = byRound<ScoreCommit>(roundsKept);
  const nonces = byRound<Uint8Array>(roundsKept);
  return {
    async put(score) {
      const { round, hotkey, model } = score.record;
      const rows = scores.of(round);
      const key = `${score.validator}/${hotkey}/${model}`;
      const before = rows.get(key);
      if (before === undefined) {
        rows.set(key, score);
        return true;
      }
      const same = Buffer.from(encodeRecord(before.record)).equals(encodeRecord(score.record));
      if (same && before.envelope.length === 0) rows.set(key, { ...before, envelope: score.envelope });
      return false;
    },
    ofRound: async (round) =>
      [...scores.of(round).values()].sort(
        (a, b) => compare(a.validator, b.validator) || compare(a.record.hotkey, b.record.hotkey) || compare(a.record.model, b.record.model),
      ),
    async putCommit(commit) {
      const rows = commits.of(commit.round);
      const before = rows.get(commit.validator);
      if (before === undefined) {
        rows.set(commit.validator, commit);
        return true;
      }
      if (before.commitment === commit.commitment && before.recordDigests.length === 0) {
        rows.set(commit.validator, { ...before, recordDigests: commit.recordDigests, nonce: commit.nonce });
      }
      return false;
    },
    commitsOf: async (round) => [...commits.of(round).values()].sort((a, b) => compare(a.validator, b.validator)),
    async nonce(round) {
      const nonce = nonces.of(round).get('') ?? random(32);
      nonces.of(round).set('', nonce);
      return nonce;
    },
  };
}

function memoryAudits({ roundsKept }: Required<MemoryOptions>): Stores['audits'] {
  const rows = byRound<AuditRow>(roundsKept);
  const sorted = (audits: Iterable<AuditRow>) =>
    [...audits].sort(
      (a, b) => a.round - b.round || compare(a.validator, b.validator) || compare(a.hotkey, b.hotkey) || compare(a.model, b.model),
    );
  return {
    async put(audit) {
      const key = `${audit.validator}/${audit.hotkey}/${audit.model}`;
      if (rows.of(audit.round).has(key)) return false;
      rows.of(audit.round).set(key, audit);
      return true;
    },
    ofRound: async (round) => sorted(rows.of(round).values()),
    since: async (from) =>
      sorted(rows.all())
        .filter(({ round }) => round >= from)
        .map(({ round, validator, verdict, reason }) => ({ round, validator, verdict, reason })),
  };
}

function memoryFlags({ roundsKept }: Required<MemoryOptions>): Stores['flags'] {
  const rows = byRound<ExchangeFlag>(roundsKept);
  return {
    async put(flag) {
      const key = `${flag.validator}/${flag.fault}`;
      if (rows.of(flag.round).has(key)) return false;
      rows.of(flag.round).set(key, flag);
      return true;
    },
    ofRound: async (round) => [...rows.of(round).values()].sort((a, b) => compare(a.validator, b.validator) || compare(a.fault, b.fault)),
  };
}

function memoryStandings(): Stores['standings'] {
  const rounds = new Map<number, readonly StandingRow[]>();
  const order = (rows: readonly StandingRow[]) =>
    [...rows].sort((a, b) => b.sharePpm - a.sharePpm || b.standingPpm - a.standingPpm || compare(a.hotkey, b.hotkey));
  return {
    async put(round, rows) {
      rounds.set(round, order(rows));
    },
    ofRound: async (round) => rounds.get(round) ?? [],
    async before(round) {
      const earlier = [...rounds.keys()].filter((key) => key < round && (rounds.get(key)?.length ?? 0) > 0);
      return earlier.length === 0 ? [] : (rounds.get(Math.max(...earlier)) ?? []);
    },
  };
}

function memorySubmissions(): Stores['submissions'] {
  const rows: SubmissionRow[] = [];
  const steps = new Map<number, SubmissionStep[]>();
  const step = ({ id, state, plannedAt, committed, included, failure }: SubmissionRow) => {
    const block = { planned: plannedAt, committed, finalized: included }[String(state)]?.number ?? null;
    steps.set(id, [...(steps.get(id) ?? []), { state, block, failure }]);
  };
  return {
    async plan(submission) {
      const taken = rows.some(
        (row) =>
          row.genesis === submission.genesis &&
          row.netuid === submission.netuid &&
          row.mechanism === submission.mechanism &&
          row.hotkey === submission.hotkey &&
          row.epochStart === submission.epochStart &&
          row.state !== 'refused' &&
          row.state !== 'abandoned',
      );
      if (taken) return null;
      const row: SubmissionRow = {
        ...submission,
        id: rows.length + 1,
        state: 'planned',
        committed: null,
        commitExtrinsicHash: null,
        commitEpoch: null,
        revealFrom: null,
        revealUntil: null,
        included: null,
        extrinsicHash: null,
        failure: null,
      };
      rows.push(row);
      step(row);
      return row;
    },
    async mark({ id, state: from }, state, change = {}) {
      const at = rows.findIndex((row) => row.id === id);
      const row = rows[at];
      if (row?.state !== from) throw nodeFailure('store.row_moved', { id, expected: from, found: row?.state ?? 'gone' });
      const refuse = (constraint: string) => nodeFailure('store.row_refused', { constraint, reason: `submission ${id} to ${state}` });
      if (!mayFollow(row.way, from, state)) throw refuse('submissions_transition');
      const next: SubmissionRow = { ...row, ...known(change), state, failure: state === from ? row.failure : (change.failure ?? null) };
      if (row.committed !== null && next.committed?.hash !== row.committed.hash) throw refuse('submissions_written_once');
      if ((state === 'committed' || state === 'revealing') && (next.committed === null || next.commitEpoch === null)) {
        throw refuse('submissions_commit_has_a_block');
      }
      rows[at] = next;
      if (state !== from) step(next);
      return next;
    },
    unsettled: async () => rows.filter(({ state }) => !isSettled(state)),
    list: async (limit) => [...rows].reverse().slice(0, limit),
    steps: async (id) => steps.get(id) ?? [],
  };
}

function known(change: SubmissionChange): SubmissionChange {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== null && value !== undefined));
}

/** Holders in this process only: two of them stand for two processes on one database. */
export function createMemoryWeightLock(held: Set<string> = new Set()): WeightLock {
  return {
    async tryAcquire(of) {
      const key = JSON.stringify(of);
      if (held.has(key)) return null;
      held.add(key);
      return {
        async release() {
          held.delete(key);
        },
      };
    },
  };
}

const MEMORY_ATTEMPTS_MAX = 5;

/** `retryAfterMs`: rest before a failed job comes back. */
export function createMemoryQueue(options: { readonly retryAfterMs?: number } = {}): ScoringQueue {
  interface Item {
    readonly job: ScoringJob;
    attempts: number;
    later: boolean;
    state: 'waiting' | 'resting' | 'running' | 'done' | 'dead';
  }
  const items = new Map<string, Item>();
  const wakers = new Set<() => void>();
  const wake = () => {
    for (const waker of wakers) waker();
  };
  const count = (...states: Item['state'][]) => [...items.values()].filter((item) => states.includes(item.state)).length;
  return {
    async add(jobs) {
      for (const job of jobs) {
        const key = `${job.round}/${job.model}/${job.hotkey}`;
        if (!items.has(key)) items.set(key, { job, attempts: 0, later: false, state: 'waiting' });
      }
      wake();
    },
    async work(handler, concurrency) {
      const stopping = new AbortController();
      const running = new Set<Promise<void>>();
      const timers = new Set<NodeJS.Timeout>();
      async function perform(item: Item): Promise<void> {
        item.attempts += 1;
        try {
          item.later = (await handler(item.job, stopping.signal)) === 'later';
          if (item.later) item.attempts = 0;
          item.state = item.later ? 'waiting' : 'done';
        } catch (err) {
          const disposition = isFailure(err) ? err.disposition : 'retry';
          if (disposition === 'skip') item.state = 'done';
          else if (stopping.signal.aborted) item.state = 'waiting';
          else if (disposition === 'fatal' || item.attempts >= MEMORY_ATTEMPTS_MAX) item.state = 'dead';
          else {
            item.state = 'resting';
            const timer = setTimeout(() => {
              timers.delete(timer);
              item.state = 'waiting';
              wake();
            }, options.retryAfterMs ?? 1);
            timers.add(timer);
          }
        }
      }
      function take(): void {
        while (!stopping.signal.aborted && running.size < concurrency) {
          const waiting = [...items.values()].filter((candidate) => candidate.state === 'waiting');
          const item = waiting.find(({ later }) => !later) ?? waiting[0];
          if (item === undefined) return;
          item.state = 'running';
          const done = perform(item).finally(() => {
            running.delete(done);
            take();
          });
          running.add(done);
        }
      }
      wakers.add(take);
      take();
      return {
        async stop() {
          stopping.abort(new Error('the worker stops'));
          wakers.delete(take);
          for (const timer of timers) clearTimeout(timer);
          await Promise.all(running);
          for (const item of items.values()) if (item.state === 'resting') item.state = 'waiting';
        },
      };
    },
    untried: async () => [...items.values()].filter(({ state, later }) => state === 'waiting' && !later).length,
    depth: async () => ({ waiting: count('waiting', 'resting'), running: count('running'), dead: count('dead') }),
  };
}

export interface MemoryModelCacheOptions {
  readonly budgetBytes?: number;
  /** Rejects when the directory does not hold the package. Default: everything is fine. */
  readonly verify?: (directory: string, model: ModelDigest) => Promise<void>;
  /** Default: time stands still, so that nothing given out ever makes room. */
  readonly nowMs?: () => number;
}

/** A cache with the promises of the one on disk (test/contracts/model-cache.ts), without a disk: its directories are names. */
export function createMemoryModelCache(
  packages: ReadonlyMap<ModelDigest, { directory: string; sizeBytes: number }>,
  { budgetBytes = Number.POSITIVE_INFINITY, verify = async () => {}, nowMs = () => 0 }: MemoryModelCacheOptions = {},
): ModelCache {
  // In order of use: what was used last stands last.
  const kept = new Map(packages);
  const givenOutAtMs = new Map<ModelDigest, number>();
  const arriving = new Map<string, number>();
  /** Directories of suspended arrivals; they take no room here. */
  const left = new Map<ModelDigest, string>();
  const leases = new Map<ModelDigest, number>();
  let serial = 0;
  const used = () =>
    [...kept.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) + [...arriving.values()].reduce((a, b) => a + b, 0);

  return {
    async find(model) {
      const here = kept.get(model);
      if (here === undefined) return null;
      kept.delete(model);
      kept.set(model, here);
      givenOutAtMs.set(model, nowMs());
      return here.directory;
    },
    async lease(model) {
      const here = kept.get(model);
      if (here === undefined) return null;
      kept.delete(model);
      kept.set(model, here);
      leases.set(model, (leases.get(model) ?? 0) + 1);
      let held = true;
      return {
        directory: here.directory,
        release() {
          if (held) leases.set(model, (leases.get(model) ?? 1) - 1);
          held = false;
        },
      };
    },
    async begin(model, sizeBytes) {
      if (sizeBytes > budgetBytes) throw nodeFailure('store.model_too_large', { sizeBytes, budgetBytes });
      for (const idle of [...kept.keys()].filter(
        (each) => !leases.get(each) && nowMs() - (givenOutAtMs.get(each) ?? Number.NEGATIVE_INFINITY) >= FOUND_PROTECTS_MS,
      )) {
        if (used() + sizeBytes <= budgetBytes) break;
        kept.delete(idle);
      }
      if (used() + sizeBytes > budgetBytes) throw nodeFailure('store.cache_busy', { usedBytes: used(), budgetBytes });
      serial += 1;
      const directory = left.get(model) ?? `memory:arriving/${model}.${serial}`;
      left.delete(model);
      arriving.set(directory, sizeBytes);
      let done: Promise<string> | null = null;
      async function finish(): Promise<string> {
        try {
          await verify(directory, model);
          const target = `memory:complete/${model}`;
          kept.delete(model);
          kept.set(model, { directory: target, sizeBytes });
          givenOutAtMs.set(model, nowMs());
          return target;
        } finally {
          arriving.delete(directory);
        }
      }
      return {
        directory,
        journalPath: `${directory}.journal`,
        commit: () => (done ??= finish()),
        async discard() {
          if (done === null) arriving.delete(directory);
        },
        async suspend() {
          if (done === null && arriving.delete(directory)) left.set(model, directory);
        },
      };
    },
    async drop(model) {
      kept.delete(model);
    },
    list: async () => [...kept].map(([model, { sizeBytes }]) => ({ model, sizeBytes })),
  };
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
