import { expect } from 'chai';
import { GENERATION_NAMES } from '../../../chain/devchain/server.js';
import type { SubmissionWay } from '../../../node/ports.js';
import { createMemoryStores } from '../../support/memory-stores.js';
import { createMemoryWeightLock } from '../../support/memory-submissions.js';
import {
  createWeightWorld,
  type Life,
  NETUID,
  submissions,
  type WeightWorld,
  type WorldOptions,
  weigh,
} from '../../support/weights-on-devchain.js';
import { startWsProxy } from '../../support/ws-proxy.js';

const WAYS: readonly SubmissionWay[] = ['open', 'hash', 'timelocked'];

describe('weights on a chain in trouble', function () {
  this.timeout(60_000);
  const worlds: WeightWorld[] = [];
  afterEach(async () => {
    for (const world of worlds.splice(0)) await world.stop();
  });

  async function start(options: WorldOptions): Promise<{ world: WeightWorld; life: Life }> {
    const world = await createWeightWorld(options);
    worlds.push(world);
    return { world, life: await world.live() };
  }
  const codes = async (world: WeightWorld) => (await world.rows()).map(({ failure }) => failure?.code ?? null).toReversed();

  for (const generation of GENERATION_NAMES) {
    for (const way of WAYS) {
      if (way === 'timelocked' && generation === 'storage') continue;
      it(`get there round after round in calm (${generation}, ${way})`, async () => {
        const { world, life } = await start({ way, generation });
        for (let round = 1; round <= 3; round += 1) {
          await world.weigh(round);
          expect(await world.landed(life)).to.deep.include({ round, way, state: 'finalized' });
        }
        expect(life.warnings).to.deep.equal([]);
        await world.check();
      });
    }
  }

  for (const way of WAYS) {
    for (const transactions of ['return', 'lose'] as const) {
      it(`survive that their block is reorganised away and their transaction ${transactions === 'return' ? 'waits again' : 'is lost'} (${way})`, async () => {
        const { world, life } = await start({ way });
        await world.weigh(1);
        // The second time only after everybody has seen the block, and one more on top of it.
        let replaced = 0;
        let seen = false;
        const replace = (depth: number) => {
          replaced += 1;
          seen = false;
          world.chain.faults.reorg({ depth, transactions });
        };
        world.onBlock(async (extrinsics) => {
          if (seen) replace(2);
          else if (extrinsics === 0 || replaced > 1) return;
          else if (replaced === 0) replace(1);
          else {
            await world.quiet();
            seen = true;
          }
        });
        await world.landed(life);
        expect(replaced).to.be.greaterThan(transactions === 'lose' ? 1 : 0);
        await world.check();
      });
    }

    for (const as of ['dropped', 'usurped', 'silence'] as const) {
      it(`get there although the pool loses the transaction (${way}, ${as})`, async () => {
        const { world, life } = await start({ way });
        await world.weigh(1);
        world.chain.faults.dropTransactions({ as, count: 1 });
        await world.landed(life, 120);
        // What was dropped is handed in again; what is gone without a word, or is said to be replaced and is not, is over with its era.
        expect(await codes(world)).to.deep.equal(as === 'dropped' ? [null] : ['chain.expired', null]);
        await world.check();
      });
    }

    it(`get there although nothing becomes final for a while (${way})`, async () => {
      const { world, life } = await start({ way });
      await world.weigh(1);
      world.chain.faults.stallFinality(true);
      const turn = world.turn(life);
      await world.submitted();
      await world.mint(5);
      await world.quiet();
      expect((await world.last())?.state, 'in a block is not final').to.equal('sent');
      world.chain.faults.stallFinality(false);
      await turn;
      await world.landed(life);
      await world.check();
    });

    it(`are not sent while finality is so far behind that a death would make them two (${way})`, async () => {
      const { world, life } = await start({ way, client: { settlementTimeoutMs: 300 } });
      await world.weigh(1);
      world.chain.faults.stallFinality(true);
      await world.mint(60);
      const before = submissions(world.proxy);
      await world.turn(life);
      expect(submissions(world.proxy) - before).to.equal(0);
      // The beacon of blocks that far back lags too much for a timelocked commit to be planned at all.
      if (way === 'timelocked') expect(life.setter.waitingFor()?.code).to.equal('chain.beacon_stalled');
      else expect(await codes(world)).to.deep.equal(['chain.not_sent']);
      world.chain.faults.stallFinality(false);
      await world.mint(1);
      const again = await world.live({ client: { settlementTimeoutMs: 60_000 } });
      await world.landed(again, 200);
      await world.check();
    });

    it(`meet an upgrade of the runtime in flight (${way})`, async () => {
      const { world, life } = await start({ way });
      await world.weigh(1);
      world.beforeSubmission(() => world.chain.faults.upgrade({}));
      await world.landed(life);
      await world.weigh(2);
      await world.landed(life);
      expect(life.client.reader.identity().specVersion).to.equal(426);
      expect(await codes(world), 'signed anew within the same submission').to.deep.equal([null, null]);
      await world.check();
    });
  }

  for (const way of ['open', 'hash'] as const) {
    it(`go on while the chain becomes one with the stateful clock (${way})`, async () => {
      const { world, life } = await start({ way, generation: 'storage' });
      await world.weigh(1);
      if (way === 'hash') {
        await world.blocks(life, 20, async () => (await world.last())?.state === 'committed');
      } else await world.landed(life);
      world.chain.faults.upgrade({ generation: 'clock', specVersion: 425 });
      await world.mint(1);
      await world.blocks(life, 40, async () => (await world.last())?.state !== 'committed');
      for (const round of [2, 3]) {
        await world.weigh(round);
        await world.landed(life);
      }
      expect(life.client.reader.runtime().epochClock).to.equal('state');
      await world.check();
    });
  }

  /** What the pool answers, and what it is called. */
  const refusals: readonly (readonly [number, string, string | undefined, string])[] = [
    [1011, 'Unknown Transaction Validity', 'Could not lookup information', 'chain.refused'],
    [1012, 'Transaction is temporarily banned', undefined, 'chain.banned'],
    [1014, 'Priority is too low: (1 > 0)', undefined, 'chain.priority_too_low'],
    [1015, 'Cycle Detected', undefined, 'chain.refused'],
    [1016, 'Immediately Dropped', undefined, 'chain.pool_full'],
    [1010, 'Invalid Transaction', 'Custom error: 0', 'chain.coldkey_swap'],
    [1010, 'Invalid Transaction', 'Custom error: 1', 'chain.stake_too_low'],
    [1010, 'Invalid Transaction', 'Custom error: 2', 'chain.insufficient_balance'],
    [1010, 'Invalid Transaction', 'Custom error: 6', 'chain.rate_limited'],
    [1010, 'Invalid Transaction', 'Inability to pay some fees (e.g. account balance too low)', 'chain.cannot_pay'],
    [1010, 'Invalid Transaction', 'Transaction is outdated', 'chain.outdated'],
    [1010, 'Invalid Transaction', 'Transaction will be valid in the future', 'chain.not_yet_valid'],
    [1010, 'Invalid Transaction', 'Transaction has a bad signature', 'chain.bad_signature'],
  ];
  it('are called by name what the pool says of them, and get there once it no longer says it', async () => {
    const { world, life } = await start({ way: 'open' });
    let round = 0;
    for (const [code, message, data, name] of refusals) {
      round += 1;
      await world.weigh(round);
      world.chain.faults.reject({ code, message, ...(data === undefined ? {} : { data }), count: 3 });
      await world.blocks(life, 20, async () => (await world.last())?.state === 'refused');
      world.chain.faults.reject(null);
      const refused = await world.last();
      expect([refused?.state, refused?.failure?.code], `${code} ${data ?? message}`).to.deep.equal(['refused', name]);
      await world.landed(life);
    }
    await world.check();
  });

  for (const way of WAYS) {
    it(`do not go to a seat that changed hands between plan and signature (${way})`, async () => {
      const { world, life } = await start({ way });
      await world.weigh(1);
      const { plan } = world.stores.submissions;
      let pruned = false;
      Object.assign(world.stores.submissions, {
        plan: async (...args: Parameters<typeof plan>) => {
          if (!pruned) {
            world.chain.faults.pruneUid({ netuid: NETUID, uid: 3 });
            await world.mint(3);
          }
          pruned = true;
          return plan(...args);
        },
      });
      await world.landed(life);
      expect(await codes(world)).to.deep.equal(['weights.seat_changed', null]);
      expect((await world.last())?.uids).to.deep.equal([2]);
      await world.check();
    });

    it(`are not believed to be there when the own seat is given away in flight (${way})`, async () => {
      const { world, life } = await start({ way });
      await world.weigh(1);
      world.beforeSubmission(() => world.chain.faults.pruneUid({ netuid: NETUID, uid: 1 }));
      await world.blocks(life, 60);
      await world.check();
      expect((await codes(world))[0], 'as the block says').to.equal('chain.not_registered');
      expect(life.setter.waitingFor()?.code).to.equal('chain.not_registered');
    });
  }

  for (const way of ['hash', 'timelocked'] as const) {
    for (const tempo of [5, 30]) {
      it(`are revealed or named when the tempo becomes ${tempo} while a commit waits (${way})`, async () => {
        const { world, life } = await start({ way });
        await world.weigh(1);
        await world.blocks(life, 20, async () => (await world.last())?.state === 'committed');
        await world.sudo((api) => [api.tx['adminUtils']?.['sudoSetTempo']?.(NETUID, tempo)]);
        await world.blocks(life, 90, async () => (await world.last())?.state === 'finalized');
        await world.landed(life);
        await world.check();
      });
    }
  }

  for (const tempo of [3, 5]) {
    it(`are opened round after round where an epoch has ${tempo} blocks`, async () => {
      const { world, life } = await start({ way: 'timelocked', subnet: { tempo } });
      for (let round = 1; round <= 3; round += 1) {
        await world.weigh(round);
        expect((await world.landed(life, 200)).round).to.equal(round);
      }
      expect(await codes(world), 'nothing was lost').to.deep.equal([null, null, null]);
      await world.check();
    });
  }

  it('are opened by a pulse that comes late but within the epoch', async () => {
    const { world, life } = await start({ way: 'timelocked', subnet: { tempo: 30 } });
    await world.weigh(1);
    await world.blocks(life, 20, async () => (await world.last())?.state === 'committed');
    world.chain.faults.stopPulses(true);
    await world.blocks(life, 60, async () => life.warnings.length > 0);
    expect(life.warnings).to.deep.equal(['the reveal is in danger (weights.beacon_late)']);
    world.chain.faults.stopPulses(false);
    await world.landed(life);
    await world.check();
  });

  it('are lost by name when the pulse comes after the epoch, and the next get there', async () => {
    const { world, life } = await start({ way: 'timelocked' });
    await world.weigh(1);
    await world.blocks(life, 20, async () => (await world.last())?.state === 'committed');
    world.chain.faults.stopPulses(true);
    await world.blocks(life, 60, async () => (await world.rows()).some(({ state }) => state === 'lost'));
    world.chain.faults.stopPulses(false);
    await world.landed(life, 200);
    expect((await codes(world))[0]).to.equal('weights.beacon_late');
    await world.check();
  });

  for (const way of WAYS) {
    it(`leave a node that falls silent, and pass over one of another chain (${way})`, async () => {
      const { world, life: first } = await start({ way });
      await first.client.stop();
      const second = await startWsProxy(world.chain.url);
      const foreign = await startWsProxy(world.chain.url);
      foreign.answer('chain_getBlockHash', () => ({ result: `0x${'11'.repeat(32)}` }));
      const life = await world.live({
        client: {
          endpoints: [world.proxy.url, foreign.url, second.url],
          genesis: world.genesis,
          requestTimeoutMs: 150,
          connectTimeoutMs: 2_000,
        },
      });
      try {
        await world.weigh(1);
        world.beforeSubmission(() => world.proxy.freeze(true));
        await world.landed(life);
        expect(life.client.status().endpoint).to.equal(second.url);
        await world.check();
      } finally {
        await life.client.stop();
        await Promise.all([second.close(), foreign.close()]);
      }
    });
  }

  for (const way of WAYS) {
    it(`of two setters on two databases: the other's submission is noticed and named (${way})`, async () => {
      const { world, life } = await start({ way, subnet: { tempo: 60 } });
      const other = await createOther(world);
      await world.weigh(1);
      await world.turn(life);
      const isOnChain = async () => (await world.rows()).some(({ state }) => state === 'finalized' || state === 'committed');
      if (!(await isOnChain())) await world.blocks(life, 8, isOnChain);
      await world.mint(2);
      await world.turn(other.life);
      expect(other.life.setter.waitingFor()?.code).to.equal('weights.foreign_submission');
      expect(await other.stores.submissions.list(9)).to.deep.equal([]);
      expect(other.life.warnings).to.deep.equal(['weights wait (weights.foreign_submission)']);
      await world.landed(life);
      await world.check();
    });
  }

  for (const way of WAYS) {
    it(`of two setters on two databases that plan at the same block: one gets there (${way})`, async () => {
      const { world, life } = await start({ way, subnet: { tempo: 60 } });
      const other = await createOther(world);
      await world.weigh(1);
      await world.turn(life, other.life);
      await world.mint(2);
      await world.turn(life);
      await world.turn(other.life);
      const rows = [...(await world.rows()), ...(await other.stores.submissions.list(9))];
      const failed = rows.filter(({ state }) => state === 'abandoned' || state === 'refused');
      expect(failed, JSON.stringify(rows.map(({ state, failure }) => [state, failure?.code]))).to.have.length(1);
      expect(failed[0]?.failure?.code).to.be.oneOf(['chain.not_sent', 'chain.expired', 'chain.outdated']);
      await world.ledger.readTo(world.chain.finalized().number);
      expect(world.ledger.accepted).to.have.length(1);
    });
  }

  it('of two setters on one database: the second is refused by name', async () => {
    const lock = createMemoryWeightLock();
    const { world, life } = await start({ way: 'hash', lock });
    const second = await world.live();
    await world.weigh(1);
    const turn = world.turn(life);
    await world.submitted();
    await second.setter.turn(await second.client.reader.finalizedHead(), await second.client.reader.snapshot(NETUID));
    expect(second.setter.waitingFor()?.code).to.equal('weights.busy');
    await turn;
    await world.landed(life);
    await world.check();
    expect(await world.rows()).to.have.length(1);
  });
});

/** A setter of the same hotkey that shares nothing with the first. */
async function createOther(world: WeightWorld) {
  const stores = createMemoryStores();
  await weigh(stores, { round: 7, miners: world.miners, block: world.chain.finalized().number });
  return { stores, life: await world.live({ stores, lock: createMemoryWeightLock() }) };
}
