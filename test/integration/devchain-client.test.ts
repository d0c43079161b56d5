import { expect } from 'chai';
import { devGenesis, GENERATION_NAMES, type GenerationName, startDevchain } from '../../chain/devchain/server.js';
import { createChainClient } from '../../chain/substrate/client.js';
import { systemClock } from '../../chain/substrate/timing.js';
import { chainContract } from '../contracts/chain.js';
import { commitRevealContract } from '../contracts/commit-reveal.js';
import { connectionFaults } from '../contracts/connection-faults.js';
import { transactionFaults } from '../contracts/transaction-faults.js';
import { devSigner } from '../support/dev-signer.js';
import { asSudo, commitRevealCalls, safeModeCalls } from '../support/sudo.js';

const NETUID = 1;
const BLOCK_TIME_MS = 75;
const FINALITY_LAG_BLOCKS = 2;

async function devnet(
  generation: GenerationName = 'clock',
  pace: { readonly weightsRateLimit: number; readonly tempo?: number } = { weightsRateLimit: 150 },
) {
  const coldkey = await devSigner('//Alice');
  const devchain = await startDevchain({
    port: 0,
    dataDir: null,
    blockTimeMs: BLOCK_TIME_MS,
    finalityLag: FINALITY_LAG_BLOCKS,
    generation,
    genesis: devGenesis({ subnet: { ...pace, servingRateLimit: 150, maxUids: 64 } }),
  });
  let made = 0;
  return {
    devchain,
    endpoint: devchain.url,
    netuid: NETUID,
    coldkey,
    newcomer: () => {
      made += 1;
      return devSigner(`//newcomer//${made}`);
    },
    mine: (blocks: number) => devchain.mint(blocks + FINALITY_LAG_BLOCKS),
    stop: () => devchain.stop(),
  };
}

for (const generation of GENERATION_NAMES) {
  chainContract(`the development chain, generation ${generation}, through the client`, () => observed(generation));
  connectionFaults(`the development chain, generation ${generation}`, () => devnet(generation));
  transactionFaults(`the development chain, generation ${generation}`, () => devnet(generation));
}

for (const generation of GENERATION_NAMES) {
  commitRevealContract(`the development chain, generation ${generation}, through the client`, async () => {
    const node = await observed(generation, { weightsRateLimit: 8, tempo: 120 });
    const commitReveal = async (enabled: boolean) => {
      await asSudo(node.endpoint, commitRevealCalls(NETUID, enabled));
      await node.mine(1);
    };
    const safeMode = async (entered: boolean) => {
      await asSudo(node.endpoint, safeModeCalls(entered));
      await node.mine(1);
    };
    return { ...node, commitReveal, safeMode, safeModeIsOpen: generation === 'storage' };
  });
}

async function observed(generation: GenerationName, pace?: Parameters<typeof devnet>[1]) {
  const node = await devnet(generation, pace);
  const client = createChainClient({}, { endpoints: [node.endpoint], genesis: null });
  await client.start(new AbortController().signal);
  const stop = async () => {
    await client.stop();
    await node.stop();
  };
  return { ...node, reader: client.reader, writer: client.writer, stop };
}

describe('a snapshot through the client', function () {
  this.timeout(60_000);

  it('takes the same few requests whatever the size of the subnet', async () => {
    const node = await devnet();
    const client = createChainClient({}, { endpoints: [node.endpoint], genesis: null, watchClock: false });
    try {
      await client.start(new AbortController().signal);
      const requestsFor = async () => {
        const before = client.status().requests;
        const { neurons } = await client.reader.snapshot(NETUID);
        return { neurons: neurons.length, requests: client.status().requests - before };
      };
      const small = await requestsFor();
      for (let i = 0; i < 5; i += 1) {
        await client.writer.burnedRegister(node.coldkey, NETUID, (await node.newcomer()).hotkey);
      }
      const large = await requestsFor();
      expect(large.neurons).to.equal(small.neurons + 5);
      expect(large.requests).to.equal(small.requests).and.to.be.at.most(6);
    } finally {
      await client.stop();
      await node.stop();
    }
  });
});

describe('the clock beside the chain', function () {
  this.timeout(60_000);

  const judged = async (aheadMs: number) => {
    const devchain = await startDevchain({ port: 0, dataDir: null, blockTimeMs: 500, genesis: devGenesis() });
    const warnings: string[] = [];
    const logger = {
      info: () => undefined,
      debug: () => undefined,
      error: () => undefined,
      warn: (_: object, text: string) => warnings.push(text),
    };
    const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + aheadMs };
    const client = createChainClient({ clock, logger }, { endpoints: [devchain.url], genesis: null });
    try {
      await client.start(new AbortController().signal);
      while (client.status().clock === null) await new Promise((resolve) => setTimeout(resolve, 20));
      return { clock: client.status().clock, warnings };
    } finally {
      await client.stop();
      await devchain.stop();
    }
  };

  it('agrees on a development chain, whose blocks come fast', async () => {
    const { clock, warnings } = await judged(0);
    expect(clock).to.deep.include({ driftMs: 0, failure: null });
    expect(warnings).to.deep.equal([]);
  });

  it('warns once, with figures, and goes on', async () => {
    const { clock, warnings } = await judged(-60_000);
    expect(clock?.failure?.code).to.equal('chain.clock_drift');
    expect(clock?.driftMs).to.be.within(-61_000, -58_000);
    expect(warnings).to.have.lengthOf(1);
    expect(warnings[0]).to.contain('behind the chain');
  });
});
