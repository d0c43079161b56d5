/** From the announcement of a model to the first finalized weight that pays for it, each node in a process of its own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { byHotkey } from '../chain/registry.js';
import type { CastMember } from '../node/devnet/cast.js';
import { healthOf } from '../node/devnet/observe.js';
import type { Hotkey } from '../protocol/names.js';
import { roundOf, roundWindow } from '../scoring/round.js';
import { type Benchmark, median, rowBeside } from './benchmark.js';
import { type BenchNetwork, type LogLine, NETUID, startNetwork } from './weights-network.js';

const BLOCK_TIME_MS = 500;
const MECHANISM = 0;
/** As node/devnet/files.ts writes it. */
const SCHEDULE = { cadenceBlocks: 60, commitPercent: 70, revealPercent: 86 };
const PROMPTS = 5;
/** Blocks from the finalized block in which weights are made to the one that holds them, at best: two until it is final, one to be in. */
const SET_BLOCKS_MIN = 3;
const JOIN_TIMEOUT_MS = 120_000;
const PAID_TIMEOUT_MS = 8 * SCHEDULE.cadenceBlocks * BLOCK_TIME_MS;

/** The stages between claim and weight, and who says in its log that one is over. */
const STAGES = [
  { name: 'announced', by: 'miner', message: 'model announced', limit: 'the next turn of presence; a peer that listens' },
  { name: 'heard', by: 'validator', message: 'announcement', limit: 'one hop of gossip; one signature' },
  { name: 'fetched', by: 'validator', message: 'model fetched', limit: 'transfer; every chunk checked; written to disk' },
  { name: 'scored', by: 'validator', message: 'model scored', limit: 'waits for the next round to open, then synthesis and judge' },
  { name: 'weighed', by: 'validator', message: 'round weighed', limit: 'waits for the end of the revealing phase' },
  { name: 'finalized', by: 'validator', message: 'weights set', limit: 'one block to be included, two to be final' },
] as const;

interface Sample {
  /** Commitment final, then each stage, ms since 1970. */
  readonly atMs: readonly number[];
  readonly blocks: number;
  readonly blocksMin: number;
}

async function sample(
  network: BenchNetwork & { readonly validator: CastMember },
  judgedBy: Hotkey,
  miner: CastMember,
  blockAt: (ms: number) => number,
): Promise<Sample> {
  const { chain, validator } = network;
  const { hotkey } = await network.join(miner);
  const snapshot = await chain.snapshot(NETUID);
  const uid = byHotkey(snapshot, hotkey)?.uid;
  const judge = byHotkey(snapshot, judgedBy)?.uid;
  if (uid === undefined || judge === undefined) throw new Error(`${miner.name} or the validator has no seat`);
  const paid = await network.until(
    `the first weight of ${miner.name}`,
    async () => {
      const head = await chain.finalizedHead();
      const row = await chain.weightsOf(NETUID, MECHANISM, judge, head);
      return row.some((entry) => entry.uid === uid && entry.value > 0) ? head : null;
    },
    PAID_TIMEOUT_MS,
  );
  const atMs = await network.until(
    'the logs',
    async () => stagesOf(await network.log(miner), await network.log(validator), hotkey, uid),
    10_000,
  );
  const announcedAt = blockAt(atMs[1]!);
  const { weighsAt } = roundWindow(roundOf(announcedAt, SCHEDULE) + 1, SCHEDULE);
  return { atMs, blocks: paid.number - announcedAt, blocksMin: weighsAt + SET_BLOCKS_MIN - announcedAt };
}

/** Null until every stage has been logged. */
function stagesOf(minerLog: readonly LogLine[], validatorLog: readonly LogLine[], hotkey: Hotkey, uid: number): readonly number[] | null {
  const claimed = minerLog.find(({ message, facts }) => message === 'written to the chain' && facts['what'] === 'commitment');
  if (claimed === undefined) return null;
  const atMs = [claimed.atMs];
  let round: unknown = null;
  for (const stage of STAGES) {
    const found = (stage.by === 'miner' ? minerLog : validatorLog).find(({ message, facts }) => {
      if (message !== stage.message) return false;
      if (stage.name === 'weighed') return facts['round'] === round;
      if (stage.name === 'finalized') return Array.isArray(facts['uids']) && facts['uids'].includes(uid);
      return stage.by === 'miner' || facts['hotkey'] === hotkey;
    });
    if (found === undefined) return null;
    if (stage.name === 'scored') round = found.facts['round'];
    atMs.push(found.atMs);
  }
  return atMs;
}

export const weights: Benchmark = {
  name: 'weights',
  what: `announcement to finalized weight; blocks of ${BLOCK_TIME_MS} ms, rounds of ${SCHEDULE.cadenceBlocks} blocks`,
  async run({ quick, note }) {
    const folder = await mkdtemp(join(tmpdir(), 'voxd-bench-weights-'));
    const options = { folder, blockTimeMs: BLOCK_TIME_MS, tempo: 20, cadenceBlocks: SCHEDULE.cadenceBlocks, prompts: PROMPTS };
    const network = await startNetwork(options);
    const heads: { readonly atMs: number; readonly number: number }[] = [];
    const off = network.chain.onFinalized(({ number }) => heads.push({ atMs: Date.now(), number }));
    const blockAt = (ms: number) => heads.findLast(({ atMs }) => atMs <= ms)?.number ?? 0;
    let done = false;
    try {
      const { hotkey } = await network.join(network.validator);
      const isReady = async () => (await healthOf(network.validator)) !== null;
      const isPermitted = async () =>
        (await network.chain.snapshot(NETUID)).neurons.some((one) => one.hotkey === hotkey && one.validatorPermit);
      await network.until('the validator', async () => ((await isReady()) && (await isPermitted())) || null, JOIN_TIMEOUT_MS);
      note('the validator runs and has its permit');
      const samples: Sample[] = [];
      // One after the other: each joins a network that is at work.
      for (const miner of network.miners.slice(0, quick ? 1 : 3)) {
        const one = await sample(network, hotkey, miner, blockAt);
        samples.push(one);
        note(
          `${miner.name}: ${one.blocks} blocks, at best ${one.blocksMin}; seconds ${one.atMs.slice(1).map((ms, i) => ((ms - one.atMs[i]!) / 1000).toFixed(1))}`,
        );
      }
      done = true;
      // A log line may come a moment after what it tells of, hence never below 0.
      const seconds = (from: number, to: number) => median(samples.map(({ atMs }) => Math.max(0, atMs[to]! - atMs[from]!) / 1000));
      const blocks = median(samples.map((one) => one.blocks));
      const blocksMin = median(samples.map((one) => one.blocksMin));
      const schedule = 'the schedule of the next round';
      return [
        ...STAGES.map(({ name, limit }, i) => ({
          measure: `${i === 0 ? 'claim final' : STAGES[i - 1]!.name} → ${name}`,
          value: seconds(i, i + 1),
          unit: 's',
          limit,
        })),
        rowBeside(
          {
            measure: 'announced → finalized',
            value: seconds(1, STAGES.length),
            unit: 's',
            limit: 'the rest of the round in which it is announced',
          },
          { name: `${schedule}, s`, value: (blocksMin * BLOCK_TIME_MS) / 1000 },
        ),
        rowBeside(
          {
            measure: 'announced → finalized',
            value: blocks,
            unit: 'blocks',
            limit: `${SCHEDULE.revealPercent} % of a round, and the rest of the one before`,
          },
          { name: `${schedule}, blocks`, value: blocksMin },
        ),
      ];
    } finally {
      off();
      await network.stop();
      // After a failure it stays: the logs say why.
      if (done) await rm(folder, { recursive: true, force: true });
    }
  },
};
