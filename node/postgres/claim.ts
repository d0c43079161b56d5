/** One daemon per database: an advisory lock held as long as the daemon lives, and the name of who holds it. */
import { hostname } from 'node:os';
import type pg from 'pg';
import { isFailure } from '../../protocol/failure.js';
import type { Hash, Hotkey } from '../../protocol/names.js';
import type { Clock } from '../../protocol/ports.js';
import { nodeFailure } from '../failures.js';
import type { Logger } from '../logger.js';
import type { Database } from './database.js';
import { hangUp } from './hang-up.js';
import { LOCK_CLASS, LOCK_DAEMON } from './migrate.js';
import { bytesOfHash, hashOf, LOCK_KEEPALIVE, type Sql } from './sql.js';

/** A daemon that just ended may need a moment until the server has noticed. */
export const CLAIM_WAIT_MS = 5_000;
const CLAIM_RETRY_MS = 100;
const RECLAIM_REST_MS = 500;

export interface DaemonIdentity {
  readonly genesis: Hash;
  readonly netuid: number;
  readonly hotkey: Hotkey;
}

export interface DatabaseClaim {
  /** Aborts with a `node.claim_lost` Failure when another daemon has taken the database while ours could not reach it. */
  readonly lost: AbortSignal;
  /** Idempotent. */
  release(): Promise<void>;
}

interface DaemonRow {
  genesis: Buffer;
  netuid: number;
  hotkey: string;
  pid: number;
  host: string;
}

/** Errors: node.already_running, store.other_subnet, and the `store.*` codes of a statement. */
export async function claimDatabase(
  database: Database,
  deps: { readonly clock: Clock; readonly logger: Logger },
  identity: DaemonIdentity,
): Promise<DatabaseClaim> {
  const stopping = new AbortController();
  const lost = new AbortController();
  let client = await lock(CLAIM_WAIT_MS);
  try {
    await register();
  } catch (err) {
    await hangUp(client);
    throw err;
  }
  const kept = keep();

  async function lock(waitMs: number): Promise<pg.Client> {
    const until = deps.clock.nowMs() + waitMs;
    const candidate = await database.connect();
    try {
      // Lets the server notice within half a minute that the machine of a lock's holder is gone.
      await candidate.query(LOCK_KEEPALIVE);
      for (;;) {
        const { rows } = await candidate.query<{ got: boolean }>('SELECT pg_try_advisory_lock($1, $2) AS got', [LOCK_CLASS, LOCK_DAEMON]);
        if (rows[0]?.got === true) return candidate;
        if (deps.clock.nowMs() >= until) throw await takenBy('node.already_running');
        await deps.clock.sleep(CLAIM_RETRY_MS);
      }
    } catch (err) {
      await hangUp(candidate);
      throw err;
    }
  }

  async function takenBy(code: 'node.already_running' | 'node.claim_lost') {
    const [row] = await database.query<DaemonRow>('SELECT * FROM voxd.daemon');
    return nodeFailure(code, { hotkey: row?.hotkey ?? 'unknown', pid: row?.pid ?? 0, host: row?.host ?? 'unknown' });
  }

  async function register(): Promise<void> {
    const [row] = await database.query<DaemonRow>('SELECT * FROM voxd.daemon');
    if (row !== undefined && (hashOf(row.genesis) !== identity.genesis || row.netuid !== identity.netuid)) {
      throw nodeFailure('store.other_subnet', {
        storedGenesis: hashOf(row.genesis),
        storedNetuid: row.netuid,
        genesis: identity.genesis,
        netuid: identity.netuid,
      });
    }
    await database.query(
      `INSERT INTO voxd.daemon (genesis, netuid, hotkey, pid, host) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (only_row) DO UPDATE
       SET hotkey = excluded.hotkey, pid = excluded.pid, host = excluded.host, started_at = now()`,
      [bytesOfHash(identity.genesis), identity.netuid, identity.hotkey, process.pid, hostname()],
    );
  }

  /** The lock lives in a connection; when that breaks, it is taken anew before someone else does. */
  async function keep(): Promise<void> {
    while (!stopping.signal.aborted) {
      const held = client;
      await new Promise<void>((resolve) => {
        held.once('end', () => resolve());
        stopping.signal.addEventListener('abort', () => resolve(), { once: true });
      });
      while (!stopping.signal.aborted) {
        try {
          client = await lock(0);
          break;
        } catch (err) {
          if (isFailure(err) && err.code === 'node.already_running') {
            lost.abort(nodeFailure('node.claim_lost', err.facts));
            return;
          }
          await deps.clock.sleep(RECLAIM_REST_MS, stopping.signal).catch(() => {});
        }
      }
    }
  }

  return {
    lost: lost.signal,
    async release() {
      stopping.abort(new Error('the claim is released'));
      await kept;
      await hangUp(client);
    },
  };
}

/** Whose database this is. Null: no daemon has ever claimed it. */
export async function readDaemonIdentity(database: Sql): Promise<DaemonIdentity | null> {
  const [row] = await database.query<DaemonRow>('SELECT * FROM voxd.daemon');
  // Safety: written by `claimDatabase` from a Hotkey.
  return row === undefined ? null : { genesis: hashOf(row.genesis), netuid: row.netuid, hotkey: row.hotkey as Hotkey };
}

/** The chain this database was last used on for this subnet; null where it was not. */
export async function rememberedGenesis(database: Sql, netuid: number): Promise<Hash | null> {
  const last = await readDaemonIdentity(database);
  return last?.netuid === netuid ? last.genesis : null;
}
