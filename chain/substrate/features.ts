import type { ApiPromise } from '@polkadot/api';
import type { DefinitionCallNamed } from '@polkadot/types/types';

/** What the connected runtime offers, found by name in its metadata: no version number is ever compared. */
export interface RuntimeFeatures {
  /** The epoch clock is state (`LastEpochBlock`); without it an epoch runs when (block + netuid + 2) % (tempo + 1) == 0. */
  readonly epochClock: boolean;
  /** `serve_axon_tls` and `NeuronCertificates`: the transport key can be on chain. */
  readonly certificates: boolean;
  /** Several weight matrices per subnet (`set_mechanism_weights`). */
  readonly mechanisms: boolean;
  readonly commitReveal: boolean;
  /** Kinds of commits to weights, for mechanism 0 and for the others. */
  readonly commitCalls: { readonly plain: CommitCalls; readonly mechanism: CommitCalls };
  readonly commitments: boolean;
  /** Blocks between two commitments of a hotkey, on runtimes that count them so; null: they count space per epoch. */
  readonly commitmentRateLimitBlocks: number | null;
  /** The whole subnet in one runtime call, its type known from the metadata (version 15 or newer). */
  readonly selectiveMetagraph: boolean;
  /** Stake per subnet (`TotalHotkeyAlpha`); without it stake is one TAO figure per hotkey (`TotalHotkeyStake`). */
  readonly alphaStake: boolean;
}

export interface CommitCalls {
  readonly byHash: boolean;
  readonly timelocked: boolean;
}

export function featuresOf(api: ApiPromise): RuntimeFeatures {
  const stored = (item: string) => api.query['subtensorModule']?.[item] !== undefined;
  const callable = (call: string) => api.tx['subtensorModule']?.[call] !== undefined;
  const commitmentRateLimit = api.consts['commitments']?.['rateLimit'];
  const mechanism = {
    byHash: callable('commitMechanismWeights') && callable('revealMechanismWeights'),
    timelocked: callable('commitTimelockedMechanismWeights'),
  };
  const plain = {
    byHash: mechanism.byHash || (callable('commitWeights') && callable('revealWeights')),
    timelocked: mechanism.timelocked || callable('commitTimelockedWeights'),
  };
  return {
    epochClock: stored('lastEpochBlock'),
    certificates: callable('serveAxonTls') && stored('neuronCertificates'),
    mechanisms: callable('setMechanismWeights') && stored('mechanismCountCurrent'),
    commitReveal: stored('commitRevealWeightsEnabled') && (plain.byHash || plain.timelocked),
    commitCalls: { plain, mechanism },
    commitments: api.tx['commitments']?.['setCommitment'] !== undefined,
    commitmentRateLimitBlocks: commitmentRateLimit === undefined ? null : Number(commitmentRateLimit.toString()),
    selectiveMetagraph: runtimeCallOf(api, 'subnetInfoRuntimeApi', 'getSelectiveMetagraph') !== null,
    alphaStake: stored('totalHotkeyAlpha'),
  };
}

/** A runtime call as that runtime declares it (metadata version 15 or newer); null where it does not. */
export function runtimeCallOf({ call }: Pick<ApiPromise, 'call'>, section: string, method: string): DefinitionCallNamed | null {
  const found: unknown = call[section]?.[method];
  if (typeof found !== 'function' || !('meta' in found)) return null;
  // Safety: the library hangs the declaration of a runtime call on the function it makes of it.
  return found.meta as DefinitionCallNamed;
}

const DEFAULT_BLOCK_TIME_MS = 12_000;

/** Milliseconds between blocks as the runtime declares them (12 000 on the public networks, 250 on fast development chains). */
export function blockTimeOf(api: ApiPromise): number {
  const declared = Number(api.consts['aura']?.['slotDuration']?.toString() ?? 0);
  if (Number.isSafeInteger(declared) && declared > 0) return declared;
  const halved = Number(api.consts['timestamp']?.['minimumPeriod']?.toString() ?? 0) * 2;
  return Number.isSafeInteger(halved) && halved > 0 ? halved : DEFAULT_BLOCK_TIME_MS;
}
