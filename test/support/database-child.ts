/** A second process of the tests: `open`, `hold` or `work` on a data directory, then waits to be killed. Says what it does on stdout. */
import { createSystemClock } from '../../node/clock.js';
import { createLogger } from '../../node/logger.js';
import { claimDatabase } from '../../node/postgres/claim.js';
import { openDatabase } from '../../node/postgres/database.js';
import { createScoringQueue } from '../../node/postgres/queue.js';
import { isFailure } from '../../protocol/failure.js';
import { GENESIS, hotkeyNamed } from './store-samples.js';

const [task = '', dataDir = '', role = 'daemon'] = process.argv.slice(2);
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);
const deps = { clock: createSystemClock(), logger: createLogger({ level: 'silent' }) };

async function main(): Promise<void> {
  const database = await openDatabase(deps, { url: null, dataDir, durable: task === 'write', role: role === 'guest' ? 'guest' : 'daemon' });
  say({ opened: true, adopted: database.embedded?.adopted, postmaster: database.embedded?.pid });
  if (task === 'open') return database.stop();
  if (task === 'hold') await claimDatabase(database, deps, { genesis: GENESIS, netuid: 58, hotkey: hotkeyNamed('validator') });
  if (task === 'write') {
    await database.query('CREATE TABLE public.kept (n int PRIMARY KEY)');
    for (let n = 0; ; n += 1) {
      await database.query('INSERT INTO public.kept VALUES ($1)', [n]);
      say({ acknowledged: n });
    }
  }
  if (task === 'work') {
    await createScoringQueue({ ...deps, database }).work(async (job) => {
      say({ took: job });
      await new Promise(() => {});
    }, 1);
  }
  say({ ready: true });
  setInterval(() => {}, 60_000);
}

main().catch((err: unknown) => {
  say({ failure: isFailure(err) ? err.code : String(err) });
  process.exitCode = 1;
});
