/** What a neighbour is worth to gossip. Formulas and figures: docs/wire.md, "Peer scores". */
import type { GossipsubOpts } from '@chainsafe/libp2p-gossipsub';
import { createTopicScoreParams, type PeerScoreParams, type TopicScoreParams } from '@chainsafe/libp2p-gossipsub/score';
import { MESSAGE_KINDS, type MessageKind } from '../kinds.js';
import { type NetworkId, topicOf } from '../topics.js';

const DECAY_INTERVAL_MS = 10_000;
const INVALID_DECAY_PER_HOUR = 0.98729;

interface TopicFigures {
  readonly weight: number;
  readonly firstDecay: number;
  readonly firstCap: number;
  readonly firstWeight: number;
  readonly invalidWeight: number;
}

const FIGURES: Readonly<Record<MessageKind, TopicFigures>> = {
  announce: { weight: 0.5, firstDecay: 0.9624, firstCap: 44.3, firstWeight: 0.904, invalidWeight: -225 },
  record: { weight: 0.25, firstDecay: 0.9624, firstCap: 44.3, firstWeight: 0.904, invalidWeight: -450 },
  scoreCommit: { weight: 0.5, firstDecay: 0.9873, firstCap: 78.7, firstWeight: 0.508, invalidWeight: -225 },
  scoreReveal: { weight: 1, firstDecay: 0.9873, firstCap: 78.7, firstWeight: 0.508, invalidWeight: -112.5 },
};

export const SCORE_THRESHOLDS = {
  gossipThreshold: -500,
  publishThreshold: -1000,
  graylistThreshold: -2500,
  acceptPXThreshold: 1000,
  opportunisticGraftThreshold: 5,
} as const;

export interface ScoreInputs {
  /** From -1 (unproved) to +10 (validator). */
  readonly worthOf: (peerId: string) => number;
  /** Addresses that the chain lists: many neurons may share one. Read live. */
  readonly knownIps: Set<string>;
  readonly privateNetwork: boolean;
}

export function scoreOptions(network: NetworkId, inputs: ScoreInputs): Pick<GossipsubOpts, 'scoreParams' | 'scoreThresholds'> {
  const topics: Record<string, TopicScoreParams> = {};
  for (const kind of MESSAGE_KINDS) topics[topicOf(network, kind)] = topicScore(FIGURES[kind]);
  const scoreParams: PeerScoreParams = {
    topics,
    topicScoreCap: 56.25,
    appSpecificScore: inputs.worthOf,
    appSpecificWeight: 1,
    IPColocationFactorWeight: inputs.privateNetwork ? 0 : -28,
    IPColocationFactorThreshold: 8,
    IPColocationFactorWhitelist: inputs.knownIps,
    behaviourPenaltyWeight: -10,
    behaviourPenaltyThreshold: 6,
    behaviourPenaltyDecay: 0.9261,
    decayInterval: DECAY_INTERVAL_MS,
    decayToZero: 0.01,
    retainScore: 3_600_000,
  };
  return { scoreParams, scoreThresholds: SCORE_THRESHOLDS };
}

function topicScore(figures: TopicFigures): TopicScoreParams {
  return createTopicScoreParams({
    topicWeight: figures.weight,
    timeInMeshWeight: 10 / 60,
    timeInMeshQuantum: 60_000,
    timeInMeshCap: 60,
    firstMessageDeliveriesWeight: figures.firstWeight,
    firstMessageDeliveriesDecay: figures.firstDecay,
    firstMessageDeliveriesCap: figures.firstCap,
    // Low rates say nothing about who delivers too little: P3 and P3b are off.
    meshMessageDeliveriesWeight: 0,
    meshFailurePenaltyWeight: 0,
    invalidMessageDeliveriesWeight: figures.invalidWeight,
    invalidMessageDeliveriesDecay: INVALID_DECAY_PER_HOUR,
  });
}
