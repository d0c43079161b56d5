import { evaluateModel } from '../../scoring/evaluate.js';
import type { EngineName, Judge, RunLimits, VerifiedModel, VoiceRunner } from '../../scoring/ports.js';
import { faultScore } from '../../scoring/profile.js';
import { nodeFailure } from '../failures.js';
import type { ModelRow, Stores } from '../ports.js';
import type { AuditorDeps } from './auditor.js';

/** Hears a model again for an audit, on either engine, in the same sandbox and by the same judge as every other time. */
export function auditEars(deps: {
  readonly stores: Pick<Stores, 'models'>;
  readonly engines: Readonly<Record<EngineName, { readonly runner: VoiceRunner; readonly limits: RunLimits }>>;
  readonly judge: Judge;
  readonly openModel: (row: ModelRow) => Promise<VerifiedModel | null>;
}): AuditorDeps['hear'] {
  return async ({ hotkey, model, prompts, engine, signal }) => {
    const row = await deps.stores.models.get(hotkey, model);
    if (row?.state === 'rejected') return prompts.map(() => faultScore(row.reason?.code ?? 'model.rejected'));
    const verified = row === null ? null : await deps.openModel(row);
    if (verified === null) throw nodeFailure('node.model_gone', { model, hotkey });
    const { runner, limits } = deps.engines[engine];
    const heard = await evaluateModel({
      runner,
      judge: deps.judge,
      model: verified,
      prompts,
      limits,
      nowMs: () => performance.now(),
      signal,
    });
    return heard.prompts;
  };
}
