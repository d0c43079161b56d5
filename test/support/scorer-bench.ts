/** A scorer over memory stores and a voice that is none, with what tests look at. */
import { NO_METRICS } from '../../node/metrics.js';
import type { ModelRow, RoundRow, ScoringJob, Stores } from '../../node/ports.js';
import { createScorer, type Evidence, type ScorerOptions } from '../../node/rounds/scorer.js';
import { isFailure } from '../../protocol/failure.js';
import type { Judge, RunLimits, VerifiedModel } from '../../scoring/ports.js';
import type { PromptScore } from '../../scoring/profile.js';
import { createFakeVoice, type FakeVoiceOptions } from './fake-voice.js';
import { aHash, aHotkey, aModel } from './keys.js';
import { createMemoryStores } from './memory-stores.js';
import { createRecordingLog } from './recording-log.js';

export const SELF = aHotkey('validator');
export const SCORER = 'ab'.repeat(32);
export const SEED = 'cd'.repeat(32);
export const PROMPTS = 4;
export const JOB: ScoringJob = { round: 3, hotkey: aHotkey('miner'), model: aModel(1) };
export const ENTRY = { hotkey: JOB.hotkey, registeredAt: 10, model: JOB.model, commitmentBlock: 20 };
export const ROUND: RoundRow = {
  round: 3,
  openedAt: { number: 120, hash: aHash(120) },
  opening: null,
  seed: SEED,
  entries: [ENTRY],
  state: 'open',
  note: null,
  weighing: null,
};
export const ROW: ModelRow = { ...ENTRY, state: 'prechecked', reason: null, attempts: 2, manifest: null, tensorDigests: ['t'] };
const LIMITS: RunLimits = { memoryBytes: 1, cpuSeconds: 1, loadTimeoutMs: 1, utteranceTimeoutMs: 1, audioSecondsMax: 60 };
// Safety: the fake voice never looks at its model.
const MODEL = { digest: JOB.model, manifest: {}, directory: '/nowhere' } as unknown as VerifiedModel;
export const HEARD: PromptScore = {
  parts: { content: 800_000 },
  scorePpm: 800_000,
  audioDigest: 'ef'.repeat(32),
  fingerprint: '0a',
  fault: null,
};
export const TONE = { samples: Float32Array.from({ length: 1_600 }, (_, n) => Math.sin(n / 9) / 3), sampleRateHz: 16_000 };
export const NO_SIGNAL = new AbortController().signal;

export interface ScorerSetup {
  readonly voice?: FakeVoiceOptions;
  readonly judge?: Judge['judge'];
  readonly evidence?: Partial<Evidence>;
  readonly openModel?: (row: ModelRow) => Promise<VerifiedModel | null>;
  readonly block?: number | (() => number);
  readonly stores?: Stores;
  readonly untried?: number;
  readonly terms?: Partial<ScorerOptions>;
}

/** Shape: what is different from one voice that says a tone → a scorer over memory, and what became of its one job. */
export async function aScorer({
  voice = { say: () => TONE },
  judge = async () => HEARD,
  evidence = {},
  openModel = async () => MODEL,
  block = 125,
  untried = 0,
  terms = {},
  stores = createMemoryStores(),
}: ScorerSetup = {}) {
  await stores.rounds.open(ROUND);
  await stores.models.put(ROW);
  const { log, warnings } = createRecordingLog();
  const runner = createFakeVoice(voice);
  const kept = { dropped: [] as string[], audio: [] as number[], reports: [] as object[], scored: 0 };
  const scorer = createScorer(
    {
      stores,
      runner,
      judge: { judge, close: async () => {} },
      openModel,
      dropModel: async ({ model }) => void kept.dropped.push(model),
      untried: async () => untried,
      evidence: {
        keepAudio: async (_round, _hotkey, { index }) => void kept.audio.push(index),
        keepReport: async (_round, _hotkey, report) => void kept.reports.push(report),
        ...evidence,
      },
      clock: { nowMs: () => 5_000, sleep: async () => {} },
      log,
      metrics: NO_METRICS,
      finalizedBlock: () => (typeof block === 'number' ? block : block()),
      onScored: () => kept.scored++,
    },
    {
      self: SELF,
      netuid: 7,
      scorer: SCORER,
      host: 'here',
      engine: 'native',
      engineId: 'fake',
      strategy: 'staged',
      prompts: PROMPTS,
      firstPrompts: PROMPTS,
      incumbents: 2,
      thresholdPpm: 100_000,
      limits: LIMITS,
      schedule: { cadenceBlocks: 40, commitPercent: 60, revealPercent: 75 },
      ...terms,
    },
  );
  return {
    stores,
    runner,
    kept,
    warnings,
    scorer,
    code: (signal = NO_SIGNAL) =>
      scorer.handle(JOB, signal).then(
        () => 'done',
        (error: unknown) => (isFailure(error) ? `${error.code} ${error.disposition}` : String(error)),
      ),
    state: async () => (await stores.models.get(JOB.hotkey, JOB.model))?.state,
    scores: () => stores.scores.ofRound(3),
  };
}
