import { expect } from 'chai';
import type { SubmissionWay } from '../../../node/ports.js';
import { createMemoryStores } from '../../support/memory-stores.js';
import { createWeightWorld, type Life, requests, type WeightWorld } from '../../support/weights-on-devchain.js';

interface Stage {
  readonly name: string;
  /** State of the row from which on something is sent. */
  readonly from: 'sent' | 'revealing';
  /** Goes to the block whose turn sends something. */
  readonly reach: (world: WeightWorld, life: Life) => Promise<void>;
}

const SUBMISSION: Stage = { name: 'submission', from: 'sent', reach: async () => undefined };
const REVEAL: Stage = {
  name: 'reveal',
  from: 'revealing',
  reach: async (world, life) => {
    await world.blocks(life, 60, async () => {
      const row = await world.last();
      return row?.state === 'committed' && world.chain.finalized().number + 1 >= (row.revealFrom ?? 0);
    });
    expect((await world.last())?.state).to.equal('committed');
  },
};

/** The connection is cut in place of each request of a submission, round after round on one chain. */
describe('weights over a connection that is cut', function () {
  this.timeout(120_000);

  // A timelocked commit goes the way of a commit by hash, and is dear to open: every third of its requests.
  const stages: readonly (readonly [SubmissionWay, Stage, number])[] = [
    ['open', SUBMISSION, 1],
    ['hash', SUBMISSION, 1],
    ['hash', REVEAL, 1],
    ['timelocked', SUBMISSION, 3],
  ];
  for (const [way, stage, step] of stages) {
    it(`get on chain once, whatever request is lost with it (${way}, ${stage.name})`, async () => {
      const stores = createMemoryStores();
      const { mark } = stores.submissions;
      const marked: (() => void)[] = [];
      Object.assign(stores.submissions, {
        mark: async (...args: Parameters<typeof mark>) => {
          if (args[1] === stage.from) for (const each of marked.splice(0)) each();
          return mark(...args);
        },
      });
      const world = await createWeightWorld({ way, stores });
      try {
        const life = await world.live();
        let round = 0;
        const next = async (disturb: () => void) => {
          round += 1;
          await world.weigh(round);
          await stage.reach(world, life);
          marked.push(disturb);
          await world.turn(life);
          const after = requests(world.proxy);
          await world.landed(life);
          world.proxy.behave();
          return after;
        };
        let before = 0;
        const calm = (await next(() => (before = requests(world.proxy)))) - before;
        expect(calm).to.be.greaterThan(10);
        for (let request = 1; request <= calm; request += step) {
          const { reconnects } = life.client.status();
          await next(() => world.proxy.cutAt(request));
          expect(life.client.status().reconnects, `cut at request ${request}`).to.be.greaterThan(reconnects);
        }
        // It arrives, and the answer does not.
        for (const method of ['author_submitAndWatchExtrinsic', 'chain_getBlock']) await next(() => world.proxy.cutAfter(method));
        await world.check();
        expect((await world.rows()).map(({ state }) => state)).to.deep.equal(Array.from({ length: round }, () => 'finalized'));
      } finally {
        await world.stop();
      }
    });
  }
});
