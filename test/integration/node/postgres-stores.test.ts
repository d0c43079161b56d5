import { expect } from 'chai';
import { createScoringQueue } from '../../../node/postgres/queue.js';
import { createStores } from '../../../node/postgres/stores.js';
import { queueContract } from '../../contracts/queue.js';
import { codeOf, storesContract } from '../../contracts/stores.js';
import { aNeuron, aRecord, aSnapshot, hotkeyNamed } from '../../support/store-samples.js';
import { quiet, temporaryDatabase } from '../../support/temporary.js';

describe('Postgres stores', function () {
  this.timeout(60_000);
  let temporary: Awaited<ReturnType<typeof temporaryDatabase>>;
  before(async () => {
    temporary = await temporaryDatabase();
  });
  after(() => temporary.remove());

  async function empty() {
    await temporary.database.query(`DO $$ DECLARE names text; BEGIN
      SELECT string_agg(format('voxd.%I', tablename), ', ') INTO names FROM pg_tables WHERE schemaname = 'voxd' AND tablename <> 'migrations';
      EXECUTE 'TRUNCATE ' || names || ' RESTART IDENTITY CASCADE'; END $$`);
    await temporary.database.query('DELETE FROM voxd_queue._private_jobs');
    return temporary.database;
  }

  storesContract('postgres', async () => createStores(await empty()));
  queueContract('postgres', async () => createScoringQueue({ ...quiet, database: await empty() }, { stopGraceMs: 1_000 }));

  it('does not let history be rewritten', async () => {
    const stores = createStores(await empty());
    const change = { kind: 'stake', block: 99, hotkey: hotkeyNamed('x'), uid: 0, before: '1', after: '2' } as const;
    await stores.registry.save(aSnapshot(100, [aNeuron()]), [change]);
    await stores.scores.put({ record: aRecord(), validator: hotkeyNamed('v'), envelope: Uint8Array.of(1), receivedAtMs: 1 });
    const { database } = temporary;
    expect(await codeOf(database.query('DELETE FROM voxd.registry_changes'))).to.equal('store.row_refused');
    expect(await codeOf(database.query('UPDATE voxd.score_records SET score_ppm = 1'))).to.equal('store.row_refused');
    expect(await codeOf(database.query("UPDATE voxd.score_records SET envelope = ''"))).to.equal('store.row_refused');
    expect(await codeOf(database.query('DELETE FROM voxd.score_records'))).to.equal('store.row_refused');
  });

  it('rolls back a save that fails half way', async () => {
    const stores = createStores(await empty());
    const twice = [aNeuron({ uid: 1 }), aNeuron({ uid: 1, hotkey: hotkeyNamed('second') })];
    expect(await codeOf(stores.registry.save(aSnapshot(100, twice), []))).to.equal('store.row_refused');
    expect(await stores.registry.latest(aSnapshot(100, []).genesis, 58)).to.equal(null);
  });
});
