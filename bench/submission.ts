/** How many blocks it takes from the decision to submit until the chain has the weights: in the clear, and locked to the beacon. */
import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { Keyring } from '@polkadot/keyring';
import { cryptoWaitReady } from '@polkadot/util-crypto';
import { DEFAULT_FINALITY_LAG_BLOCKS, type Devchain, devAddress, devGenesis, startDevchain } from '../chain/devchain/server.js';
import type { WeightFacts } from '../chain/ports.js';
import { revealRound } from '../chain/reveal.js';
import { type ChainClient, createChainClient } from '../chain/substrate/client.js';
import { systemClock } from '../chain/substrate/timing.js';
import { encryptTimelocked } from '../chain/timelock.js';
import { encodeWeightPayload } from '../chain/weight-payload.js';
import { hotkeyFromPublicKey } from '../protocol/names.js';
import type { Signer } from '../protocol/ports.js';
import { type Benchmark, type BenchRow, median, rowBeside } from './benchmark.js';

const NETUID = 1;
const MECHANISM = 0;
const TEMPO = 12;
/** What the chain says of its blocks: every tick of the machine is that much for the chain, the beacon and the client. */
const BLOCK_SECONDS = 12;
const TICK_MS = 500;
const VALIDATOR = '//Validator';
const STAKE_RAO = 1_000_000_000_000n;
const NEVER_MS = 2_000_000_000;
/** Included in the next block; that one is final when the lag of finality is over. */
const INCLUDED_AT_BEST = 1;
const FINAL_AT_BEST = INCLUDED_AT_BEST + DEFAULT_FINALITY_LAG_BLOCKS;

/** Blocks from the head at which it was decided. */
interface Latency {
  readonly preparedMs: number;
  readonly included: number;
  readonly final: number;
  /** Null: the weights are what was sent. */
  readonly opened: { readonly blocks: number; readonly blocksAtBest: number } | null;
}

interface World {
  readonly chain: Devchain;
  readonly client: ChainClient;
  readonly signer: Signer;
  readonly nowMs: () => number;
  /** When the newest transaction was signed, by `performance.now`. */
  readonly signedAtMs: () => number;
  stop(): Promise<void>;
}

async function openWorld(commitRevealEnabled: boolean): Promise<World> {
  await cryptoWaitReady();
  const pair = new Keyring({ type: 'sr25519' }).addFromUri(VALIDATOR);
  const signer = { hotkey: hotkeyFromPublicKey(pair.publicKey), sign: (bytes: Uint8Array) => Promise.resolve(pair.sign(bytes)) };
  const seat = (uri: string, stakeRao: bigint) => ({
    hotkey: devAddress(uri),
    coldkey: devAddress('//Bob'),
    stakeRao,
    axon: null,
    commitment: null,
  });
  const neurons = [seat(VALIDATOR, STAKE_RAO), seat('//MinerOne', 0n)];
  const subnet = { tempo: TEMPO, weightsRateLimit: 0, neurons, commitRevealEnabled };
  const chain = await startDevchain({ port: 0, dataDir: null, blockTimeMs: 0, genesis: devGenesis({ subnet }) });
  let warpedMs = 0;
  let minting = Promise.resolve();
  const mint = async () => {
    const aheadMs = BLOCK_SECONDS * 1_000 - TICK_MS;
    warpedMs += aheadMs;
    chain.faults.warp(aheadMs / 1_000);
    await chain.mint(1);
  };
  for (let block = 0; block < TEMPO + 2; block += 1) await mint();
  const timer = setInterval(() => {
    minting = minting.then(mint);
  }, TICK_MS);
  let signedAtMs = 0;
  const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const logger = {
    ...quiet,
    debug: (_: object, message: string) => {
      if (message === 'transaction signed') signedAtMs = performance.now();
    },
  };
  const nowMs = () => systemClock.nowMs() + warpedMs;
  const client = createChainClient(
    { clock: { ...systemClock, nowMs }, logger },
    { endpoints: [chain.url], genesis: null, headTimeoutMs: NEVER_MS, watchClock: false },
  );
  await client.start(AbortSignal.timeout(30_000));
  return {
    chain,
    client,
    signer,
    nowMs,
    signedAtMs: () => signedAtMs,
    stop: async () => {
      clearInterval(timer);
      await minting;
      await client.stop();
      await chain.stop();
    },
  };
}

/** One submission, begun anywhere within a block. */
async function submit(world: World, value: number, locked: boolean): Promise<Latency> {
  const { chain, client, signer } = world;
  await new Promise((resolve) => setTimeout(resolve, Math.random() * TICK_MS));
  const fromMs = performance.now();
  const decided = chain.head().number;
  const facts = await client.reader.weightFacts(NETUID, MECHANISM, signer.hotkey);
  const vector = { uids: [1, 2].filter((uid) => uid !== facts.uid), values: [value], versionKey: 0n };
  const sent = locked ? await commitLocked(world, facts, vector) : null;
  const { block } = sent?.inclusion ?? (await client.writer.setWeights(signer, { netuid: NETUID, mechanism: MECHANISM, ...vector }));
  const final = chain.head().number - decided;
  const preparedMs = world.signedAtMs() - fromMs;
  const included = block.number - decided;
  if (sent === null) return { preparedMs, included, final, opened: null };
  const opened = await openedAt(world, block.number);
  return { preparedMs, included, final, opened: { blocks: opened - decided, blocksAtBest: sent.opensAtBest - decided } };
}

async function commitLocked(
  { chain, client, signer, nowMs }: World,
  facts: WeightFacts,
  vector: { readonly uids: readonly number[]; readonly values: readonly number[]; readonly versionKey: bigint },
) {
  const timing = { head: chain.head(), nowSeconds: nowMs() / 1_000, blockTimeMs: BLOCK_SECONDS * 1_000 };
  const planned = revealRound(facts, timing);
  const { beacon, timelockVersion } = facts.commitReveal ?? {};
  if (!planned.ok || !beacon || !timelockVersion) throw new Error('this chain takes no timelocked commits');
  const { round, from } = planned.value;
  const payload = encodeWeightPayload({ hotkey: signer.hotkey, ...vector });
  const randomness = { sigma: randomBytes(32), secretKey: randomBytes(32), nonce: randomBytes(12) };
  const commit = encryptTimelocked(payload, round, beacon.publicKey, randomness);
  const order = { netuid: NETUID, mechanism: MECHANISM, commit, round, version: timelockVersion };
  return { inclusion: await client.writer.commitTimelocked(signer, order), opensAtBest: from };
}

/** The block in which the chain opened what was committed in that one. */
async function openedAt({ client, signer }: World, committedAt: number): Promise<number> {
  for (let number = committedAt + 1; ; ) {
    const final = client.status().finalized?.number ?? 0;
    if (number > final) {
      await new Promise((resolve) => setTimeout(resolve, TICK_MS / 10));
      continue;
    }
    const openers = await client.reader.timelockedReveals(NETUID, MECHANISM, await client.reader.blockAt(number));
    if (openers.includes(signer.hotkey)) return number;
    if (number > committedAt + 3 * TEMPO) throw new Error('the weights were never opened');
    number += 1;
  }
}

async function measure(locked: boolean, runs: number): Promise<readonly Latency[]> {
  const world = await openWorld(locked);
  try {
    const latencies: Latency[] = [];
    for (let run = 0; run < runs; run += 1) latencies.push(await submit(world, 1 + run, locked));
    return latencies;
  } finally {
    await world.stop();
  }
}

function rows(what: string, latencies: readonly Latency[]): BenchRow[] {
  const middle = (of: (latency: Latency) => number) => median(latencies.map(of));
  const blocks = (stage: string, value: number, atBest: number, limit: string) =>
    rowBeside({ measure: `${what}: decided → ${stage}`, value, unit: 'blocks', limit }, { name: 'at best', value: atBest });
  const openings = latencies.flatMap(({ opened }) => opened ?? []);
  return [
    {
      measure: `${what}: decided → signed`,
      value: middle(({ preparedMs }) => preparedMs),
      unit: 'ms',
      limit: 'facts, version, head, nonce: one round trip each; encryption',
    },
    blocks(
      'included',
      middle(({ included }) => included),
      INCLUDED_AT_BEST,
      'the next block',
    ),
    blocks(
      'finalized',
      middle(({ final }) => final),
      FINAL_AT_BEST,
      `finality, ${DEFAULT_FINALITY_LAG_BLOCKS} blocks behind`,
    ),
    ...(openings.length === 0
      ? []
      : [
          blocks(
            'opened by the chain',
            median(openings.map((opening) => opening.blocks)),
            median(openings.map(({ blocksAtBest }) => blocksAtBest)),
            'the reveal epoch opens; 3 blocks for safety; a round every 3 s',
          ),
        ]),
  ];
}

export const submission: Benchmark = {
  name: 'submission',
  what: `weights from decision to chain; blocks of ${BLOCK_SECONDS} s told in ${TICK_MS} ms, tempo ${TEMPO}, each run begun anywhere in a block`,
  async run({ quick, note }) {
    const open = await measure(false, quick ? 2 : 12);
    note(`open: ${open.length} submissions`);
    const locked = await measure(true, quick ? 1 : 4);
    note(`timelocked: ${locked.length} submissions`);
    return [...rows('open', open), ...rows('timelocked', locked)];
  },
};
