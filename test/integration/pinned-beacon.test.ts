import { expect } from 'chai';
import { QUICKNET } from '../../chain/beacon.js';
import { devGenesis, startDevchain } from '../../chain/devchain/server.js';
import { createChainClient } from '../../chain/substrate/client.js';
import { isFailure } from '../../protocol/failure.js';
import { aHotkey } from '../support/keys.js';

describe('a chain whose beacon is not the pinned one', function () {
  this.timeout(60_000);

  it('is refused where weights are locked to the beacon, and taken where nothing is pinned', async () => {
    const devchain = await startDevchain({ port: 0, dataDir: null, blockTimeMs: 0, genesis: devGenesis() });
    const options = { endpoints: [devchain.url], genesis: null, headTimeoutMs: 3_600_000 };
    const pinned = createChainClient({}, { ...options, pinnedBeacon: QUICKNET });
    const free = createChainClient({}, options);
    try {
      await devchain.mint(3);
      await Promise.all([pinned, free].map((client) => client.start(new AbortController().signal)));
      const facts = await free.reader.weightFacts(1, 0, aHotkey('anybody'));
      const beacon = facts.commitReveal?.beacon;
      expect(beacon?.publicKey).to.be.a('string').and.not.equal(QUICKNET.publicKey);
      const failure = await pinned.reader.weightFacts(1, 0, aHotkey('anybody')).catch((error: unknown) => error);
      expect(isFailure(failure) && failure.code).to.equal('chain.beacon_differs');
      expect(isFailure(failure) && failure.facts['endpoint']).to.equal(devchain.url);
      expect((await pinned.reader.snapshot(1)).netuid).to.equal(1);
    } finally {
      await Promise.all([pinned.stop(), free.stop()]);
      await devchain.stop();
    }
  });
});
