/** The engine and the scorer, as the daemon, a worker and the miner's own command use them. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Hotkey } from '../protocol/names.js';
import { createEspeak, findEspeak } from '../scoring/espeak/espeak.js';
import { RUN_LIMITS } from '../scoring/limits.js';
import { createVoiceRunner, type OnnxVoiceRunner } from '../scoring/onnx/runner.js';
import type { EngineName, RunLimits, VoiceRunner } from '../scoring/ports.js';
import { scorerOf } from './compose-judges.js';
import type { DaemonOptions } from './daemon-options.js';
import { createEvidence, type EvidenceStore, evidenceFolder, evidenceStoreId } from './files/evidence.js';
import type { ModelCache } from './model-cache.js';
import { createModelLeases, type ModelLeases } from './model-leases.js';
import type { ModelRow } from './ports.js';
import { createEvidenceIndex } from './postgres/evidence-index.js';
import type { TransactionalSql } from './postgres/sql.js';
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

/** Folders below the data directory: a worker beside the node keeps what it heard apart from it. */
export type EvidenceFolder = 'evidence' | 'evidence-worker';

/** Audio and reports in the data directory, found again through the database. */
export function composeEvidence(
  sql: TransactionalSql,
  dataDir: string,
  of: { readonly folder: EvidenceFolder; readonly bytesMax: number },
): EvidenceStore {
  const directory = join(dataDir, of.folder);
  let identity: Promise<string> | null = null;
  const store = () => {
    identity ??= evidenceStoreId(directory).catch((error: unknown) => {
      identity = null;
      throw error;
    });
    return identity;
  };
  const folderOf = (round: number, hotkey: string) => evidenceFolder(directory, round, hotkey);
  const index = createEvidenceIndex(sql, { store, host: hostname(), folderOf });
  return createEvidence({ index }, { directory, bytesMax: of.bytesMax });
}

/** A scorer over a cache of models; `fetch` brings what is not in it, where somebody can. */
export function composeScorer(
  deps: Omit<ScorerDeps, 'openModel' | 'dropModel'> & {
    readonly cache: ModelCache;
    readonly fetch?: (row: ModelRow) => Promise<string | null>;
  },
  terms: ScoringTerms,
  self: Hotkey,
): Scorer & { readonly leases: ModelLeases } {
  const { cache, fetch, ...rest } = deps;
  const leases = createModelLeases(cache);
  const scorer = createScorer(
    {
      ...rest,
      openModel: async (row) => {
        if (row.manifest === null) return null;
        let directory = await leases.open(row.model);
        if (directory === null && fetch !== undefined && (await fetch(row)) !== null) directory = await leases.open(row.model);
        return directory === null ? null : { digest: row.model, manifest: row.manifest, directory };
      },
      dropModel: (row) => cache.drop(row.model),
    },
    { ...terms, self, host: hostname() },
  );
  return { ...scorer, leases, handle: (job, signal) => leases.during(job.model, () => scorer.handle(job, signal)) };
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
