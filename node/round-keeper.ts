import type { ChainReader } from '../chain/ports.js';
import type { BlockRef, SubnetSnapshot } from '../chain/snapshot.js';
import { isFailure } from '../protocol/failure.js';
import type { Hotkey, ModelDigest } from '../protocol/names.js';
import type { Clock } from '../protocol/ports.js';
import { scoreCommitment } from '../protocol/score-exchange.js';
import { assignModels } from '../scoring/assignment.js';
import { recordDigest, type ScoreRecord } from '../scoring/record.js';
import { phaseAt, type RoundSchedule, type RoundWindow, roundOf, roundSeed, roundWindow } from '../scoring/round.js';
import type { WeighingPolicy } from '../scoring/weigh.js';
import { gate } from '../scoring/weights.js';
import type { Logger } from './logger.js';
import type { Metrics } from './metrics.js';
import type { ModelRow, RoundRow, ScoringQueue, Stores } from './ports.js';
import { roundEntries } from './round-entries.js';
import { weigh } from './round-weighing.js';

export interface RoundKeeperOptions {
  readonly netuid: number;
  readonly mechanism: number;
  readonly self: Hotkey;
  readonly schedule: RoundSchedule;
  readonly replication: number;
  readonly scorer: string;
  readonly policy: WeighingPolicy;
}

export interface RoundKeeperDeps {
  readonly chain: ChainReader;
  readonly stores: Stores;
  readonly queue: ScoringQueue;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly registry: () => SubnetSnapshot | null;
  /** The record of a model that was refused before it could speak. */
  readonly refusedRecord: (row: RoundRow, entry: RoundRow['entries'][number], code: string) => ScoreRecord;
  readonly publishCommit: (round: number, commitment: string) => Promise<number>;
  readonly publishReveal: (of: {
    round: number;
    nonce: Uint8Array;
    recordDigests: readonly string[];
    record: ScoreRecord;
  }) => Promise<Uint8Array>;
}

export interface RoundKeeper {
  /** One step at a finalized head; safe to repeat, safe to be killed in. */
  turn(head: BlockRef): Promise<void>;
  /** What the newest turn saw, for status. */
  view(): {
    readonly round: number;
    readonly phase: string;
    readonly entered: number;
    readonly heard: number;
    readonly assigned: number;
  } | null;
}

/** Part of a round, percent, after which incomplete coverage is weighed as it is. */
const PATIENCE_PERCENT = 92;

/** Takes a validator through the rounds: open, hand out work, commit to scores, reveal them, weigh. */
export function createRoundKeeper(deps: RoundKeeperDeps, options: RoundKeeperOptions): RoundKeeper {
  const { stores, log } = deps;
  const openings = new Map<number, SubnetSnapshot>();
  const published = new Set<string>();
  let view: ReturnType<RoundKeeper['view']> = null;

  async function openingOf(round: number, window: RoundWindow): Promise<SubnetSnapshot> {
    const known = openings.get(round);
    if (known) return known;
    const opening = await deps.chain.snapshot(options.netuid, await deps.chain.blockAt(window.opensAt));
    openings.clear();
    openings.set(round, opening);
    return opening;
  }

  async function open(round: number, opening: SubnetSnapshot): Promise<RoundRow> {
    const seed = roundSeed({
      genesis: opening.genesis,
      netuid: options.netuid,
      mechanism: options.mechanism,
      round,
      openedBy: opening.block.hash,
    });
    const row = await stores.rounds.open({ round, openedAt: opening.block, seed, entries: [], state: 'open', note: null, weighing: null });
    log.debug({ round, block: opening.block.number }, 'round opened');
    return row;
  }

  /** Announcements may arrive after the opening; the claims they open were final at it. */
  async function refreshEntries(row: RoundRow, opening: SubnetSnapshot): Promise<RoundRow> {
    const entries = roundEntries(opening, await stores.announcements.active(deps.clock.nowMs()));
    const known = new Set(row.entries.map(({ hotkey }) => hotkey));
    const added = entries.filter(({ hotkey }) => !known.has(hotkey));
    if (added.length === 0) return row;
    const all = [...row.entries, ...added].sort((a, b) => a.commitmentBlock - b.commitmentBlock || (a.hotkey < b.hotkey ? -1 : 1));
    await stores.rounds.update(row.round, { entries: all });
    return { ...row, entries: all };
  }

  async function ownRecords(round: number): Promise<readonly ScoreRecord[]> {
    return (await stores.scores.ofRound(round)).filter(({ validator }) => validator === options.self).map(({ record }) => record);
  }

  /** Queue what is ready, mark what was refused; returns the entries that still wait for a fetch. */
  async function handOut(row: RoundRow, mine: RoundRow['entries'], heard: ReadonlySet<string>): Promise<void> {
    const waiting = mine.filter(({ hotkey }) => !heard.has(hotkey));
    const rows = await Promise.all(waiting.map(async (entry) => ({ entry, model: await stores.models.get(entry.hotkey, entry.model) })));
    await deps.queue.add(
      rows.filter(({ model }) => isReady(model)).map(({ entry }) => ({ round: row.round, hotkey: entry.hotkey, model: entry.model })),
    );
    for (const { entry, model } of rows) {
      if (model?.state !== 'rejected') continue;
      const record = deps.refusedRecord(row, entry, model.reason?.code ?? 'model.rejected');
      await stores.scores.put({ record, validator: options.self, envelope: new Uint8Array(), receivedAtMs: deps.clock.nowMs() });
    }
  }

  async function commit(row: RoundRow, records: readonly ScoreRecord[], head: BlockRef): Promise<void> {
    if (records.length === 0 || published.has(`commit/${row.round}`)) return;
    const nonce = await stores.scores.nonce(row.round);
    const recordDigests = records.map(recordDigest).sort();
    const commitment = scoreCommitment(row.round, nonce, recordDigests);
    await stores.scores.putCommit({ round: row.round, validator: options.self, commitment, block: head.number, recordDigests });
    const own = (await stores.scores.commitsOf(row.round)).find(({ validator }) => validator === options.self);
    const recipients = await deps.publishCommit(row.round, own?.commitment ?? commitment);
    if (recipients > 0) published.add(`commit/${row.round}`);
    log.debug({ round: row.round, records: records.length, recipients }, 'score commitment published');
  }

  async function reveal(row: RoundRow, records: readonly ScoreRecord[]): Promise<void> {
    const own = (await stores.scores.commitsOf(row.round)).find(({ validator }) => validator === options.self);
    if (!own) return;
    const nonce = await stores.scores.nonce(row.round);
    for (const record of records) {
      const digest = recordDigest(record);
      if (!own.recordDigests.includes(digest) || published.has(`reveal/${row.round}/${digest}`)) continue;
      await deps.publishReveal({ round: row.round, nonce, recordDigests: own.recordDigests, record });
      published.add(`reveal/${row.round}/${digest}`);
    }
  }

  async function closeEarlier(round: number): Promise<void> {
    for (const row of await stores.rounds.list(4)) {
      if (row.round >= round || (row.state !== 'open' && row.state !== 'revealed')) continue;
      const note = row.note ?? { code: 'round.not_weighed', facts: { round: row.round, entered: row.entries.length } };
      await stores.rounds.update(row.round, { state: 'skipped', note });
      deps.metrics.count('voxd_rounds_total', { outcome: 'skipped' });
      log.warn({ round: row.round, ...note }, 'round ended without weights');
    }
    for (const key of published) if (!key.includes(`/${round}`)) published.delete(key);
  }

  /** A node that starts late in a round, on an endpoint that keeps few old states, cannot know who took part: it waits for the next round. */
  function outOfReach(round: number, error: unknown): null {
    if (!isFailure(error) || error.code !== 'chain.block_not_found') throw error;
    if (view?.round !== round)
      log.warn({ round, ...error.facts, hint: error.hint }, 'the opening of this round is out of reach; the next round counts');
    view = { round, phase: 'out of reach', entered: 0, heard: 0, assigned: 0 };
    return null;
  }

  async function turn(head: BlockRef): Promise<void> {
    const round = roundOf(head.number, options.schedule);
    const window = roundWindow(round, options.schedule);
    const opening = await openingOf(round, window).catch((error: unknown) => outOfReach(round, error));
    if (opening === null) return;
    // The owner of the subnet always has a permit, also when nobody is there.
    const listeners = opening.neurons.filter(({ validatorPermit, stakeRao }) => validatorPermit && stakeRao > 0n);
    if (!listeners.some(({ hotkey }) => hotkey === options.self)) {
      view = null;
      return;
    }

    let row = (await stores.rounds.get(round)) ?? (await open(round, opening));
    const phase = phaseAt(head.number, window);
    if (phase === 'scoring') row = await refreshEntries(row, opening);
    const assigned = assignModels({ seed: row.seed, models: unique(row.entries), listeners, replication: options.replication });
    const mine = row.entries.filter(({ model }) => assigned.get(model)?.includes(options.self));
    const records = await ownRecords(round);
    const heard = new Set(records.map(({ hotkey }) => hotkey as string));
    deps.metrics.set('voxd_round_current', {}, round);
    view = { round, phase, entered: row.entries.length, heard: heard.size, assigned: mine.length };

    if (head.number < window.endsAt - 1 && (row.state === 'open' || row.state === 'revealed')) await handOut(row, mine, heard);
    if (phase === 'scoring') {
      const soon = head.number >= window.revealsAt - Math.max(2, Math.floor(options.schedule.cadenceBlocks / 20));
      const settled = head.number > window.opensAt + Math.floor(options.schedule.cadenceBlocks / 10);
      if (soon || (settled && mine.length > 0 && heard.size >= mine.length)) await commit(row, records, head);
    } else await reveal(row, records);
    if (phase === 'weighing') await weighWhenReady(row, window, head);
    await closeEarlier(round);
  }

  async function weighWhenReady(row: RoundRow, window: RoundWindow, head: BlockRef): Promise<void> {
    const snapshot = deps.registry();
    if (row.state === 'weighed' || row.state === 'skipped' || snapshot === null) return;
    const { weighed, rows, weighing } = await weigh(stores, row, snapshot, options);
    const complete = weighed.coverage.heard >= weighed.coverage.entered;
    const impatient = head.number >= window.opensAt + Math.floor((options.schedule.cadenceBlocks * PATIENCE_PERCENT) / 100);
    if (!complete && !impatient) return;
    const verdict = gate({
      shares: weighed.shares,
      coverage: weighed.coverage,
      minimumPercent: options.policy.minCoveragePercent,
      thresholdPpm: options.policy.contest.thresholdPpm,
    });
    if (!verdict.ok && verdict.error.code === 'weights.low_coverage') {
      await stores.rounds.update(row.round, { note: { code: verdict.error.code, facts: verdict.error.facts } });
      return;
    }
    await stores.standings.put(row.round, rows);
    const note = verdict.ok ? null : { code: verdict.error.code, facts: verdict.error.facts };
    await stores.rounds.update(row.round, { state: verdict.ok ? 'weighed' : 'skipped', note, weighing });
    deps.metrics.count('voxd_rounds_total', { outcome: verdict.ok ? 'weighed' : 'skipped' });
    for (const validator of weighed.disbelieved)
      log.warn({ round: row.round, validator }, 'records of this validator do not reproduce here');
    log.info(
      {
        round: row.round,
        heard: weighed.coverage.heard,
        entered: weighed.coverage.entered,
        best: rows.reduce((best, { sharePpm, hotkey }) => (sharePpm > best.sharePpm ? { sharePpm, hotkey } : best), {
          sharePpm: 0,
          hotkey: '',
        }).hotkey,
        ...(note ?? {}),
      },
      verdict.ok ? 'round weighed' : 'round weighed, nothing to send',
    );
  }

  return {
    view: () => view,
    turn,
  };
}

function isReady(model: ModelRow | null): boolean {
  return model !== null && ['prechecked', 'queued', 'running', 'scored'].includes(model.state);
}

function unique(entries: RoundRow['entries']): readonly ModelDigest[] {
  return [...new Set(entries.map(({ model }) => model))];
}
