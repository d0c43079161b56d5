import { expect } from 'chai';
import { answerOnce } from '../../protocol/libp2p/frames.js';
import { publicKeyOfSeed } from '../../protocol/libp2p/peer-key.js';
import { encodePeersAnswer } from '../../protocol/peer-exchange.js';
import { peerIdFromKey } from '../../protocol/peer-id.js';
import { streamProtocolOf } from '../../protocol/topics.js';
import { createAttacker } from '../support/attacker.js';
import { createLocalNetwork } from '../support/local-network.js';
import { createMemoryPeers } from '../support/memory-peers.js';
import { createVillage, seal, TEST_NETWORK, type TestHost, until } from '../support/network.js';
import { devPerson } from '../support/people.js';

const NAMES = ['Alice', 'Bob', 'Charlie', 'Dave', 'Eve'] as const;

const knows = (one: TestHost, all: readonly TestHost[]) => all.every((each) => each === one || one.host.peerOf(each.hotkey) !== null);
const everybody = (all: readonly TestHost[]) => all.every((one) => knows(one, all));

describe('finding the network', function () {
  this.timeout(60_000);
  const village = createVillage();
  afterEach(() => village.stop());

  /** Everybody was told of the first only. */
  async function settled(count: number): Promise<TestHost[]> {
    const first = await village.host('Alice');
    const rest = await Promise.all(NAMES.slice(1, count).map((name) => village.host(name, { bootstrap: [first.address] })));
    const all = [first, ...rest];
    await until('everybody to know everybody', () => everybody(all), 30_000);
    return all;
  }

  it('takes one bootstrap address: the others are learned from peers', async () => {
    await settled(5);
  });

  it('takes nothing but a local network, and nobody there is believed', async () => {
    const local = createLocalNetwork();
    const all = await Promise.all(NAMES.slice(0, 3).map((name) => village.host(name, { mdns: true, localSearch: local.search })));
    const [alice] = all;
    // The address of Alice under another name: whoever dials it finds that out.
    const imposter = peerIdFromKey(publicKeyOfSeed(new Uint8Array(32).fill(3)));
    local.say(imposter, [alice?.address.replace(/\/p2p\/.*$/, '') ?? '', '/dns4/inside.example/tcp/80']);
    await until('everybody to know everybody', () => everybody(all));
    expect(all.flatMap(({ host }) => host.peers()).some(({ peerId }) => peerId === imposter)).to.equal(false);
    const eve = await village.host('Eve', { mdns: true, privateNetwork: false, localSearch: local.search });
    expect(local.searchers(), 'on a public network nobody looks').to.equal(3);
    expect(eve.host.peers()).to.deep.equal([]);
    await village.stop();
    expect(local.searchers()).to.equal(0);
  });

  it('takes one neuron on chain', async () => {
    const all = await settled(3);
    const [, bob] = all;
    if (bob === undefined) throw new Error('no Bob');
    const eve = await village.host('Eve');
    eve.host.setDirectory([{ hotkey: bob.hotkey, ip: bob.ip, port: bob.port, peerKey: null }]);
    await until('Eve to know everybody', () => everybody([...all, eve]), 30_000);
  });

  it('takes the peers of the last run, and keeps those of this one', async () => {
    const all = await settled(3);
    const [, , charlie] = all;
    if (charlie === undefined) throw new Error('no Charlie');
    const address = charlie.address.replace(/\/p2p\/.*$/, '');
    const store = createMemoryPeers([{ hotkey: charlie.hotkey, peerId: charlie.host.peerId, addresses: [address], metAtMs: Date.now() }]);
    const eve = await village.host('Eve', { peerStore: store });
    await until('Eve to know everybody', () => everybody([...all, eve]), 30_000);
    await eve.host.stop();
    expect(store.peers().map(({ hotkey }) => hotkey)).to.have.members(all.map(({ hotkey }) => hotkey));
  });

  it('heals when all but one are started anew', async () => {
    const all = await settled(4);
    const [alice, ...others] = all;
    if (alice === undefined) throw new Error('no Alice');
    await Promise.all(others.map(({ host }) => host.stop()));
    await until('Alice to be alone', () => alice.host.peers().length === 0);
    const back = await Promise.all(
      others.map((each, index) =>
        village.host(NAMES[index + 1] ?? '', {
          seed: each.seed,
          listen: [`/ip4/127.0.0.1/tcp/${each.port}`],
          bootstrap: [alice.address],
        }),
      ),
    );
    await until('everybody to know everybody again', () => everybody([alice, ...back]), 30_000);
  });

  it('needs no door of its own: a node that only dials out gossips in both directions', async () => {
    const all = await settled(3);
    const [alice] = all;
    const eve = await village.host('Eve', { listen: [], bootstrap: [alice?.address ?? ''] });
    expect(eve.host.addresses()).to.deep.equal([]);
    await until('Eve to know everybody', () => everybody([...all, eve]), 30_000);
    const heard: string[] = [];
    for (const { host, hotkey } of all)
      host.onMessage('announce', async () => {
        heard.push(hotkey);
        return { action: 'accept', value: null };
      });
    // What is published while neighbours are being found reaches those found by then, as everywhere in gossipsub.
    await until('all to be neighbours', () => [...all, eve].every(({ host }) => host.neighbours('announce') === all.length));
    await eve.host.publish('announce', await seal(eve.signer, 'announce', new Uint8Array(8)));
    await until('the message to arrive everywhere', () => new Set(heard).size === all.length);
  });
});

describe('peers named', function () {
  this.timeout(60_000);
  const village = createVillage();
  const cleanUps: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0)) await cleanUp();
    await village.stop();
  });

  it('by records that nobody signed cost who hands them out its score, and it is not asked again', async () => {
    const [alice, bob] = [await village.host('Alice'), await village.host('Bob')];
    const forger = await createAttacker();
    cleanUps.push(() => forger.stop());
    let asked = 0;
    await forger.node.handle(streamProtocolOf(TEST_NETWORK, 'peers'), ({ stream }) => {
      asked += 1;
      // Bob's own, with another place to be found at.
      const record = Uint8Array.from(honest);
      const at = Buffer.from(record).indexOf(`/tcp/${bob.port}`) + '/tcp/'.length;
      record[at] = (record[at] ?? 0) ^ 1;
      answerOnce(stream, { questionSizeMax: 64, timeoutMs: 5_000 }, async () =>
        encodePeersAnswer({ outcome: 'records', records: [record] }),
      ).catch(() => undefined);
    });
    const honest = await bob.host.ownRecord();
    const signer = await devPerson('Forger');
    await forger.greet(await forger.connect(alice.address), signer);
    await until('its score to fall', () => (alice.host.peerOf(signer.hotkey)?.score ?? 0) <= -90);
    expect(alice.host.recordCount(), 'its own record only').to.equal(1);
    await alice.host.dial(bob.address);
    await until('Bob to be asked in its place', () => alice.host.peerOf(bob.hotkey) !== null);
    expect(asked).to.equal(1);
    expect(alice.host.peerOf(bob.hotkey)?.score).to.be.at.least(0);
  });
});

describe('leaving', function () {
  this.timeout(60_000);
  const village = createVillage();
  afterEach(() => village.stop());

  it('is said to the peers, and they forget the record of who left', async () => {
    const [alice, bob] = [await village.host('Alice'), await village.host('Bob')];
    await alice.host.dial(bob.address);
    await until('Bob to be known', () => alice.host.recordCount() === 1 && bob.host.recordCount() === 1);
    await bob.host.leave();
    expect(alice.host.recordCount()).to.equal(0);
    expect(bob.host.recordCount()).to.equal(1);
  });
});

describe('a probe', function () {
  this.timeout(60_000);
  const village = createVillage();
  afterEach(() => village.stop());

  const asked = async (announce: readonly string[]) => {
    const [alice, bob] = [await village.host('Alice'), await village.host('Bob', { announce })];
    await bob.host.dial(alice.address);
    await until('both to be bound', () => alice.host.peerOf(bob.hotkey) !== null && bob.host.peerOf(alice.hotkey) !== null);
    return { alice, bob, said: await bob.host.reachedBy(3) };
  };

  it('tells that an address leads to us, and leaves the connection as it was', async () => {
    const { alice, bob, said } = await asked([]);
    expect(said).to.have.length(1);
    expect(said[0]).to.deep.include({ hotkey: alice.hotkey, outcome: 'reached', reason: null });
    expect(said[0]?.observed).to.match(/^\/ip4\/127\.0\.0\.1\/tcp\/\d+$/);
    await until('the dial back to be over', () => alice.host.peers().length === 1 && bob.host.peers().length === 1);
    expect(bob.host.peerOf(alice.hotkey)).to.deep.include({ direction: 'outbound' });
  });

  it('tells where it ended: at the socket, or at another node', async () => {
    const { said } = await asked(['/ip4/127.0.0.1/tcp/9']);
    expect(said[0]).to.deep.include({ outcome: 'refused', reason: 'not_yours' });
    await village.stop();
    const closed = await asked(['/ip4/127.0.0.1/tcp/65533']);
    expect(closed.said[0]).to.deep.include({ outcome: 'failed', reason: 'tcp' });
    await village.stop();
    const other = await village.host('Charlie');
    const wrong = await asked([`/ip4/127.0.0.1/tcp/${other.port}`]);
    expect(wrong.said[0]).to.deep.include({ outcome: 'failed', reason: 'noise' });
  });

  it('knocks at no third door: not at another IP address, not for strangers, not without end', async () => {
    const { alice, bob, said } = await asked(['/ip4/127.0.0.77/tcp/65533']);
    expect(said[0]).to.deep.include({ outcome: 'refused', reason: 'not_yours' });
    alice.host.setMembers(new Map());
    expect((await bob.host.reachedBy(3))[0]).to.deep.include({ outcome: 'refused', reason: 'not_served' });
    await village.stop();
    const eager = await asked(['/ip4/127.0.0.1/tcp/65533']);
    const reasons = [];
    for (let turn = 0; turn < 5; turn += 1) reasons.push((await eager.bob.host.reachedBy(1))[0]?.reason);
    expect(reasons.at(-1)).to.equal('busy');
  });

  it('is made of any address on request, with the phase at which it ended', async () => {
    const [alice, bob] = [await village.host('Alice'), await village.host('Bob', { netuid: 8 })];
    const carol = await village.host('Charlie');
    const knocked = async (address: string) => {
      const { failedAt, hotkey } = await alice.host.knock(address);
      return { failedAt, hotkey };
    };
    expect(await knocked(carol.address)).to.deep.equal({ failedAt: null, hotkey: carol.hotkey });
    expect(await knocked('/ip4/127.0.0.1/tcp/65533')).to.deep.equal({ failedAt: 'tcp', hotkey: null });
    expect(await knocked(bob.address)).to.deep.equal({ failedAt: 'hello', hotkey: null });
    expect(await knocked('home')).to.deep.equal({ failedAt: 'dns', hotkey: null });
    await until('Alice to be alone again', () => alice.host.peers().length === 0);
    const outside = await village.host('Dave', { privateNetwork: false });
    expect(await outside.host.knock(carol.address)).to.deep.include({ failedAt: 'tcp', peerId: null });
  });
});
