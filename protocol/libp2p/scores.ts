/** What a neighbour is worth to gossip. Formulas and figures: docs/wire.md, "Peer scores". */
import type { GossipsubOpts } from '@chainsafe/libp2p-gossipsub';
import { createTopicScoreParams, type PeerScoreParams, type TopicScoreParams } from '@chainsafe/libp2p-gossipsub/score';
import { MESSAGE_KINDS, type MessageKind } from '../kinds.js';
import { type NetworkId, topicOf } from '../topics.js';

/** Often enough that a penalty shows in the next look, rare enough to cost nothing. */
const DECAY_INTERVAL_MS = 10_000;
/** How long the score of a peer that has gone is kept. Shorter than EXILE_MS. */
export const RETAIN_MS = 20 * 60_000;
/** To a hundredth in an hour: five invalid messages an hour are too many, five a day are a bug. */
const INVALID_DECAY_PER_HOUR = 0.98729;

interface TopicFigures {
  /** What the topic is worth: scores decide weights, announcements can be asked for again. */
  readonly weight: number;
  /** To a hundredth within the lifetime that matters: 20 min, or an hour for scores. */
  readonly firstDecay: number;
  /** Twice what a neighbour delivers first at the expected rate; cap × weight is 40 everywhere, so that no topic buys more good will than another. */
  readonly firstCap: number;
  readonly firstWeight: number;
  /** weight × this is -112.5 everywhere: n invalid messages cost n² of it, whatever the topic, and the fifth is below the graylist. */
  readonly invalidWeight: number;
}

const FIGURES: Readonly<Record<MessageKind, TopicFigures>> = {
  announce: { weight: 0.5, firstDecay: 0.9624, firstCap: 44.3, firstWeight: 0.904, invalidWeight: -225 },
  record: { weight: 0.25, firstDecay: 0.9624, firstCap: 44.3, firstWeight: 0.904, invalidWeight: -450 },
  have: { weight: 0.25, firstDecay: 0.9624, firstCap: 44.3, firstWeight: 0.904, invalidWeight: -450 },
  scoreCommit: { weight: 0.5, firstDecay: 0.9873, firstCap: 78.7, firstWeight: 0.508, invalidWeight: -225 },
  scoreReveal: { weight: 1, firstDecay: 0.9873, firstCap: 78.7, firstWeight: 0.508, invalidWeight: -112.5 },
};

/** In invalid messages: 3 and it is not told what there is, 3 and it hears nothing of ours, 5 and nothing of it is read. */
export const SCORE_THRESHOLDS = {
  gossipThreshold: -500,
  publishThreshold: -1000,
  graylistThreshold: -2500,
  // No score reaches it: peers are exchanged as signed records, not in PRUNE.
  acceptPXThreshold: 1000,
  // The worth of a registered miner that has done nothing yet: a mesh of only such looks for better ones.
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
    // Half of what one invalid message costs: nobody saves up for an attack.
    topicScoreCap: 56.25,
    appSpecificScore: inputs.worthOf,
    // An unproved peer is at -1, and nobody grafts below 0.
    appSpecificWeight: 1,
    // Miners share hosts: 9 unlisted peers of one address cost 28, 12 cost 448; addresses on chain are not counted.
    IPColocationFactorWeight: inputs.privateNetwork ? 0 : -28,
    IPColocationFactorThreshold: 8,
    IPColocationFactorWhitelist: inputs.knownIps,
    // Up to 6 slips (a late answer to IWANT, a graft too early) are what a busy honest peer has; the square of those above shuts out at 22.
    behaviourPenaltyWeight: -10,
    behaviourPenaltyThreshold: 6,
    behaviourPenaltyDecay: 0.9261,
    decayInterval: DECAY_INTERVAL_MS,
    decayToZero: 0.01,
    // Coming back under the same peer id washes nothing off (peer-memory.ts); whoever was sent away begins anew after his exile, which is longer.
    retainScore: RETAIN_MS,
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
