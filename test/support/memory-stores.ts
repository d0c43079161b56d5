/** The daemon's memory without a database: the same contract (test/contracts/stores.ts), kept in maps. */
import { randomBytes } from 'node:crypto';
import type { RegistryChange } from '../../chain/registry.js';
import type { SubnetSnapshot } from '../../chain/snapshot.js';
import { nodeFailure } from '../../node/failures.js';
import type { StoredEquivocation } from '../../node/network/ports.js';
import type { HeardPrompt, ModelRow, RoundRow, ScoringJob, StageRow, StoredAnnouncement, Stores } from '../../node/ports.js';
import type { PeerRule, PeerSubject } from '../../protocol/peer-rules.js';
import { compare, type MemoryOptions, memoryAudits, memoryFlags, memoryScores, memoryStandings } from './memory-round-stores.js';
import { memorySubmissions } from './memory-submissions.js';

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
      const known = changes.get(key) ?? [];
      known.push(...seen);
      changes.set(key, known);
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
    list: async (limit, hotkey) =>
      [...kept.values()]
        .filter((of) => hotkey === undefined || of.hotkey === hotkey)
        .reverse()
        .slice(0, limit),
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
