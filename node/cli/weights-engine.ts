/** The weight setter as commands use it: the one of the daemon, with the journal of the data directory where there is one. */
import { randomBytes } from 'node:crypto';
import type { ChainReader, ChainWriter } from '../../chain/ports.js';
import type { Config } from '../../config/schema.js';
import type { Signer } from '../../protocol/ports.js';
import { createLogger } from '../logger.js';
import { NO_METRICS } from '../metrics.js';
import type { Stores, WeightLock } from '../ports.js';
import type { Database } from '../postgres/database.js';
import { createWeightLock } from '../postgres/weight-lock.js';
import { createWeightSetter, type WeightSetter } from '../weight-setter.js';
import { createClock } from './context.js';

export function weightSetterFor(of: {
  readonly config: Config;
  readonly chain: ChainReader & ChainWriter;
  readonly signer: Signer;
  readonly stores: Pick<Stores, 'rounds' | 'standings' | 'submissions'> & { readonly database?: Database };
  readonly dryRun: boolean;
}): WeightSetter {
  const { config, chain, signer, stores, dryRun } = of;
  const { netuid, mechanism } = config.chain;
  const { commitReveal, burnPercent } = config.weights;
  return createWeightSetter(
    {
      chain,
      signer,
      stores,
      clock: createClock(),
      random: randomBytes,
      lock: stores.database === undefined ? ALONE : createWeightLock(stores.database),
      log: createLogger({ level: 'silent' }),
      metrics: NO_METRICS,
    },
    { netuid, mechanism, enabled: true, dryRun, commitReveal, burnPercent },
  );
}

/** Without a database there is nobody to take turns with. */
const ALONE: WeightLock = { tryAcquire: async () => ({ release: async () => {} }) };
