/** Which judge a node has by its settings. */
import { join, resolve } from 'node:path';
import type { Config } from '../../config/schema.js';
import { scoringFailure } from '../../scoring/failures.js';
import { type ModelSource, NEURAL_MODELS, type NeuralFiles, type NeuralModel, parseSource } from '../../scoring/neural/source.js';

export type JudgeChoice =
  | { readonly profile: 'builtin-1' }
  | {
      readonly profile: 'neural-1';
      readonly files: NeuralFiles;
      /** Sets of networks, each for one utterance at a time. */
      readonly sets: number;
    };

export const BUILTIN_JUDGE: JudgeChoice = { profile: 'builtin-1' };
/** Below the data directory: models that were fetched, by their digest. */
const FOLDER = 'judges';

/** Errors: throws scoring.profile_incomplete when a model of the profile is not set. */
export function judgesOf({ scoring, dataDir }: Pick<Config, 'scoring' | 'dataDir'>): JudgeChoice {
  if (scoring.profile === 'builtin-1') return BUILTIN_JUDGE;
  const entries = sourcesOf(scoring).map(([name, source]) => [name, { path: placeOf(source, dataDir), sha256: source.sha256 }] as const);
  // Safety: sourcesOf has every model of the profile, once.
  return { profile: 'neural-1', files: Object.fromEntries(entries) as NeuralFiles, sets: scoring.neural.sets };
}

/** Errors: throws scoring.profile_incomplete. */
export function sourcesOf({ neural }: Config['scoring']): readonly (readonly [NeuralModel, ModelSource])[] {
  return NEURAL_MODELS.map((name) => {
    const source = neural[name];
    if (source === null) throw incomplete(name, 'it is not set');
    const parsed = parseSource(source);
    if (!parsed.ok) throw incomplete(name, parsed.error);
    return [name, parsed.value] as const;
  });
}

export function incomplete(model: NeuralModel, problem: string): Error {
  return scoringFailure('scoring.profile_incomplete', { profile: 'neural-1', model, problem });
}

/** Where the node looks for a model. */
export function placeOf({ location, remote, sha256 }: ModelSource, dataDir: string): string {
  return remote ? join(resolve(dataDir), FOLDER, sha256) : resolve(location);
}
