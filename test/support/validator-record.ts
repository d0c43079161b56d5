/** What a validator stores of a package: its own scorer, sandbox and judge, over stores in memory. */
import { composeJudge, scorerOf } from '../../node/compose-judges.js';
import { checkPackage } from '../../node/compose-models.js';
import { composeRunner } from '../../node/compose-scoring.js';
import { NO_METRICS } from '../../node/metrics.js';
import { BUILTIN_JUDGE } from '../../node/rounds/judges.js';
import { createScorer } from '../../node/rounds/scorer.js';
import { RUN_LIMITS } from '../../scoring/limits.js';
import type { ScoreRecord } from '../../scoring/record.js';
import { aHash, aHotkey } from './keys.js';
import { createMemoryStores } from './memory-stores.js';
import { quiet } from './temporary.js';

/** Shape: a package on disk, the seed of a round and the number of its prompts → the record. */
export async function recordOfValidator(
  directory: string,
  { seed, prompts }: { readonly seed: string; readonly prompts: number },
): Promise<ScoreRecord> {
  const { model } = await checkPackage(directory);
  const stores = createMemoryStores();
  const entry = { hotkey: aHotkey('miner'), registeredAt: 1, model: model.digest, commitmentBlock: 2 };
  await stores.rounds.open({
    round: 1,
    openedAt: { number: 40, hash: aHash(40) },
    opening: null,
    seed,
    entries: [entry],
    state: 'open',
    note: null,
    weighing: null,
  });
  await stores.models.put({ ...entry, state: 'prechecked', reason: null, attempts: 0, manifest: model.manifest, tensorDigests: [] });
  const runner = composeRunner('native');
  const judge = await composeJudge(1);
  const self = aHotkey('validator');
  try {
    const scorer = createScorer(
      {
        stores,
        runner,
        judge,
        openModel: async () => model,
        dropModel: async () => {},
        untried: async () => 0,
        evidence: { keepAudio: async () => {}, keepReport: async () => {} },
        clock: quiet.clock,
        log: quiet.logger,
        metrics: NO_METRICS,
        finalizedBlock: () => 41,
        onScored: () => {},
      },
      {
        self,
        host: 'here',
        netuid: 1,
        engine: 'native',
        engineId: runner.engineId,
        scorer: scorerOf(runner.engineId, BUILTIN_JUDGE),
        strategy: 'staged',
        prompts,
        firstPrompts: prompts,
        incumbents: 8,
        thresholdPpm: 100_000,
        limits: RUN_LIMITS.native,
        schedule: { cadenceBlocks: 40, commitPercent: 60, revealPercent: 75 },
      },
    );
    await scorer.handle({ round: 1, hotkey: entry.hotkey, model: model.digest }, new AbortController().signal);
    const [score] = await stores.scores.ofRound(1);
    if (score === undefined) throw new Error('the validator stored no record');
    return score.record;
  } finally {
    await judge.close();
  }
}
