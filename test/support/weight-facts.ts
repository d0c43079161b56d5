import type { CommitReveal, WeightFacts } from '../../chain/ports.js';
import { aHash, aHotkey } from './keys.js';

/** The beginning of a slot of 12 s. */
export const SOME_TIME_MS = 1_750_000_008_000;

/** Facts of a validator whom nothing keeps from setting weights openly. */
export function someWeightFacts(over: Partial<WeightFacts> = {}): WeightFacts {
  return {
    block: { number: 1_000, hash: aHash(1_000) },
    timeMs: SOME_TIME_MS,
    netuid: 3,
    mechanism: 0,
    hotkey: aHotkey(1),
    nonce: 3,
    uid: 2,
    registeredAt: 10,
    lastUpdate: 800,
    validatorPermit: true,
    isOwner: false,
    stakeRao: 500n,
    stakeThresholdRao: 100n,
    neuronCount: 8,
    minAllowedWeights: 2,
    weightsVersionKey: 0n,
    rateLimitBlocks: 100,
    commitRevealEnabled: false,
    commitReveal: null,
    stored: [],
    tempo: 360,
    epochClock: { lastEpochBlock: 900, pendingEpochAt: 0, index: 5, blocksSinceLastStep: 100 },
    ...over,
  };
}

export function someCommitReveal(over: Partial<CommitReveal> = {}): CommitReveal {
  return { byHash: true, timelockVersion: 4, revealPeriodEpochs: 1, hashCommits: [], timelockedCommits: [], beacon: null, ...over };
}
