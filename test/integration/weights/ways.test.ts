import { expect } from 'chai';
import { GENERATION_NAMES } from '../../../chain/devchain/server.js';
import type { SubmissionWay } from '../../../node/ports.js';
import { createWeightWorld } from '../../support/weights-on-devchain.js';

describe('weights on the development chain', function () {
  this.timeout(60_000);
  for (const generation of GENERATION_NAMES) {
    for (const way of ['open', 'hash', 'timelocked'] as const satisfies readonly SubmissionWay[]) {
      if (way === 'timelocked' && generation === 'storage') continue;
      it(`get there, ${generation} ${way}`, async () => {
        const world = await createWeightWorld({ way, generation });
        try {
          const life = await world.live();
          for (let round = 1; round <= 3; round += 1) {
            await world.weigh(round);
            const row = await world.landed(life);
            expect(row.state).to.equal('finalized');
          }
          expect(life.warnings).to.deep.equal([]);
          await world.check();
        } finally {
          await world.stop();
        }
      });
    }
  }
});
