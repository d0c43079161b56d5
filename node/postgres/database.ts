/** The database of the daemon: an external server by URL, or the embedded one; migrated, pooled, supervised. */
import pg from 'pg';
import { isFailure } from '../../protocol/failure.js';
import type { Clock } from '../../protocol/ports.js';
import type { Secret } from '../../protocol/secret.js';
import { nodeFailure } from '../failures.js';
import type { Logger } from '../logger.js';
import { type Metrics, NO_METRICS } from '../metrics.js';
import { type EmbeddedServer, startEmbedded } from './embedded.js';
import { migrate } from './migrate.js';
import { storeFailure } from './pg-errors.js';
import { migrateQueue } from './queue-schema.js';
import { POSTGRES_MAJOR_MIN } from './server-binaries.js';
import { SERVER_USER } from './server-directory.js';
import type { Sql, TransactionalSql } from './sql.js';

/** Half of what the embedded server admits (max_connections 20), so that a command line fits beside a daemon. */
export const POOL_CONNECTIONS_MAX = 8;
export const CONNECT_TIMEOUT_MS = 10_000;
export const STATEMENT_TIMEOUT_MS = 30_000;
/** Longer than the server takes to give up on a statement: without an answer by then, nobody is at the other end. */
export const ANSWER_TIMEOUT_MS = 40_000;
/** An idle connection is tried after this; a few seconds later it is known to be dead. */
export const KEEP_ALIVE_AFTER_MS = 10_000;
export const IDLE_TRANSACTION_TIMEOUT_MS = 60_000;
/** How long an external server may be away when we start (it may be starting beside us). */
export const EXTERNAL_WAIT_MS = 30_000;
/** An embedded server that keeps dying is started this often, with a growing rest in between, then given up. */
export const SERVER_RESTARTS_MAX = 5;
const SERVER_RESTART_REST_MS = 500;
/** A server that ran this long has proved itself: the count begins anew. */
const SERVER_PROVED_MS = 10 * 60_000;
const RETRY_CONNECT_MS = 500;
const ADOPT_ATTEMPTS_MAX = 5;

export interface DatabaseOptions {
  /** DATABASE_URL; null: the embedded server in `dataDir`. */
  readonly url: Secret | null;
  readonly dataDir: string;
  /** `daemon` owns the embedded server and stops it; `guest` (a command beside it) leaves a server running that it found so. */
  readonly role?: 'daemon' | 'guest';
  /** Default true. False, for tests and development networks only: no fsync. */
  readonly durable?: boolean;
  readonly signal?: AbortSignal;
  readonly poolConnectionsMax?: number;
  /** Default ANSWER_TIMEOUT_MS; no connection is waited for any longer. */
  readonly answerTimeoutMs?: number;
  /** Of the embedded server, for a process with several nodes. */
  readonly serverConnectionsMax?: number;
}

export interface Database extends TransactionalSql {
  readonly pool: pg.Pool;
  /** A connection of one's own (locks, LISTEN), not from the pool; the caller ends it. `patient`: its statements may take as long as they like. */
  connect(how?: { readonly patient: boolean }): Promise<pg.Client>;
  /** Where it is, without credentials. */
  readonly where: string;
  readonly embedded: EmbeddedServer | null;
  /** One round trip. Errors: a `store.*` Failure. */
  ping(): Promise<void>;
  /** Ends the pool; the daemon also stops the embedded server. Idempotent. */
  stop(): Promise<void>;
}

export interface DatabaseDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics?: Metrics;
}

/** Errors: every `store.*` code of start, node.data_dir_unwritable. Leaves nothing behind if it rejects. */
export async function openDatabase(deps: DatabaseDeps, options: DatabaseOptions): Promise<Database> {
  if (options.url !== null) return openPool(deps, options, externalConfig(options.url.reveal()), whereOf(options.url.reveal()), null);
  for (let attempt = 1; ; attempt += 1) {
    const embedded = await superviseEmbedded(deps, options);
    try {
      const config = { host: embedded.server().socketDirectory, port: embedded.server().port, user: SERVER_USER, database: SERVER_USER };
      await createOwnDatabase(config);
      return await openPool(deps, options, config, embedded.server().directory, embedded);
    } catch (err) {
      const failure = storeFailure(err, options.dataDir, embedded.server().trouble());
      // A server found running may be dying of the same kill that ended its daemon.
      const again = embedded.server().adopted && failure.code === 'store.unreachable' && attempt < ADOPT_ATTEMPTS_MAX;
      if (!again) {
        await embedded.stop();
        throw failure;
      }
      embedded.abandon();
      await deps.clock.sleep(RETRY_CONNECT_MS, options.signal);
    }
  }
}

interface Supervised {
  server(): EmbeddedServer;
  stop(): Promise<void>;
  /** Ends the supervision; the server is left to its fate. */
  abandon(): void;
  /** As `stop`, but lets a server run on that others use. */
  release(inUse: () => Promise<boolean>): Promise<void>;
}

async function superviseEmbedded(deps: DatabaseDeps, options: DatabaseOptions): Promise<Supervised> {
  const { url: _url, serverConnectionsMax, ...own } = options;
  const rest = serverConnectionsMax === undefined ? own : { ...own, connectionsMax: serverConnectionsMax };
  let server = await startEmbedded(deps, rest);
  const stopping = new AbortController();
  const guest = options.role === 'guest';
  if (!guest) void keepRunning();

  async function keepRunning(): Promise<void> {
    let restarts = 0;
    for (;;) {
      const since = deps.clock.nowMs();
      await server.gone;
      if (stopping.signal.aborted) return;
      if (deps.clock.nowMs() - since > SERVER_PROVED_MS) restarts = 0;
      for (;;) {
        restarts += 1;
        if (restarts > SERVER_RESTARTS_MAX) {
          deps.logger.fatal({ restarts: SERVER_RESTARTS_MAX }, 'The database server keeps dying; it is not started again');
          return;
        }
        deps.metrics?.count('voxd_store_restarts_total', {});
        deps.logger.error({ attempt: restarts }, 'The database server is gone; starting it again');
        try {
          server = await startEmbedded(deps, { ...rest, signal: stopping.signal });
          if (stopping.signal.aborted) return await server.stop();
          break;
        } catch (err) {
          if (stopping.signal.aborted) return;
          deps.logger.error({ err }, 'The database server did not start');
          await deps.clock.sleep(SERVER_RESTART_REST_MS * 2 ** restarts, stopping.signal).catch(() => {});
        }
      }
    }
  }

  async function release(inUse: () => Promise<boolean>): Promise<void> {
    stopping.abort(new Error('the database stops'));
    const leave = guest && (server.adopted || (await inUse()));
    if (leave) server.leave();
    else await server.stop();
  }
  function abandon(): void {
    stopping.abort(new Error('the database server is left'));
    server.leave();
  }
  return { server: () => server, stop: () => release(async () => false), abandon, release };
}

/** Errors: database exceptions as they are. */
async function createOwnDatabase(config: pg.ClientConfig): Promise<void> {
  const client = new pg.Client({ ...config, database: 'postgres', connectionTimeoutMillis: CONNECT_TIMEOUT_MS });
  client.on('error', () => {});
  await client.connect();
  try {
    const found = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [SERVER_USER]);
    if (found.rowCount === 0) await client.query(`CREATE DATABASE ${SERVER_USER} TEMPLATE template0`);
  } catch (err) {
    // 42P04, 23505: another process made it at the same moment.
    const code = err instanceof Error && 'code' in err ? err.code : null;
    if (code !== '42P04' && code !== '23505') throw err;
  } finally {
    await client.end();
  }
}

async function openPool(
  deps: DatabaseDeps,
  options: DatabaseOptions,
  config: pg.ClientConfig,
  where: string,
  supervised: Supervised | null,
): Promise<Database> {
  const shared: pg.ClientConfig = {
    ...config,
    application_name: `voxd ${options.role ?? 'daemon'}`,
    connectionTimeoutMillis: Math.min(CONNECT_TIMEOUT_MS, options.answerTimeoutMs ?? ANSWER_TIMEOUT_MS),
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_TRANSACTION_TIMEOUT_MS,
    query_timeout: options.answerTimeoutMs ?? ANSWER_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
  };
  const pool = new pg.Pool({ ...shared, max: options.poolConnectionsMax ?? POOL_CONNECTIONS_MAX });
  const metrics = deps.metrics ?? NO_METRICS;
  // An idle connection that breaks is replaced at the next use; without a listener it would end the process.
  pool.on('error', (err) => deps.logger.debug({ err }, 'An idle database connection was lost'));
  pool.on('connect', (client) => client.on('error', (err) => deps.logger.debug({ err }, 'A database connection was lost')));

  const fail = (err: unknown) => {
    const failure = storeFailure(err, where, supervised?.server().trouble() ?? null);
    metrics.count('voxd_store_failures_total', { code: countedCode(failure.code) });
    return failure;
  };
  const sqlOver = (client: Pick<pg.PoolClient, 'query'>): Sql => ({
    async query<R extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<readonly R[]> {
      const since = performance.now();
      try {
        return (await client.query<R>(text, [...values])).rows;
      } catch (err) {
        throw fail(err);
      } finally {
        metrics.observe('voxd_store_query_seconds', {}, (performance.now() - since) / 1000);
      }
    },
  });

  async function withTransaction<T>(work: (sql: Sql) => Promise<T>): Promise<T> {
    const client = await pool.connect().catch((err: unknown) => {
      throw fail(err);
    });
    let broken = false;
    try {
      const sql = sqlOver(client);
      await sql.query('BEGIN');
      const value = await work(sql);
      await sql.query('COMMIT');
      return value;
    } catch (err) {
      // A connection that cannot roll back is not given to anyone else.
      await client.query('ROLLBACK').catch(() => {
        broken = true;
      });
      throw err;
    } finally {
      client.release(broken);
    }
  }

  async function connect({ patient } = { patient: false }): Promise<pg.Client> {
    const client = new pg.Client(patient ? { ...shared, statement_timeout: 0, query_timeout: 0 } : shared);
    client.on('error', (err) => deps.logger.debug({ err }, 'A database connection was lost'));
    await client.connect().catch((err: unknown) => {
      throw fail(err);
    });
    return client;
  }

  let stopped: Promise<void> | null = null;
  async function stop(): Promise<void> {
    const inUse = supervised === null ? null : () => hasOtherClients(shared);
    await pool.end();
    if (supervised !== null && inUse !== null) await supervised.release(inUse);
  }

  const sql = sqlOver(pool);
  const database: Database = {
    pool,
    where,
    get embedded() {
      return supervised?.server() ?? null;
    },
    connect,
    query: (text, values) => sql.query(text, values),
    withTransaction,
    async ping() {
      await sql.query('SELECT 1');
    },
    stop: () => (stopped ??= stop()),
  };
  try {
    await prepare(deps, options, database);
  } catch (err) {
    await pool.end();
    throw fail(err);
  }
  return database;
}

/** Waits for an external server, checks its version, brings the schema up to date. */
async function prepare(deps: DatabaseDeps, options: DatabaseOptions, database: Database): Promise<void> {
  const until = deps.clock.nowMs() + (options.url === null ? 0 : EXTERNAL_WAIT_MS);
  for (;;) {
    try {
      await database.ping();
      break;
    } catch (err) {
      if (!isFailure(err) || err.code !== 'store.unreachable' || deps.clock.nowMs() >= until) throw err;
      deps.logger.warn({ where: database.where, err }, 'The database does not answer yet; waiting for it');
      await deps.clock.sleep(RETRY_CONNECT_MS, options.signal);
    }
  }
  const [row] = await database.query<{ number: number }>(`SELECT current_setting('server_version_num')::int AS number`);
  const major = Math.floor((row?.number ?? 0) / 10_000);
  if (major < POSTGRES_MAJOR_MIN) throw nodeFailure('store.server_too_old', { found: major, required: POSTGRES_MAJOR_MIN });
  const client = await database.connect({ patient: true });
  try {
    await migrate(client, deps);
    await migrateQueue(database, client, deps);
  } finally {
    await client.end().catch(() => {});
  }
}

async function hasOtherClients(config: pg.ClientConfig): Promise<boolean> {
  const client = new pg.Client(config);
  client.on('error', () => {});
  try {
    await client.connect();
    const found = await client.query(
      `SELECT 1 FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() LIMIT 1`,
    );
    return found.rowCount !== 0;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

function externalConfig(url: string): pg.ClientConfig {
  return { connectionString: url };
}

/** Host and database of a URL, never its user or password. */
function whereOf(url: string): string {
  try {
    const parsed = new URL(url);
    return `${parsed.host || parsed.searchParams.get('host') || 'localhost'}${parsed.pathname}`;
  } catch {
    return 'DATABASE_URL';
  }
}

function countedCode(code: string): 'unreachable' | 'full' | 'read_only' | 'too_slow' | 'other' {
  if (code === 'store.unreachable') return 'unreachable';
  if (code === 'store.full') return 'full';
  if (code === 'store.read_only') return 'read_only';
  return code === 'store.too_slow' ? 'too_slow' : 'other';
}
