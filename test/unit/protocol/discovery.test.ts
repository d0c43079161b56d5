import { expect } from 'chai';
import type { PeerBinding } from '../../../protocol/binding.js';
import { addressOf, type Candidate, candidatesOf } from '../../../protocol/libp2p/candidates.js';
import {
  BACKOFF_ALONE_MS,
  BACKOFF_FIRST_MS,
  BACKOFF_PERMITTED_MS,
  createDialer,
  DIALS_AT_ONCE_MAX,
} from '../../../protocol/libp2p/dialer.js';
import { createKnownPeers, KNOWN_PEER_AGE_MS_MAX, KNOWN_PEERS_MAX, KNOWN_PEERS_SAVE_MS } from '../../../protocol/libp2p/known-peers.js';
import {
  createLocalPeers,
  LOCAL_ADDRESSES_MAX,
  LOCAL_PEER_AGE_MS_MAX,
  LOCAL_PEERS_MAX,
  serviceTagOf,
} from '../../../protocol/libp2p/local-peers.js';
import { withoutNames } from '../../../protocol/libp2p/names.js';
import { publicKeyOfSeed } from '../../../protocol/libp2p/peer-key.js';
import type { Hotkey } from '../../../protocol/names.js';
import { peerIdFromKey } from '../../../protocol/peer-id.js';
import type { KnownPeer, Logger } from '../../../protocol/ports.js';
import { endpointOf, isAskersOwn } from '../../../protocol/probe.js';
import { createRecordBook, type NodeRecord } from '../../../protocol/records.js';
import type { NetworkId } from '../../../protocol/topics.js';
import { aHotkey } from '../../support/keys.js';
import { createLocalNetwork } from '../../support/local-network.js';
import { createSteppedClock } from '../../support/manual-clock.js';
import { TEST_NETWORK } from '../../support/network.js';

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };
const KEY = new Uint8Array(32).fill(7);
const PEER = peerIdFromKey(KEY);

function record(hotkey: Hotkey, sequence: number, change: Partial<PeerBinding> = {}): NodeRecord {
  const addresses = ['/ip4/192.0.2.1/tcp/4010'];
  const times = { notBeforeMs: sequence, notAfterMs: sequence + 3_600_000 };
  return {
    binding: { ...TEST_NETWORK, hotkey, peerKey: KEY, addresses, sequence: BigInt(sequence), ...times, ...change },
    bytes: Uint8Array.of(sequence & 0xff),
  };
}

describe('node records', () => {
  const [alice, bob] = [aHotkey(1), aHotkey(2)];

  it('are the newest of each hotkey, for as long as they are valid', () => {
    const book = createRecordBook();
    expect(book.put(record(alice, 10), 20)).to.equal(true);
    expect(book.put(record(alice, 10), 20)).to.equal(false);
    expect(book.put(record(alice, 9), 20)).to.equal(false);
    expect(book.put(record(alice, 11), 20)).to.equal(true);
    expect(book.list(20).map(({ binding }) => binding.sequence)).to.deep.equal([11n]);
    expect(book.of(alice, 3_600_011)).to.equal(null);
    expect(book.list(3_600_011)).to.deep.equal([]);
    expect(book.put(record(bob, 5), 3_600_005)).to.equal(false);
  });

  it('are of members only, and bounded: who ends first makes room', () => {
    const book = createRecordBook(2);
    for (const index of [1, 2, 3]) book.put(record(aHotkey(index), index), 10);
    expect(book.list(10).map(({ binding }) => binding.hotkey)).to.deep.equal([aHotkey(2), aHotkey(3)]);
    expect(book.put(record(aHotkey(9), 0), 10)).to.equal(false);
    book.allow(new Set([aHotkey(3)]));
    expect(book.list(10)).to.have.length(1);
    expect(book.put(record(alice, 50), 60)).to.equal(false);
  });

  it('of who left do not come back by hearsay, but with their next one', () => {
    const book = createRecordBook();
    book.put(record(alice, 10), 20);
    book.forget(alice);
    expect(book.put(record(alice, 10), 20)).to.equal(false);
    expect(book.put(record(alice, 21), 22)).to.equal(true);
  });
});

describe('candidates', () => {
  const [alice, bob, carol] = [aHotkey(1), aHotkey(2), aHotkey(3)];
  const none = { directory: [], records: [], known: [], loose: [], members: null };
  const entry = { hotkey: alice, ip: '192.0.2.9', port: 4010, peerKey: null };

  it('put the chain first, then what a node says of itself, then the past; one place once', () => {
    const known: KnownPeer = { hotkey: alice, peerId: PEER, addresses: ['/ip4/192.0.2.1/tcp/4010', '/ip4/192.0.2.3/tcp/1'], metAtMs: 1 };
    const [found] = candidatesOf({ ...none, directory: [entry], records: [record(alice, 1)], known: [known] });
    expect(found?.addresses).to.deep.equal([
      '/ip4/192.0.2.9/tcp/4010',
      `/ip4/192.0.2.1/tcp/4010/p2p/${PEER}`,
      `/ip4/192.0.2.3/tcp/1/p2p/${PEER}`,
    ]);
  });

  it('leave out strangers, keys that are not on chain, and addresses with names', () => {
    const directory = [{ ...entry, peerKey: '00'.repeat(32) }];
    expect(candidatesOf({ ...none, directory, records: [record(alice, 1)] })[0]?.addresses).to.deep.equal([
      addressOf(directory[0] ?? entry),
    ]);
    expect(candidatesOf({ ...none, records: [record(bob, 1)], members: new Set([carol]) })).to.deep.equal([]);
    const named = ['/dns4/inside.example/tcp/80', '/ip4/inside.example/tcp/80', '/ip4/192.0.2.1/udp/4', '/ip4/192.0.2.1/tcp/99999'];
    expect(candidatesOf({ ...none, records: [record(bob, 1, { addresses: named })] })).to.deep.equal([]);
  });
});

describe('the dialler', () => {
  const [alice, bob] = [aHotkey(1), aHotkey(2)];

  function rig(candidates: () => readonly Candidate[], dial: (address: string) => Promise<void>, members = 1, permitted = false) {
    const clock = createSteppedClock(0);
    const dialled: string[] = [];
    const dialer = createDialer(
      {
        clock,
        logger: SILENT,
        dial: (address) => {
          dialled.push(address);
          return dial(address);
        },
        candidates,
        isConnected: () => false,
        outboundCount: () => 0,
        standingOf: () => ({ permitted, stakeRao: 0n }),
        memberCount: () => members,
        random: () => 0.5,
      },
      { ownHotkey: aHotkey(99), maxConnections: 32 },
    );
    const stop = new AbortController();
    const done = dialer.run(stop.signal);
    const end = () => {
      stop.abort();
      return done;
    };
    return { dialer, dialled, pass: clock.advance, end };
  }
  const fail = () => Promise.reject(new Error('refused'));

  it('tries one address of a node at a time, the others when it fails, each ever more rarely', async () => {
    const { dialled, pass, end } = rig(() => [{ hotkey: alice, addresses: ['a', 'b'] }], fail);
    await pass(1_000);
    expect(dialled.slice(0, 2)).to.deep.equal(['a', 'b']);
    await pass(600_000);
    const first = dialled.length;
    expect(first).to.be.lessThan(30);
    await pass(600_000);
    expect(dialled.length - first).to.be.lessThan(7);
    expect(BACKOFF_FIRST_MS).to.equal(1_000);
    await end();
  });

  it('waits for no address longer than half a minute while nobody is connected', async () => {
    const { dialled, pass, end } = rig(() => [{ hotkey: alice, addresses: ['a'] }], fail, 0);
    await pass(600_000);
    const first = dialled.length;
    await pass(600_000);
    expect(dialled.length - first).to.be.within(600 / 32 - 1, 600 / 30);
    expect(BACKOFF_ALONE_MS).to.equal(30_000);
    await end();
  });

  it('waits for no address of a permit holder longer than two minutes', async () => {
    const { dialled, pass, end } = rig(() => [{ hotkey: alice, addresses: ['a'] }], fail, 1, true);
    await pass(1_200_000);
    const first = dialled.length;
    await pass(1_200_000);
    expect(dialled.length - first).to.be.within(9, 10);
    expect(BACKOFF_PERMITTED_MS).to.equal(120_000);
    await end();
  });

  it('has so many dials under way and no more; one that hangs holds up nobody else', async () => {
    const nodes = Array.from({ length: 20 }, (_, index) => ({ hotkey: aHotkey(index), addresses: [`n${index}`] }));
    const { dialled, pass, end } = rig(
      () => nodes,
      (address) => (Number(address.slice(1)) < 7 ? new Promise(() => {}) : fail()),
    );
    await pass(30_000);
    expect(new Set(dialled).size).to.equal(20);
    expect(dialled.filter((address) => Number(address.slice(1)) < 7)).to.have.length(7);
    expect(DIALS_AT_ONCE_MAX).to.equal(8);
    void end();
  });

  it('lets a node rest that said goodbye', async () => {
    const { dialer, dialled, pass, end } = rig(
      () => [
        { hotkey: alice, addresses: ['a'] },
        { hotkey: bob, addresses: ['b'] },
      ],
      () => Promise.resolve(),
    );
    dialer.rest(alice, 60_000);
    await pass(50_000);
    expect(new Set(dialled)).to.deep.equal(new Set(['b', ...(dialled[0] === 'a' ? ['a'] : [])]));
    const before = dialled.filter((address) => address === 'a').length;
    await pass(20_000);
    expect(dialled.filter((address) => address === 'a').length).to.be.greaterThan(before);
    await end();
  });
});

describe('peers of the local network', () => {
  const network: NetworkId = { ...TEST_NETWORK, netuid: 58 };
  const idOf = (n: number) => peerIdFromKey(publicKeyOfSeed(new Uint8Array(32).fill(n)));

  function rig(connected: readonly string[] = []) {
    const local = createLocalNetwork();
    const clock = createSteppedClock(0);
    let news = 0;
    const peers = createLocalPeers(
      {
        clock,
        logger: SILENT,
        ownAddresses: () => [],
        onNews: () => {
          news += 1;
        },
        isConnected: (peer) => connected.includes(peer),
        search: local.search,
      },
      { network, ownPeerId: idOf(0) },
    );
    return { local, clock, peers, news: () => news };
  }

  it('are IP addresses with a port, of others, told once, without those who are here already', async () => {
    const { local, peers, news } = rig([idOf(2)]);
    await peers.start();
    local.say(idOf(0), ['/ip4/192.168.1.1/tcp/1']);
    for (let n = 0; n < 3; n += 1)
      local.say(idOf(1), ['/dns4/inside.example/tcp/1', '/ip4/192.168.1.2/udp/1', '/ip4/192.168.1.2/tcp/4010']);
    local.say(idOf(2), ['/ip4/192.168.1.3/tcp/4010']);
    expect(peers.list()).to.deep.equal([`/ip4/192.168.1.2/tcp/4010/p2p/${idOf(1)}`]);
    expect(news()).to.equal(2);
  });

  it('are bounded, and forgotten when they are not heard of any more', async () => {
    const { local, clock, peers } = rig();
    await peers.start();
    const many = Array.from({ length: 9 }, (_, n) => `/ip4/192.168.1.2/tcp/${n + 1}`);
    for (let n = 1; n <= LOCAL_PEERS_MAX + 3; n += 1) local.say(idOf(n), many);
    expect(peers.list()).to.have.length(LOCAL_PEERS_MAX * LOCAL_ADDRESSES_MAX);
    expect(peers.list().some((address) => address.endsWith(idOf(3)))).to.equal(false);
    await clock.advance(LOCAL_PEER_AGE_MS_MAX + 1);
    local.say(idOf(1), many.slice(0, 1));
    expect(peers.list()).to.have.length(1);
  });

  it('look for their own network only', () => {
    expect(serviceTagOf(network)).to.match(/^_voxd-[0-9a-f]{8}-58\._udp\.local$/);
    expect(serviceTagOf({ ...network, netuid: 59 })).to.not.equal(serviceTagOf(network));
  });
});

describe('known peers', () => {
  it('are bounded, age, and are written now and then', async () => {
    const clock = createSteppedClock(1_000_000);
    const saved: (readonly KnownPeer[])[] = [];
    const old = { hotkey: aHotkey(0), peerId: PEER, addresses: ['/ip4/192.0.2.1/tcp/1'], metAtMs: 1_000_000 - KNOWN_PEER_AGE_MS_MAX - 1 };
    const store = { load: async () => [old], save: async (list: readonly KnownPeer[]) => void saved.push(list) };
    const peers = createKnownPeers({ store, clock, logger: SILENT });
    await peers.load();
    expect(peers.list()).to.deep.equal([]);
    for (let index = 1; index <= KNOWN_PEERS_MAX + 5; index += 1) peers.met(aHotkey(index), PEER, ['/ip4/192.0.2.1/tcp/1']);
    expect(peers.list()).to.have.length(KNOWN_PEERS_MAX);
    await peers.save();
    peers.met(aHotkey(1), PEER, ['/ip4/192.0.2.1/tcp/2']);
    await peers.save();
    expect(saved).to.have.length(1);
    await clock.advance(KNOWN_PEERS_SAVE_MS);
    await peers.save();
    expect(saved).to.have.length(2);
    expect(saved[1]?.find(({ hotkey }) => hotkey === aHotkey(1))?.addresses[0]).to.equal('/ip4/192.0.2.1/tcp/2');
  });

  it('that cannot be read or written stop nobody', async () => {
    const broken = { load: () => Promise.reject(new Error('no')), save: () => Promise.reject(new Error('no')) };
    const peers = createKnownPeers({ store: broken, clock: createSteppedClock(0), logger: SILENT });
    await peers.load();
    peers.met(aHotkey(1), PEER, ['/ip4/192.0.2.1/tcp/1']);
    await peers.save('now');
    expect(peers.list()).to.have.length(1);
  });
});

describe('what may be probed', () => {
  it('is an IP address and a port, of the asker', () => {
    expect(endpointOf('/ip4/203.0.113.7/tcp/4010')).to.deep.equal({ ip: '203.0.113.7', port: 4010 });
    expect(endpointOf(`/ip6/2001:DB8::1/tcp/4010/p2p/${PEER}`)).to.deep.equal({ ip: '2001:db8::1', port: 4010 });
    for (const text of ['/dns4/a.example/tcp/1', '/ip4/203.0.113.7/udp/1', '/ip4/203.0.113.7/tcp/0', '/ip4/1.2.3.4/tcp/70000', ''])
      expect(endpointOf(text), text).to.equal(null);
    const asked = { ip: '203.0.113.7', port: 4010 };
    expect(isAskersOwn(asked, '203.0.113.7', null)).to.equal(true);
    expect(isAskersOwn({ ...asked, port: 22 }, '203.0.113.7', null)).to.equal(false);
    expect(isAskersOwn({ ...asked, port: 443 }, null, { ip: '203.0.113.7', port: 443 })).to.equal(true);
    expect(isAskersOwn(asked, '203.0.113.8', { ip: '203.0.113.7', port: 4011 })).to.equal(false);
  });
});

describe('names in bootstrap addresses', () => {
  it('are looked up by us, and only there', async () => {
    const lookUp = async () => ['192.0.2.1', '2001:db8::1'];
    expect(await withoutNames('/dns/boot.example/tcp/4010', lookUp)).to.deep.equal([
      '/ip4/192.0.2.1/tcp/4010',
      '/ip6/2001:db8::1/tcp/4010',
    ]);
    expect(await withoutNames('/ip4/192.0.2.1/tcp/1', () => Promise.reject(new Error('asked')))).to.deep.equal(['/ip4/192.0.2.1/tcp/1']);
    const failure = await withoutNames('/dns4/boot.example/tcp/1', () => Promise.reject(new Error('no such name'))).catch(
      (error: { code: string }) => error.code,
    );
    expect(failure).to.equal('p2p.dial_failed');
  });
});
