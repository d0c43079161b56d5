import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { composeExplanation, pageOf } from '../../../node/compose-explain.js';
import { scorerOf } from '../../../node/compose-judges.js';
import { importModel, sealVoice } from '../../../node/compose-models.js';
import { composeRunner } from '../../../node/compose-scoring.js';
import { renderPage } from '../../../node/explain/page.js';
import { createModelCache } from '../../../node/files/model-cache.js';
import { packageRoutes } from '../../../node/http/package-routes.js';
import { createPrometheusMetrics } from '../../../node/http/prometheus.js';
import { createHttpServer, type HttpServer } from '../../../node/http/server.js';
import { claimDatabase, type DatabaseClaim } from '../../../node/postgres/claim.js';
import { createHearings, HEARING_LOOK_MS } from '../../../node/postgres/hearings.js';
import { createScoringQueue } from '../../../node/postgres/queue.js';
import { createStores } from '../../../node/postgres/stores.js';
import { writeTerms } from '../../../node/postgres/terms.js';
import type { ScoringTerms } from '../../../node/rounds/scorer.js';
import { Secret } from '../../../protocol/secret.js';
import { RUN_LIMITS } from '../../../scoring/limits.js';
import { verifyPackage } from '../../../scoring/onnx/package-files.js';
import type { VerifiedModel } from '../../../scoring/ports.js';
import { drawPrompts } from '../../../scoring/prompts.js';
import { generateVoicePackage } from '../../../scoring/voices/onnx-voice.js';
import { startChild, type TestChild } from '../../support/children.js';
import { aModel } from '../../support/keys.js';
import { aRound, aSnapshot, GENESIS, hotkeyNamed } from '../../support/store-samples.js';
import { quiet, temporaryDatabase, temporaryDirectory } from '../../support/temporary.js';

const TOKEN = 'a token of these tests';
const SELF = hotkeyNamed('validator');
const MINER = hotkeyNamed('miner');
const ENGINE_ID = composeRunner('native').engineId;
const TERMS: ScoringTerms = {
  netuid: 58,
  engine: 'native',
  engineId: ENGINE_ID,
  scorer: scorerOf(ENGINE_ID),
  strategy: 'full',
  prompts: 8,
  firstPrompts: 8,
  incumbents: 8,
  thresholdPpm: 0,
  limits: RUN_LIMITS.native,
  schedule: { cadenceBlocks: 100, commitPercent: 60, revealPercent: 75 },
};

describe('a worker on another machine', function () {
  this.timeout(60_000);
  let temporary: Awaited<ReturnType<typeof temporaryDatabase>>;
  let claim: DatabaseClaim;
  let http: HttpServer;
  let model: VerifiedModel;
  const folder = temporaryDirectory();
  const children: TestChild[] = [];

  const start = (url = http.address(), token = TOKEN): TestChild => {
    const child = startChild('./worker-child.ts', [temporary.dataDir, url, token]);
    children.push(child);
    return child;
  };

  before(async () => {
    temporary = await temporaryDatabase();
    claim = await claimDatabase(temporary.database, quiet, { genesis: GENESIS, netuid: 58, hotkey: SELF });
    const voice = join(folder.path, 'voice');
    mkdirSync(voice);
    for (const [path, bytes] of Object.entries(generateVoicePackage('good', { name: 'worker' }))) writeFileSync(join(voice, path), bytes);
    model = await sealVoice(voice);
    const cache = createModelCache(
      {
        ...quiet,
        verify: async (directory, digest) => {
          await verifyPackage(directory, digest);
        },
      },
      { directory: join(folder.path, 'models'), budgetBytes: 1024 ** 3, diskReserveBytes: 0 },
    );
    await importModel(voice, cache);
    http = createHttpServer(
      {
        ...quiet,
        health: () => ({ status: 'ok', live: true, ready: true, version: '', uptimeSeconds: 0, components: [] }),
        metrics: createPrometheusMetrics({ processMetrics: false }),
        routes: [packageRoutes({ token: new Secret(TOKEN), find: cache.find })],
      },
      { host: '127.0.0.1', port: 0 },
    );
    await http.start(new AbortController().signal);
    await writeTerms(temporary.database, TERMS);
  });
  after(async () => {
    for (const child of children) if (child.process.exitCode === null && child.process.signalCode === null) await child.kill('SIGKILL');
    await http.stop();
    await claim.release();
    await temporary.remove();
    folder.remove();
  });

  it('gives packages to nobody without the token, and nothing but packages', async () => {
    const status = async (path: string, token?: string) =>
      (await fetch(`${http.address()}${path}`, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })).status;
    expect(await status('/packages')).to.equal(401);
    expect(await status('/packages', 'wrong')).to.equal(401);
    expect(await status('/packages', TOKEN)).to.equal(204);
    expect(await status(`/packages/${model.digest}/manifest.json`)).to.equal(401);
    expect(await status(`/packages/${model.digest}/manifest.json`, TOKEN)).to.equal(200);
    expect(await status(`/packages/${model.digest}/..%2Fmanifest.json`, TOKEN)).to.equal(404);
    expect(await status(`/packages/${'0'.repeat(64)}/manifest.json`, TOKEN)).to.equal(404);
  });

  it('refuses a node that scores otherwise, and one that does not know it, by name', async () => {
    await writeTerms(temporary.database, { ...TERMS, engineId: 'native onnxruntime-node@0.0.0', scorer: 'f'.repeat(64) });
    const other = await start().line('failure');
    expect(other['failure']).to.equal('worker.other_scorer');
    expect(other['facts']).to.include({ differs: 'engine', ownScorer: TERMS.scorer, nodeScorer: 'f'.repeat(64) });
    await writeTerms(temporary.database, TERMS);
    expect((await start(http.address(), 'wrong').line('failure'))['failure']).to.equal('worker.token_refused');
  });

  it('hears a model that it fetches; killed, another one goes on with the next prompt', async () => {
    const { database } = temporary;
    const stores = createStores(database);
    await stores.registry.save(aSnapshot(110, []), []);
    const entry = { hotkey: MINER, registeredAt: 5, model: model.digest, commitmentBlock: 50 };
    const { manifest } = model;
    await stores.models.put({ ...entry, state: 'prechecked', reason: null, attempts: 0, manifest, tensorDigests: [] });
    await stores.rounds.open({ ...aRound(1), seed: 'ab'.repeat(32), entries: [entry], state: 'open', note: null, weighing: null });
    const job = { round: 1, hotkey: MINER, model: model.digest };
    const queue = createScoringQueue({ ...quiet, database });
    await queue.add([job]);
    const until = async (what: () => Promise<boolean>) => {
      while (!(await what())) await quiet.clock.sleep(20);
    };

    const first = start();
    await first.line('ready');
    await until(async () => (await stores.progress.of(job, TERMS.scorer)).length >= 2);
    await first.kill('SIGKILL');
    const before = await database.query('SELECT prompt, heard_at FROM voxd.prompt_scores ORDER BY prompt');
    expect(before.length).to.be.within(2, 7);
    expect(await stores.scores.ofRound(1)).to.deep.equal([]);

    const second = start();
    await second.line('ready');
    await until(async () => (await stores.scores.ofRound(1)).length === 1);
    const [score] = await stores.scores.ofRound(1);
    expect(score).to.deep.include({ validator: SELF, envelope: new Uint8Array() });
    expect(score?.record).to.deep.include({ scorer: TERMS.scorer, model: model.digest, engine: 'native' });
    expect(score?.record.prompts.filter(({ fault }) => fault === null)).to.have.length(8);
    const after = await database.query('SELECT prompt, heard_at FROM voxd.prompt_scores ORDER BY prompt');
    expect(after.slice(0, before.length)).to.deep.equal(before);
    await until(async () => (await queue.depth()).running === 0);
    expect(await queue.depth()).to.deep.equal({ waiting: 0, running: 0, dead: 0 });
    const [stage] = await stores.progress.stages(1);
    expect(stage).to.include({ stage: 'full', prompts: 8 - before.length });
    const keeping = async () => {
      const [row] = await database.query<{ reported: boolean }>('SELECT reported FROM voxd.evidence WHERE round = 1');
      return row?.reported === true;
    };
    await until(keeping);
    // What a person gets to see and to hear of it, as `voxd explain --report` and the node's own page draw it.
    const node = { self: SELF, genesis: aSnapshot(110, []).genesis, netuid: TERMS.netuid, schedule: TERMS.schedule };
    const explained = await composeExplanation({ stores, sql: database }, node, { hotkey: MINER, round: 1 });
    expect(explained?.said).to.include({ score_ppm: score?.record.scorePpm, seed: 'ab'.repeat(32) });
    expect(explained?.next.inBlocks).to.be.above(0);
    const page = await pageOf(database, explained!);
    expect(page.utterances).to.have.length(8);
    expect(renderPage(page).match(/<audio /g)).to.have.length(8);
    expect(await database.query('SELECT 1 FROM voxd.evidence_leases'), 'read, and let go').to.deep.equal([]);

    second.process.kill('SIGTERM');
    expect(await second.line('stopped')).to.deep.equal({ stopped: true, hanging: 0, failed: 0 });
  });

  it('hears records again for audits, also where the one who began was killed; what nobody waits for is forgotten', async () => {
    const { database } = temporary;
    const hearings = createHearings({ database, clock: quiet.clock });
    const [own] = await createStores(database).scores.ofRound(1);
    const prompts = drawPrompts('ab'.repeat(32), 8).slice(0, 3);
    const asking = new AbortController();
    const ask = { hotkey: MINER, model: model.digest, prompts, engine: 'native' as const };
    const answer = hearings.ask({ ...ask, signal: asking.signal });
    const running = async () => {
      const [row] = await database.query<{ count: number }>(
        'SELECT count(*)::int AS count FROM voxd_queue.jobs WHERE locked_at IS NOT NULL',
      );
      return row?.count ?? 0;
    };

    const first = start();
    while ((await running()) === 0) await quiet.clock.sleep(5);
    await first.kill('SIGKILL');
    const second = start();
    const heard = await answer;
    expect(heard.map(({ scorePpm }) => scorePpm)).to.deep.equal(own?.record.prompts.slice(0, 3).map(({ scorePpm }) => scorePpm));

    const gone = { ...ask, model: aModel('nowhere') };
    const refused = hearings.ask({ ...gone, signal: asking.signal }).then(
      () => 'answered',
      (error: unknown) => error,
    );
    await quiet.clock.sleep(HEARING_LOOK_MS);
    const reason = new Error('enough');
    asking.abort(reason);
    expect(await refused).to.equal(reason);
    expect(await database.query('SELECT id FROM voxd.hearings')).to.deep.equal([]);
    second.process.kill('SIGTERM');
    await second.line('stopped');
    expect(await database.query('SELECT id FROM voxd_queue.jobs')).to.deep.equal([]);
  });

  it('gives its job back when it is stopped', async () => {
    const { database } = temporary;
    const stores = createStores(database);
    const entry = { hotkey: MINER, registeredAt: 5, model: model.digest, commitmentBlock: 50 };
    await stores.registry.save(aSnapshot(210, []), []);
    await stores.rounds.open({ ...aRound(2), seed: 'cd'.repeat(32), entries: [entry], state: 'open', note: null, weighing: null });
    const queue = createScoringQueue({ ...quiet, database });
    const worker = start();
    await worker.line('ready');
    await queue.add([{ round: 2, hotkey: MINER, model: model.digest }]);
    while ((await queue.depth()).running === 0) await quiet.clock.sleep(20);
    worker.process.kill('SIGTERM');
    await worker.line('stopped');
    const { waiting, running } = await queue.depth();
    const done = (await stores.scores.ofRound(2)).length;
    expect({ left: waiting + done, running }).to.deep.equal({ left: 1, running: 0 });
  });
});
