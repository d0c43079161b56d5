import { expect } from 'chai';
import { claimDatabase } from '../../../node/postgres/claim.js';
import { migrate, readMigrations } from '../../../node/postgres/migrate.js';
import { createScoringQueue } from '../../../node/postgres/queue.js';
import { isFailure } from '../../../protocol/failure.js';
import { codeOf } from '../../contracts/code-of.js';
import { aJob } from '../../contracts/queue.js';
import { startChild } from '../../support/children.js';
import { GENESIS, hashNamed, hotkeyNamed } from '../../support/store-samples.js';
import { quiet, temporaryDatabase } from '../../support/temporary.js';
import { until } from '../../support/until.js';

describe('database', function () {
  this.timeout(60_000);
  let temporary: Awaited<ReturnType<typeof temporaryDatabase>>;
  before(async () => {
    temporary = await temporaryDatabase();
  });
  after(() => temporary.remove());
  const identity = { genesis: GENESIS, netuid: 58, hotkey: hotkeyNamed('validator') };

  describe('migrations', () => {
    const attempt = async (migrations: ReturnType<typeof readMigrations>) => {
      const client = await temporary.database.connect();
      try {
        return await codeOf(migrate(client, { ...quiet, migrations }));
      } finally {
        await client.end();
      }
    };

    it('apply once, whoever and how many ask', async () => {
      expect(await Promise.all([1, 2, 3].map(() => attempt(readMigrations())))).to.deep.equal(['none', 'none', 'none']);
    });
    it('refuse a database that is newer than the program', async () => {
      expect(await attempt(readMigrations().slice(0, -1))).to.equal('store.schema_newer');
    });
    it('refuse a file that was changed after it was applied', async () => {
      const changed = readMigrations().map((one) => (one.version === 2 ? { ...one, checksum: 'f'.repeat(64) } : one));
      expect(await attempt(changed)).to.equal('store.schema_changed');
    });
    it('leave nothing of one that fails', async () => {
      const version = readMigrations().length + 1;
      const bad = {
        version,
        name: `${String(version).padStart(4, '0')}_bad.sql`,
        sql: 'CREATE TABLE voxd.half (n int); SELECT nonsense;',
        checksum: 'x',
      };
      expect(await attempt([...readMigrations(), bad])).to.equal('store.migration_failed');
      const [row] = await temporary.database.query<{ half: string | null }>(`SELECT to_regclass('voxd.half') AS half`);
      expect(row?.half).to.equal(null);
      expect(await attempt(readMigrations())).to.equal('none');
    });
  });

  describe('claim', () => {
    it('admits one daemon, names it to the second, and frees the place when it dies', async () => {
      const daemon = startChild('./database-child.ts', ['hold', temporary.dataDir, 'guest']);
      await daemon.line('ready');
      const failure = await claimDatabase(temporary.database, { ...quiet, clock: { ...quiet.clock, nowMs: ticking() } }, identity).catch(
        (err: unknown) => err,
      );
      expect(isFailure(failure) && failure.code).to.equal('node.already_running');
      expect(isFailure(failure) && failure.facts).to.include({ pid: daemon.process.pid, hotkey: identity.hotkey });
      await daemon.kill('SIGKILL');
      const claim = await claimDatabase(temporary.database, quiet, identity);
      await claim.release();
    });

    it('refuses the database of another chain', async () => {
      await (await claimDatabase(temporary.database, quiet, identity)).release();
      expect(await codeOf(claimDatabase(temporary.database, quiet, { ...identity, genesis: hashNamed('other') }))).to.equal(
        'store.other_subnet',
      );
    });

    it('takes the lock anew when its connection breaks', async () => {
      const claim = await claimDatabase(temporary.database, quiet, identity);
      const holder = `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = 1 AND granted`;
      const [before] = await temporary.database.query<{ pid: number }>(holder);
      await temporary.database.query('SELECT pg_terminate_backend($1)', [before?.pid]);
      for (;;) {
        const [now] = await temporary.database.query<{ pid: number }>(holder);
        if (now !== undefined && now.pid !== before?.pid) break;
        await quiet.clock.sleep(10);
      }
      expect(claim.lost.aborted).to.equal(false);
      await claim.release();
    });
  });

  describe('queue', () => {
    it('hands a new job to an idle worker at once', async () => {
      const queue = createScoringQueue({ ...quiet, database: temporary.database });
      let took = () => {};
      const taken = new Promise<void>((resolve) => {
        took = resolve;
      });
      const worker = await queue.work(async () => {
        took();
        return 'done';
      }, 1);
      await quiet.clock.sleep(300);
      const since = Date.now();
      await queue.add([aJob('quick')]);
      await taken;
      // The poll alone would need up to two seconds.
      expect(Date.now() - since).to.be.lessThan(700);
      await worker.stop();
    });

    it('gives the job of a killed worker to another', async () => {
      const queue = createScoringQueue({ ...quiet, database: temporary.database }, { heartbeatMs: 100, workerDeadAfterMs: 1_000 });
      const doomed = startChild('./database-child.ts', ['work', temporary.dataDir, 'guest']);
      await doomed.line('ready');
      await queue.add([aJob('orphan')]);
      await doomed.line('took');
      expect((await queue.depth()).running).to.equal(1);
      await doomed.kill('SIGKILL');
      let took: (name: string) => void = () => {};
      const taken = new Promise<string>((resolve) => {
        took = resolve;
      });
      const worker = await queue.work(async (job) => {
        took(job.hotkey);
        return 'done';
      }, 1);
      expect(await taken).to.equal(hotkeyNamed('orphan'));
      // A worker that stops between the outcome and the queue's forgetting leaves the job to the next one, which only forgets it.
      await until('the queue to be empty', async () => {
        const { waiting, running, dead } = await queue.depth();
        return waiting + running + dead === 0;
      });
      await worker.stop();
    });
  });
});

function ticking(): () => number {
  let now = 0;
  return () => (now += 6_000);
}
