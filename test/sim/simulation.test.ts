import { expect } from 'chai';
import { simulate } from './simulation.js';

const SMALL = { nodes: 20, validators: 6, hostilePercent: 33 };

/** A few rounds of small worlds; `scripts/simulate` lives through long ones. A seed that fails is named, and fails again. */
describe('simulation', function () {
  this.timeout(120_000);

  for (const seed of [1, 2]) {
    it(`of a subnet in trouble, a third hostile, holds its promises (seed ${seed})`, async () => {
      const result = await simulate({ ...SMALL, seed, rounds: 4 });
      expect(result.violations, `again: scripts/simulate --seed ${seed} --nodes 20 --validators 6 --rounds 4`).to.deep.equal([]);
      expect(result.announcements.sent).to.be.greaterThan(10);
      expect(result.weighed.rounds).to.be.greaterThan(1);
      expect(result.submissions).to.be.greaterThan(6);
      expect(result.transfers.whole).to.be.greaterThan(50);
      expect(result.transfers.dropped['p2p.wrong_bytes']).to.be.greaterThan(0);
      expect(result.transfers.streams.broken).to.be.greaterThan(0);
      expect(result.network.judged).to.be.greaterThan(1_000);
    });
  }

  it('takes the same course for the same seed, and another for another', async () => {
    const tiny = { nodes: 8, validators: 3, hostilePercent: 34, rounds: 1 };
    const [a, b, other] = [
      await simulate({ ...tiny, seed: 7 }),
      await simulate({ ...tiny, seed: 7 }),
      await simulate({ ...tiny, seed: 8 }),
    ];
    expect(a.digest).to.equal(b.digest);
    expect(other.digest).to.not.equal(a.digest);
  });
});
