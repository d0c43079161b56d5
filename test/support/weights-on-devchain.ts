/** A validator's weight setter on the development chain through the real client: blocks come when they are asked for, trouble as well. */
import { randomBytes } from 'node:crypto';
import { devGenesis, type GenerationName, type SubnetGenesis, startDevchain } from '../../chain/devchain/server.js';
import type { WeightFacts } from '../../chain/ports.js';
import { type ChainClient, type ChainClientOptions, createChainClient } from '../../chain/substrate/client.js';
import { systemClock } from '../../chain/substrate/timing.js';
import { NO_METRICS } from '../../node/metrics.js';
import type { StandingRow, Stores, SubmissionRow, SubmissionWay, WeightLock } from '../../node/ports.js';
import { createWeightSetter, type WeightSetter, type WeightSetterOptions } from '../../node/weights/setter.js';
import { isFailure } from '../../protocol/failure.js';
import { parseHash } from '../../protocol/names.js';
import type { Signer } from '../../protocol/ports.js';
import { devSigner } from './dev-signer.js';
import { aHash, aModel } from './keys.js';
import { createMemoryStores } from './memory-stores.js';
import { createMemoryWeightLock } from './memory-submissions.js';
import { createRecordingLog } from './recording-log.js';
import { aStanding } from './store-samples.js';
import { asSudo } from './sudo.js';
import { holdTheInvariant, openWeightLedger } from './weight-ledger.js';
import { startWsProxy, type WsProxy } from './ws-proxy.js';

export const NETUID = 1;
export const BLOCK_SECONDS = 12;
/** The longest timer there is; time runs by the block. */
const NEVER_MS = 2_000_000_000;
const STAKE_RAO = 1_000_000_000_000n;
/** A turn that takes more blocks than this hangs. */
const BLOCKS_PER_TURN_MAX = 400;
/** How long real time runs for a block while a turn waits. */
const TICK_MS = 4;
const TICKS_OF_TROUBLE = 500;
const QUIET_TICKS = 10;
/** What the chain puts into each block by itself. */
const INHERENTS = 1;

export interface WorldOptions {
  readonly way: SubmissionWay;
  readonly generation?: GenerationName;
  readonly subnet?: Partial<SubnetGenesis>;
  readonly stores?: Stores;
  readonly lock?: WeightLock;
  /** Time that a block takes unless it is told otherwise; 0: as long as it does. Default: BLOCK_SECONDS. */
  readonly blockSeconds?: number;
  readonly client?: Partial<ChainClientOptions>;
  readonly setter?: Partial<WeightSetterOptions>;
}

/** One process of the validator: its own connection and its own memory. */
export interface Life {
  readonly client: ChainClient;
  readonly setter: WeightSetter;
  readonly warnings: readonly string[];
  readonly lines: readonly string[];
}

export interface LifeOptions {
  readonly stores?: Stores;
  readonly lock?: WeightLock;
  readonly client?: Partial<ChainClientOptions>;
}

export async function createWeightWorld(options: WorldOptions) {
  const { way } = options;
  const [validator, ...miners] = await Promise.all(['//Validator', '//MinerOne', '//MinerTwo'].map(devSigner));
  if (validator === undefined) throw new TypeError('no validator');
  const coldkey = (await devSigner('//Bob')).hotkey;
  const neurons = [validator, ...miners].map(({ hotkey }) => ({
    hotkey,
    coldkey,
    stakeRao: hotkey === validator.hotkey ? STAKE_RAO : 0n,
    axon: null,
    commitment: null,
  }));
  let extrinsics = 0;
  let onBlock: (extrinsics: number) => void | Promise<void> = () => undefined;
  const chain = await startDevchain({
    port: 0,
    dataDir: null,
    blockTimeMs: 0,
    logger: (event, facts) => {
      if (event === 'block' && 'extrinsics' in facts) extrinsics = Number(facts.extrinsics) - INHERENTS;
    },
    ...(options.generation === undefined ? {} : { generation: options.generation }),
    genesis: devGenesis({ subnet: { tempo: 12, weightsRateLimit: 0, neurons, commitRevealEnabled: way !== 'open', ...options.subnet } }),
  });
  let warpedMs = 0;
  const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + warpedMs };
  const mint = async (blocks = 1, seconds = options.blockSeconds ?? BLOCK_SECONDS) => {
    for (let made = 0; made < blocks; made += 1) {
      if (seconds > 0) chain.faults.warp(seconds);
      warpedMs += seconds * 1_000;
      await chain.mint(1);
      await onBlock(extrinsics);
    }
  };
  const proxy = await startWsProxy(chain.url);
  const ledger = await openWeightLedger(chain.url, { netuid: NETUID, hotkey: validator.hotkey });
  const stores = options.stores ?? createMemoryStores();
  const lock = options.lock ?? createMemoryWeightLock();
  const lives: Life[] = [];

  async function live(over: LifeOptions = {}): Promise<Life> {
    const client = createChainClient(
      { clock },
      {
        endpoints: [proxy.url],
        genesis: null,
        headTimeoutMs: NEVER_MS,
        backoffMaxMs: 5,
        watchClock: false,
        ...options.client,
        ...over.client,
      },
    );
    await client.start(new AbortController().signal);
    const { log, warnings, lines } = createRecordingLog();
    const setter = createWeightSetter(
      {
        chain: { ...client.reader, ...client.writer },
        signer: validator as Signer,
        stores: over.stores ?? stores,
        clock,
        random: randomBytes,
        lock: over.lock ?? lock,
        log,
        metrics: NO_METRICS,
      },
      {
        netuid: NETUID,
        mechanism: 0,
        enabled: true,
        dryRun: false,
        commitReveal: way === 'open' ? 'auto' : way,
        burnPercent: 0,
        ...options.setter,
      },
    );
    const life = { client, setter, warnings, lines };
    lives.push(life);
    return life;
  }

  /** The chain goes on while the work waits for it. */
  async function driven<T>(work: Promise<T>, { client }: Pick<Life, 'client'>): Promise<T> {
    let open = true;
    const done = () => {
      open = false;
    };
    work.then(done, done);
    const sent = submissions(proxy);
    let asked = 0;
    let ticks = 0;
    for (let blocks = 0; open; ) {
      await new Promise((resolve) => setTimeout(resolve, TICK_MS));
      if (!open) break;
      const before = asked;
      asked = requests(proxy);
      ticks += 1;
      // To ask and to connect takes less than a block on any chain but this one: it goes on when nothing but that is waited for.
      const waits = client.status().connected ? submissions(proxy) > sent && asked === before : false;
      if (!waits && ticks % TICKS_OF_TROUBLE !== 0) continue;
      blocks += 1;
      if (blocks > BLOCKS_PER_TURN_MAX) throw new Error('a turn that never ends');
      await mint();
    }
    return work;
  }

  /** One turn at the newest final block, as the daemon does it: what fails is tried again at the next. Several lives take theirs at once. */
  async function turn(life: Life, ...others: readonly Life[]): Promise<void> {
    const turnOf = async ({ client, setter }: Life) => {
      const head = await client.reader.finalizedHead();
      await setter.turn(head, await client.reader.snapshot(NETUID));
    };
    const patient = (each: Life) =>
      turnOf(each).catch((error: unknown) => {
        if (!isFailure(error)) throw error;
      });
    await driven(Promise.all([life, ...others].map(patient)), life);
  }

  let round = 0;
  const rows = () => stores.submissions.list(1_000);
  const genesis = parseHash(chain.genesisHash);
  if (!genesis.ok) throw new TypeError(genesis.error);
  const beforeSubmission = (act: () => void) => proxy.before('author_submitAndWatchExtrinsic', act);
  const world = {
    way,
    chain,
    proxy,
    ledger,
    stores,
    clock,
    validator,
    miners,
    genesis: genesis.value,
    /** Calls that once, when the next extrinsic is handed in and before the node has it. */
    beforeSubmission,
    submitted: () => new Promise<void>((resolve) => beforeSubmission(resolve)),
    /** Calls that after each block with the number of signed extrinsics in it, and waits for it. */
    onBlock(listener: typeof onBlock): void {
      onBlock = listener;
    },
    /** As the chain's sudo key, in a block of its own that becomes final. */
    async sudo(calls: Parameters<typeof asSudo>[1]): Promise<void> {
      await asSudo(chain.url, calls);
      await mint(3);
    },
    mint,
    live,
    driven,
    turn,
    rows,
    last: async (): Promise<SubmissionRow | undefined> => (await rows())[0],
    facts: ({ client }: Life): Promise<WeightFacts> => client.reader.weightFacts(NETUID, 0, validator.hotkey),
    /** A new round, whose shares no other round has. */
    async weigh(next: number): Promise<void> {
      round = next;
      await weigh(stores, { round, miners, block: chain.finalized().number });
    },
    /** Nothing is to be done at this block: a commit waits for its epoch. */
    async sleeps(): Promise<boolean> {
      const row = await world.last();
      return row?.state === 'committed' && row.round === round && chain.finalized().number + 2 < (row.revealFrom ?? 0);
    },
    /** Turns at every block until `until` says so, at most so many. */
    async blocks(life: Life, count: number, until: () => Promise<boolean> = async () => false): Promise<number> {
      for (let block = 0; block < count; block += 1) {
        if (await until()) return block;
        if (!(await world.sleeps())) await turn(life);
        await mint();
      }
      return count;
    },
    /** Turns until the weights of the newest round are on chain. */
    async landed(life: Life, count = 90): Promise<SubmissionRow> {
      const find = async () => (await rows()).find((row) => row.round === round && row.state === 'finalized');
      await world.blocks(life, count, async () => (await find()) !== undefined);
      await ledger.readTo(chain.finalized().number);
      const row = await find();
      if (row !== undefined) return row;
      const told = (await rows()).map(({ id, state, failure }) => JSON.stringify({ id, round, state, failure }));
      throw new Error(
        `the weights of round ${round} are not there after ${count} blocks (${life.setter.waitingFor()?.message}):\n${told.join('\n')}`,
      );
    },
    /** Until the program has asked nothing for some ticks: it has made of the newest block what it wanted. */
    async quiet(): Promise<void> {
      for (let [asked, ticks] = [requests(proxy), 0]; ticks < QUIET_TICKS; ticks += 1) {
        await new Promise((resolve) => setTimeout(resolve, TICK_MS));
        if (requests(proxy) !== asked) [asked, ticks] = [requests(proxy), 0];
      }
    },
    /** Blocks without a turn, to the beginning of the next epoch. */
    async nextEpoch(life: Life): Promise<void> {
      const { epochClock, tempo, block } = await world.facts(life);
      const passed = epochClock === null ? (block.number + NETUID + 2) % (tempo + 1) : block.number - epochClock.lastEpochBlock;
      await mint((epochClock === null ? tempo + 1 : tempo) - passed);
    },
    /** Reads all that is final and holds it against the journal. */
    async check(open = 0): Promise<void> {
      await ledger.readTo(chain.finalized().number);
      holdTheInvariant(await rows(), ledger, open);
    },
    async stop(): Promise<void> {
      chain.faults.halfOpen(false);
      chain.faults.delay(0);
      await Promise.all(lives.map(({ client }) => client.stop()));
      await ledger.stop();
      await proxy.close();
      await chain.stop();
    },
  };
  // The permit comes with the first epoch.
  await mint((options.subnet?.tempo ?? 12) + 6);
  return world;
}

export type WeightWorld = Awaited<ReturnType<typeof createWeightWorld>>;

/** Extrinsics handed in through the proxy so far. */
export function submissions({ seen }: WsProxy): number {
  return (seen.get('author_submitAndWatchExtrinsic') ?? 0) + (seen.get('author_submitExtrinsic') ?? 0);
}

/** Requests that came to the proxy so far. */
export function requests({ seen }: WsProxy): number {
  return [...seen.values()].reduce((sum, count) => sum + count, 0);
}

export async function weigh(
  stores: Pick<Stores, 'rounds' | 'standings'>,
  { round, miners, block }: { readonly round: number; readonly miners: readonly Signer[]; readonly block: number },
): Promise<void> {
  const openedAt = { number: block, hash: aHash(round) };
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
  const rows = miners.map(
    ({ hotkey }, n): StandingRow => ({
      ...aStanding(round),
      hotkey,
      registeredAt: 0,
      model: aModel(n),
      scorePpm: 500_000,
      standingPpm: 500_000,
      sharePpm: n === 0 ? 600_000 : 100_000 + 1_000 * round,
    }),
  );
  await stores.standings.put(round, rows);
}
