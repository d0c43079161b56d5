import { commitmentBytes, commitmentOf } from '../../chain/commitment.js';
import type { WeightSetterOptions } from '../../node/weights/setter.js';
import { sha256Hex } from '../../protocol/digest.js';
import type { Hotkey, ModelDigest } from '../../protocol/names.js';
import type { Clock } from '../../protocol/ports.js';
import type { WeighingPolicy } from '../../scoring/weigh.js';
import { CONTEST_RULES } from './contenders.js';
import { createFakeChain } from './fake-chain.js';
import type { FakeChain } from './fake-chain-shape.js';
import { aHotkey, aModel } from './keys.js';
import { createMemoryBus } from './memory-gossip.js';
import { createMemoryStores } from './memory-stores.js';
import { type Person, type RunningValidator, type Surroundings, startMemoryValidator, type TestValidator } from './memory-validator.js';
import { devPerson } from './people.js';
import { localVerifier } from './verifier.js';

export type { TestValidator } from './memory-validator.js';

export const SCORER = sha256Hex('the scorer of these tests');
export const SCHEDULE = { cadenceBlocks: 40, commitPercent: 60, revealPercent: 75 };
export const POLICY: WeighingPolicy = {
  contest: CONTEST_RULES,
  alphaPercent: 30,
  minCoveragePercent: 60,
};
const STAKE_RAO = 1_000_000_000_000n;

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

/** A few validators over one chain and one bus, living block by block. */
export async function createSmallSubnet(
  names: readonly string[],
  weights: Partial<WeightSetterOptions> = {},
  how: { readonly scorers?: Readonly<Record<string, string>>; readonly replication?: number; readonly audits?: number } = {},
): Promise<SmallSubnet> {
  const chain = createFakeChain({ netuid: 7, startBlock: 100, hyperparameters: { weightsRateLimitBlocks: 5, tempo: 20 } });
  const bus = createMemoryBus();
  let nowMs = 1_700_000_000_000;
  const clock: Clock = { nowMs: () => nowMs, sleep: async () => {} };
  const fingerprints = new Map<ModelDigest, string>();
  const truth: SmallSubnet['truth'] = new Map();
  const inPrivate: SmallSubnet['inPrivate'] = new Map();
  const running: RunningValidator[] = [];
  const around: Surroundings = {
    chain,
    clock,
    verifier: localVerifier,
    schedule: SCHEDULE,
    policy: POLICY,
    replication: how.replication ?? 8,
    audits: how.audits ?? 2,
    weights,
    fingerprints,
    truth,
    inPrivate,
  };
  const start = (person: Person) =>
    startMemoryValidator(person, { gossip: bus.join(person.name), scorer: how.scorers?.[person.name] ?? SCORER }, around);

  for (const name of names) {
    const signer = await devPerson(name);
    chain.register(signer.hotkey, { stakeRao: STAKE_RAO, permit: true });
    running.push(
      await start({ name, signer, stores: createMemoryStores(), ears: new Map(), waiting: new Map(), lies: new Map(), ways: {} }),
    );
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
