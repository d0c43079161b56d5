import type { ChainReader } from '../../chain/ports.js';
import type { BlockRef, SubnetSnapshot } from '../../chain/snapshot.js';
import { toHex } from '../../protocol/digest.js';
import { isFailure } from '../../protocol/failure.js';
import type { Hotkey, ModelDigest } from '../../protocol/names.js';
import type { Clock } from '../../protocol/ports.js';
import { digestOfNonce, type ScoreCommitment, scoreCommitment } from '../../protocol/score-exchange.js';
import { assignModels } from '../../scoring/assignment.js';
import { recordDigest, type ScoreRecord } from '../../scoring/record.js';
import { phaseAt, type RoundSchedule, type RoundWindow, revealsLateAt, roundOf, roundSeed, roundWindow } from '../../scoring/round.js';
import type { WeighingPolicy } from '../../scoring/weigh.js';
import { gate } from '../../scoring/weights.js';
import { type AgreementReport, ownAgreement, readAgreement } from '../audit/agreement.js';
import type { Logger } from '../logger.js';
import type { Metrics } from '../metrics.js';
import type { ModelRow, RoundOpening, RoundRow, ScoringQueue, Stores } from '../ports.js';
import { openingOf, roundEntries } from './entries.js';
import { weigh } from './weighing.js';

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
  /** Makes records of contenders that wait for more prompts than there is time for. */
  readonly conclude: (row: RoundRow, entries: RoundRow['entries']) => Promise<void>;
  readonly publishCommit: (commit: ScoreCommitment) => Promise<number>;
  /** Audits of this round that are still to be made. */
  readonly auditsOutstanding: (row: RoundRow, head: BlockRef) => Promise<number>;
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
  /** Of the newest round that was weighed since the start. */
  agreement(): AgreementReport | null;
}

type OpenRound = RoundRow & { readonly opening: RoundOpening };

/** Part of a round, percent, after which incomplete coverage is weighed as it is. */
const PATIENCE_PERCENT = 92;

/** Takes a validator through the rounds: open, hand out work, commit to scores, reveal them, weigh. */
export function createRoundKeeper(deps: RoundKeeperDeps, options: RoundKeeperOptions): RoundKeeper {
  const { stores, log } = deps;
  const openings = new Map<number, SubnetSnapshot>();
  const published = new Set<string>();
  let view: ReturnType<RoundKeeper['view']> = null;
  let agreement: AgreementReport | null = null;
  let assigned: { readonly key: string; readonly models: ReadonlyMap<ModelDigest, readonly Hotkey[]> } | null = null;

  /** The row of the round with its opening, from the rows or else from the chain. Null: this node did not listen when it opened. */
  async function openRound(round: number, window: RoundWindow): Promise<OpenRound | null> {
    const known = await stores.rounds.get(round);
    if (known !== null && known.opening !== null) return { ...known, opening: known.opening };
    const snapshot = await snapshotAt(round, window);
    const opening = openingOf(snapshot);
    if (known !== null) {
      await stores.rounds.update(round, { opening });
      return { ...known, opening };
    }
    if (!opening.listeners.some(({ hotkey }) => hotkey === options.self)) return null;
    const { genesis, block } = snapshot;
    const seed = roundSeed({ genesis, netuid: options.netuid, mechanism: options.mechanism, round, openedBy: block.hash });
    const fresh = { round, openedAt: block, opening, seed, entries: [], state: 'open', note: null, weighing: null } as const;
    const row = await stores.rounds.open(fresh);
    log.debug({ round, block: block.number }, 'round opened');
    return { ...row, opening };
  }

  async function snapshotAt(round: number, window: RoundWindow): Promise<SubnetSnapshot> {
    const known = openings.get(round);
    if (known) return known;
    const opening = await deps.chain.snapshot(options.netuid, await deps.chain.blockAt(window.opensAt));
    openings.clear();
    openings.set(round, opening);
    return opening;
  }

  /** Announcements may arrive after the opening; the claims they open were final at it. */
  async function refreshEntries(row: OpenRound): Promise<OpenRound> {
    const entries = roundEntries(row.opening, await stores.announcements.active(deps.clock.nowMs()));
    const known = new Set(row.entries.map(({ hotkey }) => hotkey));
    const added = entries.filter(({ hotkey }) => !known.has(hotkey));
    if (added.length === 0) return row;
    const all = [...row.entries, ...added].sort((a, b) => a.commitmentBlock - b.commitmentBlock || (a.hotkey < b.hotkey ? -1 : 1));
    await stores.rounds.update(row.round, { entries: all });
    return { ...row, entries: all };
  }

  /** A hash per model, listener and ticket: worth keeping while nobody joins. */
  function assignment(row: OpenRound): ReadonlyMap<ModelDigest, readonly Hotkey[]> {
    const models = unique(row.entries);
    const key = `${row.seed} ${models.join()}`;
    if (assigned?.key !== key) {
      const { seed, opening } = row;
      assigned = { key, models: assignModels({ seed, models, listeners: opening.listeners, replication: options.replication }) };
    }
    return assigned.models;
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
    const nextNonceDigest = digestOfNonce(row.round + 1, await stores.scores.nonce(row.round + 1));
    const recordDigests = records.map(recordDigest).sort();
    const fresh = { round: row.round, commitment: scoreCommitment(row.round, nonce, recordDigests), nextNonceDigest };
    await stores.scores.putCommit({ ...fresh, validator: options.self, block: head.number, recordDigests, nonce: toHex(nonce) });
    const own = (await stores.scores.commitsOf(row.round)).find(({ validator }) => validator === options.self) ?? fresh;
    // A commitment from before there were secrets has none to promise.
    const { round, commitment } = own;
    const recipients = await deps.publishCommit({ round, commitment, nextNonceDigest: own.nextNonceDigest ?? nextNonceDigest });
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
  function outOfReach(round: number, error: unknown): 'out of reach' {
    if (!isFailure(error) || error.code !== 'chain.block_not_found') throw error;
    if (view?.round !== round)
      log.warn({ round, ...error.facts, hint: error.hint }, 'the opening of this round is out of reach; the next round counts');
    view = { round, phase: 'out of reach', entered: 0, heard: 0, assigned: 0 };
    return 'out of reach';
  }

  async function turn(head: BlockRef): Promise<void> {
    const round = roundOf(head.number, options.schedule);
    const window = roundWindow(round, options.schedule);
    const opened = await openRound(round, window).catch((error: unknown) => outOfReach(round, error));
    if (opened === 'out of reach') return;
    if (opened === null || !opened.opening.listeners.some(({ hotkey }) => hotkey === options.self)) {
      view = null;
      return;
    }

    let row = opened;
    const phase = phaseAt(head.number, window);
    if (phase === 'scoring') row = await refreshEntries(row);
    const listeners = assignment(row);
    const mine = row.entries.filter(({ model }) => listeners.get(model)?.includes(options.self));
    const records = await ownRecords(round);
    const heard = new Set(records.map(({ hotkey }) => hotkey as string));
    deps.metrics.set('voxd_round_current', {}, round);
    view = { round, phase, entered: row.entries.length, heard: heard.size, assigned: mine.length };

    if (head.number < window.endsAt - 1 && (row.state === 'open' || row.state === 'revealed')) await handOut(row, mine, heard);
    if (phase === 'scoring') {
      const soon = head.number >= window.revealsAt - Math.max(2, Math.floor(options.schedule.cadenceBlocks / 20));
      const settled = head.number > window.opensAt + Math.floor(options.schedule.cadenceBlocks / 10);
      const missing = mine.filter(({ hotkey }) => !heard.has(hotkey));
      if (soon) await deps.conclude(row, missing);
      if (soon || (settled && mine.length > 0 && missing.length === 0)) await commit(row, await ownRecords(round), head);
    } else if (head.number < revealsLateAt(window, options.schedule)) await reveal(row, records);
    if (phase === 'weighing') await weighWhenReady(row, window, head);
    await closeEarlier(round);
  }

  async function weighWhenReady(row: RoundRow, window: RoundWindow, head: BlockRef): Promise<void> {
    const snapshot = deps.registry();
    if (row.state === 'weighed' || row.state === 'skipped' || snapshot === null) return;
    const { weighed, rows, weighing } = await weigh(stores, row, snapshot, options);
    const complete = weighed.coverage.heard >= weighed.coverage.entered && (await deps.auditsOutstanding(row, head)) === 0;
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
      log.warn({ round: row.round, validator }, 'records of this validator count for nothing here; `voxd agreement` says why');
    await flagSilence(row.round, head);
    await takeAgreement(row.round);
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

  /** Whoever committed and revealed nothing may have listened to nothing. */
  async function flagSilence(round: number, head: BlockRef): Promise<void> {
    const flagged = new Set((await stores.flags.ofRound(round)).map(({ validator }) => validator));
    for (const { validator, recordDigests } of await stores.scores.commitsOf(round)) {
      if (recordDigests.length > 0 || flagged.has(validator)) continue;
      const reason = 'it committed to scores and revealed none in time';
      const flag = { round, validator, fault: 'silent', block: head.number, reason, envelope: new Uint8Array() } as const;
      if (!(await stores.flags.put(flag))) continue;
      deps.metrics.count('voxd_exchange_faults_total', { fault: 'silent' });
      log.warn({ round, validator, reason }, 'a validator is silent');
    }
  }

  async function takeAgreement(round: number): Promise<void> {
    agreement = await readAgreement(stores, { round, self: options.self });
    if (agreement === null) return;
    const { differencePpmMax, tauPpmMin, validators } = ownAgreement(agreement);
    deps.metrics.set('voxd_validators_disbelieved', {}, agreement.validators.filter(({ disbelieved }) => disbelieved !== null).length);
    deps.metrics.set('voxd_agreement_difference_ppm', {}, differencePpmMax);
    if (tauPpmMin !== null) deps.metrics.set('voxd_agreement_tau_ppm', {}, tauPpmMin);
    if (agreement.alarm)
      log.warn({ round, validators, differencePpmMax, tauPpmMin }, 'validators do not agree about the models of this round');
  }

  return {
    view: () => view,
    agreement: () => agreement,
    turn,
  };
}

function isReady(model: ModelRow | null): boolean {
  return model !== null && ['prechecked', 'queued', 'running', 'scored'].includes(model.state);
}

function unique(entries: RoundRow['entries']): readonly ModelDigest[] {
  return [...new Set(entries.map(({ model }) => model))];
}
