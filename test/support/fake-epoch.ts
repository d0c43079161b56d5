import type { WeightEntry } from '../../chain/ports.js';
import type { Hotkey, Hyperparameters, Neuron } from '../../chain/snapshot.js';
import type { EpochInput } from '../../chain/yuma.js';

/** What the fake chain knows about its next epoch; what it has no notion of is as on a new subnet. */
export function fakeEpochInput(parts: {
  readonly mechanism: number;
  readonly block: number;
  readonly hyperparameters: Hyperparameters;
  readonly neurons: readonly Neuron[];
  readonly owner: Hotkey | null;
  readonly lastEpochBlock: number;
  /** Key: `mechanism/uid`. */
  readonly rows: ReadonlyMap<string, readonly WeightEntry[]>;
}): EpochInput {
  const { mechanism, block, hyperparameters, neurons, owner, lastEpochBlock, rows } = parts;
  return {
    block,
    tempo: hyperparameters.tempo,
    activityCutoffBlocks: hyperparameters.activityCutoffBlocks,
    stakeRao: neurons.map(({ stakeRao }) => stakeRao),
    lastUpdate: neurons.map(({ lastUpdate }) => lastUpdate),
    registeredAt: neurons.map(({ registeredAt }) => registeredAt),
    validatorPermit: neurons.map(({ validatorPermit }) => validatorPermit),
    weights: neurons.map(({ uid }) => (rows.get(`${mechanism}/${uid}`) ?? []).map((entry) => [entry.uid, entry.value] as const)),
    bonds: neurons.map(() => []),
    kappa: 32_767,
    bondsPenalty: 65_535,
    bondsMovingAverage: 900_000,
    yuma3: true,
    liquidAlpha: null,
    commitBlocks: null,
    maxValidators: hyperparameters.maxValidators,
    stakeThresholdRao: 0n,
    ownerUid: neurons.find(({ hotkey }) => hotkey === owner)?.uid ?? null,
    lastStepBlock: lastEpochBlock,
    serverPoolRao: 0n,
    validatorPoolRao: 0n,
  };
}
