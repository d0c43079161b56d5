import { randomBytes } from 'node:crypto';
import { RPC } from '@chainsafe/libp2p-gossipsub/message';
import { expect } from 'chai';
import { createNode, type Node } from '../../protocol/libp2p/node.js';
import { decodeRpc, RPC_LIMITS } from '../../protocol/libp2p/rpc-limits.js';
import { topicOf } from '../../protocol/topics.js';
import { TEST_NETWORK, until } from '../support/network.js';

const TOPIC = topicOf(TEST_NETWORK, 'scoreReveal');

/** What the containment reaches into; these members are of the pinned gossipsub. */
interface Inside {
  readonly streamsInbound: Map<string, { readonly rawStream: { abort(error: Error): void } }>;
  readonly topics: Map<string, Set<string>>;
  sendRpc(id: string, rpc: RPC): boolean;
}
// Safety: see above.
const inside = (node: Node) => node.services.pubsub as unknown as Inside;

describe('defects of gossipsub', function () {
  this.timeout(30_000);
  const nodes: Node[] = [];
  afterEach(async () => {
    await Promise.all(nodes.splice(0).map(async (node) => node.stop()));
  });

  async function start(): Promise<Node> {
    const node = await createNode({
      network: TEST_NETWORK,
      seed: new Uint8Array(randomBytes(32)),
      listen: ['/ip4/127.0.0.1/tcp/0'],
      announce: [],
      maxConnections: 8,
      gater: {},
      scores: { worthOf: () => 5, knownIps: new Set(), privateNetwork: true },
      contained: { nowMs: Date.now, isBound: () => true, onStuckPeer: () => {} },
    });
    nodes.push(node);
    await node.start();
    node.services.pubsub.subscribe(TOPIC);
    return node;
  }

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

  it('an answer larger than a frame may be is cut into several', async () => {
    const { a, b, heard } = await pair();
    const messages = Array.from({ length: 48 }, () => ({ topic: TOPIC, data: new Uint8Array(randomBytes(63 * 1024)) }));
    expect(inside(a).sendRpc(b.peerId.toString(), { subscriptions: [], messages })).to.equal(true);
    await until('all of them', () => heard.length === 48);
  });

  it('a frame with too many message ids is not decoded', () => {
    const frame = (count: number) =>
      RPC.encode({
        subscriptions: [],
        messages: [],
        control: {
          ihave: [{ topicID: TOPIC, messageIDs: Array.from({ length: count }, () => new Uint8Array(20)) }],
          iwant: [],
          graft: [],
          prune: [],
          idontwant: [],
        },
      });
    expect(() => decodeRpc(frame(RPC_LIMITS.maxIhaveMessageIDs))).to.not.throw();
    expect(() => decodeRpc(frame(RPC_LIMITS.maxIhaveMessageIDs + 1))).to.throw();
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
});
