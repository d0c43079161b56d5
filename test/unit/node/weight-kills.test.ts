import { expect } from 'chai';
import type { SubmissionWay } from '../../../node/ports.js';
import { type BenchOptions, createWeightBench, type KillWhen, runBlocks, VECTOR, type WeightBench } from '../../support/weight-bench.js';

/** The process dies at each of its calls in turn, and another one goes on from the rows and the chain. */
const WAYS: readonly (readonly [SubmissionWay, BenchOptions])[] = [
  ['open', { chain: { hyperparameters: { commitRevealEnabled: false } } }],
  ['hash', { commitReveal: 'hash' }],
  ['timelocked', { commitReveal: 'timelocked' }],
];
/** Several epochs, and the lifetime of an extrinsic whose fate is unknown. */
const BLOCKS_MAX = 150;

/** A transaction of a process that has died may come into a block long after. */
const QUICK_POOL = { poolDelayBlocks: 0 };
const SLOW_POOL = { poolDelayBlocks: 6 };

async function run(options: BenchOptions, kill: { readonly at: number; readonly when: KillWhen } | null) {
  const bench = await createWeightBench(options);
  const settled = async () => (await bench.rows()).some(({ state }) => state === 'finalized');
  return { bench, ...(await runBlocks(bench, kill, { blocks: BLOCKS_MAX, until: settled })) };
}

/** Calls of the turns that write something, and of those beside them. */
function worthKilling(bench: WeightBench): readonly (readonly [number, KillWhen])[] {
  const writing = new Set(bench.calls.filter(({ writes }) => writes).map(({ turn }) => turn));
  const near = (turn: number) => writing.has(turn - 1) || writing.has(turn) || writing.has(turn + 1);
  return bench.calls.flatMap(({ turn, writes }, at): (readonly [number, KillWhen])[] => {
    if (!near(turn)) return [];
    return writes
      ? [
          [at, 'before'],
          [at, 'in pool'],
          [at, 'after'],
        ]
      : [[at, 'before']];
  });
}

async function check(bench: WeightBench, way: SubmissionWay): Promise<void> {
  const perEpoch = new Map<number, number>();
  for (const { operation, epoch } of bench.chain.accepted)
    if (operation !== 'revealWeights') perEpoch.set(epoch, (perEpoch.get(epoch) ?? 0) + 1);
  expect(Math.max(...perEpoch.values()), 'submissions in one epoch').to.equal(1);
  const [row] = await bench.rows();
  expect(row).to.deep.include({ state: 'finalized', way, round: 3, uids: [1, 2], values: [65_535, 32_767] });
  expect(await bench.onChain()).to.equal(VECTOR);
  expect(row?.included?.number).to.be.a('number');
  if (way !== 'open') expect(row?.committed?.number).to.be.lessThan(row?.included?.number ?? 0);
}

describe('weights under kills', () => {
  for (const [way, options] of WAYS) {
    it(`get on chain once, whatever call the process dies at (${way})`, async function () {
      this.timeout(120_000);
      let reboots = 0;
      let kills = 0;
      for (const pool of [QUICK_POOL, SLOW_POOL]) {
        const setup = { ...options, chain: { ...options.chain, ...pool } };
        const { bench: calm } = await run(setup, null);
        await check(calm, way);
        for (const [at, when] of worthKilling(calm).filter(([, how]) => pool === QUICK_POOL || how === 'in pool')) {
          const { bench, lives, blocks } = await run(setup, { at, when });
          const label = `${when} call ${at} (${calm.calls[at]?.name})`;
          expect(blocks, label).to.be.lessThan(BLOCKS_MAX);
          kills += 1;
          reboots += lives - 1;
          await check(bench, way).catch((error: unknown) => {
            throw new Error(`${label}: ${String(error)}`, { cause: error });
          });
        }
      }
      expect(kills).to.be.greaterThan(20);
      expect(reboots).to.equal(kills);
    });
  }
});
