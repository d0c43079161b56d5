import { randomBytes } from 'node:crypto';
import { commitmentBytes, commitmentOf } from '../../chain/commitment.js';
import { type Auditor, createAuditor } from '../../node/audit/auditor.js';
import { nodeFailure } from '../../node/failures.js';
import { createLogger } from '../../node/logger.js';
import { NO_METRICS } from '../../node/metrics.js';
import { createInbox } from '../../node/network/inbox.js';
import { createPostbox } from '../../node/network/postbox.js';
import type { RoundRow, Stores } from '../../node/ports.js';
import { createRegistrySync } from '../../node/registry-sync.js';
import { createRoundKeeper, type RoundKeeper } from '../../node/rounds/keeper.js';
import { ownPrivatePrompts } from '../../node/rounds/private-slice.js';
import { createWeightSetter, type WeightSetter, type WeightSetterOptions } from '../../node/weights/setter.js';
import { sha256Hex } from '../../protocol/digest.js';
import { createMessageGate } from '../../protocol/message-gate.js';
import type { Hotkey, ModelDigest } from '../../protocol/names.js';
import type { Clock, Signer } from '../../protocol/ports.js';
import { encodeScoreCommitment, encodeScoreReveal, type ScoreCommitment, type ScoreReveal } from '../../protocol/score-exchange.js';
import { FINGERPRINT_HEX } from '../../scoring/fingerprint.js';
import { drawPrompts, type Prompt, promptSetDigest } from '../../scoring/prompts.js';
import { encodeRecord, recordDigest, type ScoreRecord } from '../../scoring/record.js';
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
  readonly auditor: Auditor;
  /** What this validator hears: model → ppm. Null: it cannot be scored here. */
  readonly ears: Map<ModelDigest, number | null>;
  /** What it says instead. */
  readonly lies: Map<ModelDigest, number>;
  /** How it deviates in the exchange; null keeps it from publishing. */
  readonly ways: Ways;
}

export interface Ways {
  commit?: (commit: ScoreCommitment) => ScoreCommitment;
  reveal?: (reveal: ScoreReveal) => ScoreReveal | null;
}

export interface SmallSubnet {
  readonly chain: FakeChain;
  /** What the wasm engine makes of a model, everywhere; what is not named is what each validator hears. */
  readonly truth: Map<ModelDigest, number>;
  /** What models make of private prompts; what is not named is as good as in public. */
  readonly inPrivate: Map<ModelDigest, number>;
  readonly validators: readonly TestValidator[];
  miner(
    n: number,
    how?: { readonly model?: ModelDigest; readonly fingerprint?: string },
  ): { readonly hotkey: Hotkey; readonly model: ModelDigest };
  /** Everybody learns of the miner's model, and has it on disk. */
  announce(miner: { hotkey: Hotkey; model: ModelDigest }, to?: readonly TestValidator[]): Promise<void>;
  /** Blocks one by one; every validator takes its turns at each. */
  live(blocks: number): Promise<void>;
  /** Sends what a validator has committed to, whatever the time. */
  publishReveals(validator: TestValidator, round: number): Promise<void>;
  cut(name: string): void;
  /** The same validator after a kill: its rows are there, its memory is not. */
  restart(validator: TestValidator): Promise<TestValidator>;
}

type Person = Pick<TestValidator, 'name' | 'signer' | 'stores' | 'ears' | 'lies' | 'ways'>;

/** Validators with all their real duties over a chain, a bus and stores in memory; only the ears are made up. */
export async function createSmallSubnet(
  names: readonly string[],
  weights: Partial<WeightSetterOptions> = {},
  how: { readonly scorers?: Readonly<Record<string, string>>; readonly replication?: number; readonly audits?: number } = {},
): Promise<SmallSubnet> {
  const chain = createFakeChain({ netuid: 7, startBlock: 100, hyperparameters: { weightsRateLimitBlocks: 5, tempo: 20 } });
  const bus = createMemoryBus();
  let nowMs = 1_700_000_000_000;
  const clock: Clock = { nowMs: () => nowMs, sleep: async () => {} };
  const log = createLogger({ level: 'silent' });
  const fingerprints = new Map<ModelDigest, string>();
  const network = { genesis: chain.genesis, netuid: chain.netuid };
  const truth: SmallSubnet['truth'] = new Map();
  const inPrivate: SmallSubnet['inPrivate'] = new Map();
  const running: { validator: TestValidator; turn: () => Promise<void>; publishReveals: (round: number) => Promise<void> }[] = [];

  async function start({ name, signer, stores, ears, lies, ways }: Person) {
    const scorer = how.scorers?.[name] ?? SCORER;
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
      { netuid: chain.netuid, schedule: SCHEDULE, scorer },
    );
    const queue = createMemoryQueue();
    const prompt = (model: ModelDigest, at: number, scorePpm: number, fault: string | null) => ({
      scorePpm,
      parts: { content: scorePpm },
      audioDigest: fault === null ? sha256Hex('audio', model, String(at), String(scorePpm)) : '',
      fault,
    });
    const record = (
      row: RoundRow,
      entry: { hotkey: Hotkey; model: ModelDigest },
      scorePpm: number,
      fault: string | null,
      slice: readonly Prompt[] = [],
    ): ScoreRecord => ({
      version: 1,
      netuid: chain.netuid,
      round: row.round,
      hotkey: entry.hotkey,
      model: entry.model,
      scorer,
      promptSet: promptsOf(row.seed).digest,
      seed: row.seed,
      engine: 'native',
      prompts: [0, 1, 2, 3].map((at) => prompt(entry.model, at, scorePpm, fault)),
      scorePpm,
      fingerprint: fingerprints.get(entry.model) ?? '',
      ...(slice.length === 0
        ? {}
        : {
            private: {
              promptSet: promptSetDigest(slice),
              prompts: slice.map((_, at) => prompt(entry.model, at, inPrivate.get(entry.model) ?? scorePpm, fault)),
            },
          }),
    });
    const auditor = createAuditor(
      {
        stores,
        clock,
        log,
        metrics: NO_METRICS,
        publicPrompts: promptsOf,
        hear: async ({ hotkey, model, prompts, engine }) => {
          const heard = engine === 'wasm' ? (truth.get(model) ?? ears.get(model) ?? null) : (ears.get(model) ?? null);
          if (heard === null) throw nodeFailure('node.model_gone', { model, hotkey });
          return prompts.map(({ index }) => ({
            ...prompt(model, index, index < 4 ? heard : (inPrivate.get(model) ?? heard), null),
            fingerprint: (fingerprints.get(model) ?? '').slice(index * FINGERPRINT_HEX, (index + 1) * FINGERPRINT_HEX),
          }));
        },
      },
      { self: signer.hotkey, scorer, engine: 'native', schedule: SCHEDULE, count: how.audits ?? 2 },
    );
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
        publishCommit: async (commit) =>
          (await postbox.post('scoreCommit', encodeScoreCommitment(ways.commit?.(commit) ?? commit), 3_600_000)).recipients,
        publishReveal: async ({ record: one, ...reveal }) => {
          const said = { ...reveal, record: encodeRecord(one) };
          const changed = ways.reveal === undefined ? said : ways.reveal(said);
          if (changed === null) return new Uint8Array();
          const payload = encodeScoreReveal(changed);
          return (await postbox.post('scoreReveal', payload, 3_600_000)).envelope;
        },
        auditsOutstanding: auditor.outstanding,
      },
      {
        netuid: chain.netuid,
        mechanism: 0,
        self: signer.hotkey,
        schedule: SCHEDULE,
        replication: how.replication ?? 8,
        scorer,
        policy: POLICY,
      },
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
        record: record(
          row,
          job,
          lies.get(job.model) ?? heard,
          null,
          await ownPrivatePrompts(stores, { row, self: signer.hotkey, model: job.model }),
        ),
        validator: signer.hotkey,
        envelope: new Uint8Array(),
        receivedAtMs: nowMs,
      });
    }, 1);
    const validator: TestValidator = { name, signer, stores, keeper, setter, auditor, ears, lies, ways };
    await registry.follow(await chain.reader.finalizedHead());
    await inbox.open();
    await setter.recover();
    const turn = async () => {
      const head = await chain.reader.finalizedHead();
      const snapshot = await registry.follow(head);
      await keeper.turn(head);
      await settled(queue);
      await auditor.turn(head, new AbortController().signal);
      await setter.turn(head, snapshot);
    };
    const publishReveals = async (round: number) => {
      const nonce = await stores.scores.nonce(round);
      const own = (await stores.scores.ofRound(round)).filter((score) => score.validator === signer.hotkey).map((score) => score.record);
      for (const one of own) {
        const reveal = { round, nonce, recordDigests: own.map(recordDigest), record: encodeRecord(one) };
        await postbox.post('scoreReveal', encodeScoreReveal(reveal), 3_600_000);
      }
    };
    return { validator, turn, publishReveals };
  }

  for (const name of names) {
    const signer = await devPerson(name);
    chain.register(signer.hotkey, { stakeRao: STAKE_RAO, permit: true });
    running.push(await start({ name, signer, stores: createMemoryStores(), ears: new Map(), lies: new Map(), ways: {} }));
  }

  return {
    chain,
    truth,
    inPrivate,
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
    publishReveals: async ({ name }, round) => running.find(({ validator }) => validator.name === name)?.publishReveals(round),
    cut: bus.cut,
    async restart(validator) {
      const at = running.findIndex(({ validator: { name } }) => name === validator.name);
      running[at] = await start(validator);
      return running[at].validator;
    },
  };
}

const promptSets = new Map<string, { prompts: readonly Prompt[]; digest: string }>();

function promptsOf(seed: string): { readonly prompts: readonly Prompt[]; readonly digest: string } {
  const prompts = promptSets.get(seed)?.prompts ?? drawPrompts(seed, 4);
  const drawn = promptSets.get(seed) ?? { prompts, digest: promptSetDigest(prompts) };
  promptSets.set(seed, drawn);
  return drawn;
}

async function settled(queue: { depth(): Promise<{ waiting: number; running: number }> }): Promise<void> {
  for (;;) {
    const { waiting, running } = await queue.depth();
    if (waiting + running === 0) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
