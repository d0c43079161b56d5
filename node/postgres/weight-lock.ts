import { sha256 } from '../../protocol/digest.js';
import type { WeightLock } from '../ports.js';
import type { Database } from './database.js';
import { hangUp } from './hang-up.js';
import { storeFailure } from './pg-errors.js';
import { LOCK_KEEPALIVE } from './sql.js';

/** Advisory lock class of the weights of a hotkey ("voxw"); beside that of migrate.ts. */
const LOCK_CLASS_WEIGHTS = 0x766f7877;

/** The lock lives in a connection of its own, so that it ends with the process that holds it. */
export function createWeightLock(database: Pick<Database, 'connect' | 'where'>): WeightLock {
  return {
    async tryAcquire({ genesis, netuid, mechanism, hotkey }) {
      const digest = sha256(`${genesis}/${netuid}/${mechanism}/${hotkey}`);
      const key = new DataView(digest.buffer, digest.byteOffset).getInt32(0);
      const client = await database.connect();
      try {
        // Lets the server notice within half a minute that the machine of a lock's holder is gone.
        await client.query(LOCK_KEEPALIVE);
        const { rows } = await client.query<{ got: boolean }>('SELECT pg_try_advisory_lock($1, $2) AS got', [LOCK_CLASS_WEIGHTS, key]);
        if (rows[0]?.got === true) return { release: () => hangUp(client) };
      } catch (error) {
        await hangUp(client);
        throw storeFailure(error, database.where);
      }
      await hangUp(client);
      return null;
    },
  };
}
