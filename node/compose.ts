/** The composition root of the daemon: the only place that knows which technology is behind a port. */
import { join } from 'node:path';
import { createHolders } from '../protocol/holders.js';
import { createMessageGate } from '../protocol/message-gate.js';
import type { Hash } from '../protocol/names.js';
import type { Clock, Signer } from '../protocol/ports.js';
import { encodeScoreCommitment, encodeScoreReveal } from '../protocol/score-exchange.js';
import { createVerifyPool } from '../protocol/threads/verify-pool.js';
import { verifyPackage } from '../scoring/onnx/package-files.js';
import { encodeRecord } from '../scoring/record.js';
import { createAuditor } from './audit/auditor.js';
import { auditEars } from './audit/hearing.js';
import { composeChain } from './compose-chain.js';
import { composeDiscovery } from './compose-discovery.js';
import { renderExplanation } from './compose-explain.js';
import { startHost } from './compose-host.js';
import { composeHttp } from './compose-http.js';
import { composeJudge } from './compose-judges.js';
import { importModel, lookInto } from './compose-models.js';
import { composeModelTraffic } from './compose-network.js';
import { auditEngines, composeEvidence, composeRunner, composeScorer, termsOf } from './compose-scoring.js';
import { composeWeights, signerHealth, weightsHealth } from './compose-weights.js';
import type { DaemonOptions } from './daemon-options.js';
import { openDataDir } from './files/data-dir.js';
import { createModelCache } from './files/model-cache.js';
import type { HealthReport } from './health.js';
import { createPrometheusMetrics } from './http/prometheus.js';
import { createLifecycle, type StopReport } from './lifecycle.js';
import { type Logger, moduleLogger } from './logger.js';
import { createFetcher } from './network/fetcher.js';
import { createInbox } from './network/inbox.js';
import { createPeerAccessKeeper } from './network/peer-access.js';
import { createPostbox } from './network/postbox.js';
import { claimDatabase, rememberedGenesis } from './postgres/claim.js';
import { openDatabase } from './postgres/database.js';
import { createHearings } from './postgres/hearings.js';
import { pruningDuty } from './postgres/pruning.js';
import { createScoringQueue } from './postgres/queue.js';
import { createStores } from './postgres/stores.js';
import { writeTerms } from './postgres/terms.js';
import { createRegistrySync } from './registry-sync.js';
import { createRoundKeeper } from './rounds/keeper.js';
import { healthReport, STARTING } from './status.js';
import { createWork, type Duty } from './work.js';

export interface Daemon {
  /** Resolves when everything runs. */
  start(signal: AbortSignal): Promise<void>;
  /** Newest part first, each within its bound; idempotent. */
  stop(): Promise<StopReport>;
  health(): Promise<HealthReport>;
  /** Aborts when the daemon cannot go on (another one took its database). */
  readonly broken: AbortSignal;
}

/** Everything that a node is made of, in the order in which it starts; stopping is the reverse. */
export function createDaemon(
  deps: { readonly clock: Clock; readonly logger: Logger; readonly signer: Signer },
  options: DaemonOptions,
): Daemon {
  const { clock, logger, signer } = deps;
  const broken = new AbortController();
  const metrics = createPrometheusMetrics({ processMetrics: true });
  const log = (module: string) => moduleLogger(logger, module);
  const { own, stop } = createLifecycle({ clock, logger: log('lifecycle') });
  const startedAtMs = clock.nowMs();
  const { netuid, mechanism } = options.chain;
  let started = false;
  let view: (() => Promise<HealthReport>) | null = null;

  async function start(signal: AbortSignal): Promise<void> {
    const dataDir = own('data directory', openDataDir(options.dataDir), (dir) => dir.release());
    const database = own(
      'database',
      await openDatabase(
        { clock, logger: log('store'), metrics },
        { url: options.databaseUrl, dataDir: dataDir.path, role: 'daemon', signal },
      ),
      (db) => db.stop(),
      DATABASE_STOP_TIMEOUT_MS,
    );
    const stores = createStores(database);
    // Who was registered at the end of the last run is in the database: enough to be with the peers while the chain is out of reach.
    const remembered = await rememberedGenesis(database, netuid);
    const chainOptions = { ...options.chain, patient: remembered !== null };
    const client = own('chain', composeChain({ clock, logger: log('chain') }, chainOptions), (of) => of.stop());
    const verifier = own('signature threads', createVerifyPool({ clock, logger: log('p2p') }, { threads: VERIFY_THREADS }), (pool) =>
      pool.close(),
    );
    verifier.warm();
    const openHost = (of: Hash) =>
      startHost(
        { own, signer, verifier, clock, logger: log('p2p'), metrics, stores, signal },
        { genesis: of, netuid, dataDir: dataDir.path },
        options.p2p,
      );
    const early = remembered === null ? null : await openHost(remembered);
    await client.start(signal);
    const { chain } = client;
    const { genesis } = chain.identity();
    const network = { genesis, netuid };
    const claim = own(
      'database claim',
      await claimDatabase(database, { clock, logger: log('store') }, { genesis, netuid, hotkey: signer.hotkey }),
      (held) => held.release(),
    );
    claim.lost.addEventListener('abort', () => broken.abort(claim.lost.reason), { once: true });

    const cache = createModelCache(
      {
        verify: async (directory, model) => {
          await verifyPackage(directory, model);
        },
        logger: log('cache'),
        clock,
        metrics,
      },
      { directory: join(dataDir.path, 'models'), budgetBytes: options.cacheBytesMax },
    );
    const offered = options.miner.modelDir === null ? null : await importModel(options.miner.modelDir, cache);
    const host = early ?? (await openHost(genesis));
    const holders = createHolders();
    const traffic = composeModelTraffic({ host, cache, holders, clock, log: log('fetch'), metrics });
    const access = createPeerAccessKeeper({ store: stores.peerRules, peers: host, clock, log: log('p2p'), metrics });
    await own('peer rules', access, (keeper) => keeper.close()).open();

    const registry = createRegistrySync(
      { chain, store: stores.registry, log: log('registry'), metrics },
      { netuid, everyBlocks: options.syncEveryBlocks },
    );
    await registry.restore();
    const validates = options.role !== 'miner';
    const runner = composeRunner(options.scoring.engine);
    const terms = termsOf(options, runner.engineId);
    const { scorer } = terms;
    const finalizedBlock = () => work.head()?.number ?? registry.current()?.block.number ?? 0;
    const postbox = createPostbox({ signer, gossip: host, sequences: stores.sequences, clock, metrics, finalizedBlock }, { network });
    const gate = createMessageGate({ network });
    const inbox = createInbox(
      {
        gossip: host,
        gate,
        verifier,
        stores,
        clock,
        log: log('inbox'),
        metrics,
        members: registry.members,
        finalizedBlock,
        learn: host.learn,
        holders,
      },
      { netuid, schedule: options.rounds, scorer },
    );
    const discovery = composeDiscovery(
      { host, postbox, signer, clock, log, metrics, chain, announcements: stores.announcements, offered, cache, hear: inbox.hear },
      { ...options, netuid, reconnects: () => client.status().reconnects },
    );
    const { presence } = discovery;
    const duties: Duty[] = [
      ...discovery.duties,
      pruningDuty({ sql: database, log: log('store'), clock }, options.rounds),
      { name: 'peer rules', turn: () => access.refresh() },
    ];
    const validator = validates ? await createValidator() : null;
    if (validator) duties.push(...validator.duties);
    const work = createWork({ chain, registry, peers: host, clock, log: log('work'), metrics }, duties);

    view = async () =>
      healthReport({
        startedAtMs,
        nowMs: clock.nowMs(),
        started,
        hotkey: signer.hotkey,
        identity: chain.identity(),
        head: work.head(),
        headAgeMs: work.headAgeMs(),
        endpoints: client.status().endpoints,
        clock: client.status().clock,
        snapshot: registry.current(),
        peers: host.peers(),
        reachability: discovery.reachability(),
        round: validator?.keeper.view() ?? null,
        agreement: validator?.keeper.agreement() ?? null,
        queue: validator ? await validator.queue.depth().catch(() => null) : null,
        weights: validator ? await weightsHealth(stores, validator.setter) : null,
        databaseOk: await database.ping().then(
          () => true,
          () => false,
        ),
        signer: await signerHealth(signer),
      });
    const page =
      validator === null
        ? null
        : renderExplanation({ stores, sql: database }, { ...network, self: signer.hotkey, schedule: options.rounds });
    const http = composeHttp(
      { health, metrics, logger: log('http') },
      {
        ...{ host, network, cache, page, token: options.workerToken, proofs: stores.equivocations },
        fetching: traffic.onRequest(registry.current),
        reachability: discovery.routes,
      },
      options.http,
    );
    if (options.http.enabled) {
      await http.start(signal);
      own('http', http, (server) => server.stop());
    }

    own('goodbye', host, (leaving) => leaving.leave());
    own('inbox', await inbox.open(), (close) => close());
    const offPeers = host.onPeer((event) => {
      if (event.type !== 'bound') return;
      logger.debug({ ...event }, 'peer bound');
      presence.peerArrived();
      for (const duty of ['presence', 'offers', 'fetch']) work.trigger(duty);
    });
    own('peer events', offPeers, (off) => off());
    inbox.onAnnouncement(() => {
      work.trigger('fetch');
      work.trigger('rounds');
    });
    await validator?.setter.recover();
    await work.start(signal);
    own('work', work, (running) => running.stop());
    if (validator) {
      own(
        'scoring',
        await validator.queue.work(validator.scorer.handle, options.scoring.concurrency, validator.ears),
        (worker) => worker.stop(),
        SCORING_STOP_TIMEOUT_MS,
      );
    }
    started = true;
    logger.info(
      {
        hotkey: signer.hotkey,
        role: options.role,
        genesis,
        netuid,
        peer: host.peerId,
        addresses: host.addresses(),
        model: offered?.model ?? null,
      },
      'voxd runs',
    );

    async function createValidator() {
      // Asked first: a machine that cannot confine foreign models must not take part.
      logger.info({ ...(await runner.sandboxReport()) }, 'foreign models are confined');
      await writeTerms(database, terms);
      const queue = createScoringQueue({ database, clock, logger: log('queue'), metrics });
      const { concurrency, engine, judges } = options.scoring;
      const judge = own('judge', await composeJudge(concurrency, engine, judges), (opened) => opened.close());
      const scoring = composeScorer(
        {
          stores,
          runner,
          judge,
          cache,
          untried: queue.untried,
          evidence: composeEvidence(database, dataDir.path, { folder: 'evidence', bytesMax: options.evidenceBytesMax }),
          clock,
          log: log('scoring'),
          metrics,
          finalizedBlock,
          onScored: () => work.trigger('rounds'),
        },
        terms,
        signer.hotkey,
      );
      const ears = auditEars({ stores, engines: auditEngines(runner, options.scoring), judge, openModel: scoring.openModel });
      const hearings = createHearings({ database, clock });
      const auditor = createAuditor(
        {
          stores,
          clock,
          log: log('audit'),
          metrics,
          publicPrompts: scoring.promptsOf,
          // Any worker answers; the package stays here for all of them.
          hear: (ask) => scoring.leases.during(ask.model, () => hearings.ask(ask)),
        },
        { self: signer.hotkey, scorer, engine: options.scoring.engine, schedule: options.rounds, count: options.scoring.audits },
      );
      const keeper = createRoundKeeper(
        {
          chain,
          stores,
          queue,
          clock,
          log: log('rounds'),
          metrics,
          registry: registry.current,
          refusedRecord: scoring.refusedRecord,
          conclude: scoring.conclude,
          publishCommit: async (commit) =>
            (await postbox.post('scoreCommit', encodeScoreCommitment(commit), EXCHANGE_LIFETIME_MS)).recipients,
          auditsOutstanding: auditor.outstanding,
          publishReveal: async ({ record, ...reveal }) =>
            (await postbox.post('scoreReveal', encodeScoreReveal({ ...reveal, record: encodeRecord(record) }), EXCHANGE_LIFETIME_MS))
              .envelope,
        },
        {
          netuid,
          mechanism,
          self: signer.hotkey,
          schedule: options.rounds,
          replication: options.scoring.replication,
          scorer,
          policy: options.weights.policy,
        },
      );
      const setter = composeWeights(
        { chain, signer, stores, clock, database, log: log('weights'), metrics },
        { netuid, mechanism, ...options.weights },
      );
      const fetcher = createFetcher({ stores, cache, ...traffic, clock, log: log('fetch'), metrics, precheck: lookInto });
      const own_: readonly Duty[] = [
        { name: 'fetch', turn: ({ snapshot }, turnSignal) => fetcher.turn(snapshot, turnSignal) },
        {
          name: 'rounds',
          turn: async ({ head }) => {
            await keeper.turn(head);
            work.trigger('weights');
          },
        },
        { name: 'audits', turn: ({ head }, turnSignal) => auditor.turn(head, turnSignal) },
        { name: 'weights', turn: ({ head, snapshot }) => setter.turn(head, snapshot) },
      ];
      return { queue, ears, scorer: scoring, keeper, setter, duties: own_ };
    }
  }

  async function health(): Promise<HealthReport> {
    if (view !== null) return view();
    return STARTING;
  }

  return {
    broken: broken.signal,
    health,
    async start(signal) {
      try {
        await start(signal);
      } catch (error) {
        await stop();
        throw error;
      }
    },
    stop,
  };
}

/** One checks some 3,000 signatures a second; a second one lets gossip go on while the first is replaced. */
const VERIFY_THREADS = 2;
/** A foreign model gets time to finish its prompt, then its process is killed. */
const SCORING_STOP_TIMEOUT_MS = 20_000;
/** The embedded server writes everything out before it ends. */
const DATABASE_STOP_TIMEOUT_MS = 40_000;
/** Long enough for a round on any network, short enough that old scores are not heard again. */
const EXCHANGE_LIFETIME_MS = 2 * 3_600_000;
