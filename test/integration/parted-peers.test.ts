/** A node that peers come to and go from again, which costs them nothing. */
import { randomBytes } from 'node:crypto';
import type { Connection } from '@libp2p/interface';
import { expect } from 'chai';
import { createConnections, PARTED_FORGOTTEN_MS } from '../../protocol/libp2p/connections.js';
import { createDoorman } from '../../protocol/libp2p/doorman.js';
import type { HelloProtocol } from '../../protocol/libp2p/hello.js';
import type { Node } from '../../protocol/libp2p/node.js';
import { createPeerBook } from '../../protocol/libp2p/peer-book.js';
import { BACKOFF_MS_MAX } from '../../protocol/libp2p/peer-memory.js';
import { topicOf } from '../../protocol/topics.js';
import { type Attacker, createAttacker } from '../support/attacker.js';
import { createBareNodes, insideOf, joined } from '../support/bare-node.js';
import { createSteppedClock } from '../support/manual-clock.js';
import { TEST_NETWORK, until } from '../support/network.js';
import { createRecordingLog } from '../support/recording-log.js';
import { localVerifier } from '../support/verifier.js';

const TOPIC = topicOf(TEST_NETWORK, 'announce');
const NOBODY_GREETS: HelloProtocol = {
  protocol: '/test/hello',
  onStream: () => {},
  greet: () => Promise.resolve(),
  ownBinding: () => Promise.resolve(new Uint8Array()),
};

describe('peers that have gone', function () {
  this.timeout(20_000);
  const nodes = createBareNodes(TOPIC);
  const attackers: Attacker[] = [];
  const stopping = new AbortController();
  after(() => stopping.abort());
  afterEach(async () => {
    await Promise.all(attackers.splice(0).map((attacker) => attacker.stop()));
    await nodes.stop();
  });

  async function visit(node: Node) {
    const attacker = await createAttacker();
    attackers.push(attacker);
    const connect = async () => {
      const line = await attacker.gossip(await attacker.connect(node.getMultiaddrs()[0]!));
      line.send({ subscriptions: [{ subscribe: true, topic: TOPIC }] });
      await until('it to be a peer', () => node.services.pubsub.getSubscribers(TOPIC).some((id) => id.toString() === attacker.peerId));
      return line;
    };
    const leave = async () => {
      await attacker.node.hangUp(node.peerId);
      await until('it to be gone', () => !node.services.pubsub.peers.has(attacker.peerId));
    };
    return { attacker, connect, leave };
  }

  /** As the host runs it. */
  function follow(node: Node) {
    const clock = createSteppedClock(Date.now());
    const book = createPeerBook({ clock, verifier: localVerifier, refuse: () => null }, { network: TEST_NETWORK });
    const { log: logger } = createRecordingLog();
    const limits = { unprovedMax: 16 } as Parameters<typeof createDoorman>[1]['limits'];
    const doorman = createDoorman(
      { book: () => book, connections: () => node.getConnections(), clock, logger },
      { limits, privateNetwork: true },
    );
    const connections = createConnections({ node, book, hello: NOBODY_GREETS, doorman, clock, logger, onChange: () => {} }, limits);
    void connections.run(stopping.signal);
    return clock;
  }

  it('leave nothing in the peer store of libp2p; what is known of the others stays there', async () => {
    const node = await nodes.start();
    const clock = follow(node);
    const known = async () => (await node.peerStore.all()).map(({ id }) => id.toString()).toSorted();
    const [stays, ...go] = await Promise.all([visit(node), visit(node), visit(node)]);
    await stays!.connect();
    for (const each of go) await each.connect();
    for (const each of go) await each.leave();
    expect((await known()).length).to.equal(3);
    await clock.advance(PARTED_FORGOTTEN_MS);
    await until('the others to be forgotten', async () => (await known()).length <= 1);
    expect(await known()).to.deep.equal([stays!.attacker.peerId]);
  });

  it('leave nothing with the scorer where their score was good', async () => {
    const node = await nodes.start();
    const { attacker, connect, leave } = await visit(node);
    const { pubsub } = node.services;
    await connect();
    expect(pubsub.score.score(attacker.peerId)).to.be.above(0);
    await leave();
    expect(pubsub.score.scoreCache.has(attacker.peerId), 'upstream').to.equal(true);
    await new Promise((done) => pubsub.addEventListener('gossipsub:heartbeat', done, { once: true }));
    expect([pubsub.score.peerStats.size, pubsub.score.scoreCache.size]).to.deep.equal([0, 0]);
  });

  it('find their score as they left it when they come back under the same name', async () => {
    const node = await nodes.start();
    const { attacker, connect, leave } = await visit(node);
    const score = () => node.services.pubsub.score.score(attacker.peerId);
    const line = await connect();
    line.sendBytes(new Uint8Array(100).fill(0x0b));
    await until('it to be blamed', () => score() < 0);
    const before = score();
    await leave();
    await connect();
    // The score of before is kept for a second whatever happened since.
    node.services.pubsub.score.scoreCache.clear();
    expect(score()).to.be.within(before, before / 2);
  });

  it('are left out of a mesh no longer than ten minutes, whatever they asked for', async () => {
    const node = await nodes.start();
    const { attacker, connect, leave } = await visit(node);
    const line = await connect();
    line.send({ control: { prune: [{ topicID: TOPIC, peers: [], backoff: 1_000_000_000 }] } });
    const backoff = () => insideOf(node).backoff.get(TOPIC)?.get(attacker.peerId);
    await until('the wish', () => backoff() !== undefined);
    await leave();
    expect(backoff()).to.be.within(Date.now() + BACKOFF_MS_MAX - 20_000, Date.now() + BACKOFF_MS_MAX);
  });

  it('by one of two connections hear on by the other, at once', async () => {
    const [a, b] = [await nodes.start(), await nodes.start()];
    follow(a);
    await joined(a, b, TOPIC);
    await b.dial(a.getMultiaddrs(), { force: true });
    await until('both connections', () => a.getConnections(b.peerId).length === 2);
    const heard: number[] = [];
    b.services.pubsub.addEventListener('gossipsub:message', ({ detail }) => heard.push(detail.msg.data.length));
    // It heals too, a second later.
    a.services.pubsub.heartbeat = () => Promise.resolve();
    const carries = ({ streams }: Connection) =>
      streams.some(({ protocol, direction }) => direction === 'outbound' && protocol?.includes('meshsub'));
    const [carrier, ...others] = a.getConnections(b.peerId).toSorted((one, other) => Number(carries(other)) - Number(carries(one)));
    expect([carries(carrier!), others.map(carries)]).to.deep.equal([true, [false]]);
    await carrier!.close();
    await until('the next message', async () => {
      await a.services.pubsub.publish(TOPIC, new Uint8Array(randomBytes(20))).catch(() => undefined);
      return heard.length > 0;
    });
  });
});
