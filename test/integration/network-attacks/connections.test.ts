/** Attacks on connections, on sockets between several loopback addresses. Each ends with an honest newcomer connected, in stated time. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect as connectSocket, type Socket } from 'node:net';
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import type { PrivateKey } from '@libp2p/interface';
import { tcp } from '@libp2p/tcp';
import { multiaddr } from '@multiformats/multiaddr';
import { expect } from 'chai';
import { createLibp2p } from 'libp2p';
import { encodeAnnouncement } from '../../../protocol/announcement.js';
import { streamProtocolOf, topicOf } from '../../../protocol/topics.js';
import { accept } from '../../../protocol/verdict.js';
import { type Attacker, createAttacker, lagDuring } from '../../support/attacker.js';
import { aModel } from '../../support/keys.js';
import { muxerFrame } from '../../support/muxer-frame.js';
import { connect, createVillage, membersOf, seal, TEST_NETWORK, type TestHost, until } from '../../support/network.js';
import { devPerson } from '../../support/people.js';
import { createPlainNode } from '../../support/plain-gossip.js';

describe('attacks on connections', function () {
  this.timeout(40_000);
  const village = createVillage();
  const cleanUps: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
    await village.stop();
  });

  async function attacker(options: Parameters<typeof createAttacker>[0] = {}): Promise<Attacker> {
    const made = await createAttacker(options);
    cleanUps.push(() => made.stop());
    return made;
  }

  /** Sockets that connect and say nothing. */
  async function silentSockets(port: number, count: number, from: (n: number) => string): Promise<readonly Socket[]> {
    const sockets = await Promise.all(
      Array.from({ length: count }, async (_, n) => {
        const socket = connectSocket({ host: '127.0.0.1', port, localAddress: from(n) }).on('error', () => {});
        await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
        return socket;
      }),
    );
    cleanUps.push(() => {
      for (const socket of sockets) socket.destroy();
    });
    return sockets;
  }

  it('slow handshakes: 40 silent sockets from one range keep nobody out, and are closed within 7 s; they lock the plain stack', async () => {
    const plain = await createPlainNode({}, { connectionManager: { inboundConnectionThreshold: 1_000 } });
    cleanUps.push(() => plain.stop());
    const plainAddress = plain.getMultiaddrs()[0]!;
    await silentSockets(Number(plainAddress.nodeAddress().port), 40, (n) => `127.0.7.${n + 1}`);
    const locked = await (await attacker()).connect(plainAddress).then(
      () => 'connected',
      () => 'kept out',
    );
    expect(locked, 'the plain stack').to.equal('kept out');
    const a = await village.host('Alice', { admission: { pendingPerRangeMax: 4 } });
    const sockets = await silentSockets(a.port, 40, (n) => `127.0.7.${n + 1}`);
    const startMs = Date.now();
    const b = await village.host('Bob');
    await connect(b, a);
    expect(Date.now() - startMs).to.be.below(4_000);
    await until('the sockets to be closed', () => sockets.every((socket) => socket.closed), 7_000);
  });

  it('a swarm from one range has 8 places within 5 s, and a newcomer from elsewhere is welcome within 5 s', async () => {
    const a = await village.host('Alice', { admission: { perRangeMax: 8 } });
    const swarm = await Promise.all(Array.from({ length: 11 }, (_, n) => attacker({ from: `127.0.9.${n + 1}` })));
    const people = await Promise.all(swarm.map((_, n) => devPerson(`Sybil${n}`)));
    a.host.setMembers(membersOf(...people.map(({ hotkey }) => hotkey), (await devPerson('Bob')).hotkey));
    await Promise.allSettled(swarm.map(async (each, n) => each.greet(await each.connect(a.address), people[n]!)));
    const ofSwarm = () => a.host.peers().filter(({ address }) => address.includes('/127.0.9.')).length;
    await until('the swarm to be cut down', () => ofSwarm() <= 8, 5_000);
    const b = await village.host('Bob');
    const startMs = Date.now();
    await connect(b, a);
    expect(Date.now() - startMs).to.be.below(5_000);
    expect(ofSwarm()).to.be.within(1, 8);
  });

  it('an eclipse: whoever fills a newcomer’s inbound places, its own picks reach the honest within 15 s and their words reach it within 20 s', async () => {
    const newcomer = await village.host('Alice', { maxConnections: 16 });
    const honest = [await village.host('Bob'), await village.host('Charlie')];
    const swarm = await Promise.all(Array.from({ length: 14 }, (_, n) => attacker({ from: `127.1.${n}.1` })));
    const people = await Promise.all(swarm.map((_, n) => devPerson(`Sybil${n}`)));
    newcomer.host.setMembers(membersOf(...people.map(({ hotkey }) => hotkey), ...honest.map(({ hotkey }) => hotkey)));
    await Promise.allSettled(swarm.map(async (each, n) => each.greet(await each.connect(newcomer.address), people[n]!)));
    await until('the places to be taken', () => newcomer.host.peers().length >= 8);
    // The chain lists everybody, attackers first; nothing listens there.
    const lost = people.map(({ hotkey }, n) => ({ hotkey, ip: `127.1.${n}.1`, port: 9, peerKey: null }));
    const found = honest.map(({ hotkey, ip, port }: TestHost) => ({ hotkey, ip, port, peerKey: null }));
    const startMs = Date.now();
    newcomer.host.setDirectory([...lost, ...found]);
    await until('the honest to be met', () => honest.every(({ hotkey }) => newcomer.host.peerOf(hotkey)?.direction === 'outbound'));
    expect(Date.now() - startMs).to.be.below(15_000);
    const heard: Uint8Array[] = [];
    newcomer.host.onMessage('announce', async (bytes) => {
      heard.push(bytes);
      return accept(null);
    });
    // What is said before the newcomer has joined the mesh passes it by.
    let said = 0;
    await until('an honest word', async () => {
      said += 1;
      const payload = encodeAnnouncement({ model: aModel(said), manifestSizeBytes: 1, sizeBytes: 1, commitmentBlock: 1, providers: [] });
      await honest[0]!.host.publish('announce', await seal(honest[0]!.signer, 'announce', payload));
      return heard.length > 0;
    });
    expect(Date.now() - startMs).to.be.below(20_000);
  });

  it('withholding: with a third of the neighbours silent, every honest word arrives within 10 s, and the silent are worth less than who speaks', async () => {
    const a = await village.host('Alice');
    const others = await Promise.all(['Bob', 'Charlie', 'Dave'].map((name) => village.host(name)));
    const holders = await Promise.all([1, 2].map(() => attacker()));
    // They join every mesh, listen, and pass nothing on.
    for (const host of [a, ...others])
      for (const [n, holder] of holders.entries()) {
        const connection = await holder.connect(host.address);
        await holder.greet(connection, await devPerson(`Holder${n}`));
        const line = await holder.gossip(connection);
        const topic = topicOf(TEST_NETWORK, 'announce');
        line.send({ subscriptions: [{ subscribe: true, topic }], control: { graft: [{ topicID: topic }] } });
      }
    // A ring with the holders in between: a – b – c – d.
    await connect(a, others[0]!);
    await connect(others[0]!, others[1]!);
    await connect(others[1]!, others[2]!);
    const heard = others.map(({ host }) => {
      const words = new Set<string>();
      host.onMessage('announce', async (bytes) => {
        words.add(createHash('sha256').update(bytes).digest('hex'));
        return accept(null);
      });
      return words;
    });
    const publish = async (n: number) => {
      const word = await seal(
        a.signer,
        'announce',
        encodeAnnouncement({ model: aModel(n), manifestSizeBytes: 1, sizeBytes: 1, commitmentBlock: 1, providers: [] }),
      );
      await until('a listener', async () => (await a.host.publish('announce', word)).recipients > 0);
    };
    await until('the meshes', () => others.every(({ host }) => host.neighbours('announce') >= 3));
    for (let n = 0; n < 12; n += 1) await publish(n);
    await until('all words everywhere', () => heard.every((words) => words.size === 12), 10_000);
    // Scores are kept for a second.
    const scoresAtB = () => new Map(others[0]!.host.peers().map(({ peerId, score }) => [peerId, score]));
    const holderScores = () => holders.map(({ peerId }) => [...scoresAtB()].find(([id]) => id === peerId)?.[1] ?? Number.NEGATIVE_INFINITY);
    await until('the speaker to be worth more', () => (scoresAtB().get(a.host.peerId) ?? 0) > Math.max(...holderScores()) + 5, 5_000);
  });

  it('stalled and dripping streams: a newcomer is heard within 12 s, the plain stack lets it wait; what drips is reset within 15 s', async () => {
    const deafOf = async (address: string) => {
      const deaf = await attacker({ answers: false });
      const connection = await deaf.connect(address);
      return { connection, lines: await Promise.all([1, 2, 3].map(() => deaf.gossip(connection).catch(() => null))) };
    };
    const topic = topicOf(TEST_NETWORK, 'announce');
    const plain = await createPlainNode({ floodPublish: true });
    cleanUps.push(() => plain.stop());
    plain.services.pubsub.subscribe(topic);
    const a = await village.host('Alice');
    await deafOf(plain.getMultiaddrs()[0]!.toString());
    const { connection } = await deafOf(a.address);
    const drips = await Promise.allSettled(
      Array.from({ length: 6 }, () =>
        connection.newStream(streamProtocolOf(TEST_NETWORK, 'hello'), { signal: AbortSignal.timeout(4_000) }),
      ),
    );
    const open = drips.flatMap((drip) => (drip.status === 'fulfilled' ? [drip.value] : []));
    const startMs = Date.now();
    for (const stream of open)
      stream
        .sink(
          (async function* () {
            yield Uint8Array.of(200);
            await new Promise((resolve) => setTimeout(resolve, 20_000).unref());
          })(),
        )
        .catch(() => undefined);
    const newcomer = await attacker();
    const line = await newcomer.gossip(await newcomer.connect(plain.getMultiaddrs()[0]!));
    line.send({ subscriptions: [{ subscribe: true, topic }] });
    const b = await village.host('Bob');
    await connect(b, a);
    await until('the newcomer in the mesh', () => a.host.neighbours('announce') >= 1 && b.host.neighbours('announce') >= 1, 12_000);
    expect(plain.services.pubsub.streamsOutbound.has(newcomer.peerId), 'the plain stack has no stream to its newcomer yet').to.equal(false);
    await until('the drips to be reset', () => open.every(({ status }) => status !== 'open'), Math.max(1, startMs + 15_000 - Date.now()));
  });

  it('pings without end, and streams reset as they are opened: who sends either is disconnected within 3 s, and a newcomer is welcome within 5 s', async () => {
    const a = await village.host('Alice');
    const many = (made: (n: number) => Uint8Array) => Buffer.concat(Array.from({ length: 20_000 }, (_, n) => made(n)));
    for (const flood of [many(() => muxerFrame(2, 1, 0)), many((n) => muxerFrame(1, 9, 2 * n + 101))]) {
      const hostile = await attacker();
      const connection = await hostile.connect(a.address);
      await until('it to be a peer', () => a.host.peers().some(({ peerId }) => peerId === hostile.peerId));
      const lagMs = await lagDuring(async () => {
        hostile.sendFrames(new Uint8Array(flood));
        await until('it to be disconnected', () => connection.status === 'closed', 3_000);
      });
      expect(lagMs, 'ms that the loop stood').to.be.below(1_000);
    }
    const b = await village.host('Bob');
    const startMs = Date.now();
    await connect(b, a);
    expect(Date.now() - startMs).to.be.below(5_000);
  });

  it('a bomb in place of an identity key, before any proof: the loop turns, and the host takes its next peer', async () => {
    const a = await village.host('Alice');
    // An RSA key of 11 bytes whose length field promises a quarter of a gigabyte. Version 5.1.8 of the library stood still for 27 s over it, with 1.5 GB.
    const der = Uint8Array.of(0x30, 0x82, 0x00, 0x10, 0x02, 0x84, 0x0f, 0xff, 0xff, 0xf0, 0x00);
    const bomb = { type: 'RSA', raw: der, publicKey: { type: 'RSA', raw: der }, sign: async () => new Uint8Array(64) };
    const sender = await createLibp2p({
      transports: [tcp()],
      // Safety: only what the handshake asks of a key is there.
      connectionEncrypters: [
        (components) =>
          noise()({
            peerId: components.peerId,
            logger: components.logger,
            privateKey: bomb as unknown as PrivateKey,
            // It is there when the first handshake begins.
            get upgrader() {
              return components.upgrader;
            },
          }),
      ],
      streamMuxers: [yamux()],
    });
    cleanUps.push(() => sender.stop());
    const lagMs = await lagDuring(async () => {
      for (let n = 0; n < 3; n += 1) {
        await sender.dial(multiaddr(a.address)).catch(() => undefined);
        await until('the connection to end', () => sender.getConnections().length === 0);
      }
    });
    expect(lagMs).to.be.below(1_000);
    const startMs = Date.now();
    await connect(await village.host('Bob'), a);
    expect(Date.now() - startMs).to.be.below(5_000);
  });

  it('has no DHT: its server can be made to fill the disk, and to answer for other keys', () => {
    const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, unknown> };
    expect(Object.keys(lock.packages).filter((path) => path.endsWith('/kad-dht'))).to.deep.equal([]);
  });

  it('has no version of @libp2p/crypto that such a key freezes: before 5.1.22 it did', () => {
    const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, { version?: string }> };
    const versions = Object.entries(lock.packages).flatMap(([path, { version }]) =>
      path.endsWith('node_modules/@libp2p/crypto') ? [version ?? ''] : [],
    );
    expect(versions).to.have.length.above(0);
    for (const version of versions) {
      const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
      expect(major * 1e6 + minor * 1e3 + patch, version).to.be.at.least(5_001_022);
    }
  });
});
