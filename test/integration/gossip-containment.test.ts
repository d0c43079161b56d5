import { randomBytes } from 'node:crypto';
import { RPC } from '@chainsafe/libp2p-gossipsub/message';
import { TopicValidatorResult } from '@libp2p/interface';
import { expect } from 'chai';
import { decodeRpc, RPC_LIMITS } from '../../protocol/libp2p/rpc-limits.js';
import { topicOf } from '../../protocol/topics.js';
import { createAttacker } from '../support/attacker.js';
import { createBareNodes, insideOf as inside, joined } from '../support/bare-node.js';
import { TEST_NETWORK, until } from '../support/network.js';

const TOPIC = topicOf(TEST_NETWORK, 'scoreReveal');

/** Each fails on the stack without its containment: that was watched once for every one of them. */
describe('defects of gossipsub', function () {
  this.timeout(30_000);
  const nodes = createBareNodes(TOPIC);
  afterEach(() => nodes.stop());

  const start = () => nodes.start({ isBound: () => true });

  async function pair() {
    const [a, b] = [await start(), await start()];
    const heard: number[] = [];
    b.services.pubsub.addEventListener('gossipsub:message', ({ detail }) => heard.push(detail.msg.data.length));
    await a.dial(b.getMultiaddrs());
    await until('the subscription', () => a.services.pubsub.getSubscribers(TOPIC).length === 1);
    return { a, b, heard };
  }

  it('a stream that the other side reset is opened again', async () => {
    const { a, b, heard } = await pair();
    await a.services.pubsub.publish(TOPIC, new Uint8Array(10));
    await until('the first message', () => heard.length === 1);
    for (const { rawStream } of inside(b).streamsInbound.values()) rawStream.abort(new Error('reset by the test'));
    await until('a message after the reset', async () => {
      await a.services.pubsub.publish(TOPIC, new Uint8Array(randomBytes(20))).catch(() => undefined);
      return heard.length > 1;
    });
  });

  it('what a peer loses shows at once', async () => {
    const { a, b } = await pair();
    const { score } = b.services.pubsub;
    const id = a.peerId.toString();
    for (const lose of [() => score.rejectInvalidMessage(id, TOPIC), () => b.services.pubsub.blame(id, 20)]) {
      const before = score.score(id);
      lose();
      expect(score.score(id)).to.be.lessThan(before - 100);
    }
  });

  it('an answer larger than a frame may be is cut into several', async () => {
    const { a, b, heard } = await pair();
    const messages = Array.from({ length: 48 }, () => ({ topic: TOPIC, data: new Uint8Array(randomBytes(63 * 1024)) }));
    expect(inside(a).sendRpc(b.peerId.toString(), { subscriptions: [], messages })).to.equal(true);
    await until('all of them', () => heard.length === 48);
  });

  it('a frame with more of anything than its limit is not decoded: each control message has one', () => {
    const times = <T>(count: number, one: T): T[] => Array.from({ length: count }, () => one);
    const id = new Uint8Array(20);
    const control = (part: Partial<NonNullable<RPC['control']>>) => ({
      control: { ihave: [], iwant: [], graft: [], prune: [], idontwant: [], ...part },
    });
    const parts: Readonly<Record<string, readonly [max: number, of: (count: number) => Partial<RPC>]>> = {
      subscriptions: [RPC_LIMITS.maxSubscriptions, (n) => ({ subscriptions: times(n, { subscribe: true, topic: TOPIC }) })],
      messages: [RPC_LIMITS.maxMessages, (n) => ({ messages: times(n, { topic: TOPIC, data: id }) })],
      IHAVE: [RPC_LIMITS.maxControlMessages, (n) => control({ ihave: times(n, { topicID: TOPIC, messageIDs: [id] }) })],
      'ids in IHAVE': [RPC_LIMITS.maxIhaveMessageIDs, (n) => control({ ihave: [{ topicID: TOPIC, messageIDs: times(n, id) }] })],
      IWANT: [RPC_LIMITS.maxControlMessages, (n) => control({ iwant: times(n, { messageIDs: [id] }) })],
      'ids in IWANT': [RPC_LIMITS.maxIwantMessageIDs, (n) => control({ iwant: [{ messageIDs: times(n, id) }] })],
      GRAFT: [RPC_LIMITS.maxControlMessages, (n) => control({ graft: times(n, { topicID: TOPIC }) })],
      PRUNE: [RPC_LIMITS.maxControlMessages, (n) => control({ prune: times(n, { topicID: TOPIC, peers: [] }) })],
      'peers in PRUNE': [RPC_LIMITS.maxPeerInfos, (n) => control({ prune: [{ topicID: TOPIC, peers: times(n, { peerID: id }) }] })],
      IDONTWANT: [RPC_LIMITS.maxControlMessages, (n) => control({ idontwant: times(n, { messageIDs: [id] }) })],
      'ids in IDONTWANT': [RPC_LIMITS.maxIdontwantMessageIDs, (n) => control({ idontwant: [{ messageIDs: times(n, id) }] })],
    };
    for (const [what, [max, of]] of Object.entries(parts)) {
      const frame = (count: number) => RPC.encode({ subscriptions: [], messages: [], ...of(count) });
      expect(() => decodeRpc(frame(max)), `${max} ${what}`).to.not.throw();
      expect(() => decodeRpc(frame(max + 1)), `${max + 1} ${what}`).to.throw();
    }
  });

  it('topics that are not ours are not remembered', async () => {
    const { a, b, heard } = await pair();
    const subscriptions = Array.from({ length: 10 }, (_, n) => ({ subscribe: true, topic: `junk ${n}` }));
    inside(a).sendRpc(b.peerId.toString(), { subscriptions, messages: [] });
    await a.services.pubsub.publish(TOPIC, new Uint8Array(5));
    // On one stream: the message comes after the subscriptions.
    await until('the message', () => heard.length === 1);
    expect([...inside(b).topics.keys()].filter((topic) => topic.startsWith('junk'))).to.deep.equal([]);
  });

  it('control messages meant for one peer reach no other when something is published', async () => {
    const [a, b, c] = [await start(), await start(), await start()];
    await Promise.all([joined(a, b, TOPIC), joined(a, c, TOPIC)]);
    const told = new Map<string, string[]>();
    for (const node of [b, c]) {
      const { pubsub } = node.services;
      const receive = pubsub.handleReceivedRpc.bind(pubsub);
      const offers: string[] = [];
      told.set(node.peerId.toString(), offers);
      pubsub.handleReceivedRpc = async (from, rpc) => {
        for (const { messageIDs } of rpc.control?.ihave ?? []) offers.push(...(messageIDs ?? []).map((id) => Buffer.from(id).toString()));
        await receive(from, rpc);
      };
    }
    // Once for each: what is meant for whoever is served first reaches the other one too, upstream.
    for (const id of told.keys()) {
      const heard = [b, c].map(
        ({ services }) => new Promise((done) => services.pubsub.addEventListener('gossipsub:message', done, { once: true })),
      );
      inside(a).gossip.set(id, [{ topicID: TOPIC, messageIDs: [Buffer.from(id)] }]);
      await a.services.pubsub.publish(TOPIC, new Uint8Array(randomBytes(20)));
      await Promise.all(heard);
      await until('it to be told', () => told.get(id)?.includes(id) === true);
    }
    for (const [id, ids] of told) expect(ids, 'what was meant for it').to.deep.equal([id]);
  });

  it('nobody is told what we have already: nothing of this version would heed it', async () => {
    const [a, b, c] = [await start(), await start(), await start()];
    await Promise.all([joined(a, b, TOPIC), joined(b, c, TOPIC)]);
    const told: number[] = [];
    const { pubsub } = c.services;
    const receive = pubsub.handleReceivedRpc.bind(pubsub);
    pubsub.handleReceivedRpc = async (from, rpc) => {
      told.push(rpc.control?.idontwant.length ?? 0);
      await receive(from, rpc);
    };
    const [atB, atC] = [b, c].map(
      ({ services }) =>
        new Promise<string>((done) => {
          services.pubsub.addEventListener('gossipsub:message', ({ detail }) => done(detail.msgId), { once: true });
        }),
    );
    await a.services.pubsub.publish(TOPIC, new Uint8Array(randomBytes(60_000)));
    b.services.pubsub.reportMessageValidationResult((await atB) ?? '', a.peerId.toString(), TopicValidatorResult.Accept);
    // On one stream: what b had to say about the message came before it.
    await atC;
    expect(told.filter((count) => count > 0)).to.deep.equal([]);
  });

  it('a peer that leaves what it is sent unread for ten seconds is given up', async () => {
    let nowMs = Date.now();
    const stuck: string[] = [];
    const node = await nodes.start({ nowMs: () => nowMs, onStuckPeer: (id) => stuck.push(id) });
    const attacker = await createAttacker({ reads: false });
    try {
      const line = await attacker.gossip(await attacker.connect(node.getMultiaddrs()[0]!));
      line.send({ subscriptions: [{ subscribe: true, topic: TOPIC }], control: { graft: [{ topicID: TOPIC }] } });
      const { pubsub } = node.services;
      await until('the gossip stream', () => pubsub.getMeshPeers(TOPIC).length === 1 && pubsub.streamsOutbound.size === 1);
      const waiting = () => inside(node).streamsOutbound.get(attacker.peerId)?.pushable.readableLength ?? 0;
      while (waiting() <= 2 * 2 ** 20) await pubsub.publish(TOPIC, new Uint8Array(randomBytes(200_000)));
      const heartbeat = () => new Promise((done) => pubsub.addEventListener('gossipsub:heartbeat', done, { once: true }));
      await heartbeat();
      nowMs += 10_000;
      await heartbeat();
      expect(stuck, 'not yet').to.deep.equal([]);
      nowMs += 1;
      await heartbeat();
      expect(stuck).to.deep.equal([attacker.peerId]);
    } finally {
      await attacker.stop();
    }
  });

  it('whoever is shut out is not even decoded: its nonsense costs it nothing more, and what it says rightly is not handled', async () => {
    const heard: string[] = [];
    const node = await nodes.start({ onHeard: (id) => heard.push(id) });
    const { pubsub } = node.services;
    const handled: RPC[] = [];
    const receive = pubsub.handleReceivedRpc.bind(pubsub);
    pubsub.handleReceivedRpc = (from, rpc) => {
      handled.push(rpc);
      return receive(from, rpc);
    };
    const attacker = await createAttacker();
    try {
      const line = await attacker.gossip(await attacker.connect(node.getMultiaddrs()[0]!));
      const nonsense = () => line.sendBytes(new Uint8Array(100).fill(0x0b));
      const saySomething = () => line.send({ messages: [{ topic: TOPIC, data: new Uint8Array(randomBytes(20)) }] });
      const score = () => pubsub.score.score(attacker.peerId);
      saySomething();
      for (let n = 0; n < 3; n += 1) nonsense();
      await until('it to be shut out', () => pubsub.isShutOut(attacker.peerId));
      expect([handled.length, heard.length]).to.deep.equal([1, 4]);
      const before = score();
      for (let n = 0; n < 10; n += 1) nonsense();
      saySomething();
      await until('the frames after that', () => heard.length === 15);
      expect(handled.length).to.equal(1);
      // Time forgives: it may only rise.
      expect(score()).to.be.at.least(before);
    } finally {
      await attacker.stop();
    }
  });
});
