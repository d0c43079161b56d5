import { randomBytes } from 'node:crypto';
import { type Auditor, createAuditor } from '../../node/audit/auditor.js';
import { nodeFailure } from '../../node/failures.js';
import { NO_METRICS } from '../../node/metrics.js';
import type { RoundRow, Stores } from '../../node/ports.js';
import { createRoundKeeper, type RoundKeeper } from '../../node/rounds/keeper.js';
import { ownPrivatePrompts } from '../../node/rounds/private-slice.js';
import { createWeightSetter, type WeightSetter, type WeightSetterOptions } from '../../node/weights/setter.js';
import { sha256Hex } from '../../protocol/digest.js';
import type { Hotkey, ModelDigest } from '../../protocol/names.js';
import type { Gossip, Signer } from '../../protocol/ports.js';
import { encodeScoreCommitment, encodeScoreReveal, type ScoreCommitment, type ScoreReveal } from '../../protocol/score-exchange.js';
import { FINGERPRINT_HEX } from '../../scoring/fingerprint.js';
import type { drawPrivatePrompts } from '../../scoring/private-slice.js';
import { drawPrompts, type Prompt, promptSetDigest } from '../../scoring/prompts.js';
import { encodeRecord, recordDigest, type ScoreRecord } from '../../scoring/record.js';
import type { WeighingPolicy } from '../../scoring/weigh.js';
import { type NodeSurroundings, startMemoryNode } from './memory-node.js';
import { createMemoryQueue } from './memory-queue.js';
import { createMemoryWeightLock } from './memory-submissions.js';

export interface TestValidator {
  readonly name: string;
  readonly signer: Signer;
  readonly stores: Stores;
  readonly keeper: RoundKeeper;
  readonly setter: WeightSetter;
  readonly auditor: Auditor;
  /** What this validator hears: model → ppm. Null: it cannot be scored here. */
  readonly ears: Map<ModelDigest, number | null>;
  /** What it heard of models that then waited, in vain, to be heard further. */
  readonly waiting: Map<ModelDigest, number>;
  /** What it says instead. */
  readonly lies: Map<ModelDigest, number>;
  /** How it deviates in the exchange; null keeps it from publishing. */
  readonly ways: Ways;
}

export interface Ways {
  commit?: (commit: ScoreCommitment) => ScoreCommitment;
  reveal?: (reveal: ScoreReveal) => ScoreReveal | null;
}

/** Name, key, rows and ears: what stays of a validator when its process is killed. */
export type Person = Pick<TestValidator, 'name' | 'signer' | 'stores' | 'ears' | 'waiting' | 'lies' | 'ways'>;

/** What all validators of a test have in common. */
export interface Surroundings extends NodeSurroundings {
  readonly policy: WeighingPolicy;
  readonly replication: number;
  readonly audits: number;
  readonly weights: Partial<WeightSetterOptions>;
  /** Same-seed sound of a model; what is not named has none. */
  readonly fingerprints: ReadonlyMap<ModelDigest, string>;
  /** What the wasm engine makes of a model, everywhere; what is not named is what each validator hears. */
  readonly truth: ReadonlyMap<ModelDigest, number>;
  /** What models make of private prompts; what is not named is as good as in public. */
  readonly inPrivate: ReadonlyMap<ModelDigest, number>;
  /** Another way to private prompts than drawing each anew, for many validators and rounds. */
  readonly drawPrivate?: typeof drawPrivatePrompts;
}

export interface RunningValidator {
  readonly validator: TestValidator;
  /** All duties once, at the newest finalized head. */
  turn(): Promise<void>;
  /** All but the weights, which wait for the chain. */
  listen(): Promise<void>;
  /** At the head that was listened to last. */
  weigh(): Promise<void>;
  /** Sends what it has committed to, whatever the time. */
  publishReveals(round: number): Promise<void>;
}

/** A validator with all its real duties over a chain and stores in memory; only its ears are made up. */
export async function startMemoryValidator(
  person: Person,
  own: { readonly gossip: Gossip; readonly scorer: string },
  around: Surroundings,
): Promise<RunningValidator> {
  const { name, signer, stores, ears, waiting, lies, ways } = person;
  const { chain, clock, fingerprints, truth, inPrivate, schedule } = around;
  const { scorer } = own;
  const { log, registry, postbox } = await startMemoryNode({ signer, stores }, own, around);
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
      ...(around.drawPrivate && { drawPrivate: around.drawPrivate }),
      hear: async ({ hotkey, model, prompts, engine }) => {
        const heard = engine === 'wasm' ? (truth.get(model) ?? ears.get(model) ?? null) : (ears.get(model) ?? null);
        if (heard === null) throw nodeFailure('node.model_gone', { model, hotkey });
        return prompts.map(({ index }) => ({
          ...prompt(model, index, index < 4 ? heard : (inPrivate.get(model) ?? heard), null),
          fingerprint: (fingerprints.get(model) ?? '').slice(index * FINGERPRINT_HEX, (index + 1) * FINGERPRINT_HEX),
        }));
      },
    },
    { self: signer.hotkey, scorer, engine: 'native', schedule, count: around.audits },
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
      conclude: async (row, entries) => {
        for (const entry of entries) {
          const ppm = waiting.get(entry.model);
          if (ppm === undefined) continue;
          const heard = { record: record(row, entry, ppm, null), envelope: new Uint8Array(), receivedAtMs: clock.nowMs() };
          await stores.scores.put({ ...heard, validator: signer.hotkey });
        }
      },
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
      schedule,
      replication: around.replication,
      scorer,
      policy: around.policy,
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
    { netuid: chain.netuid, mechanism: 0, enabled: true, dryRun: false, commitReveal: 'auto', burnPercent: 0, ...around.weights },
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
        await ownPrivatePrompts(stores, { row, self: signer.hotkey, model: job.model }, around.drawPrivate),
      ),
      validator: signer.hotkey,
      envelope: new Uint8Array(),
      receivedAtMs: clock.nowMs(),
    });
  }, 1);
  const validator: TestValidator = { name, signer, stores, keeper, setter, auditor, ears, waiting, lies, ways };
  await setter.recover();
  const listen = async () => {
    const head = await chain.reader.finalizedHead();
    await registry.follow(head);
    await keeper.turn(head);
    await settled(queue);
    await auditor.turn(head, new AbortController().signal);
  };
  const weigh = async () => {
    const snapshot = registry.current();
    if (snapshot !== null) await setter.turn(snapshot.block, snapshot);
  };
  const turn = async () => {
    await listen();
    await weigh();
  };
  const publishReveals = async (round: number) => {
    const nonce = await stores.scores.nonce(round);
    const own = (await stores.scores.ofRound(round)).filter((score) => score.validator === signer.hotkey).map((score) => score.record);
    for (const one of own) {
      const reveal = { round, nonce, recordDigests: own.map(recordDigest), record: encodeRecord(one) };
      await postbox.post('scoreReveal', encodeScoreReveal(reveal), 3_600_000);
    }
  };
  return { validator, turn, listen, weigh, publishReveals };
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
