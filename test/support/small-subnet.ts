import { randomBytes } from 'node:crypto';
import { commitmentBytes, commitmentOf } from '../../chain/commitment.js';
import { createInbox } from '../../node/inbox.js';
import { createLogger } from '../../node/logger.js';
import { NO_METRICS } from '../../node/metrics.js';
import type { RoundRow, Stores } from '../../node/ports.js';
import { createPostbox } from '../../node/postbox.js';
import { createRegistrySync } from '../../node/registry-sync.js';
import { createRoundKeeper, type RoundKeeper } from '../../node/round-keeper.js';
import { createWeightSetter, type WeightSetter, type WeightSetterOptions } from '../../node/weight-setter.js';
import { sha256Hex } from '../../protocol/digest.js';
import { createMessageGate } from '../../protocol/message-gate.js';
import type { Hotkey, ModelDigest } from '../../protocol/names.js';
import type { Clock, Signer } from '../../protocol/ports.js';
import { encodeScoreCommitment, encodeScoreReveal } from '../../protocol/score-exchange.js';
import { encodeRecord, type ScoreRecord } from '../../scoring/record.js';
import type { WeighingPolicy } from '../../scoring/weigh.js';
import { createFakeChain, type FakeChain } from './fake-chain.js';
import { aHotkey, aModel } from './keys.js';
import { createMemoryBus } from './memory-gossip.js';
import { createMemoryQueue, createMemoryStores, createMemoryWeightLock } from './memory-stores.js';
import { devPerson, verifySr25519 } from './people.js';

export const SCORER = sha256Hex('the scorer of these tests');
export const SCHEDULE = { cadenceBlocks: 40, commitPercent: 60, revealPercent: 75 };
export const POLICY: WeighingPolicy = {
  contest: {
    epsilonPpm: 20_000,
    epsilonFloorPpm: 2_000,
    epsilonDecayBlocks: 1000,
    standardErrors: 2,
    thresholdPpm: 100_000,
    curve: [600, 200, 100, 60, 40],
  },
  alphaPercent: 30,
  minCoveragePercent: 60,
};
const STAKE_RAO = 1_000_000_000_000n;

export interface TestValidator {
  readonly name: string;
  readonly signer: Signer;
  readonly stores: Stores;
  readonly keeper: RoundKeeper;
  readonly setter: WeightSetter;
  /** What this validator hears: model → ppm. Null: it cannot be scored here. */
  readonly ears: Map<ModelDigest, number | null>;
}

export interface SmallSubnet {
  readonly chain: FakeChain;
  readonly validators: readonly TestValidator[];
  miner(
    n: number,
    how?: { readonly model?: ModelDigest; readonly fingerprint?: string },
  ): { readonly hotkey: Hotkey; readonly model: ModelDigest };
  /** Everybody learns of the miner's model, and has it on disk. */
  announce(miner: { hotkey: Hotkey; model: ModelDigest }, to?: readonly TestValidator[]): Promise<void>;
  /** Blocks one by one; every validator takes its turns at each. */
  live(blocks: number): Promise<void>;
  cut(name: string): void;
  /** The same validator after a kill: its rows are there, its memory is not. */
  restart(validator: TestValidator): Promise<TestValidator>;
}

/** Validators with all their real duties over a chain, a bus and stores in memory; only the ears are made up. */
export async function createSmallSubnet(names: readonly string[], weights: Partial<WeightSetterOptions> = {}): Promise<SmallSubnet> {
  const chain = createFakeChain({ netuid: 7, startBlock: 100, hyperparameters: { weightsRateLimitBlocks: 5, tempo: 20 } });
  const bus = createMemoryBus();
  let nowMs = 1_700_000_000_000;
  const clock: Clock = { nowMs: () => nowMs, sleep: async () => {} };
  const log = createLogger({ level: 'silent' });
  const fingerprints = new Map<ModelDigest, string>();
  const network = { genesis: chain.genesis, netuid: chain.netuid };
  const running: { validator: TestValidator; turn: () => Promise<void> }[] = [];

  async function start(name: string, signer: Signer, stores: Stores, ears: TestValidator['ears']) {
    const registry = createRegistrySync(
      { chain: chain.reader, store: stores.registry, log, metrics: NO_METRICS },
      { netuid: chain.netuid, everyBlocks: 1 },
    );
    const gossip = bus.join(name);
    const finalizedBlock = () => registry.current()?.block.number ?? 0;
    const postbox = createPostbox({ signer, gossip, sequences: stores.sequences, clock, metrics: NO_METRICS, finalizedBlock }, { network });
    const inbox = createInbox(
      {
        gossip,
        gate: createMessageGate({ verify: verifySr25519 }, { network }),
        stores,
        clock,
        log,
        metrics: NO_METRICS,
        members: registry.members,
        finalizedBlock,
      },
      { netuid: chain.netuid, schedule: SCHEDULE, scorer: SCORER },
    );
    const queue = createMemoryQueue();
    const record = (row: RoundRow, entry: { hotkey: Hotkey; model: ModelDigest }, scorePpm: number, fault: string | null): ScoreRecord => ({
      version: 1,
      netuid: chain.netuid,
      round: row.round,
      hotkey: entry.hotkey,
      model: entry.model,
      scorer: SCORER,
      promptSet: sha256Hex('prompts', row.seed),
      seed: row.seed,
      engine: 'native',
      prompts: [0, 1, 2, 3].map(() => ({ scorePpm, parts: { content: scorePpm }, audioDigest: '', fault })),
      scorePpm,
      fingerprint: fingerprints.get(entry.model) ?? '',
    });
    const keeper = createRoundKeeper(
      {
        chain: chain.reader,
        stores,
        queue,
        clock,
        log,
        metrics: NO_METRICS,
        registry: registry.current,
        refusedRecord: (row, entry, code) => record(row, entry, 0, code),
        publishCommit: async (round, commitment) =>
          (await postbox.post('scoreCommit', encodeScoreCommitment({ round, commitment }), 3_600_000)).recipients,
        publishReveal: async ({ record: one, ...reveal }) =>
          (await postbox.post('scoreReveal', encodeScoreReveal({ ...reveal, record: encodeRecord(one) }), 3_600_000)).envelope,
      },
      { netuid: chain.netuid, mechanism: 0, self: signer.hotkey, schedule: SCHEDULE, replication: 8, scorer: SCORER, policy: POLICY },
    );
    const setter = createWeightSetter(
      {
        chain: { ...chain.reader, ...chain.writer },
        signer,
        stores,
        clock,
        random: randomBytes,
        lock: createMemoryWeightLock(),
        log,
        metrics: NO_METRICS,
      },
      { netuid: chain.netuid, mechanism: 0, enabled: true, dryRun: false, commitReveal: 'auto', burnPercent: 0, ...weights },
    );
    await queue.work(async (job) => {
      const row = await stores.rounds.get(job.round);
      const heard = ears.get(job.model) ?? null;
      if (row === null || heard === null) return;
      await stores.scores.put({
        record: record(row, job, heard, null),
        validator: signer.hotkey,
        envelope: new Uint8Array(),
        receivedAtMs: nowMs,
      });
    }, 1);
    const validator: TestValidator = { name, signer, stores, keeper, setter, ears };
    await registry.follow(await chain.reader.finalizedHead());
    await inbox.open();
    await setter.recover();
    const turn = async () => {
      const head = await chain.reader.finalizedHead();
      const snapshot = await registry.follow(head);
      await keeper.turn(head);
      await settled(queue);
      await setter.turn(head, snapshot);
    };
    return { validator, turn };
  }

  for (const name of names) {
    const signer = await devPerson(name);
    chain.register(signer.hotkey, { stakeRao: STAKE_RAO, permit: true });
    running.push(await start(name, signer, createMemoryStores(), new Map()));
  }

  return {
    chain,
    get validators() {
      return running.map(({ validator }) => validator);
    },
    miner(n, how = {}) {
      const miner = { hotkey: aHotkey(`miner ${n}`), model: how.model ?? aModel(n) };
      chain.register(miner.hotkey);
      chain.commit(miner.hotkey, commitmentBytes(commitmentOf(miner.hotkey, miner.model)));
      fingerprints.set(miner.model, how.fingerprint ?? '');
      return miner;
    },
    async announce({ hotkey, model }, to = running.map(({ validator }) => validator)) {
      const neuron = (await chain.reader.snapshot(chain.netuid)).neurons.find((seat) => seat.hotkey === hotkey)!;
      for (const { stores } of to) {
        await stores.announcements.put({
          hotkey,
          model,
          manifestSizeBytes: 100,
          sizeBytes: 1000,
          commitmentBlock: neuron.commitment!.block,
          providers: [],
          sequence: BigInt(nowMs),
          issuedAtMs: nowMs,
          expiresAtMs: nowMs + 86_400_000,
          envelope: new Uint8Array(),
        });
        const claim = { hotkey, registeredAt: neuron.registeredAt, model, commitmentBlock: neuron.commitment!.block };
        await stores.models.put({ ...claim, state: 'prechecked', reason: null, attempts: 0, manifest: null, tensorDigests: [] });
      }
    },
    async live(blocks) {
      for (let i = 0; i < blocks; i++) {
        chain.advance(1);
        nowMs += 12_000;
        for (const { turn } of running) await turn();
      }
    },
    cut: bus.cut,
    async restart(validator) {
      const at = running.findIndex(({ validator: { name } }) => name === validator.name);
      running[at] = await start(validator.name, validator.signer, validator.stores, validator.ears);
      return running[at].validator;
    },
  };
}

async function settled(queue: { depth(): Promise<{ waiting: number; running: number }> }): Promise<void> {
  for (;;) {
    const { waiting, running } = await queue.depth();
    if (waiting + running === 0) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
