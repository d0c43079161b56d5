import { expect } from 'chai';
import { type Devchain, devGenesis, type GenerationName, startDevchain } from '../../chain/devchain/server.js';
import { type ChainClient, createChainClient } from '../../chain/substrate/client.js';
import { type Connection, createConnection } from '../../chain/substrate/connection.js';
import { finalizedHead } from '../../chain/substrate/finality.js';
import { readMetagraphSnapshot } from '../../chain/substrate/metagraph.js';
import { MAX_NEURONS, readPlainSnapshot } from '../../chain/substrate/plain-snapshot.js';
import type { Session } from '../../chain/substrate/session-shape.js';
import { MIN_KEYS_PER_REQUEST, storageAt } from '../../chain/substrate/storage.js';
import { isFailure } from '../../protocol/failure.js';
import { devSigner } from '../support/dev-signer.js';
import { aHotkey } from '../support/keys.js';
import { startWsProxy } from '../support/ws-proxy.js';

const NETUID = 1;

interface Place {
  readonly devchain: Devchain;
  readonly connection: Connection;
  readonly client: ChainClient;
}

describe('the two ways to a snapshot', function () {
  this.timeout(120_000);
  const closing: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  async function subnetOf(neurons: number, generation: GenerationName): Promise<Place> {
    await devSigner('//Alice');
    const devchain = await startDevchain({
      port: 0,
      dataDir: null,
      blockTimeMs: 0,
      finalityLag: 0,
      generation,
      genesis: devGenesis({
        subnet: {
          maxUids: neurons + 8,
          neurons: Array.from({ length: neurons - 1 }, (_, i) => ({
            hotkey: aHotkey(`seat ${i}`),
            coldkey: aHotkey(`cold ${i % 7}`),
            stakeRao: BigInt(i) * 1_234_567_891n,
            axon: i % 3 === 0 ? { ip: 0x0a000001 + i, port: 4000 + (i % 1000) } : null,
            commitment: i % 4 === 0 ? new TextEncoder().encode(`voxd1:${i}`) : null,
          })),
        },
      }),
    });
    closing.push(() => devchain.stop());
    const options = { endpoints: [devchain.url], genesis: null, headTimeoutMs: 3_600_000 };
    const connection = createConnection({}, options);
    await connection.start(new AbortController().signal);
    closing.push(() => connection.stop());
    const client = createChainClient({}, options);
    await client.start(new AbortController().signal);
    closing.push(() => client.stop());
    return { devchain, connection, client };
  }

  const bothWays = ({ connection }: Place) =>
    connection.read(async (session) => {
      const block = await finalizedHead(session);
      const storage = await storageAt(session, block.hash);
      const place = { genesis: session.identity.genesis, netuid: NETUID, block };
      const call = storage.runtimeCall('subnetInfoRuntimeApi', 'getSelectiveMetagraph');
      if (call === null) throw new TypeError('no selective metagraph here');
      return { plain: await readPlainSnapshot(storage, place), metagraph: await readMetagraphSnapshot(storage, call, place) };
    });

  for (const generation of ['metagraph', 'clock'] as const) {
    it(`give the same snapshot: generation ${generation}`, async () => {
      const place = await subnetOf(12, generation);
      const { devchain, client } = place;
      expect(client.reader.runtime().registry).to.equal('selective_metagraph');
      const alice = await devSigner('//Alice');
      const served = await devSigner('//served');
      const sent = client.writer.burnedRegister(alice, NETUID, served.hotkey);
      await minting(devchain, sent);
      const peerKey = new Uint8Array(32).fill(7);
      await minting(devchain, client.writer.serveAxon(served, NETUID, { ip: '10.0.0.9', port: 9, protocol: 4, version: 1, peerKey }));
      await minting(devchain, client.writer.setCommitment(served, NETUID, new TextEncoder().encode('one')));
      const hot = await devSigner('//AliceHot');
      const uids = [1, 2, 3];
      await minting(devchain, client.writer.setWeights(hot, { netuid: NETUID, mechanism: 0, uids, values: [3, 2, 1], versionKey: 0n }));
      await devchain.mint(25);
      const { plain, metagraph } = await bothWays(place);
      expect(metagraph).to.deep.equal(plain);
      const self = plain.neurons.find(({ hotkey }) => hotkey === served.hotkey);
      expect(self?.axon?.peerKey).to.equal('07'.repeat(32));
      expect(self?.commitment?.data).to.equal(Buffer.from('one').toString('hex'));
      expect(plain.neurons.some(({ stakeRao }) => stakeRao > 0n)).to.equal(true);
    });
  }

  for (const [seats, byCall, byStorage] of [
    [256, 5, 6],
    [MAX_NEURONS, 5, 14],
  ] as const) {
    it(`take ${byCall} and ${byStorage} requests for ${seats} seats`, async () => {
      const { connection } = await subnetOf(seats, 'clock');
      const requestsOf = (way: typeof readPlainSnapshot) =>
        connection.read(async (session) => {
          let requests = 0;
          const request: Session['request'] = (method, ...params) => {
            requests += 1;
            return session.request(method, ...params);
          };
          const counting = { ...session, request };
          const block = await finalizedHead(counting);
          const { neurons } = await way(await storageAt(counting, block.hash), {
            genesis: session.identity.genesis,
            netuid: NETUID,
            block,
          });
          expect(neurons).to.have.lengthOf(seats);
          return requests;
        });
      const byMetagraph: typeof readPlainSnapshot = (storage, place) => {
        const call = storage.runtimeCall('subnetInfoRuntimeApi', 'getSelectiveMetagraph');
        if (call === null) throw new TypeError('no selective metagraph here');
        return readMetagraphSnapshot(storage, call, place);
      };
      expect(await requestsOf(byMetagraph), 'by runtime call').to.equal(byCall);
      expect(await requestsOf(readPlainSnapshot), 'from storage').to.equal(byStorage);
    });
  }

  it('ask in halves a node that refuses many keys at once, and name one that refuses few', async () => {
    const { devchain, client } = await subnetOf(600, 'storage');
    const proxy = await startWsProxy(devchain.url);
    closing.push(() => proxy.close());
    let most = MIN_KEYS_PER_REQUEST;
    const tooBig = { error: { code: -32_701, message: 'Request is too big' } };
    proxy.answer('state_queryStorageAt', (params) => (keysIn(params) > most ? tooBig : null));
    const limited = createChainClient({}, { endpoints: [proxy.url], genesis: null, headTimeoutMs: 3_600_000 });
    closing.push(() => limited.stop());
    await limited.start(new AbortController().signal);
    expect((await limited.reader.snapshot(NETUID)).neurons).to.deep.equal((await client.reader.snapshot(NETUID)).neurons);
    most = 16;
    const refused = await limited.reader.snapshot(NETUID).catch((error: unknown) => error);
    expect(isFailure(refused) && refused.code).to.equal('chain.request_refused');
  });

  it('agree with the list of the runtime itself where it has one', async () => {
    const { client } = await subnetOf(20, 'storage');
    expect(client.reader.runtime().registry).to.equal('storage');
    const { differences } = await client.crossCheck(NETUID);
    expect(differences).to.deep.equal([]);
  });
});

/** Makes blocks until the transaction has settled. */
async function minting<T>(devchain: Devchain, sent: Promise<T>): Promise<T> {
  let settled = false;
  const done = sent.finally(() => {
    settled = true;
  });
  while (!settled) {
    await new Promise((resolve) => setImmediate(resolve));
    if (devchain.head().number < 2_000) await devchain.mint(1);
    await Promise.race([done, new Promise((resolve) => setTimeout(resolve, 50))]);
  }
  return done;
}

function keysIn(params: unknown): number {
  const [keys] = Array.isArray(params) ? params : [];
  return Array.isArray(keys) ? keys.length : 0;
}
