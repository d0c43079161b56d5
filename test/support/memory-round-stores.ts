/** What is kept of each round, in maps: scores, audits, flags and standings (test/contracts/stores.ts). */
import type { AuditRow, ExchangeFlag } from '../../node/audit/ports.js';
import type { ScoreCommit, StandingRow, StoredScore, Stores } from '../../node/ports.js';
import { encodeRecord } from '../../scoring/record.js';

export interface MemoryOptions {
  /** Rounds whose scores, commitments, audits and flags are kept; default: all. */
  readonly roundsKept?: number;
  readonly random?: (sizeBytes: number) => Uint8Array;
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

export function memoryScores({ roundsKept, random }: Required<MemoryOptions>): Stores['scores'] {
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

export function memoryAudits({ roundsKept }: Required<MemoryOptions>): Stores['audits'] {
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

export function memoryFlags({ roundsKept }: Required<MemoryOptions>): Stores['flags'] {
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

export function memoryStandings(): Stores['standings'] {
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

export function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
