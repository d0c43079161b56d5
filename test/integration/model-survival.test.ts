/** A model outlives its miner: whoever asks the network what is announced and who holds it gets both from those who do. Real sockets, real caches. */
import { randomBytes } from 'node:crypto';
import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { commitmentBytes, commitmentOf } from '../../chain/commitment.js';
import { fetchOnce } from '../../node/compose-fetch.js';
import { composeModelTraffic } from '../../node/compose-network.js';
import { createModelCache } from '../../node/files/model-cache.js';
import { NO_METRICS } from '../../node/metrics.js';
import { createHavePublisher, HINT_LIFETIME_MS } from '../../node/network/have-hints.js';
import { createInbox } from '../../node/network/inbox.js';
import { createOfferExchange } from '../../node/network/offers.js';
import { createPostbox } from '../../node/network/postbox.js';
import { encodeAnnouncement } from '../../protocol/announcement.js';
import { toHex } from '../../protocol/digest.js';
import { isFailure } from '../../protocol/failure.js';
import { createHolders } from '../../protocol/holders.js';
import { OFFERS_RATE } from '../../protocol/libp2p/offers.js';
import { publicKeyOfSeed } from '../../protocol/libp2p/peer-key.js';
import { createMessageGate } from '../../protocol/message-gate.js';
import type { Hotkey } from '../../protocol/names.js';
import type { Offer } from '../../protocol/offers.js';
import { CHUNK_SIZE_BYTES } from '../../scoring/manifest.js';
import { verifyPackage } from '../../scoring/onnx/package-files.js';
import { createFakeChain } from '../support/fake-chain.js';
import { aModel } from '../support/keys.js';
import { createMemoryStores } from '../support/memory-stores.js';
import { connect, createVillage, keepApart, membersOf, seal, systemClock, TEST_NETWORK, type TestHost, until } from '../support/network.js';
import { devPerson } from '../support/people.js';
import { quiet, temporaryDirectory } from '../support/temporary.js';
import { localVerifier } from '../support/verifier.js';
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

  /** The parts of a node that hear what is announced. Everybody named is registered. */
  async function hearing({ host, signer }: TestHost, registered: readonly TestHost[]) {
    const holders = createHolders();
    const stores = createMemoryStores();
    const log = quiet.logger;
    const finalizedBlock = () => 100;
    const names = registered.map(({ hotkey }) => hotkey);
    host.setMembers(membersOf(...names));
    const inbox = createInbox(
      {
        gossip: host,
        gate: createMessageGate({ network: TEST_NETWORK }),
        verifier: localVerifier,
        stores,
        clock: systemClock,
        log,
        metrics: NO_METRICS,
        members: () => ({ registered: new Set(names), permitted: new Set() }),
        finalizedBlock,
        holders,
      },
      { netuid: TEST_NETWORK.netuid, schedule: { cadenceBlocks: 40, commitPercent: 60, revealPercent: 75 }, scorer: 'aa' },
    );
    await inbox.open();
    const { announcements } = stores;
    const offers = createOfferExchange({ offers: host, peers: host, announcements, hear: inbox.hear, clock: systemClock, log });
    const postbox = createPostbox(
      { signer, gossip: host, sequences: stores.sequences, clock: systemClock, metrics: NO_METRICS, finalizedBlock },
      { network: TEST_NETWORK },
    );
    return { announcements, inbox, holders, postbox, turn: () => offers.turn(AbortSignal.timeout(20_000)) };
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
    const everybody = [miner, first, second];
    const [firstEars, secondEars] = [await hearing(first, everybody), await hearing(second, everybody)];
    const announced = encodeAnnouncement({
      model: model.digest,
      manifestSizeBytes: 100,
      sizeBytes: 4 * CHUNK_SIZE_BYTES,
      commitmentBlock: 5,
      providers: [],
    });
    await until('a mesh', () => miner.host.neighbours('announce') > 0);
    await miner.host.publish('announce', await seal(miner.signer, 'announce', announced));
    await until('the announcement to be heard', async () => (await firstEars.announcements.active(0)).length === 1);
    await its.bringer.bring(wanted, { signal, looking: its.finder.look([wanted], [], signal) });
    expect(await first.host.askHoldings(miner.host.peerId, [aModel('other'), model.digest])).to.deep.equal(['none', 'whole']);

    // The miner goes. The second validator knows of the first one only by the chain, and of the model nothing.
    await miner.host.stop();
    const gone = await theirs.bringer.bring(wanted, { signal }).catch((error: unknown) => error);
    expect(isFailure(gone) && gone.code).to.equal('node.no_provider');
    const { hotkey, ip, port } = first;
    await secondEars.turn();
    expect(await secondEars.announcements.active(0)).to.deep.equal([]);
    second.host.setDirectory([{ hotkey, ip, port, peerKey: null }]);
    await until('the first one to be there', () => second.host.peerOf(hotkey) !== null && first.host.peerOf(second.hotkey) !== null);
    await secondEars.turn();
    const [known] = await secondEars.announcements.active(systemClock.nowMs());
    if (known === undefined) throw new Error('the announcement was not handed on');
    expect(known).to.deep.include({ hotkey: miner.hotkey, model: model.digest, commitmentBlock: 5 });
    const named = { model: known.model, owner: known.hotkey, named: known.providers };
    const looking = theirs.finder.look([named], [hotkey], signal);
    const directory = await theirs.bringer.bring(named, { signal, looking });
    expect((await verifyPackage(directory)).digest).to.equal(model.digest);
    expect(await readFile(join(directory, 'voice.onnx'))).to.have.length(2 * CHUNK_SIZE_BYTES + 99);
    expect(theirs.bringer.running()).to.deep.equal([]);
  });

  it('comes to a command without a node, which finds its holder by the chain and by asking', async () => {
    const holder = await village.host('Bob');
    const model = await sealTinyVoice(new Uint8Array(randomBytes(CHUNK_SIZE_BYTES + 99)), cleanUps);
    const its = traffic(holder);
    const pending = await its.cache.begin(model.digest, 2 * CHUNK_SIZE_BYTES);
    await cp(model.directory, pending.directory, { recursive: true });
    await pending.commit();
    const [miner, signer] = [await devPerson('Alice'), await devPerson('Charlie')];
    const chain = createFakeChain({ netuid: TEST_NETWORK.netuid });
    for (const hotkey of [miner.hotkey, signer.hotkey]) chain.register(hotkey);
    chain.register(holder.hotkey, { permit: true, stakeRao: 1n });
    chain.commit(miner.hotkey, commitmentBytes(commitmentOf(miner.hotkey, model.digest)));
    const { ip, port } = holder;
    chain.patch(holder.hotkey, { axon: { ip, port, protocol: 4, version: 1, block: 1, peerKey: toHex(holder.host.peerKey) } });
    // The command's hotkey runs a node too, when the command does not: its key is on chain, and nobody takes another peer for it.
    const peerKey = new Uint8Array(randomBytes(32));
    holder.host.setDirectory([{ hotkey: signer.hotkey, ip: '192.0.2.1', port: 4010, peerKey: toHex(publicKeyOfSeed(peerKey)) }]);
    const folder = temporaryDirectory();
    cleanUps.push(async () => folder.remove());
    const { from } = await fetchOnce(
      { signer, verifier: localVerifier, clock: systemClock, logger: quiet.logger },
      {
        network: TEST_NETWORK,
        model: model.digest,
        peerKey,
        addresses: [],
        snapshot: await chain.reader.snapshot(TEST_NETWORK.netuid),
        directory: join(folder.path, 'voice'),
        privateNetwork: true,
        signal: AbortSignal.timeout(30_000),
        onProgress: () => {},
      },
    );
    expect(from.map(({ peer }) => peer)).to.deep.equal([holder.host.peerId]);
    expect((await verifyPackage(join(folder.path, 'voice'), model.digest)).digest).to.equal(model.digest);
  });

  it('is known to be with its holder beyond his neighbours, while he says so', async () => {
    const [holder, between, far] = [await village.host('Alice'), await village.host('Bob'), await village.host('Charlie')];
    keepApart(holder, far);
    const everybody = [holder, between, far];
    const [ears, , farEars] = [await hearing(holder, everybody), await hearing(between, everybody), await hearing(far, everybody)];
    await connect(holder, between);
    await connect(far, between);
    const chain = createFakeChain({ netuid: TEST_NETWORK.netuid });
    chain.register(holder.hotkey);
    const here = [{ model: aModel(1), sizeBytes: 1 }];
    const hints = createHavePublisher({
      cache: { list: async () => here },
      postbox: ears.postbox,
      self: holder.hotkey,
      clock: systemClock,
      log: quiet.logger,
    });
    await until('meshes', () => holder.host.neighbours('have') === 1 && between.host.neighbours('have') === 2);
    await hints.turn(await chain.reader.snapshot(TEST_NETWORK.netuid));
    await until('the hint to be heard', () => farEars.holders.of(aModel(1), systemClock.nowMs()).includes(holder.hotkey));
    expect(farEars.holders.of(aModel(1), systemClock.nowMs() + HINT_LIFETIME_MS)).to.deep.equal([]);
    expect(farEars.holders.of(aModel(2), systemClock.nowMs())).to.deep.equal([]);
  });

  it('is not believed of whoever hands it on: forged, foreign and stale ones come to nothing', async () => {
    const [liar, node] = [await village.host('Dave'), await village.host('Eve')];
    const [ferdie, alice] = [await devPerson('Ferdie'), await devPerson('Alice')];
    const ears = await hearing(node, [liar, node]);
    await hearing(liar, [liar, node]);
    await connect(node, liar);
    const payload = encodeAnnouncement({ model: aModel(1), manifestSizeBytes: 1, sizeBytes: 1, commitmentBlock: 1, providers: [] });
    const offers: Offer[] = [];
    liar.host.serveOffers(async () => offers);
    const collect = () => node.host.collectOffers(liar.host.peerId, (envelope) => ears.inbox.hear('announce', envelope, liar.host.peerId));
    const hands = async (hotkey: Hotkey, envelope: Uint8Array) => offers.splice(0, 1, { hotkey, sequence: 1n, envelope });

    await hands(ferdie.hotkey, await seal(ferdie, 'announce', payload));
    expect(await collect()).to.equal(0);
    await hands(liar.hotkey, await seal(liar.signer, 'announce', payload, { issuedAtMs: Date.now() - 3_600_000, lifetimeMs: 60_000 }));
    expect(await collect()).to.equal(0);
    await hands(liar.hotkey, await seal(liar.signer, 'announce', payload, { signedBy: alice }));
    const forged: unknown = await collect().catch((error: unknown) => error);
    expect(isFailure(forged) && forged.code).to.equal('p2p.offers_failed');
    expect(isFailure(forged) && isFailure(forged.cause) && forged.cause.code).to.equal('p2p.protocol_violation');
    expect(await ears.announcements.active(0)).to.deep.equal([]);

    // What is true is taken also from him; but he is not asked without end, nor does he answer without end.
    await hands(liar.hotkey, await seal(liar.signer, 'announce', payload));
    expect(await collect()).to.equal(1);
    for (let asked = 4; asked < OFFERS_RATE.burst; asked += 1) expect(await collect()).to.equal(0);
    const busy: unknown = await collect().catch((error: unknown) => error);
    expect(isFailure(busy) && isFailure(busy.cause) && busy.cause.code).to.equal('p2p.peer_busy');
    liar.host.setMembers(membersOf(liar.hotkey));
    const stranger: unknown = await collect().catch((error: unknown) => error);
    expect(isFailure(stranger) && stranger.code).to.equal('p2p.offers_failed');
  });
});
