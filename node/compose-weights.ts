/** The weight setter of the daemon, on its database; and how it and its signer feel. */
import { randomBytes } from 'node:crypto';
import { isFailure } from '../protocol/failure.js';
import type { Signer } from '../protocol/ports.js';
import type { Stores } from './ports.js';
import type { Database } from './postgres/database.js';
import { createWeightLock } from './postgres/weight-lock.js';
import type { StatusFacts } from './status.js';
import { createWeightSetter, type WeightSetter, type WeightSetterDeps, type WeightSetterOptions } from './weights/setter.js';

/** Submissions looked at for the status page. */
const STATUS_LOOKED_BACK = 16;

export function composeWeights(
  deps: Omit<WeightSetterDeps, 'random' | 'lock'> & { readonly database: Database },
  options: WeightSetterOptions,
): WeightSetter {
  return createWeightSetter({ ...deps, random: randomBytes, lock: createWeightLock(deps.database) }, options);
}

export async function weightsHealth({ submissions }: Pick<Stores, 'submissions'>, setter: WeightSetter): Promise<StatusFacts['weights']> {
  const rows = await submissions.list(STATUS_LOOKED_BACK).catch(() => []);
  const last = rows.find(({ state }) => state === 'finalized');
  const reveal = rows.find(({ state }) => state === 'committed' || state === 'revealing');
  return {
    lastRound: last?.round ?? null,
    lastBlock: last?.included?.number ?? null,
    waiting: setter.waitingFor(),
    reveal: reveal === undefined ? null : { round: reveal.round, way: reveal.way, from: reveal.revealFrom, until: reveal.revealUntil },
  };
}

/** Null: the key is in this process. */
export async function signerHealth({ probe }: Signer): Promise<StatusFacts['signer']> {
  if (probe === undefined) return null;
  try {
    await probe();
    return { failure: null };
  } catch (error) {
    if (!isFailure(error)) throw error;
    return { failure: error };
  }
}
