/** A validator's weight setter on a fake chain, whose process can be killed at any call it makes to the chain or the store. */
import { randomBytes } from 'node:crypto';
import { NO_METRICS } from '../../node/metrics.js';
import type { StandingRow, Stores, WeightLock } from '../../node/ports.js';
import { createWeightSetter, type WeightSetter, type WeightSetterOptions } from '../../node/weights/setter.js';
import type { Signer } from '../../protocol/ports.js';
import { createFakeChain } from './fake-chain.js';
import type { FakeChain, FakeChainOptions } from './fake-chain-shape.js';
import { aHash, aHotkey, aModel } from './keys.js';
import { createMemoryStores } from './memory-stores.js';
import { createMemoryWeightLock } from './memory-submissions.js';
import { createRecordingLog } from './recording-log.js';
import { aStanding } from './store-samples.js';

export const VALIDATOR = aHotkey('alice');
export const MINERS = [aHotkey('miner 1'), aHotkey('miner 2')] as const;
// Safety: the fake chain checks no signatures.
export const SIGNER: Signer = { hotkey: VALIDATOR, sign: async () => new Uint8Array(64) };
/** What round 3 of `weigh` comes to. */
export const VECTOR = '1:65535 2:32767';
const NETUID = 7;

export class Killed extends Error {}

/** How a call ends with the process: before it is made, while its transaction waits in the pool, or after its answer has come. */
export type KillWhen = 'before' | 'in pool' | 'after';

export interface Call {
  readonly name: string;
  readonly writes: boolean;
  readonly turn: number;
}

export interface BenchOptions extends Partial<WeightSetterOptions> {
  readonly chain?: FakeChainOptions;
}

export async function createWeightBench({ chain: chainOptions = {}, ...options }: BenchOptions = {}) {
  const chain = createFakeChain({
    netuid: NETUID,
    inclusion: 'manual',
    ...chainOptions,
    hyperparameters: { weightsRateLimitBlocks: 0, tempo: 20, commitRevealEnabled: true, ...chainOptions.hyperparameters },
  });
  chain.register(VALIDATOR, { stakeRao: 1_000n, permit: true });
  for (const miner of MINERS) chain.register(miner);
  chain.advance(4);
  const stores = createMemoryStores();
  await weigh(stores, chain, 3, [600_000, 300_000]);
  const { log, warnings, lines } = createRecordingLog();
  const calls: Call[] = [];
  let turns = 0;

  /** One process: at its call number `at` (from 0, counted over all lives) it dies, and nothing it does afterwards happens. */
  function live(
    kill: { readonly at: number; readonly when: KillWhen } | null = null,
    lock: WeightLock = createMemoryWeightLock(),
  ): WeightSetter {
    let dead = false;
    const guarded = <T extends object>(part: T, names: readonly string[], writing: readonly string[]): T =>
      new Proxy(part, {
        get(target, name) {
          const found: unknown = Reflect.get(target, name);
          if (typeof found !== 'function' || !names.includes(String(name))) return found;
          return async (...args: unknown[]) => {
            if (dead) throw new Killed();
            const index = calls.length;
            calls.push({ name: String(name), writes: writing.includes(String(name)), turn: turns });
            const mine = kill?.at === index ? kill.when : null;
            dead = mine !== null;
            if (mine === 'before') throw new Killed();
            const work = Promise.resolve(Reflect.apply(found, target, args));
            if (mine === 'in pool') {
              work.catch(() => undefined);
              throw new Killed();
            }
            const answer = await work;
            if (mine === 'after' || dead) throw new Killed();
            return answer;
          };
        },
      });
    const port = { ...chain.reader, ...chain.writer };
    return createWeightSetter(
      {
        chain: guarded(port, [...READS, ...EXTRINSICS], EXTRINSICS),
        signer: SIGNER,
        stores: {
          rounds: guarded(stores.rounds, ['list'], []),
          standings: guarded(stores.standings, ['ofRound'], []),
          submissions: guarded(stores.submissions, ['plan', 'mark', 'unsettled', 'list'], ['plan', 'mark']),
        },
        clock: { nowMs: chain.nowMs, sleep: async () => {} },
        random: randomBytes,
        lock,
        log,
        metrics: NO_METRICS,
      },
      { netuid: NETUID, mechanism: 0, enabled: true, dryRun: false, commitReveal: 'auto', burnPercent: 0, ...options },
    );
  }

  /** Blocks go on while the work waits for them. */
  async function driven<T>(work: Promise<T>): Promise<T> {
    let open = true;
    const done = () => {
      open = false;
    };
    work.then(done, done);
    for (let blocks = 0; open; blocks += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      if (!open) break;
      if (blocks > 200) throw new Error('it hangs');
      if (chain.waiting() > 0) chain.advance();
    }
    return work;
  }

  return {
    chain,
    stores,
    calls,
    warnings,
    lines,
    live,
    driven,
    async turn(setter: WeightSetter): Promise<void> {
      turns += 1;
      const [head, snapshot] = [await chain.reader.finalizedHead(), await chain.reader.snapshot(NETUID)];
      await driven(setter.turn(head, snapshot));
    },
    weigh: (round: number, shares: readonly [number, number]) => weigh(stores, chain, round, shares),
    rows: () => stores.submissions.list(50),
    states: async () => (await stores.submissions.list(50)).map(({ state }) => state).reverse(),
    onChain: async () => textOf(await chain.reader.weightsOf(NETUID, 0, 0)),
    sent: (operation: string) => chain.calls.filter((call) => call.operation === operation).length,
  };
}

export type WeightBench = Awaited<ReturnType<typeof createWeightBench>>;

/** Turns at every block until `until` says so; a process that dies is started anew. */
export async function runBlocks(
  bench: WeightBench,
  kill: { readonly at: number; readonly when: KillWhen } | null,
  of: { readonly blocks: number; readonly until: () => Promise<boolean> },
): Promise<{ readonly lives: number; readonly blocks: number }> {
  let lives = 1;
  let setter = bench.live(kill);
  const survived = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      lives += 1;
      setter = bench.live();
      await bench.driven(setter.recover());
    }
  };
  for (let block = 0; block < of.blocks; block += 1) {
    if (await of.until()) return { lives, blocks: block };
    await survived(() => bench.turn(setter));
    bench.chain.advance();
  }
  return { lives, blocks: of.blocks };
}

const READS = ['finalizedHead', 'blockAt', 'snapshot', 'weightFacts', 'weightsOf', 'timelockedReveals'];
const EXTRINSICS = ['setWeights', 'commitWeights', 'revealWeights', 'commitTimelocked'];

export function textOf(row: readonly { readonly uid: number; readonly value: number }[]): string {
  return row.map(({ uid, value }) => `${uid}:${value}`).join(' ');
}

async function weigh(stores: Stores, chain: FakeChain, round: number, shares: readonly [number, number]): Promise<void> {
  const openedAt = { number: chain.head().number, hash: aHash(round) };
  await stores.rounds.open({
    round,
    openedAt,
    opening: null,
    seed: 'ab'.repeat(32),
    entries: [],
    state: 'weighed',
    note: null,
    weighing: null,
  });
  const rows = MINERS.map(
    (hotkey, n): StandingRow => ({
      ...aStanding(round),
      hotkey,
      registeredAt: 102 + n,
      model: aModel(n),
      scorePpm: 500_000,
      standingPpm: 500_000,
      sharePpm: shares[n] ?? 0,
    }),
  );
  await stores.standings.put(round, rows);
}
