/** The engine and the scorer, as the daemon, a worker and the miner's own command use them. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Hotkey } from '../protocol/names.js';
import type { Secret } from '../protocol/secret.js';
import { createEspeak, findEspeak } from '../scoring/espeak/espeak.js';
import { RUN_LIMITS } from '../scoring/limits.js';
import { createVoiceRunner, type OnnxVoiceRunner } from '../scoring/onnx/runner.js';
import type { EngineName, RunLimits, VoiceRunner } from '../scoring/ports.js';
import type { DaemonOptions } from './compose.js';
import { scorerOf } from './compose-judges.js';
import { createEvidence, type EvidenceStore } from './files/evidence.js';
import { packageRoutes } from './http/package-routes.js';
import type { HttpRoutes } from './http/server.js';
import type { ModelCache, ModelRow } from './ports.js';
import { putEvidence } from './postgres/evidence-index.js';
import type { Sql } from './postgres/sql.js';
import { createScorer, type Scorer, type ScorerDeps, type ScoringTerms } from './rounds/scorer.js';

export function composeRunner(engine: EngineName): OnnxVoiceRunner {
  return createVoiceRunner({ engine, phonemiser: createEspeak({ program: findEspeak() }) });
}

/** By what terms a daemon with these options scores. */
export function termsOf(options: Pick<DaemonOptions, 'chain' | 'scoring' | 'weights' | 'rounds'>, engineId: string): ScoringTerms {
  const { engine, strategy, prompts, firstPrompts, incumbents, limits } = options.scoring;
  return {
    netuid: options.chain.netuid,
    engine,
    engineId,
    scorer: scorerOf(engineId, options.scoring.judges),
    strategy,
    prompts,
    firstPrompts,
    incumbents,
    thresholdPpm: options.weights.policy.contest.thresholdPpm,
    limits,
    schedule: options.rounds,
  };
}

/** Packages for workers on other machines, where a token is set. */
export function composeRoutes(token: Secret | null, cache: ModelCache): readonly HttpRoutes[] {
  return token === null ? [] : [packageRoutes({ token, find: cache.find })];
}

/** Audio and reports in the data directory, found again through the database. */
export function composeEvidence(sql: Sql, dataDir: string, bytesMax: number): EvidenceStore {
  return createEvidence(join(dataDir, 'evidence'), {
    bytesMax,
    onKept: (round, hotkey, directory) => putEvidence(sql, round, hotkey, { host: hostname(), directory }),
  });
}

/** A scorer over a cache of models; `fetch` brings what is not in it, where somebody can. */
export function composeScorer(
  deps: Omit<ScorerDeps, 'openModel' | 'dropModel'> & {
    readonly cache: ModelCache;
    readonly fetch?: (row: ModelRow) => Promise<string | null>;
  },
  terms: ScoringTerms,
  self: Hotkey,
): Scorer {
  const { cache, fetch, ...rest } = deps;
  return createScorer(
    {
      ...rest,
      openModel: async (row) => {
        if (row.manifest === null) return null;
        const directory = (await cache.find(row.model)) ?? (await fetch?.(row)) ?? null;
        return directory === null ? null : { digest: row.model, manifest: row.manifest, directory };
      },
      dropModel: (row) => cache.drop(row.model),
    },
    { ...terms, self, host: hostname() },
  );
}

/** Both engines, for audits: ours as it is, and the wasm one to decide. */
export function auditEngines(
  runner: OnnxVoiceRunner,
  own: { readonly engine: EngineName; readonly limits: RunLimits },
): Readonly<Record<EngineName, { readonly runner: VoiceRunner; readonly limits: RunLimits }>> {
  const other = (engine: EngineName) =>
    engine === own.engine ? { runner, limits: own.limits } : { runner: composeRunner(engine), limits: RUN_LIMITS[engine] };
  return { native: other('native'), wasm: other('wasm') };
}
