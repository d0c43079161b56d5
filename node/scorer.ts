import { isFailure } from '../protocol/failure.js';
import type { Hotkey } from '../protocol/names.js';
import type { Clock } from '../protocol/ports.js';
import type { Audio } from '../scoring/audio.js';
import { type Evaluation, evaluateModel } from '../scoring/evaluate.js';
import type { Judge, RunLimits, VerifiedModel, VoiceRunner } from '../scoring/ports.js';
import { faultScore, type PromptScore } from '../scoring/profile.js';
import { drawPrompts, type Prompt, promptSetDigest } from '../scoring/prompts.js';
import type { ScoreRecord } from '../scoring/record.js';
import { type RoundSchedule, roundWindow } from '../scoring/round.js';
import { nodeFailure } from './failures.js';
import type { Logger } from './logger.js';
import type { Metrics } from './metrics.js';
import type { ModelRow, RoundRow, ScoringJob, Stores } from './ports.js';

export interface Evidence {
  keepAudio(round: number, hotkey: Hotkey, prompt: Prompt, audio: Audio): Promise<void>;
  keepReport(round: number, hotkey: Hotkey, report: object): Promise<void>;
}

export interface ScorerDeps {
  readonly stores: Pick<Stores, 'models' | 'rounds' | 'scores'>;
  readonly runner: VoiceRunner;
  readonly judge: Judge;
  /** The verified package on disk; null when it is not here any more. */
  readonly openModel: (row: ModelRow) => Promise<VerifiedModel | null>;
  readonly evidence: Evidence;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly finalizedBlock: () => number;
  readonly onScored: () => void;
}

export interface ScorerOptions {
  readonly self: Hotkey;
  readonly netuid: number;
  readonly scorer: string;
  readonly prompts: number;
  readonly limits: RunLimits;
  readonly schedule: RoundSchedule;
}

export interface Scorer {
  /** One job of the queue. Rejects with a `retry` failure when the trouble is ours; then the job comes back. */
  handle(job: ScoringJob, signal: AbortSignal): Promise<void>;
  /** The record of a model that may not run: every prompt 0, with the reason. */
  refusedRecord(row: RoundRow, entry: RoundRow['entries'][number], code: string): ScoreRecord;
}

const PROMPT_SETS_KEPT = 2;
/** States in which a model may be handed out; after trouble of ours it is left as it was found. */
const READY: ReadonlySet<string> = new Set(['prechecked', 'queued', 'scored']);
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

  function recordOf(row: RoundRow, entry: ScoringJob, heard: Pick<Evaluation, 'prompts' | 'scorePpm' | 'fingerprint'>): ScoreRecord {
    return {
      version: 1,
      netuid: options.netuid,
      round: row.round,
      hotkey: entry.hotkey,
      model: entry.model,
      scorer: options.scorer,
      promptSet: promptsOf(row.seed).digest,
      seed: row.seed,
      engine: deps.runner.engine,
      prompts: heard.prompts.map(({ scorePpm, parts, audioDigest, fault }: PromptScore) => ({ scorePpm, parts, audioDigest, fault })),
      scorePpm: heard.scorePpm,
      fingerprint: heard.fingerprint,
    };
  }

  async function handle(job: ScoringJob, signal: AbortSignal): Promise<void> {
    const row = await stores.rounds.get(job.round);
    const over = deps.finalizedBlock() >= roundWindow(job.round, options.schedule).endsAt;
    if (!row || over || row.state === 'weighed' || row.state === 'skipped') return;
    if (await isScored(job)) {
      // The process may have ended between the score and the state.
      await finish(job, SCORED);
      return;
    }
    const modelRow = await stores.models.get(job.hotkey, job.model);
    const model = modelRow ? await deps.openModel(modelRow) : null;
    if (!modelRow || !model) {
      if (modelRow) await stores.models.put({ ...modelRow, state: 'announced' });
      throw nodeFailure('node.model_gone', { model: job.model, hotkey: job.hotkey });
    }

    await stores.models.put({ ...modelRow, state: 'running' });
    const { prompts } = promptsOf(row.seed);
    const evidence = bestEffort(deps.evidence);
    const evaluation = await evaluateModel({
      runner: deps.runner,
      judge: deps.judge,
      model,
      prompts,
      limits: options.limits,
      nowMs: () => performance.now(),
      keepAudio: (prompt, audio) => evidence.keepAudio(job.round, job.hotkey, prompt, audio),
      signal,
    }).catch(async (error: unknown) => {
      await finish(job, { state: READY.has(modelRow.state) ? modelRow.state : 'prechecked' });
      throw error;
    });
    const record = recordOf(row, job, evaluation);
    await stores.scores.put({ record, validator: options.self, envelope: new Uint8Array(), receivedAtMs: deps.clock.nowMs() });
    await finish(job, SCORED);
    await evidence.keepReport(job.round, job.hotkey, {
      record,
      timings: evaluation.timings,
      prompts: prompts.map(({ index, kind, text }, at) => ({ index, kind, text, ...evaluation.prompts[at], fingerprint: undefined })),
    });
    const lost = evidence.firstError();
    if (lost !== null) log.warn({ ...job, err: lost }, 'the score is kept, its evidence is not: is the disk full?');
    deps.metrics.observe('voxd_scoring_model_seconds', {}, evaluation.timings.totalMs / 1000);
    const faults = evaluation.prompts.filter(({ fault }) => fault !== null).length;
    log.info({ round: job.round, hotkey: job.hotkey, scorePpm: record.scorePpm, faults, ...evaluation.timings }, 'model scored');
    deps.onScored();
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
    async handle(job, signal) {
      try {
        await handle(job, signal);
      } catch (error) {
        if (isFailure(error)) {
          log.warn({ ...job, code: error.code, facts: error.facts }, 'model not scored');
        }
        throw error;
      }
    },
    refusedRecord(row, entry, code) {
      const prompts = promptsOf(row.seed).prompts.map(() => faultScore(code));
      return recordOf(row, { round: row.round, hotkey: entry.hotkey, model: entry.model }, { prompts, scorePpm: 0, fingerprint: '' });
    },
  };
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
