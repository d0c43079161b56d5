/** The weight setter as commands use it: the one of the daemon, with the journal of the data directory where there is one. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ChainReader, ChainWriter } from '../../chain/ports.js';
import type { Config } from '../../config/schema.js';
import type { Signer } from '../../protocol/ports.js';
import { createLogger } from '../logger.js';
import { NO_METRICS } from '../metrics.js';
import type { RoundStore, StandingStore, SubmissionStore, WeightLock } from '../ports.js';
import type { Database } from '../postgres/database.js';
import { createWeightSetter, type WeightSetter } from '../weights/setter.js';
import { createClock, type Flags, withStores } from './context.js';
import { cliFailure } from './failures.js';

export interface Journal {
  readonly rounds: Pick<RoundStore, 'list'>;
  readonly standings: Pick<StandingStore, 'ofRound'>;
  readonly submissions: SubmissionStore;
  readonly database: Database | null;
  /** For people: where it is. */
  readonly where: string;
  /** What is written there outlives this command. */
  readonly durable: boolean;
}

/** `--salt-file`, else the database of the node, else one that is forgotten with the command. */
export async function withJournal<T>(config: Config, flags: Flags, work: (journal: Journal) => Promise<T>): Promise<T> {
  const file = typeof flags['saltFile'] === 'string' ? resolve(flags['saltFile']) : null;
  const dataDir = resolve(config.dataDir);
  if (file === null && (config.database.url !== null || existsSync(join(dataDir, 'postgres')))) {
    return withStores(config, (stores) =>
      work({ ...stores, where: config.database.url === null ? dataDir : stores.database.where, durable: true }),
    );
  }
  const { createSubmissionFile } = await import('../files/submission-file.js');
  const nothing = { rounds: { list: async () => [] }, standings: { ofRound: async () => [] }, database: null };
  return work({
    ...nothing,
    submissions: createSubmissionFile(file),
    where: file ?? 'this command alone (no --data-dir of a node, no --salt-file)',
    durable: file !== null,
  });
}

/** A commit by hash is worth nothing without its salt. Errors: cli.salt_unkept. */
export function ensureKept(way: string, journal: Journal): void {
  if (way === 'hash' && !journal.durable) throw cliFailure('cli.salt_unkept');
}

export async function weightSetterFor(of: {
  readonly config: Config;
  readonly chain: ChainReader & ChainWriter;
  readonly signer: Signer;
  readonly journal: Journal;
  readonly dryRun: boolean;
}): Promise<WeightSetter> {
  const { config, chain, signer, journal, dryRun } = of;
  const { netuid, mechanism } = config.chain;
  const { commitReveal, burnPercent } = config.weights;
  return createWeightSetter(
    {
      chain,
      signer,
      stores: journal,
      clock: createClock(),
      random: randomBytes,
      lock: journal.database === null ? ALONE : (await import('../postgres/weight-lock.js')).createWeightLock(journal.database),
      log: createLogger({ level: 'silent' }),
      metrics: NO_METRICS,
    },
    { netuid, mechanism, enabled: true, dryRun, commitReveal, burnPercent, knowsAll: journal.database !== null },
  );
}

/** Without a database there is nobody to take turns with. */
const ALONE: WeightLock = { tryAcquire: async () => ({ release: async () => {} }) };
