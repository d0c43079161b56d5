/** What is kept of peers that have gone, by the scorer and the peer store of the pinned libraries. */
import { PeerScore } from '@chainsafe/libp2p-gossipsub/score';
import { defaultLogger } from '@libp2p/logger';
import { expect } from 'chai';
import { EXILE_MS } from '../../../protocol/libp2p/doorman.js';
import { BACKOFF_MS_MAX, capBackoffs, forgetScores, keepScores, SCORES_KEPT_MAX } from '../../../protocol/libp2p/peer-memory.js';
import { RETAIN_MS, scoreOptions } from '../../../protocol/libp2p/scores.js';
import { topicOf } from '../../../protocol/topics.js';
import { TEST_NETWORK } from '../../support/network.js';

const TOPIC = topicOf(TEST_NETWORK, 'announce');

function scorer(worthOf = (): number => 0): PeerScore {
  const { scoreParams } = scoreOptions(TEST_NETWORK, { worthOf, knownIps: new Set(), privateNetwork: false });
  // Safety: all of them are set.
  return new PeerScore(scoreParams as ConstructorParameters<typeof PeerScore>[0], null, defaultLogger(), { scoreCacheValidityMs: 1_000 });
}

describe('what is remembered of peers that have gone', () => {
  it('is their score: coming back under the same name washes nothing off', () => {
    const back = (score: PeerScore) => {
      score.addPeer('liar');
      score.rejectInvalidMessage('liar', TOPIC);
      score.removePeer('liar');
      score.addPeer('liar');
      score.scoreCache.clear();
      return score.score('liar');
    };
    expect(back(scorer()), 'upstream').to.equal(0);
    const ours = scorer();
    keepScores(ours);
    expect(back(ours)).to.equal(-112.5);
    expect(ours.peerStats.get('liar')?.connected).to.equal(true);
  });

  it('is no longer their score when their exile is over', () => {
    expect(RETAIN_MS).to.be.below(EXILE_MS);
  });

  it('is of at most so many of them, and those that went first are forgotten first; who is connected stays', () => {
    const score = scorer(() => -1);
    const visit = (id: string) => {
      score.addPeer(id);
      score.addIP(id, '203.0.113.1');
      score.removePeer(id);
    };
    score.addPeer('here');
    score.addIP('here', '203.0.113.1');
    for (let n = 0; n < SCORES_KEPT_MAX + 3; n += 1) {
      visit(`peer ${n}`);
      score.peerStats.get(`peer ${n}`)!.expire = n;
    }
    forgetScores(score);
    expect(score.peerStats.size).to.equal(SCORES_KEPT_MAX + 1);
    expect(score.scoreCache.size).to.be.at.most(SCORES_KEPT_MAX + 1);
    expect(score.peerIPs.get('203.0.113.1')?.size).to.equal(SCORES_KEPT_MAX + 1);
    expect(['here', 'peer 2', 'peer 3'].map((id) => score.peerStats.has(id))).to.deep.equal([true, false, true]);
  });

  it('is nothing of those that went with a good score', () => {
    const score = scorer(() => 5);
    score.addPeer('good');
    score.removePeer('good');
    expect(score.peerStats.size).to.equal(0);
    forgetScores(score);
    expect([...score.scoreCache.keys()]).to.deep.equal([]);
  });

  it('is their wish to be left out of a mesh, for ten minutes at most', () => {
    const maxS = BACKOFF_MS_MAX / 1_000;
    const rpc = {
      subscriptions: [],
      messages: [],
      control: {
        ihave: [],
        iwant: [],
        graft: [],
        idontwant: [],
        prune: [1e9, maxS, 60].map((backoff) => ({ topicID: TOPIC, peers: [], backoff })),
      },
    };
    capBackoffs(rpc);
    expect(rpc.control.prune.map(({ backoff }) => backoff)).to.deep.equal([maxS, maxS, 60]);
  });
});
