/** The items of SubtensorModule that a subnet needs, under the keys they have on the public networks. */
import { bool, i16, type Type, tuple, u8, u16, u32, u64, vec } from '../../scale.js';
import {
  accountId,
  accountIds,
  axonInfo,
  hash,
  neuronCertificate,
  prometheusInfo,
  rateLimitKey,
  shares,
  timelockedCommit,
  u64f64,
  weightRow,
  ZERO_ACCOUNT,
} from '../../shapes.js';
import { blake2, identity, itemsOf, twox } from '../../storage-item.js';

export const PALLET = 'SubtensorModule';
const { valued, optional } = itemsOf(PALLET);

const perSubnet = <V>(name: string, type: Type<V>, fallback: V) => valued(name, [identity(u16)], type, fallback);

// Identity and membership
export const keys = valued('Keys', [identity(u16), identity(u16)], accountId, ZERO_ACCOUNT);
export const uids = optional('Uids', [identity(u16), blake2(accountId)], u16);
export const owner = valued('Owner', [blake2(accountId)], accountId, ZERO_ACCOUNT);
export const isNetworkMember = valued('IsNetworkMember', [blake2(accountId), identity(u16)], bool, false);
export const ownedHotkeys = valued('OwnedHotkeys', [blake2(accountId)], accountIds, []);
export const stakingHotkeys = valued('StakingHotkeys', [blake2(accountId)], accountIds, []);
export const subnetOwner = perSubnet('SubnetOwner', accountId, ZERO_ACCOUNT);
export const subnetOwnerHotkey = perSubnet('SubnetOwnerHotkey', accountId, ZERO_ACCOUNT);
export const blockAtRegistration = valued('BlockAtRegistration', [identity(u16), identity(u16)], u64, 0n);
export const subnetworkN = perSubnet('SubnetworkN', u16, 0);
export const minAllowedUids = perSubnet('MinAllowedUids', u16, 64);
export const maxAllowedUids = perSubnet('MaxAllowedUids', u16, 256);
export const maxAllowedValidators = perSubnet('MaxAllowedValidators', u16, 64);
export const immunityPeriod = perSubnet('ImmunityPeriod', u16, 4096);
export const totalNetworks = valued('TotalNetworks', [], u16, 0);
export const networksAdded = perSubnet('NetworksAdded', bool, false);
export const networkRegisteredAt = perSubnet('NetworkRegisteredAt', u64, 0n);
export const networkRegistrationAllowed = perSubnet('NetworkRegistrationAllowed', bool, false);
export const subtokenEnabled = perSubnet('SubtokenEnabled', bool, false);
export const firstEmissionBlockNumber = optional('FirstEmissionBlockNumber', [identity(u16)], u64);

// Endpoints
export const axons = optional('Axons', [identity(u16), blake2(accountId)], axonInfo);
export const neuronCertificates = optional('NeuronCertificates', [identity(u16), blake2(accountId)], neuronCertificate);
export const prometheus = optional('Prometheus', [identity(u16), blake2(accountId)], prometheusInfo);
export const servingRateLimit = perSubnet('ServingRateLimit', u64, 50n);

// One entry per uid; those marked so are per mechanism, under its storage index
export const active = perSubnet('Active', vec(bool), []);
export const consensus = perSubnet('Consensus', vec(u16), []);
/** Per mechanism. */
export const incentive = perSubnet('Incentive', vec(u16), []);
export const dividends = perSubnet('Dividends', vec(u16), []);
export const validatorTrust = perSubnet('ValidatorTrust', vec(u16), []);
export const validatorPermit = perSubnet('ValidatorPermit', vec(bool), []);
export const emission = perSubnet('Emission', vec(u64), []);
export const stakeWeight = perSubnet('StakeWeight', vec(u16), []);
/** Per mechanism. */
export const lastUpdate = perSubnet('LastUpdate', vec(u64), []);
/** Per mechanism. */
export const weights = valued('Weights', [identity(u16), identity(u16)], weightRow, []);
/** Per mechanism. */
export const bonds = valued('Bonds', [identity(u16), identity(u16)], weightRow, []);

// Weights that are committed first; per mechanism
/** (hash, epoch, block, 0) of each commit, oldest first. */
export const weightCommits = optional('WeightCommits', [twox(u16), twox(accountId)], vec(tuple(hash, u64, u64, u64)));
/** By the epoch of the commit: (who, block, ciphertext, round), oldest first. */
export const timelockedWeightCommits = valued(
  'TimelockedWeightCommits',
  [twox(u16), twox(u64)],
  vec(tuple(accountId, u64, timelockedCommit, u64)),
  [],
);

// Hyperparameters
export const tempo = perSubnet('Tempo', u16, 360);
export const kappa = perSubnet('Kappa', u16, 32767);
export const rho = perSubnet('Rho', u16, 10);
export const minAllowedWeights = perSubnet('MinAllowedWeights', u16, 1);
export const maxWeightsLimit = perSubnet('MaxWeightsLimit', u16, 65535);
export const weightsVersionKey = perSubnet('WeightsVersionKey', u64, 0n);
export const weightsSetRateLimit = perSubnet('WeightsSetRateLimit', u64, 100n);
export const activityCutoff = perSubnet('ActivityCutoff', u16, 5000);
export const activityCutoffFactorMilli = perSubnet('ActivityCutoffFactorMilli', u32, 13889);
export const commitRevealWeightsEnabled = perSubnet('CommitRevealWeightsEnabled', bool, true);
export const revealPeriodEpochs = valued('RevealPeriodEpochs', [twox(u16)], u64, 1n);
export const commitRevealWeightsVersion = valued('CommitRevealWeightsVersion', [], u16, 4);
export const mechanismCountCurrent = valued('MechanismCountCurrent', [twox(u16)], u8, 1);
export const maxMechanismCount = valued('MaxMechanismCount', [], u8, 2);
export const mechanismEmissionSplit = optional('MechanismEmissionSplit', [twox(u16)], vec(u16));
export const burn = perSubnet('Burn', u64, 100_000_000n);
export const minBurn = perSubnet('MinBurn', u64, 500_000n);
export const maxBurn = perSubnet('MaxBurn', u64, 100_000_000_000n);
export const burnHalfLife = perSubnet('BurnHalfLife', u16, 360);
export const registrationsThisBlock = perSubnet('RegistrationsThisBlock', u16, 0);
export const bondsMovingAverage = perSubnet('BondsMovingAverage', u64, 900_000n);
export const bondsPenalty = perSubnet('BondsPenalty', u16, 65535);
export const bondsResetOn = perSubnet('BondsResetOn', bool, false);
/** Low and high, 65535 = 1. */
export const alphaValues = perSubnet('AlphaValues', tuple(u16, u16), [45_875, 58_982]);
export const alphaSigmoidSteepness = perSubnet('AlphaSigmoidSteepness', i16, 1000);
export const liquidAlphaOn = valued('LiquidAlphaOn', [blake2(u16)], bool, false);
export const yuma3On = valued('Yuma3On', [blake2(u16)], bool, true);
export const stakeThreshold = valued('StakeThreshold', [], u64, 0n);
export const taoWeight = valued('TaoWeight', [], u64, 971_718_665_099_567_868n);
export const minNonImmuneUids = perSubnet('MinNonImmuneUids', u16, 10);
export const adminFreezeWindow = valued('AdminFreezeWindow', [], u16, 10);
/** Epochs between two changes of one hyperparameter by the owner. */
export const ownerHyperparamRateLimit = valued('OwnerHyperparamRateLimit', [], u16, 2);
/** Epochs between two changes of the version key by the owner. */
export const weightsVersionKeyRateLimit = valued('WeightsVersionKeyRateLimit', [], u64, 5n);
export const lastRateLimitedBlock = valued('LastRateLimitedBlock', [identity(rateLimitKey)], u64, 0n);
/** By account, subnet and kind of transaction. */
export const transactionKeyLastBlock = valued('TransactionKeyLastBlock', [blake2(accountId), identity(u16), identity(u16)], u64, 0n);

// Epoch clock
export const lastEpochBlock = perSubnet('LastEpochBlock', u64, 0n);
export const pendingEpochAt = perSubnet('PendingEpochAt', u64, 0n);
export const subnetEpochIndex = perSubnet('SubnetEpochIndex', u64, 0n);
export const blocksSinceLastStep = perSubnet('BlocksSinceLastStep', u64, 0n);
/** Spelled so by the runtime. */
export const lastMechanismStepBlock = perSubnet('LastMechansimStepBlock', u64, 0n);
export const maxEpochsPerBlock = valued('MaxEpochsPerBlock', [], u8, 32);

// Emission and stake
export const pendingServerEmission = perSubnet('PendingServerEmission', u64, 0n);
export const pendingValidatorEmission = perSubnet('PendingValidatorEmission', u64, 0n);
export const pendingOwnerCut = perSubnet('PendingOwnerCut', u64, 0n);
export const totalStake = valued('TotalStake', [], u64, 0n);
export const totalHotkeyAlpha = valued('TotalHotkeyAlpha', [blake2(accountId), identity(u16)], u64, 0n);
export const totalHotkeyShares = valued('TotalHotkeyShares', [blake2(accountId), identity(u16)], u64f64, { bits: 0n });
export const alpha = valued('Alpha', [blake2(accountId), blake2(accountId), identity(u16)], u64f64, { bits: 0n });
export const alphaDividendsPerSubnet = valued('AlphaDividendsPerSubnet', [identity(u16), blake2(accountId)], u64, 0n);
export const childKeys = valued('ChildKeys', [blake2(accountId), identity(u16)], shares, []);
export const parentKeys = valued('ParentKeys', [blake2(accountId), identity(u16)], shares, []);
/** Children that are to be, and the block from which on. */
export const pendingChildKeys = valued('PendingChildKeys', [identity(u16), blake2(accountId)], tuple(shares, u64), [[], 0n]);
/** Blocks before new children count, from the first epoch after them on. */
export const pendingChildKeyCooldown = valued('PendingChildKeyCooldown', [], u64, 15n);
/** Blocks between two swaps of hotkeys by one coldkey. */
export const txRateLimit = valued('TxRateLimit', [], u64, 1000n);
export const childkeyTake = valued('ChildkeyTake', [blake2(accountId), identity(u16)], u16, 0);
export const lastHotkeySwapOnNetuid = valued('LastHotkeySwapOnNetuid', [identity(u16), blake2(accountId)], u64, 0n);
export const delegates = valued('Delegates', [blake2(accountId)], u16, 11796);
