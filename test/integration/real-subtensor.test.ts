import { WsProvider } from '@polkadot/api';
import { expect } from 'chai';
import { encodeMetadata } from '../../chain/devchain/metadata.js';
import { createRuntime } from '../../chain/devchain/runtime.js';
import { bytes, decode, fromHex, option } from '../../chain/devchain/scale.js';
import { type ChainClient, createChainClient } from '../../chain/substrate/client.js';
import { rateFault } from '../../chain/weight-checks.js';
import { isFailure } from '../../protocol/failure.js';
import { chainContract } from '../contracts/chain.js';
import { commitRevealContract } from '../contracts/commit-reveal.js';
import { connectionFaults } from '../contracts/connection-faults.js';
import { transactionFaults } from '../contracts/transaction-faults.js';
import { devSigner } from '../support/dev-signer.js';
import { type RuntimeShape, shapeOf } from '../support/metadata-shape.js';
import { asSudo, commitRevealCalls, safeModeCalls } from '../support/sudo.js';

/** A subtensor runtime served with development methods (`dev_setStorage`, `dev_newBlock`) and open registration on this subnet. */
const ENDPOINT = process.env['VOXD_TEST_SUBTENSOR_WS'];
const NETUID = 1;
const PATIENCE_MS = 1_200_000;
/** It builds a block per transaction and none otherwise. */
const NEVER_STALLED_MS = 3_600_000;
const FORTUNE_RAO = '1000000000000000';

if (ENDPOINT === undefined || ENDPOINT === '') {
  describe('a real subtensor runtime', () => {
    it('is skipped: VOXD_TEST_SUBTENSOR_WS names no node', function () {
      this.skip();
    });
  });
} else {
  realRuntime(ENDPOINT);
}

function realRuntime(endpoint: string): void {
  let clients: ChainClient[] = [];
  let dev: WsProvider;

  const client = async () => {
    const made = createChainClient({}, { endpoints: [endpoint], genesis: null, headTimeoutMs: NEVER_STALLED_MS });
    await made.start(new AbortController().signal);
    clients.push(made);
    return made;
  };
  const fund = (address: string) =>
    dev.send('dev_setStorage', [{ System: { Account: [[[address], { providers: 1, data: { free: FORTUNE_RAO } }]] } }]);
  const newBlocks = (count: number) => dev.send('dev_newBlock', [{ count }]);

  before(async () => {
    // It can take a minute for 20 blocks on a busy machine.
    dev = new WsProvider(endpoint, false, {}, 300_000);
    await dev.connect();
    await dev.isReady;
    await dev.send('dev_setStorage', [
      {
        SubtensorModule: {
          NetworkRegistrationAllowed: [[[NETUID], true]],
          MaxRegistrationsPerBlock: [[[NETUID], 100]],
          TargetRegistrationsPerInterval: [[[NETUID], 1000]],
        },
      },
    ]);
    await newBlocks(1);
  });
  after(async () => {
    await Promise.all(clients.map((made) => made.stop()));
    clients = [];
    await dev.disconnect();
  });

  const run = Date.now();
  let made = 0;
  const newcomer = async () => {
    made += 1;
    const signer = await devSigner(`//real${run}//${made}`);
    await fund(signer.hotkey);
    return signer;
  };
  const mine = async (blocks: number) => {
    for (let left = blocks; left > 0; left -= 20) await newBlocks(Math.min(left, 20));
  };

  const realNode = async () => ({ endpoint, netuid: NETUID, coldkey: await newcomer(), newcomer, mine, stop: async () => undefined });
  connectionFaults('a real subtensor runtime', realNode);
  transactionFaults('a real subtensor runtime', realNode);

  /** Of the subnet, as this runtime's genesis has them; and as few blocks as do, because each takes a quarter of a second. */
  const PACE = { Tempo: 100, WeightsSetRateLimit: 100 };
  const LIMITED = { Tempo: 100, WeightsSetRateLimit: 20 };
  const HURRIED = { Tempo: 10, WeightsSetRateLimit: 3 };
  /** It builds a block for the transaction after it has taken it. */
  const sudo = async (calls: Parameters<typeof asSudo>[1]) => {
    await asSudo(endpoint, calls);
    await newBlocks(1);
  };
  const setPace = (pace: typeof PACE) =>
    dev.send('dev_setStorage', [
      { SubtensorModule: Object.fromEntries(Object.entries(pace).map(([name, value]) => [name, [[[NETUID], value]]])) },
    ]);

  chainContract('a real subtensor runtime', async () => {
    const { reader, writer } = await client();
    await setPace(LIMITED);
    const stop = async () => void (await setPace(PACE));
    return { reader, writer, netuid: NETUID, coldkey: await newcomer(), newcomer, mine, stop };
  });

  commitRevealContract('a real subtensor runtime', async () => {
    const { reader, writer } = await client();
    return {
      reader,
      writer,
      netuid: NETUID,
      coldkey: await newcomer(),
      newcomer,
      mine,
      commitReveal: async (enabled) => {
        await setPace(enabled ? HURRIED : PACE);
        await sudo(commitRevealCalls(NETUID, enabled));
      },
      safeMode: (entered) => sudo(safeModeCalls(entered)),
      safeModeIsOpen: true,
      stop: async () => undefined,
    };
  });

  // The runtime is interpreted, at a quarter of a second per block on a machine that does nothing else.
  beforeEach(function () {
    this.currentTest?.timeout(PATIENCE_MS);
  });

  describe('a real subtensor runtime, its own ways', function () {
    this.timeout(PATIENCE_MS);

    it('takes weights in the very block that the wait names, and not in the one before', async () => {
      const { reader, writer } = await client();
      const signer = await newcomer();
      await setPace({ ...PACE, WeightsSetRateLimit: 6 });
      try {
        const { block } = await writer.burnedRegister(await newcomer(), NETUID, signer.hotkey);
        const facts = await reader.weightFacts(NETUID, 0, signer.hotkey);
        const wait = rateFault(facts, 'set_weights')?.blocks ?? 0;
        expect(facts.lastUpdate).to.equal(block.number);
        await mine(wait - 1);
        const vector = { netuid: NETUID, mechanism: 0, uids: [facts.uid ?? -1], values: [7], versionKey: 10n ** 9n };
        // Its pool lets it pass; the block says no.
        const early: unknown = await writer.setWeights(signer, vector).catch((error: unknown) => error);
        expect(isFailure(early) && early.code).to.equal('chain.rate_limited');
        expect((await writer.setWeights(signer, vector)).block.number).to.equal(facts.lastUpdate + 6);
      } finally {
        await setPace(PACE);
      }
    });

    it('has what our generation of that age has, name by name and type by type', async () => {
      const real = shapeOf(await metadataOf(dev, 15));
      const ours = shapeOf(encodeMetadata(createRuntime({ blockTimeMs: 12_000, generation: 'storage' }), 15));
      const differences = (part: keyof Pick<RuntimeShape, 'storage' | 'calls' | 'events' | 'constants' | 'apis'>) =>
        [...ours[part]].flatMap(([name, shape]) => {
          const found = real[part].get(name);
          return found === shape ? [] : [`${name}: ${shape}, there ${found ?? 'nothing'}`];
        });
      expect(ours.storage.size).to.be.greaterThan(60);
      for (const part of ['storage', 'calls', 'events', 'constants', 'apis'] as const) expect(differences(part), part).to.deep.equal([]);
      for (const [pallet, names] of ours.errors) {
        expect(real.errors.get(pallet)?.slice(0, names.length), `errors of ${pallet}`).to.deep.equal(names);
      }
      expect(ours.extensions.map(nameOf)).to.deep.equal(real.extensions.map(nameOf));
      const { storage, calls, events, apis } = ours;
      console.log(`      ${storage.size} items, ${calls.size} calls, ${events.size} events, ${apis.size} runtime calls agree`);
    });

    it('is read in a handful of requests', async () => {
      const { reader, status } = await client();
      const before = status().requests;
      const startedMs = performance.now();
      const { neurons, specVersion } = await reader.snapshot(NETUID);
      const tookMs = Math.round(performance.now() - startedMs);
      const requests = status().requests - before;
      console.log(`      spec ${specVersion}: ${neurons.length} neurons in ${requests} requests, ${tookMs} ms`);
      expect(requests).to.be.at.most(12);
    });

    it('agrees with its own list of neurons, which it gives as mere bytes', async () => {
      const { crossCheck, reader } = await client();
      const { seats, differences } = await crossCheck(NETUID);
      expect(differences).to.deep.equal([]);
      expect(seats).to.equal((await reader.snapshot(NETUID)).neurons.length);
    });
  });
}

const nameOf = (extension: string) => extension.split(':')[0];

async function metadataOf(node: WsProvider, version: number): Promise<Uint8Array> {
  const answer = await node.send<string>('state_call', [
    'Metadata_metadata_at_version',
    `0x${version.toString(16).padStart(2, '0')}000000`,
  ]);
  return decode(option(bytes), fromHex(answer)) ?? new Uint8Array();
}
