/** A model outlives its miner: whoever asks the network who holds it gets it from those who do. Real sockets, real caches. */
import { randomBytes } from 'node:crypto';
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { composeModelTraffic } from '../../node/compose-network.js';
import { createModelCache } from '../../node/files/model-cache.js';
import { NO_METRICS } from '../../node/metrics.js';
import { isFailure } from '../../protocol/failure.js';
import { createHolders } from '../../protocol/holders.js';
import { CHUNK_SIZE_BYTES } from '../../scoring/manifest.js';
import { verifyPackage } from '../../scoring/onnx/package-files.js';
import { aModel } from '../support/keys.js';
import { connect, createVillage, systemClock, type TestHost } from '../support/network.js';
import { quiet, temporaryDirectory } from '../support/temporary.js';
import { sealTinyVoice } from '../support/voice-package.js';

describe('a model without its miner', function () {
  this.timeout(60_000);
  const village = createVillage();
  const cleanUps: (() => Promise<void>)[] = [];
  afterEach(async () => {
    await village.stop();
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  });

  /** The parts of a node that move models. */
  function traffic({ host }: TestHost) {
    const directory = temporaryDirectory();
    cleanUps.push(async () => directory.remove());
    const verify = async (folder: string) => void (await verifyPackage(folder));
    const cache = createModelCache({ ...quiet, verify }, { directory: directory.path, budgetBytes: 2 ** 30, diskReserveBytes: 0 });
    const holders = createHolders();
    return { cache, holders, ...composeModelTraffic({ host, cache, holders, clock: systemClock, log: quiet.logger, metrics: NO_METRICS }) };
  }

  it('comes from a validator that holds it, found by asking and by dialling', async () => {
    const [miner, first, second] = [await village.host('Alice'), await village.host('Bob'), await village.host('Charlie')];
    const model = await sealTinyVoice(new Uint8Array(randomBytes(2 * CHUNK_SIZE_BYTES + 99)), cleanUps);
    const wanted = { model: model.digest, owner: miner.hotkey, named: [] };
    const signal = AbortSignal.timeout(30_000);

    // The miner serves it from its own folder, and the first validator takes it.
    const [mine, its, theirs] = [traffic(miner), traffic(first), traffic(second)];
    const pending = await mine.cache.begin(model.digest, 4 * CHUNK_SIZE_BYTES);
    await cp(model.directory, pending.directory, { recursive: true });
    await pending.commit();
    await connect(first, miner);
    await its.bringer.bring(wanted, { signal, looking: its.finder.look([wanted], [], signal) });
    expect(await first.host.askHoldings(miner.host.peerId, [aModel('other'), model.digest])).to.deep.equal(['none', 'whole']);

    // The miner goes. The second validator knows of the first one only by the chain.
    await miner.host.stop();
    const gone = await theirs.bringer.bring(wanted, { signal }).catch((error: unknown) => error);
    expect(isFailure(gone) && gone.code).to.equal('node.no_provider');
    const { hotkey, ip, port } = first;
    second.host.setDirectory([{ hotkey, ip, port, peerKey: null }]);
    const looking = theirs.finder.look([wanted], [hotkey], signal);
    const directory = await theirs.bringer.bring(wanted, { signal, looking });
    expect((await verifyPackage(directory)).digest).to.equal(model.digest);
    expect(await readFile(join(directory, 'voice.onnx'))).to.have.length(2 * CHUNK_SIZE_BYTES + 99);
    expect(theirs.bringer.running()).to.deep.equal([]);
  });
});
