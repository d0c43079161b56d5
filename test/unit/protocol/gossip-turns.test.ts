import { setImmediate as turn } from 'node:timers/promises';
import { TopicValidatorResult } from '@libp2p/interface';
import { expect } from 'chai';
import type { ContainedGossipSub } from '../../../protocol/libp2p/contained-gossipsub.js';
import { createGossip, MESSAGES_AT_ONCE_MAX, SLICE_MS_MAX } from '../../../protocol/libp2p/gossip.js';
import { peerIdFromKey } from '../../../protocol/peer-id.js';
import { topicOf } from '../../../protocol/topics.js';
import { accept } from '../../../protocol/verdict.js';
import { TEST_NETWORK } from '../../support/network.js';
import { createRecordingLog } from '../../support/recording-log.js';

const KIND = 'announce';
const FROM = peerIdFromKey(new Uint8Array(32).fill(7));

/** What gossip uses of its router. */
class Router extends EventTarget {
  readonly reported: TopicValidatorResult[] = [];
  readonly topicValidators = new Map();
  subscribe(): void {}
  isShutOut = () => false;
  reportMessageValidationResult(_id: string, _from: string, result: TopicValidatorResult): void {
    this.reported.push(result);
  }
}

function open(router: Router) {
  const gossip = createGossip(
    // Safety: see above.
    { router: () => router as unknown as ContainedGossipSub, clock: { nowMs: () => 0 }, logger: createRecordingLog().log, metrics: {} },
    TEST_NETWORK,
  );
  const send = (id: string) => {
    const detail = { propagationSource: FROM, msgId: id, msg: { topic: topicOf(TEST_NETWORK, KIND), data: new Uint8Array(1) } };
    router.dispatchEvent(new CustomEvent('gossipsub:message', { detail }));
  };
  return { gossip, send };
}

/** As much as follows without the loop turning. */
async function restOfThisTurn(): Promise<void> {
  for (let n = 0; n < 2_000; n += 1) await Promise.resolve();
}

describe('a verdict of gossip', () => {
  it('is told after the sockets had their turn: whoever has sent us the message meanwhile is not sent it', async () => {
    const router = new Router();
    const { gossip, send } = open(router);
    let decide = () => {};
    const decided = new Promise<void>((resolve) => {
      decide = resolve;
    });
    const judging = new Promise<void>((resolve) => {
      gossip.onMessage(KIND, async () => {
        resolve();
        await decided;
        return accept(null);
      });
    });
    gossip.start();
    send('m');
    await judging;
    decide();
    await restOfThisTurn();
    expect(router.reported).to.deep.equal([]);
    await turn();
    await turn();
    expect(router.reported).to.deep.equal([TopicValidatorResult.Accept]);
    await gossip.stop();
  });

  it('makes room for the next message at once, as long as the slice lasts', async () => {
    const router = new Router();
    const { gossip, send } = open(router);
    let heard = 0;
    gossip.onMessage(KIND, async () => {
      heard += 1;
      return accept(null);
    });
    gossip.start();
    for (let n = 0; n < 4 * MESSAGES_AT_ONCE_MAX; n += 1) send(String(n));
    await turn();
    await restOfThisTurn();
    expect(heard).to.equal(4 * MESSAGES_AT_ONCE_MAX);
    await gossip.stop();
  });

  it('lets the loop turn when the slice is over, however much waits', async () => {
    const router = new Router();
    const { gossip, send } = open(router);
    let heard = 0;
    gossip.onMessage(KIND, async () => {
      heard += 1;
      const endMs = performance.now() + SLICE_MS_MAX / 4;
      while (performance.now() < endMs);
      return accept(null);
    });
    gossip.start();
    for (let n = 0; n < 4 * MESSAGES_AT_ONCE_MAX; n += 1) send(String(n));
    await turn();
    await restOfThisTurn();
    expect(heard).to.be.within(1, 8);
    await gossip.stop();
  });
});
