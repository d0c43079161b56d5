/**
 * Several whole nodes in one process, on one database server with a database for each: how a development network has twenty miners on a small
 * machine. Arguments: the folder of the server, then configuration files. It ends by SIGTERM, or when its standard input ends.
 */
import { setMaxListeners } from 'node:events';
import { basename, dirname } from 'node:path';
import { Secret } from '../../protocol/secret.js';
import { createClock, daemonOptions, loadSettings, openSigner } from '../cli/context.js';
import { onStdinEnd } from '../cli/stdin.js';
import { createDaemon } from '../compose.js';
import { createLogger } from '../logger.js';
import { type Database, openDatabase } from '../postgres/database.js';

/** Each node keeps a handful of connections, and all of them meet in one server. */
const CONNECTIONS_MAX = 120;

const [serverDirectory = '', ...configs] = process.argv.slice(2);
const clock = createClock();
const logger = createLogger({ level: 'debug', format: 'json' });
const stopping = new AbortController();
setMaxListeners(0, stopping.signal);
const stop = () => stopping.abort(new Error('the crew stops'));
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, stop);
onStdinEnd(stop);

const server = await openDatabase(
  { clock, logger },
  { url: null, dataDir: serverDirectory, role: 'daemon', durable: false, serverConnectionsMax: CONNECTIONS_MAX, poolConnectionsMax: 1 },
);
const stops: (() => Promise<unknown>)[] = [() => server.stop()];
try {
  await Promise.all(configs.map(board));
  if (!stopping.signal.aborted) await new Promise((resolve) => stopping.signal.addEventListener('abort', resolve, { once: true }));
} catch (error) {
  if (!stopping.signal.aborted) {
    logger.fatal({ err: error }, 'a node of the crew did not start');
    process.exitCode = 1;
  }
} finally {
  const [closeServer, ...stopNodes] = stops;
  await Promise.allSettled(stopNodes.map((stopNode) => stopNode()));
  await closeServer?.();
}

async function board(config: string): Promise<void> {
  const name = basename(dirname(config));
  const settings = await loadSettings({ config }, {});
  const daemon = createDaemon(
    { clock, logger: logger.child({ node: name }), signer: await openSigner(settings, {}) },
    { ...daemonOptions(settings), databaseUrl: await databaseOf(server, name) },
  );
  stops.push(() => daemon.stop());
  await daemon.start(stopping.signal);
}

/** A database of its own for each node. */
async function databaseOf({ query, embedded }: Database, name: string): Promise<Secret> {
  const database = `voxd_${name.replaceAll('-', '_')}`;
  const found = await query('SELECT 1 FROM pg_database WHERE datname = $1', [database]);
  if (found.length === 0) await query(`CREATE DATABASE ${database} TEMPLATE template0`);
  const [row] = await query<{ name: string }>('SELECT current_user::text AS name');
  const where = new URLSearchParams({ host: embedded?.socketDirectory ?? '', port: String(embedded?.port ?? 0), user: row?.name ?? '' });
  return new Secret(`postgresql:///${database}?${where}`);
}
