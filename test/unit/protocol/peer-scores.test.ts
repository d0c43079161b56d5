/** What the score parameters do, by the scorer of the pinned gossipsub; and that docs/wire.md gives each its figure. */
import { readFileSync } from 'node:fs';
import { PeerScore } from '@chainsafe/libp2p-gossipsub/score';
import { defaultLogger } from '@libp2p/logger';
import { expect } from 'chai';
import { MESSAGE_KINDS } from '../../../protocol/kinds.js';
import { SCORE_THRESHOLDS, type ScoreInputs, scoreOptions } from '../../../protocol/libp2p/scores.js';
import { topicOf } from '../../../protocol/topics.js';
import { TEST_NETWORK } from '../../support/network.js';

function scorer(inputs: Partial<ScoreInputs> = {}): PeerScore {
  const given = { worthOf: () => 0, knownIps: new Set<string>(), privateNetwork: false, ...inputs };
  const { scoreParams } = scoreOptions(TEST_NETWORK, given);
  // Safety: all of them are set.
  return new PeerScore(scoreParams as ConstructorParameters<typeof PeerScore>[0], null, defaultLogger(), { scoreCacheValidityMs: -1 });
}
const LABEL = 'over_limit' as Parameters<PeerScore['addPenalty']>[2];

describe('peer scores', () => {
  it('cost nothing for six slips, and shut out at twenty-two', () => {
    const scores = scorer();
    scores.addPeer('slips');
    const scoreAfter = (count: number) => {
      scores.addPenalty('slips', count, LABEL);
      return scores.score('slips');
    };
    expect(scoreAfter(6)).to.equal(0);
    expect(scoreAfter(15)).to.equal(-10 * 15 ** 2);
    expect(scores.score('slips')).to.be.above(SCORE_THRESHOLDS.graylistThreshold);
    expect(scoreAfter(1)).to.be.below(SCORE_THRESHOLDS.graylistThreshold);
  });

  it('cost the square of invalid messages, the same for every kind: three and it hears nothing of ours, five and nothing of it is read', () => {
    for (const kind of MESSAGE_KINDS) {
      const scores = scorer();
      scores.addPeer('liar');
      const scored: number[] = [];
      for (let n = 1; n <= 5; n += 1) {
        scores.rejectInvalidMessage('liar', topicOf(TEST_NETWORK, kind));
        scored.push(scores.score('liar'));
      }
      expect(scored, kind).to.deep.equal([1, 2, 3, 4, 5].map((n) => -112.5 * n ** 2));
    }
    expect(-112.5 * 9).to.be.below(SCORE_THRESHOLDS.publishThreshold);
    expect(-112.5 * 25).to.be.below(SCORE_THRESHOLDS.graylistThreshold);
  });

  it('let eight strangers share an address, and any number of neurons that the chain lists there', () => {
    const strangersAt = (ip: string, count: number, inputs: Partial<ScoreInputs>) => {
      const scores = scorer(inputs);
      for (let n = 0; n < count; n += 1) {
        scores.addPeer(`peer ${n}`);
        scores.addIP(`peer ${n}`, ip);
      }
      return scores.score('peer 0') + 0;
    };
    expect(strangersAt('203.0.113.1', 8, {})).to.equal(0);
    expect(strangersAt('203.0.113.1', 9, {})).to.equal(-28);
    expect(strangersAt('203.0.113.1', 12, {})).to.equal(-448);
    expect(strangersAt('203.0.113.1', 40, { knownIps: new Set(['203.0.113.1']) })).to.equal(0);
    expect(strangersAt('127.0.0.1', 40, { privateNetwork: true })).to.equal(0);
  });

  it('sell no crime: the most good will that can be earned is less than one invalid message costs', () => {
    const { scoreParams } = scoreOptions(TEST_NETWORK, { worthOf: () => 10, knownIps: new Set(), privateNetwork: false });
    expect((scoreParams?.topicScoreCap ?? Number.POSITIVE_INFINITY) + 10).to.be.below(112.5);
  });

  it('have every figure in docs/wire.md, and a reason beside it in the source', () => {
    const page = readFileSync('docs/wire.md', 'utf8').split('## Peer scores')[1]?.split('\n## ')[0] ?? '';
    const { scoreParams } = scoreOptions(TEST_NETWORK, { worthOf: () => 0, knownIps: new Set(), privateNetwork: false });
    const { topics = {}, ...overall } = scoreParams ?? {};
    const numbers = [overall, SCORE_THRESHOLDS, ...Object.values(topics)].flatMap((of) =>
      Object.entries(of).flatMap(([name, value]) => (typeof value === 'number' ? [[name, value] as const] : [])),
    );
    const shown = (value: number) => [String(Math.abs(value)), String(Math.abs(value)).replace(/^0/, '')];
    /** Said in other words there (times, worth of one), or of a part that is off. */
    const inWords = new Set([
      'appSpecificWeight',
      'decayInterval',
      'retainScore',
      'timeInMeshWeight',
      'timeInMeshQuantum',
      'acceptPXThreshold',
    ]);
    for (const [name, value] of numbers) {
      if (inWords.has(name) || value === 0 || /^mesh(Message|Failure)/.test(name)) continue;
      expect(
        shown(value).some((text) => page.includes(text)),
        `${name} ${value}`,
      ).to.equal(true);
    }
    // Each parameter of the source has a comment above it or stands under one.
    const source = readFileSync('protocol/libp2p/scores.ts', 'utf8');
    for (const name of ['topicScoreCap', 'appSpecificWeight', 'IPColocationFactorWeight', 'behaviourPenaltyWeight', 'retainScore'])
      expect(source, name).to.match(new RegExp(`// [^\\n]+\\n\\s+${name}:`));
    for (const name of ['weight', 'firstDecay', 'firstCap', 'invalidWeight'])
      expect(source, name).to.match(new RegExp(`/\\*\\* [^\\n]+\\*/\\n\\s+readonly ${name}:`));
  });
});
