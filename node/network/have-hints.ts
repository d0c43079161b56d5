import type { SubnetSnapshot } from '../../chain/snapshot.js';
import { encodeHave, HINTED_MODELS_MAX } from '../../protocol/have-hint.js';
import type { ModelDigest } from '../../protocol/names.js';
import type { Clock } from '../../protocol/ports.js';
import type { Logger } from '../logger.js';
import type { ModelCache } from '../model-cache.js';
import { type Postbox, UNHEARD_REST_MS } from './postbox.js';

/** The allowance of the kind: one a minute. */
export const HINT_REST_MS = 60_000;
/** A model that is still here is named again: well within the lifetime of a hint. */
export const HINT_AGAIN_MS = 20 * 60_000;
export const HINT_LIFETIME_MS = 60 * 60_000;

/** Says which models are here: soon after one came, and again while it is. Where one message cannot name all that are due, the next one goes on. */
export function createHavePublisher(deps: {
  readonly cache: Pick<ModelCache, 'list'>;
  readonly postbox: Postbox;
  readonly self: string;
  readonly clock: Clock;
  readonly log: Logger;
}): { turn(snapshot: SubnetSnapshot): Promise<void> } {
  let saidAtMs: ReadonlyMap<ModelDigest, number> = new Map();
  let notBeforeMs = Number.NEGATIVE_INFINITY;
  const saidOf = (model: ModelDigest) => saidAtMs.get(model) ?? Number.NEGATIVE_INFINITY;

  return {
    async turn(snapshot) {
      if (!snapshot.neurons.some(({ hotkey }) => hotkey === deps.self)) return;
      const nowMs = deps.clock.nowMs();
      if (nowMs < notBeforeMs) return;
      const here = (await deps.cache.list()).map(({ model }) => model);
      const due = here
        .filter((model) => nowMs - saidOf(model) >= HINT_AGAIN_MS)
        .sort((a, b) => (saidOf(a) < saidOf(b) ? -1 : 1))
        .slice(0, HINTED_MODELS_MAX);
      if (due.length === 0) return;
      notBeforeMs = nowMs + UNHEARD_REST_MS;
      const { recipients } = await deps.postbox.post('have', encodeHave(due), HINT_LIFETIME_MS);
      if (recipients === 0) return;
      notBeforeMs = nowMs + HINT_REST_MS;
      // Of what has gone from here nothing is kept.
      saidAtMs = new Map(here.map((model) => [model, due.includes(model) ? nowMs : saidOf(model)]));
      deps.log.debug({ models: due.length, recipients }, 'said which models are here');
    },
  };
}
