import type { ApiPromise } from '@polkadot/api';

/** What the connected runtime offers, found by name in its metadata: no version number is ever compared. */
export interface RuntimeFeatures {
  /** The epoch clock is state (`LastEpochBlock`); without it an epoch opens when (block + netuid + 1) % (tempo + 1) == 0. */
  readonly epochClock: boolean;
  /** `serve_axon_tls` and `NeuronCertificates`: the transport key can be on chain. */
  readonly certificates: boolean;
  /** Several weight matrices per subnet (`set_mechanism_weights`). */
  readonly mechanisms: boolean;
  readonly commitReveal: boolean;
  readonly timelockedCommits: boolean;
  readonly commitments: boolean;
  /** Stake per subnet (`TotalHotkeyAlpha`); without it stake is one TAO figure per hotkey (`TotalHotkeyStake`). */
  readonly alphaStake: boolean;
}

export function featuresOf(api: ApiPromise): RuntimeFeatures {
  const stored = (item: string) => api.query['subtensorModule']?.[item] !== undefined;
  const callable = (call: string) => api.tx['subtensorModule']?.[call] !== undefined;
  return {
    epochClock: stored('lastEpochBlock'),
    certificates: callable('serveAxonTls') && stored('neuronCertificates'),
    mechanisms: callable('setMechanismWeights') && stored('mechanismCountCurrent'),
    commitReveal: callable('commitWeights') && stored('commitRevealWeightsEnabled'),
    timelockedCommits: callable('commitTimelockedWeights') || callable('commitTimelockedMechanismWeights'),
    commitments: api.tx['commitments']?.['setCommitment'] !== undefined,
    alphaStake: stored('totalHotkeyAlpha'),
  };
}

const DEFAULT_BLOCK_TIME_MS = 12_000;

/** Milliseconds between blocks as the runtime declares them (12 000 on the public networks, 250 on fast development chains). */
export function blockTimeOf(api: ApiPromise): number {
  const declared = Number(api.consts['aura']?.['slotDuration']?.toString() ?? 0);
  if (Number.isSafeInteger(declared) && declared > 0) return declared;
  const halved = Number(api.consts['timestamp']?.['minimumPeriod']?.toString() ?? 0) * 2;
  return Number.isSafeInteger(halved) && halved > 0 ? halved : DEFAULT_BLOCK_TIME_MS;
}
