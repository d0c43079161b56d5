import { type Failure, isFailure } from '../../protocol/failure.js';
import type { Hotkey } from '../../protocol/names.js';
import type { Clock } from '../../protocol/ports.js';
import type { Audio } from '../../scoring/audio.js';
import { type Contenders, type ContenderVerdict, findContenders } from '../../scoring/contenders.js';
import { type Evaluation, evaluateModel } from '../../scoring/evaluate.js';
import { joinFingerprints } from '../../scoring/fingerprint.js';
import type { EngineName, Judge, RunLimits, VerifiedModel, VoiceRunner } from '../../scoring/ports.js';
import { combinePrompts, faultScore, type PromptScore } from '../../scoring/profile.js';
import { drawPrompts, type Prompt, promptSetDigest } from '../../scoring/prompts.js';
import type { ScoreRecord } from '../../scoring/record.js';
import { closesAt, type RoundSchedule, roundWindow } from '../../scoring/round.js';
import {
  fullStrategy,
  type HeardPrompts,
  type Stage,
  type Strategy,
  scoresOf,
  stagedStrategy,
  withPrivateStage,
} from '../../scoring/strategies.js';
import { nodeFailure } from '../failures.js';
import type { Logger } from '../logger.js';
import type { Metrics } from '../metrics.js';
import type { JobOutcome, ModelRow, RoundRow, ScoringJob, Stores } from '../ports.js';
import { ownPrivatePrompts } from './private-slice.js';

export interface Evidence {
  keepAudio(round: number, hotkey: Hotkey, prompt: Prompt, audio: Audio, score: PromptScore): Promise<void>;
  keepReport(round: number, hotkey: Hotkey, report: object): Promise<void>;
}

export interface ScorerDeps {
  readonly stores: Pick<Stores, 'models' | 'rounds' | 'scores' | 'progress' | 'standings'>;
  readonly runner: VoiceRunner;
  readonly judge: Judge;
  /** The verified package on disk; null when it is not here any more. */
  readonly openModel: (row: ModelRow) => Promise<VerifiedModel | null>;
  /** What is on disk is not what it was when it was verified: it goes, and is fetched again. */
  readonly dropModel: (row: ModelRow) => Promise<void>;
  readonly evidence: Evidence;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly finalizedBlock: () => number | Promise<number>;
  /** Jobs that have not had their first turn. */
  readonly untried: () => Promise<number>;
  readonly onScored: () => void;
}

/** What decides how much of each model is heard; the same on every machine that scores for one validator. */
export interface ScoringTerms {
  readonly netuid: number;
  readonly engine: EngineName;
  readonly engineId: string;
  readonly scorer: string;
  /** `full` hears every model through all prompts. */
  readonly strategy: 'staged' | 'full';
  readonly prompts: number;
  readonly firstPrompts: number;
  /** Best standings that are heard in full. */
  readonly incumbents: number;
  readonly thresholdPpm: number;
  readonly limits: RunLimits;
  readonly schedule: RoundSchedule;
}

export interface ScorerOptions extends ScoringTerms {
  readonly self: Hotkey;
  /** Name of this machine, for the record of what took how long. */
  readonly host: string;
}

export interface Scorer {
  /** One job of the queue. Rejects with a `retry` failure when the trouble is ours; then the job comes back and goes on where it was. */
  handle(job: ScoringJob, signal: AbortSignal): Promise<JobOutcome>;
  /**
   * Contenders that still wait to be heard further when the time for that is over: their first prompts make their records. Without it those that
   * are heard once would crowd out the best.
   */
  conclude(row: RoundRow, entries: RoundRow['entries']): Promise<void>;
  /** The record of a model that may not run: every first prompt 0, with the reason. */
  refusedRecord(row: RoundRow, entry: RoundRow['entries'][number], code: string): ScoreRecord;
  /** The public prompts of a round, by its seed. */
  promptsOf(seed: string): { readonly prompts: readonly Prompt[]; readonly digest: string };
  /** The verified package of a model; null when it is not here. */
  readonly openModel: ScorerDeps['openModel'];
}

const PROMPT_SETS_KEPT = 2;
/** States in which a model may be handed out; after trouble of ours it is left as it was found. */
const READY: ReadonlySet<string> = new Set(['prechecked', 'queued', 'scored']);
/** Where no model is run. */
const NOTHING_TO_STOP = new AbortController().signal;
const SCORED = { state: 'scored', reason: null, attempts: 0 } as const;

export function createScorer(deps: ScorerDeps, options: ScorerOptions): Scorer {
  const { stores, log } = deps;
  const promptSets = new Map<string, { readonly prompts: readonly Prompt[]; readonly digest: string }>();

  function promptsOf(seed: string): { readonly prompts: readonly Prompt[]; readonly digest: string } {
    const known = promptSets.get(seed);
    if (known) return known;
    const prompts = drawPrompts(seed, options.prompts);
    const drawn = { prompts, digest: promptSetDigest(prompts) };
    for (const old of [...promptSets.keys()].slice(0, Math.max(0, promptSets.size - PROMPT_SETS_KEPT + 1))) promptSets.delete(old);
    promptSets.set(seed, drawn);
    return drawn;
  }

  function recordOf(
    row: RoundRow,
    entry: ScoringJob,
    heard: Pick<Evaluation, 'prompts' | 'scorePpm' | 'fingerprint'>,
    slice: { readonly prompts: readonly Prompt[]; readonly scores: readonly PromptScore[] } = { prompts: [], scores: [] },
  ): ScoreRecord {
    const whole = slice.prompts.length > 0 && slice.scores.length === slice.prompts.length;
    return {
      version: 1,
      netuid: options.netuid,
      round: row.round,
      hotkey: entry.hotkey,
      model: entry.model,
      scorer: options.scorer,
      promptSet: promptsOf(row.seed).digest,
      seed: row.seed,
      engine: options.engine,
      prompts: heard.prompts.map(kept),
      scorePpm: heard.scorePpm,
      fingerprint: heard.fingerprint,
      ...(whole ? { private: { promptSet: promptSetDigest(slice.prompts), prompts: slice.scores.map(kept) } } : {}),
    };
  }

  /** How far the round is. `closing`: only first prompts are still worth hearing. */
  async function phaseOf(round: number): Promise<'open' | 'closing' | 'over'> {
    const [row, block] = await Promise.all([stores.rounds.get(round), deps.finalizedBlock()]);
    const window = roundWindow(round, options.schedule);
    if (!row || row.state === 'weighed' || row.state === 'skipped' || block >= window.endsAt) return 'over';
    return block >= closesAt(window) ? 'closing' : 'open';
  }

  async function contendersOf(row: RoundRow): Promise<Contenders> {
    const before = await stores.standings.before(row.round);
    return findContenders({ before, entries: row.entries }, options);
  }

  async function open(job: ScoringJob): Promise<{ readonly row: ModelRow; readonly model: VerifiedModel }> {
    const row = await stores.models.get(job.hotkey, job.model);
    const model = row ? await deps.openModel(row) : null;
    if (row && model) return { row, model };
    if (row) await stores.models.put({ ...row, state: 'announced' });
    throw nodeFailure('node.model_gone', { model: job.model, hotkey: job.hotkey });
  }

  /** The cache gave out what is not the package any more (a bad disk, a stray hand): nobody could ever score it. */
  async function whenDamaged(job: ScoringJob, row: ModelRow, error: unknown): Promise<void> {
    if (!isFailure(error) || !isDamage(error)) return;
    log.warn({ ...job, code: error.code, facts: error.facts }, 'a cached model is damaged; it is dropped and fetched again');
    await deps.dropModel(row);
    const now = await stores.models.get(job.hotkey, job.model);
    if (now) await stores.models.put({ ...now, state: 'announced' });
  }

  /** What this model is to say, and what of it was heard already. */
  async function planOf(row: RoundRow, job: ScoringJob) {
    const { prompts } = promptsOf(row.seed);
    const entry = row.entries.find(({ hotkey, model }) => hotkey === job.hotkey && model === job.model);
    const contenders = await contendersOf(row);
    const verdictOf = (first: readonly PromptScore[]): ContenderVerdict =>
      entry === undefined ? 'no contender' : contenders.verdict(entry, first);
    const { firstPrompts } = options;
    const slice = await ownPrivatePrompts(stores, { row, self: options.self, model: job.model });
    const openly: Strategy =
      options.strategy === 'full'
        ? fullStrategy(prompts)
        : stagedStrategy({ prompts, firstPrompts, isContender: (first) => verdictOf(first) !== 'no contender' });
    const rows = await stores.progress.of(job, options.scorer);
    const known: HeardPrompts = new Map(rows.map(({ prompt, score }) => [prompt, score]));
    return { prompts, slice, contenders, verdictOf, strategy: withPrivateStage(openly, slice), known };
  }

  async function handle(job: ScoringJob, signal: AbortSignal): Promise<JobOutcome> {
    const row = await stores.rounds.get(job.round);
    if (!row || (await phaseOf(job.round)) === 'over') return 'done';
    if (await isScored(job)) {
      // The process may have ended between the score and the state.
      await finish(job, SCORED);
      return 'done';
    }
    const { prompts, slice, contenders, verdictOf, strategy, known } = await planOf(row, job);
    // A stage is begun only if it can still count, and only when nobody waits for a first turn.
    let stopped: 'over' | 'closing' | 'later' | null = null;
    let begun: Stage['name'] | null = null;
    const mayGoOn = async ({ name }: Stage): Promise<boolean> => {
      const phase = await phaseOf(job.round);
      if (phase === 'over') stopped = 'over';
      else if (name === 'contenders' && phase === 'closing') stopped = 'closing';
      else if (name === 'contenders' && begun !== name && (await deps.untried()) > 0) stopped = 'later';
      begun = name;
      return stopped === null;
    };

    const evidence = bestEffort(deps.evidence);
    let evaluation: Pick<Evaluation, 'complete' | 'heard' | 'stages' | 'timings'>;
    const next = strategy.next(known);
    if (next === null || !(await mayGoOn(next))) {
      evaluation = { complete: next === null, heard: known, stages: [], timings: { loadMs: 0, synthesisMs: 0, judgeMs: 0, totalMs: 0 } };
    } else {
      const { row: modelRow, model } = await open(job);
      await stores.models.put({ ...modelRow, state: 'running' });
      const resting = { state: READY.has(modelRow.state) ? modelRow.state : 'prechecked' } as const;
      evaluation = await evaluateModel({
        runner: deps.runner,
        judge: deps.judge,
        model,
        prompts: [...prompts, ...slice],
        strategy,
        heard: known,
        limits: options.limits,
        nowMs: () => performance.now(),
        mayGoOn,
        onPrompt: ({ index }, score, timings) => stores.progress.put(job, options.scorer, { prompt: index, score, ...timings }),
        onStage: async (timings) => {
          await stores.progress.putStage({ ...job, ...timings, host: options.host });
          deps.metrics.observe('voxd_scoring_stage_seconds', { stage: timings.stage }, timings.totalMs / 1000);
        },
        keepAudio: (prompt, audio, score) => evidence.keepAudio(job.round, job.hotkey, prompt, audio, score),
        signal,
      }).catch(async (error: unknown) => {
        await finish(job, resting);
        await whenDamaged(job, modelRow, error);
        throw error;
      });
      if (stopped === 'over' || stopped === 'later') await finish(job, resting);
    }
    if (stopped === 'over') {
      log.info({ ...job, prompts: evaluation.heard.size }, 'the round ended before this model was heard');
      return 'done';
    }
    if (stopped === 'later') {
      log.debug({ ...job, prompts: evaluation.heard.size }, 'a contender; the rest is heard when all others have had their first turn');
      return 'later';
    }
    const asked = evaluation.complete ? prompts : prompts.slice(0, options.firstPrompts);
    const spoken = asked.flatMap((prompt) => {
      const score = evaluation.heard.get(prompt.index);
      return score === undefined ? [] : [{ prompt, score }];
    });
    const first = spoken.map(({ score }) => score);
    const scores = deps.judge.conclude?.(first) ?? first;
    const heard = spoken.map(({ prompt }, at) => ({ prompt, score: scores[at]! }));
    const fingerprint = joinFingerprints(scores.map(({ fingerprint: one }) => one));
    const record = recordOf(
      row,
      job,
      { prompts: scores, scorePpm: combinePrompts(scores), fingerprint },
      {
        prompts: slice,
        scores: scoresOf(slice, evaluation.heard),
      },
    );
    await stores.scores.put({ record, validator: options.self, envelope: new Uint8Array(), receivedAtMs: deps.clock.nowMs() });
    await finish(job, SCORED);
    const verdict = options.strategy === 'full' ? null : verdictOf(first.slice(0, options.firstPrompts));
    await evidence.keepReport(job.round, job.hotkey, {
      record,
      verdict,
      bar_ppm: contenders.barPpm,
      cut_short: stopped === 'closing',
      stages: evaluation.stages,
      timings: evaluation.timings,
      prompts: heard.map(({ prompt: { index, kind, text }, score }) => ({
        index,
        kind,
        text,
        ...score,
        fingerprint: undefined,
        voice: undefined,
      })),
    });
    const lost = evidence.firstError();
    if (lost !== null) log.warn({ ...job, err: lost }, 'the score is kept, its evidence is not: is the disk full?');
    deps.metrics.observe('voxd_scoring_model_seconds', {}, evaluation.timings.totalMs / 1000);
    const faults = scores.filter(({ fault }) => fault !== null).length;
    log.info(
      {
        round: job.round,
        hotkey: job.hotkey,
        scorePpm: record.scorePpm,
        prompts: scores.length,
        goneOnFrom: known.size,
        ...(verdict === null ? {} : { verdict }),
        faults,
        ...evaluation.timings,
      },
      'model scored',
    );
    deps.onScored();
    return 'done';
  }

  /** A model speaks for minutes, and others write its row meanwhile: only our own `running` is written over. */
  async function finish({ hotkey, model }: ScoringJob, change: Partial<ModelRow>): Promise<void> {
    const now = await stores.models.get(hotkey, model);
    if (now?.state === 'running') await stores.models.put({ ...now, ...change });
  }

  async function isScored({ round, hotkey, model }: ScoringJob): Promise<boolean> {
    const scores = await stores.scores.ofRound(round);
    return scores.some(({ validator, record }) => validator === options.self && record.hotkey === hotkey && record.model === model);
  }

  return {
    promptsOf,
    openModel: deps.openModel,
    async handle(job, signal) {
      try {
        return await handle(job, signal);
      } catch (error) {
        if (isFailure(error)) {
          log.warn({ ...job, code: error.code, facts: error.facts }, 'model not scored');
        }
        throw error;
      }
    },
    async conclude(row, entries) {
      if ((await phaseOf(row.round)) !== 'closing') return;
      for (const { hotkey, model } of entries) {
        const job = { round: row.round, hotkey, model };
        const { strategy, known } = await planOf(row, job);
        if (strategy.next(known)?.name === 'contenders') await handle(job, NOTHING_TO_STOP);
      }
    },
    refusedRecord(row, entry, code) {
      const asked = options.strategy === 'full' ? options.prompts : Math.min(options.prompts, options.firstPrompts);
      const prompts = promptsOf(row.seed)
        .prompts.slice(0, asked)
        .map(() => faultScore(code));
      return recordOf(row, { round: row.round, hotkey: entry.hotkey, model: entry.model }, { prompts, scorePpm: 0, fingerprint: '' });
    },
  };
}

/** What a record holds of a prompt. */
function kept({ scorePpm, parts, audioDigest, fault }: PromptScore): ScoreRecord['prompts'][number] {
  return { scorePpm, parts, audioDigest, fault };
}

/** The package was verified when it came; if its bytes are wrong now, this copy is at fault and another one is not. */
function isDamage({ code, disposition }: Failure): boolean {
  return code.startsWith('model.') && disposition === 'retry';
}

/** Evidence is for people: a full disk must not cost the miner a score. The first error is kept, to be told once. */
function bestEffort(evidence: Evidence): Evidence & { firstError(): unknown } {
  let first: unknown = null;
  const kept = (keeping: Promise<void>) =>
    keeping.catch((error: unknown) => {
      first ??= error;
    });
  return {
    firstError: () => first,
    keepAudio: (...of) => kept(evidence.keepAudio(...of)),
    keepReport: (...of) => kept(evidence.keepReport(...of)),
  };
}
