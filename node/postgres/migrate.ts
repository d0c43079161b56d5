/** Bringing the schema to what this program knows: numbered files, each applied once, in a transaction of its own. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Client, PoolClient } from 'pg';
import { sha256Hex } from '../../protocol/digest.js';
import { isFailure } from '../../protocol/failure.js';
import { nodeFailure } from '../failures.js';
import type { Logger } from '../logger.js';

/** Advisory lock class of this program ("voxd") and its keys. */
export const LOCK_CLASS = 0x766f7864;
export const LOCK_DAEMON = 1;
export const LOCK_MIGRATION = 2;

export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
  /** sha-256 of the file, hex. */
  readonly checksum: string;
}

/** The folder beside the program: dist/migrations when compiled, migrations/ from source. */
export function migrationsDirectory(): string {
  return fileURLToPath(new URL('../../migrations/', import.meta.url));
}

/** Shape: folder → migrations by ascending number. Errors: throws on gaps or strange names, which a test watches. */
export function readMigrations(directory: string = migrationsDirectory()): readonly Migration[] {
  const names = readdirSync(directory)
    .filter((name) => name.endsWith('.sql'))
    .sort();
  return names.map((name, index) => {
    const version = Number(/^(\d{4})_[a-z0-9_]+\.sql$/.exec(name)?.[1]);
    if (version !== index + 1) throw new Error(`migration ${name} is out of order: number ${index + 1} was expected`);
    const sql = readFileSync(join(directory, name), 'utf8');
    return { version, name, sql, checksum: sha256Hex(sql) };
  });
}

/**
 * Apply what is missing. Any number of processes may do this at once; one does the work.
 * Errors: store.schema_newer, store.schema_changed, store.migration_failed; database exceptions as they are.
 */
export async function migrate(
  client: Client | PoolClient,
  deps: { readonly logger: Logger; readonly migrations?: readonly Migration[] },
): Promise<{ readonly from: number; readonly to: number }> {
  const migrations = deps.migrations ?? readMigrations();
  await client.query('SELECT pg_advisory_lock($1, $2)', [LOCK_CLASS, LOCK_MIGRATION]);
  try {
    await client.query('CREATE SCHEMA IF NOT EXISTS voxd');
    await client.query(`CREATE TABLE IF NOT EXISTS voxd.migrations (
      version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`);
    const applied = await client.query<{ version: number; name: string; checksum: string }>(
      'SELECT version, name, checksum FROM voxd.migrations ORDER BY version',
    );
    const from = applied.rows.at(-1)?.version ?? 0;
    const to = migrations.at(-1)?.version ?? 0;
    if (from > to) throw nodeFailure('store.schema_newer', { found: from, supported: to });
    for (const row of applied.rows) {
      if (migrations[row.version - 1]?.checksum !== row.checksum)
        throw nodeFailure('store.schema_changed', { name: row.name, version: row.version });
    }
    for (const migration of migrations.slice(from)) await apply(client, migration);
    if (to > from) deps.logger.info({ from, to }, 'Database schema brought up to date');
    return { from, to };
  } finally {
    // A lost connection has given the lock back already.
    await client.query('SELECT pg_advisory_unlock($1, $2)', [LOCK_CLASS, LOCK_MIGRATION]).catch(() => {});
  }
}

async function apply(client: Client | PoolClient, migration: Migration): Promise<void> {
  try {
    await client.query('BEGIN');
    await client.query('SET LOCAL statement_timeout = 0');
    await client.query('INSERT INTO voxd.migrations (version, name, checksum) VALUES ($1, $2, $3)', [
      migration.version,
      migration.name,
      migration.checksum,
    ]);
    await client.query(migration.sql);
    await client.query('COMMIT');
  } catch (err) {
    await client.query('ROLLBACK').catch(() => {});
    if (isFailure(err)) throw err;
    const reason = err instanceof Error ? err.message : String(err);
    throw nodeFailure('store.migration_failed', { name: migration.name, reason }, err);
  }
}
