import { expect } from 'chai';
import { createEvidenceIndex, leaseEvidence } from '../../../node/postgres/evidence-index.js';
import { ANNOUNCEMENTS_PER_HOTKEY_KEPT } from '../../../node/postgres/message-stores.js';
import { LEFTOVERS_KEPT_MS, pruneHistory, ROUNDS_KEPT, SUBMISSIONS_KEPT } from '../../../node/postgres/pruning.js';
import { createScoringQueue } from '../../../node/postgres/queue.js';
import { createStores } from '../../../node/postgres/stores.js';
import { createWeightLock } from '../../../node/postgres/weight-lock.js';
import type { Hotkey } from '../../../protocol/names.js';
import { codeOf } from '../../contracts/code-of.js';
import { evidenceIndexContract } from '../../contracts/evidence-index.js';
import { queueContract } from '../../contracts/queue.js';
import { storesContract } from '../../contracts/stores.js';
import { aNeuron, anAnnouncement, aRecord, aSnapshot, hashNamed, hotkeyNamed, modelNamed } from '../../support/store-samples.js';
import { quiet, temporaryDatabase } from '../../support/temporary.js';

/** The server needs a moment to notice that a connection is gone. */
async function eventually(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('it never came');
}

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

  evidenceIndexContract('postgres', async () => {
    const database = await empty();
    const store = '00000000-0000-4000-8000-000000000001';
    const folderOf = (round: number, hotkey: string) => `/evidence/round-${round}/${hotkey}`;
    const index = createEvidenceIndex(database, { store: async () => store, host: 'here', folderOf });
    return { ...index, lease: (round, hotkey) => leaseEvidence(database, round, hotkey as Hotkey) };
  });

  it('a lease of a reader that died ends with its time, and each directory answers for its own folders', async () => {
    const database = await empty();
    const of = (store: string) =>
      createEvidenceIndex(database, { store: async () => store, host: 'here', folderOf: (round) => `/${store}/${round}` });
    const [node, worker] = [of('00000000-0000-4000-8000-000000000001'), of('00000000-0000-4000-8000-000000000002')];
    const hotkey = hotkeyNamed('m');
    await worker.begin(1, hotkey);
    await node.begin(1, hotkey);
    await worker.complete(1, hotkey);
    expect((await leaseEvidence(database, 1, hotkey))?.directory).to.match(/2\/1$/);
    expect(await worker.mark(1, hotkey)).to.equal(false);
    expect(await node.mark(1, hotkey)).to.equal(true);
    await database.query("UPDATE voxd.evidence_leases SET ends_at = now() - interval '1 second'");
    expect(await worker.mark(1, hotkey)).to.equal(true);
    await worker.forget(1, hotkey);
    expect(await worker.list()).to.deep.equal([]);
    expect(await node.list()).to.deep.equal([{ round: 1, hotkey, state: 'going' }]);
  });

  it('lets one process at a time act on the weights of a hotkey, until it ends', async () => {
    const database = await empty();
    const [daemon, command] = [createWeightLock(database), createWeightLock(database)];
    const of = { genesis: hashNamed('genesis'), netuid: 58, mechanism: 0, hotkey: hotkeyNamed('v') };
    const held = await daemon.tryAcquire(of);
    expect(held).to.not.equal(null);
    expect(await command.tryAcquire(of)).to.equal(null);
    const other = await command.tryAcquire({ ...of, mechanism: 1 });
    expect(other).to.not.equal(null);
    await held?.release();
    const next = await command.tryAcquire(of);
    expect(next).to.not.equal(null);
    // As when the process of the holder dies.
    await database.query(`SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = ${0x766f7877}`);
    let again: Awaited<ReturnType<typeof daemon.tryAcquire>> = null;
    await eventually(async () => {
      again = await daemon.tryAcquire(of);
      return again !== null;
    });
    for (const one of [other, next, again]) await (one as typeof next)?.release();
  });

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

  it('keeps a few announcements per hotkey, the newest', async () => {
    const { announcements } = createStores(await empty());
    const other = anAnnouncement({ hotkey: hotkeyNamed('quiet'), sequence: 1n });
    await announcements.put(other);
    for (let at = 1; at <= ANNOUNCEMENTS_PER_HOTKEY_KEPT + 3; at += 1)
      await announcements.put(anAnnouncement({ model: modelNamed(`voice ${at}`), sequence: BigInt(at) }));
    const kept = await announcements.active(other.issuedAtMs);
    const of = (name: string) => kept.filter(({ hotkey }) => hotkey === hotkeyNamed(name)).map(({ sequence }) => Number(sequence));
    expect(of('miner').sort((a, b) => a - b)).to.deep.equal(Array.from({ length: ANNOUNCEMENTS_PER_HOTKEY_KEPT }, (_, n) => n + 4));
    expect(of('quiet')).to.deep.equal([1]);
  });

  it('deletes history that is older than its bound, and nothing else', async () => {
    const database = await empty();
    const stores = createStores(database);
    const newestRound = ROUNDS_KEPT + 10;
    const openedAt = { number: 1, hash: hashNamed('opening') };
    for (const round of [9, 10, 11, newestRound]) {
      await stores.rounds.open({ round, openedAt, opening: null, seed: 'ab', entries: [], state: 'open', note: null, weighing: null });
      await stores.scores.put({ record: aRecord({ round }), validator: hotkeyNamed('v'), envelope: Uint8Array.of(1), receivedAtMs: 1 });
      await stores.scores.nonce(round);
    }
    await stores.announcements.put(anAnnouncement({ expiresAtMs: 1_000 }));
    const nowMs = 1_001 + LEFTOVERS_KEPT_MS;
    expect(await pruneHistory(database, { newestRound, nowMs })).to.deep.equal({
      score_records: 2,
      score_nonces: 2,
      rounds: 2,
      announcements: 1,
    });
    expect((await stores.rounds.list(10)).map(({ round }) => round)).to.deep.equal([newestRound, 11]);
    expect(await stores.scores.ofRound(11)).to.have.length(1);
    expect(await pruneHistory(database, { newestRound, nowMs })).to.deep.equal({});
    expect(await codeOf(database.query('DELETE FROM voxd.score_records'))).to.equal('store.row_refused');
  });

  it('never deletes a submission that is not settled', async () => {
    const database = await empty();
    await database.query(
      `INSERT INTO voxd.submissions (genesis, netuid, mechanism, hotkey, epoch_start, method, uids, hotkeys, weights, version_key, planned_number,
         planned_hash, state)
       SELECT sha256('g'), 58, 0, $1, n, 'plain', '{}', '{}', '{}', 0, n, sha256('h'), CASE WHEN n = 1 THEN 'sent' ELSE 'finalized' END
       FROM generate_series(1, $2) AS n`,
      [hotkeyNamed('v'), SUBMISSIONS_KEPT + 3],
    );
    expect(await pruneHistory(database, { newestRound: 0, nowMs: 0 })).to.deep.equal({ submissions: 2 });
    expect(await createStores(database).submissions.unsettled()).to.have.length(1);
  });
});
