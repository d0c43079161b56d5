/** How the judge of a node comes to life, and how its models get here. Nothing replaces a judge that is not there. */
import { createHash } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config/schema.js';
import { scoringFailure } from '../scoring/failures.js';
import { neuralScorerDigest } from '../scoring/neural/profile.js';
import { type ModelSource, NEURAL_MODELS, type NeuralModel } from '../scoring/neural/source.js';
import { JUDGE_MODEL_BYTES_MAX, openNeuralModels, readPinned } from '../scoring/onnx/judge-models.js';
import { createNeuralJudge } from '../scoring/onnx/neural-judge.js';
import { findConfinement } from '../scoring/onnx/sandbox.js';
import type { EngineName, Judge } from '../scoring/ports.js';
import { BUILTIN_PROFILE, scorerDigest } from '../scoring/profile.js';
import { createJudgePool } from '../scoring/threads/judge-pool.js';
import { BUILTIN_JUDGE, incomplete, type JudgeChoice, placeOf, sourcesOf } from './rounds/judges.js';

/** Shape: engine and judge → 64 hex digits, from what is pinned; the files need not be here. */
export function scorerOf(engineId: string, judges: JudgeChoice = BUILTIN_JUDGE): string {
  if (judges.profile === 'builtin-1') return scorerDigest({ profile: BUILTIN_PROFILE, engineId });
  // Safety: one digest per file, and one file per model.
  const models = Object.fromEntries(NEURAL_MODELS.map((name) => [name, judges.files[name].sha256])) as Record<NeuralModel, string>;
  return neuralScorerDigest({ engineId, models });
}

/**
 * A judge that has heard something already: every model is there, is the pinned one, fits and runs.
 * Errors: rejects with scoring.profile_incomplete, scoring.profile_wrong_model, scoring.profile_unfit, scoring.sandbox_unavailable.
 */
export async function composeJudge(threads: number, engine: EngineName = 'native', judges: JudgeChoice = BUILTIN_JUDGE): Promise<Judge> {
  if (judges.profile === 'builtin-1') return createJudgePool({ threads });
  const models = await openNeuralModels(judges.files);
  const confinement = await findConfinement();
  const judge = createNeuralJudge({ listener: createJudgePool({ threads }), models, confinement }, { engine, seats: judges.sets });
  try {
    await judge.tryOut();
  } catch (error) {
    await judge.close();
    throw error;
  }
  return judge;
}

export interface FetchedModel {
  readonly model: NeuralModel;
  readonly path: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly fetched: boolean;
}

/**
 * Brings the models that have an address to where the node looks for them, and holds all of them against their digests.
 * Errors: rejects with scoring.profile_incomplete, scoring.profile_wrong_model.
 */
export async function fetchJudges(
  { scoring, dataDir }: Pick<Config, 'scoring' | 'dataDir'>,
  onModel: (model: FetchedModel) => void,
  signal?: AbortSignal,
): Promise<void> {
  for (const [model, source] of sourcesOf(scoring)) {
    const path = placeOf(source, dataDir);
    const { sha256 } = source;
    const known = await readPinned(model, { path, sha256 }).catch((error: unknown) => {
      if (source.remote) return null;
      throw error;
    });
    if (known === null) await download(model, source, path, signal);
    const sizeBytes = (known ?? (await readPinned(model, { path, sha256 }))).length;
    onModel({ model, path, sha256, sizeBytes, fetched: known === null });
  }
}

/** Which of them are here; `sizeBytes` null: not here. Errors: as fetchJudges, for those that have no address or are not what they are pinned to. */
export async function judgesHere({ scoring, dataDir }: Pick<Config, 'scoring' | 'dataDir'>) {
  return Promise.all(
    [...sourcesOf(scoring)].map(async ([model, source]) => {
      const path = placeOf(source, dataDir);
      const { sha256, location } = source;
      const known = await readPinned(model, { path, sha256 }).catch((error: unknown) => {
        if (source.remote) return null;
        throw error;
      });
      return { model, path, sha256, location, here: known !== null, sizeBytes: known?.length ?? null };
    }),
  );
}

async function download(model: NeuralModel, { location, sha256 }: ModelSource, path: string, signal?: AbortSignal): Promise<void> {
  const part = `${path}.part`;
  try {
    await mkdir(join(path, '..'), { recursive: true });
    const response = await fetch(location, { ...(signal === undefined ? {} : { signal }) });
    if (!response.ok || response.body === null) throw new RangeError(`${location} answers ${response.status}`);
    const file = await open(part, 'w');
    const hash = createHash('sha256');
    let sizeBytes = 0;
    try {
      for await (const chunk of response.body) {
        sizeBytes += chunk.length;
        if (sizeBytes > JUDGE_MODEL_BYTES_MAX) throw new RangeError(`${location} sends more than ${JUDGE_MODEL_BYTES_MAX} bytes`);
        hash.update(chunk);
        await file.write(chunk);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    const actual = hash.digest('hex');
    if (actual !== sha256) throw scoringFailure('scoring.profile_wrong_model', { model, path: location, actual, expected: sha256 });
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    if (error instanceof RangeError || error instanceof TypeError) throw incomplete(model, error.message);
    throw error;
  }
}
