import { expect } from 'chai';
import { type Devchain, devAddress, devGenesis, GENERATION_NAMES, startDevchain } from '../../chain/devchain/server.js';
import { gatherEmission } from '../../chain/emission.js';
import { nextEpochBlock } from '../../chain/epoch.js';
import { ZERO } from '../../chain/fixed.js';
import { type ChainClient, createChainClient } from '../../chain/substrate/client.js';
import { runEpoch } from '../../chain/yuma.js';
import { devSigner } from '../support/dev-signer.js';

const NETUID = 1;
const VALIDATORS = ['//V1', '//V2', '//V3'];
const MINERS = ['//M1', '//M2', '//M3', '//M4'];
/** What the development chain emits per block, less the owner's 18 %, as both pools gather it. */
const ONE_BLOCK = gatherEmission({ alphaRao: 1_000_000_000n, ownerCut: 11_796, rootProportion: ZERO, rootSells: true });

describe('the epoch that a client foresees', function () {
  this.timeout(120_000);
  let devchain: Devchain;
  let client: ChainClient;

  afterEach(async () => {
    await client.stop();
    await devchain.stop();
  });

  for (const generation of GENERATION_NAMES) {
    it(`is the one that the chain runs: ${generation}`, async () => {
      await devSigner('//Alice');
      const neuron = (uri: string, stakeRao: bigint) => ({
        hotkey: devAddress(uri),
        coldkey: devAddress(`${uri}Cold`),
        stakeRao,
        axon: null,
        commitment: null,
      });
      devchain = await startDevchain({
        port: 0,
        dataDir: null,
        blockTimeMs: 0,
        finalityLag: 0,
        generation,
        genesis: devGenesis({
          subnet: {
            tempo: 20,
            weightsRateLimit: 1,
            neurons: [
              ...VALIDATORS.map((uri, i) => neuron(uri, BigInt(i + 1) * 1_000_000_000_000n)),
              ...MINERS.map((uri) => neuron(uri, 0n)),
            ],
          },
        }),
      });
      client = createChainClient({}, { endpoints: [devchain.url], genesis: null, headTimeoutMs: 3_600_000, watchClock: false });
      await client.start(new AbortController().signal);
      const { reader, writer } = client;
      const facts = () => reader.weightFacts(NETUID, 0, devAddress('//V1') as never);
      await devchain.mint(45);
      for (const [i, uri] of VALIDATORS.entries()) {
        const request = {
          netuid: NETUID,
          mechanism: 0,
          uids: [4, 5, 6, 7],
          values: [60_000, 20_000 * i, 9_000, 500 * (i + 1)],
          versionKey: 0n,
        };
        const signer = await devSigner(uri);
        const minting = setInterval(() => void devchain.mint(1), 20);
        await writer.setWeights(signer, request).finally(() => clearInterval(minting));
      }
      for (let epoch = 0; epoch < 3; epoch += 1) {
        const due = nextEpochBlock(await facts());
        expect(due).to.be.a('number');
        await devchain.mint(Number(due) - 1 - devchain.head().number);
        const input = await reader.epochInput(NETUID, 0);
        const foreseen = runEpoch({
          ...input,
          block: Number(due),
          serverPoolRao: input.serverPoolRao + ONE_BLOCK.serverRao,
          validatorPoolRao: input.validatorPoolRao + ONE_BLOCK.validatorRao,
        });
        await devchain.mint(1);
        const { neurons } = await reader.snapshot(NETUID);
        expect(neurons.map(({ incentive }) => incentive)).to.deep.equal(foreseen.incentive);
        expect(neurons.map(({ dividends }) => dividends)).to.deep.equal(foreseen.dividends);
        // That age keeps what is pending in an item that the development chain has not.
        if (generation !== 'storage') expect(neurons.map(({ emissionRao }) => emissionRao)).to.deep.equal(foreseen.emissionRao);
        expect(neurons.map(({ validatorPermit }) => validatorPermit)).to.deep.equal(foreseen.validatorPermit);
        expect((await reader.epochInput(NETUID, 0)).bonds).to.deep.equal(foreseen.bonds);
        expect(Math.max(...foreseen.incentive), 'somebody earns').to.be.greaterThan(0);
      }
    });
  }
});
