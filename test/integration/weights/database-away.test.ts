import { expect } from 'chai';
import type { SubmissionWay } from '../../../node/ports.js';
import { type Database, openDatabase } from '../../../node/postgres/database.js';
import { createStores } from '../../../node/postgres/stores.js';
import { createWeightLock } from '../../../node/postgres/weight-lock.js';
import { Secret } from '../../../protocol/secret.js';
import { asValue, type PgProxy, startPgProxy } from '../../support/pg-proxy.js';
import { quiet, temporaryDatabase } from '../../support/temporary.js';
import { createWeightWorld, type Life, submissions, type WeightWorld } from '../../support/weights-on-devchain.js';

const ANSWER_TIMEOUT_MS = 1_000;

/** A real server behind a line that is cut at each statement of a submission, before it arrives and before its answer does. */
describe('weights while the database is away', function () {
  this.timeout(120_000);
  let temporary: Awaited<ReturnType<typeof temporaryDatabase>>;
  let proxy: PgProxy;
  let database: Database;
  let world: WeightWorld;

  before(async () => {
    temporary = await temporaryDatabase();
    const { embedded } = temporary.database;
    if (embedded === null) throw new Error('no server');
    proxy = await startPgProxy(embedded);
    const url = new Secret(`postgres://voxd@127.0.0.1:${proxy.port}/voxd`);
    database = await openDatabase(quiet, { url, dataDir: temporary.dataDir, role: 'guest', answerTimeoutMs: ANSWER_TIMEOUT_MS });
  });
  afterEach(async () => {
    proxy.refuse(false);
    proxy.freeze(false);
    await world.stop();
    await temporary.database.query('TRUNCATE voxd.submissions, voxd.rounds CASCADE');
  });
  after(async () => {
    await database.stop();
    await proxy.close();
    await temporary.remove();
  });

  async function start(way: SubmissionWay): Promise<Life> {
    // What the test itself looks at does not go through the line.
    world = await createWeightWorld({ way, stores: createStores(temporary.database) });
    return world.live({ stores: createStores(database), lock: createWeightLock(database) });
  }
  /** Extrinsics for which the journal has no row in a state that allows one. */
  async function sentWithoutRow(): Promise<number> {
    const steps = await Promise.all((await world.rows()).map(({ id }) => world.stores.submissions.steps(id)));
    const allowed = steps.flat().filter(({ state }) => state === 'sent' || state === 'revealing').length;
    return Math.max(0, submissions(world.proxy) - allowed);
  }
  const PLANNED = ['INSERT INTO voxd.submissions'];
  const marked = (state: string) => ['UPDATE voxd.submissions', asValue(state)];
  const LOCKED = ['pg_try_advisory_lock'];

  const ways: readonly (readonly [SubmissionWay, readonly (readonly string[])[]])[] = [
    ['open', [LOCKED, PLANNED, marked('sent'), marked('finalized')]],
    ['hash', [marked('committed'), marked('revealing'), marked('finalized')]],
  ];
  for (const [way, lines] of ways) {
    it(`get there once, whatever line of the journal is lost or its answer, and nothing is sent without its row (${way})`, async () => {
      const life = await start(way);
      let round = 0;
      for (const words of lines) {
        for (const when of ['before', 'after'] as const) {
          round += 1;
          await world.weigh(round);
          const cut = proxy.cut(when, words);
          await world.landed(life);
          await cut;
          expect(await sentWithoutRow(), `${words} ${when}`).to.equal(0);
        }
      }
      await world.check();
    });
  }

  /** When it goes away: as the row is to become that, or as the extrinsic is handed in. */
  const moments: readonly (readonly [string, (act: () => void) => void])[] = [
    ['the plan', (act) => proxy.at(PLANNED, act)],
    ['the row', (act) => proxy.at(marked('sent'), act)],
    ['the extrinsic', (act) => world.beforeSubmission(act)],
  ];
  for (const [how, away, at] of [
    ['lets nobody in', (on: boolean) => proxy.refuse(on), moments],
    ['falls silent', (on: boolean) => proxy.freeze(on), moments.slice(1, 2)],
  ] as const) {
    it(`wait for a server that ${how}, turn by turn, and go on when it is back`, async () => {
      const life = await start('open');
      let round = 0;
      for (const [moment, goAt] of at) {
        round += 1;
        await world.weigh(round);
        const gone = new Promise<void>((resolve) => {
          goAt(() => {
            away(true);
            resolve();
          });
        });
        await world.blocks(life, 30, async () => (await Promise.race([gone.then(() => true), Promise.resolve(false)])) === true);
        const sent = submissions(world.proxy);
        for (let block = 0; block < 2; block += 1) {
          await world.turn(life);
          await world.mint();
          expect(life.setter.waitingFor()?.code, moment).to.equal('store.unreachable');
        }
        expect(submissions(world.proxy), `${moment}: nothing more is sent`).to.equal(sent);
        away(false);
        await world.landed(life);
        expect(await sentWithoutRow(), moment).to.equal(0);
      }
      await world.check();
    });
  }
});
