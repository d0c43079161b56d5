/** The job queue's own tables, kept by its library in a schema of their own. */
import { Logger as QueueLogger, runMigrations } from 'graphile-worker';
import type { Client, Pool } from 'pg';
import type { Logger } from '../logger.js';
import { LOCK_CLASS } from './migrate.js';

export const QUEUE_SCHEMA = 'voxd_queue';
const LOCK_QUEUE_SCHEMA = 3;

/** Its log lines are detail to us: what matters of them comes back as an outcome. */
export function queueLogger(logger: Logger): QueueLogger {
  return new QueueLogger(() => (level, message) => {
    if (level === 'error') logger.warn({ text: message }, 'Queue library reports an error');
    else logger.trace({ level, text: message }, 'Queue library says');
  });
}

/** Any number of processes may do this at once. */
export async function migrateQueue(database: { readonly pool: Pool }, lock: Client, deps: { readonly logger: Logger }): Promise<void> {
  // The library creates its schema without a lock of its own; two first starts at once would collide.
  await lock.query('SELECT pg_advisory_lock($1, $2)', [LOCK_CLASS, LOCK_QUEUE_SCHEMA]);
  try {
    await runMigrations({ pgPool: database.pool, schema: QUEUE_SCHEMA, logger: queueLogger(deps.logger) });
  } finally {
    await lock.query('SELECT pg_advisory_unlock($1, $2)', [LOCK_CLASS, LOCK_QUEUE_SCHEMA]).catch(() => {});
  }
}
