/** Things tests make and take away again. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSystemClock } from '../../node/clock.js';
import { createLogger } from '../../node/logger.js';
import { type Database, openDatabase } from '../../node/postgres/database.js';

export function temporaryDirectory(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'voxd-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export const quiet = { clock: createSystemClock(), logger: createLogger({ level: 'silent' }) };

/** An embedded database without fsync in a directory of its own. */
export async function temporaryDatabase(): Promise<{ readonly database: Database; readonly dataDir: string; remove(): Promise<void> }> {
  const directory = temporaryDirectory();
  const database = await openDatabase(quiet, { url: null, dataDir: directory.path, durable: false });
  return {
    database,
    dataDir: directory.path,
    async remove() {
      await database.stop();
      directory.remove();
    },
  };
}
