/**
 * Floods of control messages and subscriptions, each against the stack as it comes and against ours: what it does to the one shows that it is an attack,
 * and the other must stay useful and shut the attacker out within seconds.
 */
import { randomBytes } from 'node:crypto';
import { RPC } from '@chainsafe/libp2p-gossipsub/message';
import { generateKeyPair, publicKeyToProtobuf } from '@libp2p/crypto/keys';
import { StrictNoSign, StrictSign } from '@libp2p/interface';
import { peerIdFromPublicKey } from '@libp2p/peer-id';
import { expect } from 'chai';
import type { Node } from '../../../protocol/libp2p/node.js';
import { SCORE_THRESHOLDS } from '../../../protocol/libp2p/scores.js';
import { topicOf } from '../../../protocol/topics.js';
import { type Attacker, createAttacker, lagDuring } from '../../support/attacker.js';
import { createBareNodes, insideOf as inside, joined } from '../../support/bare-node.js';
import { TEST_NETWORK, until } from '../../support/network.js';
import { createPlainNode, type PlainNode } from '../../support/plain-gossip.js';

const TOPIC = topicOf(TEST_NETWORK, 'announce');
const SHUT_OUT_MS = 5_000;
const HONEST_HEARD_MS = 10_000;
const ids = (count: number, seed = 0) =>
  Array.from({ length: count }, (_, n) => {
    const id = new Uint8Array(20);
    new DataView(id.buffer).setUint32(0, n + seed);
    return id;
  });

describe('floods of control messages', function () {
  this.timeout(30_000);
  const nodes = createBareNodes(TOPIC);
  const cleanUps: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
    await nodes.stop();
  });

  const ours = () => nodes.start();

  async function plain(opts: Parameters<typeof createPlainNode>[0] = {}): Promise<PlainNode> {
    const node = await createPlainNode({ globalSignaturePolicy: StrictNoSign, ...opts });
    cleanUps.push(() => node.stop());
    node.services.pubsub.subscribe(TOPIC);
    return node;
  }

  async function attack(node: Node | PlainNode, options: Parameters<typeof createAttacker>[0] = {}) {
    const attacker: Attacker = await createAttacker(options);
    cleanUps.push(() => attacker.stop());
    const connection = await attacker.connect(node.getMultiaddrs()[0]!);
    const line = await attacker.gossip(connection);
    line.send({ subscriptions: [{ subscribe: true, topic: TOPIC }] });
    await until('the attacker to be a peer', () => node.services.pubsub.getSubscribers(TOPIC).length === 1);
    const score = () => node.services.pubsub.score.score(attacker.peerId);
    return { attacker, line, score };
  }

  const shutOut = (score: () => number) =>
    until('the attacker to be shut out', () => score() < SCORE_THRESHOLDS.graylistThreshold, SHUT_OUT_MS);

  /** Within 5 s nothing of the attacker is read any more; whoever comes then is in the mesh and heard within 10 s. */
  async function holds(node: Node, score: () => number): Promise<void> {
    await shutOut(score);
    const sinceMs = Date.now();
    const honest = await ours();
    await joined(honest, node, TOPIC);
    const word = new Uint8Array(randomBytes(32));
    const heard = new Promise<void>((done) => {
      node.services.pubsub.addEventListener('gossipsub:message', ({ detail }) => {
        if (Buffer.from(detail.msg.data).equals(word)) done();
      });
    });
    await honest.services.pubsub.publish(TOPIC, word);
    await heard;
    expect(Date.now() - sinceMs).to.be.below(HONEST_HEARD_MS);
  }

  it('subscriptions: the plain map of topics grows without end, ours has none of them and shuts their sender out', async () => {
    const subscriptions = Array.from({ length: 20_000 }, (_, n) => ({ subscribe: true, topic: `junk ${n}` }));
    const [a, b] = [await plain({ decodeRpcLimits: {} as never }), await ours()];
    const [onPlain, onOurs] = [await attack(a), await attack(b)];
    onPlain.line.send({ subscriptions });
    await until('the topics to be remembered', () => inside(a).topics.size > 20_000);
    for (let n = 0; n < 3; n += 1) onOurs.line.send({ subscriptions });
    for (let n = 0; n < 150; n += 1) onOurs.line.send({ subscriptions: subscriptions.slice(n, n + 16) });
    await holds(b, onOurs.score);
    expect([...inside(b).topics.keys()].filter((topic) => topic.startsWith('junk'))).to.deep.equal([]);
  });

  it('IHAVE: the plain decoder takes 80 000 ids and asks for 5 000, ours takes none and shuts their sender out', async () => {
    const [a, b] = [await plain(), await ours()];
    const [onPlain, onOurs] = [await attack(a), await attack(b)];
    const flood = { control: { ihave: [{ topicID: TOPIC, messageIDs: ids(80_000) }] } };
    onPlain.line.send(flood);
    await until('plain gossip to ask', () => (inside(a).iasked.get(onPlain.attacker.peerId) ?? 0) >= 5_000);
    expect(onPlain.score(), 'and it costs nothing').to.be.at.least(0);
    const lagMs = await lagDuring(async () => {
      for (let n = 0; n < 3; n += 1) onOurs.line.send(flood);
      await shutOut(onOurs.score);
    });
    await holds(b, onOurs.score);
    expect(inside(b).iasked.get(onOurs.attacker.peerId)).to.equal(undefined);
    expect(lagMs, 'the loop turns').to.be.below(1_000);
  });

  it('IWANT: plain gossip answers many times the bytes it was asked with, ours no more than its allowance', async () => {
    const message = new Uint8Array(8_000);
    const amplified = async (node: Node | PlainNode) => {
      const { attacker, line, score } = await attack(node);
      const sent: Uint8Array[] = [];
      line.send({ control: { graft: [{ topicID: TOPIC }] } });
      await until(
        'the mesh',
        () => node.services.pubsub.getMeshPeers(TOPIC).length === 1 && node.services.pubsub.streamsOutbound.size === 1,
      );
      for (let n = 0; n < 50; n += 1) {
        message[0] = n;
        await node.services.pubsub.publish(TOPIC, Uint8Array.from(message));
      }
      await until('the messages', () => attacker.heard.messages.length >= 50);
      for (const each of attacker.heard.messages) sent.push(await idOf(node, each));
      const before = attacker.heard.bytes;
      let asked = 0;
      for (let n = 0; n < 300; n += 1) asked += line.send({ control: { iwant: [{ messageIDs: sent }] } });
      await until('the answers', () => attacker.heard.bytes > before);
      return { attacker, score, asked, before };
    };
    const a = await plain({ msgIdFn: (message) => message.data.subarray(0, 20), floodPublish: true });
    const onPlain = await amplified(a);
    await until('more than it asked with', () => onPlain.attacker.heard.bytes - onPlain.before > onPlain.asked * 3);
    expect(onPlain.score(), 'and it costs nothing').to.be.at.least(0);
    const b = await ours();
    const onOurs = await amplified(b);
    await holds(b, onOurs.score);
    // 2 000 ids at once, 500 a second after that; each message three times at most.
    expect(onOurs.attacker.heard.bytes - onOurs.before).to.be.below(50 * 3 * 8_200);
    // Few frames, so that only the number of ids can be too much.
    const c = await ours();
    const many = await attack(c);
    for (let n = 0; n < 40; n += 1) many.line.send({ control: { iwant: [{ messageIDs: ids(2_000, n * 2_000) }] } });
    await holds(c, many.score);
  });

  it('GRAFT and PRUNE: a peer that comes and goes in one breath is shut out', async () => {
    const b = await ours();
    const { attacker, line, score } = await attack(b);
    for (let n = 0; n < 200; n += 1)
      line.send({ control: { graft: [{ topicID: TOPIC }], prune: [{ topicID: TOPIC, peers: [], backoff: 60 }] } });
    await holds(b, score);
    expect(b.services.pubsub.getMeshPeers(TOPIC)).to.not.include(attacker.peerId);
  });

  it('IDONTWANT: plain gossip remembers what it is told for nothing, ours little, and shuts the sender out', async () => {
    const [a, b] = [await plain({ idontwantMaxMessages: Number.POSITIVE_INFINITY }), await ours()];
    const [onPlain, onOurs] = [await attack(a), await attack(b)];
    for (let n = 0; n < 20; n += 1) onPlain.line.send({ control: { idontwant: [{ messageIDs: ids(500, n * 500) }] } });
    await until('all to be remembered', () => (inside(a).idontwants.get(onPlain.attacker.peerId)?.size ?? 0) >= 10_000);
    for (let n = 0; n < 200; n += 1) onOurs.line.send({ control: { idontwant: [{ messageIDs: ids(500, n * 500) }] } });
    await holds(b, onOurs.score);
    expect(inside(b).idontwants.get(onOurs.attacker.peerId)?.size ?? 0).to.be.at.most(3 * 512);
  });

  it('bombs: frames too long, frames of nonsense and varints without end shut their sender out; upstream they cost nothing', async () => {
    const nonsense = new Uint8Array(60_000).fill(0x0b);
    const [a, b] = [await plain(), await ours()];
    const onPlain = await attack(a);
    for (let n = 0; n < 20; n += 1) onPlain.line.sendBytes(nonsense);
    onPlain.line.send({ subscriptions: [{ subscribe: true, topic: 'marker' }] });
    await until('the frames to be read', () => inside(a).topics.has('marker'));
    expect(onPlain.score()).to.be.at.least(0);
    const onOurs = await attack(b);
    for (let n = 0; n < 3; n += 1) onOurs.line.sendBytes(nonsense);
    await holds(b, onOurs.score);
    for (const raw of [Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01), Uint8Array.of(0xff, 0xff, 0xff, 0x7f)]) {
      const once = await attack(await ours());
      const before = once.score();
      once.line.sendRaw(raw);
      await until('the frame to cost something', () => once.score() < before - 50, 5_000);
    }
  });

  it('a forged author: plain gossip believes a key that is not of the peer it names; ours takes no authors at all', async () => {
    const [victim, mine] = [await generateKeyPair('RSA', 2048), await generateKeyPair('Ed25519')];
    const from = peerIdFromPublicKey(victim.publicKey);
    const unsigned = { from: from.toMultihash().bytes, data: new Uint8Array(20).fill(9), seqno: new Uint8Array(8).fill(1), topic: TOPIC };
    const text = Buffer.concat([Buffer.from('libp2p-pubsub:'), RPC.Message.encode(unsigned)]);
    const forged = { ...unsigned, signature: await mine.sign(text), key: publicKeyToProtobuf(mine.publicKey) };
    const [a, b] = [await plain({ globalSignaturePolicy: StrictSign }), await ours()];
    const believed: string[] = [];
    a.services.pubsub.addEventListener('gossipsub:message', ({ detail }) => {
      if (detail.msg.type === 'signed') believed.push(detail.msg.from.toString());
    });
    const onPlain = await attack(a);
    onPlain.line.send({ messages: [forged] });
    await until('plain gossip to believe it', () => believed.length === 1);
    expect(believed).to.deep.equal([from.toString()]);
    const onOurs = await attack(b);
    let heard = 0;
    b.services.pubsub.addEventListener('gossipsub:message', ({ detail }) => {
      if (detail.propagationSource.toString() === onOurs.attacker.peerId) heard += 1;
    });
    // The one that plain gossip believes comes first.
    for (let n = 0; n < 6; n += 1)
      onOurs.line.send({ messages: [{ ...forged, data: n === 0 ? forged.data : new Uint8Array(20).fill(n) }] });
    await holds(b, onOurs.score);
    expect(heard).to.equal(0);
  });

  it('a reader that does not read: the plain buffer grows, ours stays within its bound', async () => {
    const [a, b] = [await plain({ floodPublish: true }), await ours()];
    const buffered = (node: Node | PlainNode) =>
      Math.max(0, ...[...inside(node).streamsOutbound.values()].map(({ pushable }) => pushable.readableLength));
    for (const node of [a, b]) {
      const { line } = await attack(node, { reads: false });
      line.send({ control: { graft: [{ topicID: TOPIC }] } });
      await until('the gossip stream', () => node.services.pubsub.streamsOutbound.size === 1);
      for (let n = 0; n < 120; n += 1) {
        await node.services.pubsub.publish(TOPIC, new Uint8Array(randomBytes(100_000))).catch(() => undefined);
      }
    }
    expect(buffered(a), 'plain').to.be.greaterThan(8 * 2 ** 20);
    expect(buffered(b), 'ours').to.be.below(5 * 2 ** 20);
  });
});

async function idOf(node: Node | PlainNode, message: RPC['messages'][number]): Promise<Uint8Array> {
  return inside(node).msgIdFn({ type: 'unsigned', topic: message.topic, data: message.data ?? new Uint8Array() });
}
