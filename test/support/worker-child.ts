/** A worker process of the tests: on the database in a data directory, with a node to fetch from. Says on stdout how it began. */
import { createSystemClock } from '../../node/clock.js';
import { createWorker } from '../../node/compose-worker.js';
import { createLogger } from '../../node/logger.js';
import { BUILTIN_JUDGE } from '../../node/rounds/judges.js';
import { isFailure } from '../../protocol/failure.js';
import { Secret } from '../../protocol/secret.js';

const [dataDir = '', url = '', token = ''] = process.argv.slice(2);
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);

const worker = createWorker(
  { clock: createSystemClock(), logger: createLogger({ level: 'silent' }) },
  {
    dataDir,
    databaseUrl: null,
    node: url === '' ? null : { url, token: new Secret(token) },
    concurrency: () => 1,
    cacheBytesMax: 1024 ** 3,
    evidenceBytesMax: 1024 ** 3,
    judges: BUILTIN_JUDGE,
  },
);
const stopped = new AbortController();
process.once('SIGTERM', () => {
  void worker.stop().then(({ hanging, failed }) => {
    say({ stopped: true, hanging: hanging.length, failed: failed.length });
    process.exit(0);
  });
});
worker.start(stopped.signal).then(
  () => say({ ready: true }),
  (error: unknown) => {
    say({ failure: isFailure(error) ? error.code : String(error), facts: isFailure(error) ? error.facts : {} });
    process.exit(1);
  },
);
