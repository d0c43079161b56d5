import { setImmediate as turn } from 'node:timers/promises';
import { TopicValidatorResult } from '@libp2p/interface';
import { expect } from 'chai';
import type { ContainedGossipSub } from '../../../protocol/libp2p/contained-gossipsub.js';
import { createGossip } from '../../../protocol/libp2p/gossip.js';
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

describe('a verdict of gossip', () => {
  it('is told after the sockets had their turn: whoever has sent us the message meanwhile is not sent it', async () => {
    const router = new Router();
    const gossip = createGossip(
      // Safety: see above.
      { router: () => router as unknown as ContainedGossipSub, clock: { nowMs: () => 0 }, logger: createRecordingLog().log, metrics: {} },
      TEST_NETWORK,
    );
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
    const detail = { propagationSource: FROM, msgId: 'm', msg: { topic: topicOf(TEST_NETWORK, KIND), data: new Uint8Array(1) } };
    router.dispatchEvent(new CustomEvent('gossipsub:message', { detail }));
    await judging;
    decide();
    // All that can follow without the loop turning.
    for (let n = 0; n < 100; n += 1) await Promise.resolve();
    expect(router.reported).to.deep.equal([]);
    await turn();
    await turn();
    expect(router.reported).to.deep.equal([TopicValidatorResult.Accept]);
    await gossip.stop();
  });
});
