/**
 * Spec 100 to 250: no whole metagraph, no mechanisms, no timelocked commits; epochs by formula. Names, numbers and shapes are those of
 * node-subtensor spec 218.
 */
import { ordered, parts } from '../composite.js';
import type { Generation, ShownItem } from '../generation-shape.js';
import { commitmentOf } from '../pallets/commitments.js';
import { alpha, alphaDividendsPerSubnet, PALLET, stakeThreshold, taoWeight, totalHotkeyShares } from '../pallets/subtensor/storage.js';
import { u16, u64 } from '../scale.js';
import { accountId, olderCommitmentInfo, olderCommitmentRegistration } from '../shapes.js';
import { blake2, identity, itemsOf, twox } from '../storage-item.js';
import { METAGRAPH } from './metagraph.js';
import { STORAGE_ERRORS } from './storage-errors.js';

const { valued } = itemsOf(PALLET);

/** Shares were whole numbers; they are kept with 64 binary places. Shape: u128 → u64, as hex, little-endian. */
const wholeOf = (kept: string): string => `0x${kept.slice(18, 34)}`;

const SHOWS: readonly ShownItem[] = [
  { item: valued('Alpha', [blake2(accountId), blake2(accountId), identity(u16)], u64, 0n), keptAs: alpha, value: wholeOf },
  { item: valued('TotalHotkeyShares', [blake2(accountId), identity(u16)], u64, 0n), keptAs: totalHotkeyShares, value: wholeOf },
  { item: valued('TaoWeight', [identity(u16)], u64, taoWeight.absent), keptAs: null },
  { item: valued('WeightsMinStake', [], u64, 0n), keptAs: stakeThreshold },
  { item: valued('HotkeyDividendsPerSubnet', [identity(u16), blake2(accountId)], u64, 0n), keptAs: alphaDividendsPerSubnet },
  {
    item: itemsOf('Commitments').optional('CommitmentOf', [identity(u16), twox(accountId)], olderCommitmentRegistration),
    keptAs: commitmentOf,
  },
];

const LACKS = [
  'SubtensorModule.AdminFreezeWindow',
  'SubtensorModule.AlphaDividendsPerSubnet',
  'SubtensorModule.BondsPenalty',
  'SubtensorModule.BurnHalfLife',
  'SubtensorModule.CommitRevealWeightsVersion',
  'SubtensorModule.FirstEmissionBlockNumber',
  'SubtensorModule.MechanismCountCurrent',
  'SubtensorModule.MechanismEmissionSplit',
  'SubtensorModule.MinNonImmuneUids',
  'SubtensorModule.PendingOwnerCut',
  'SubtensorModule.PendingServerEmission',
  'SubtensorModule.PendingValidatorEmission',
  'SubtensorModule.StakeThreshold',
  'SubtensorModule.SubtokenEnabled',
  'SubtensorModule.TimelockedWeightCommits',
  'SubtensorModule.Yuma3On',
  'SubtensorModule.set_mechanism_weights',
  'SubtensorModule.batch_set_weights',
  'SubtensorModule.batch_commit_weights',
  'SubtensorModule.commit_mechanism_weights',
  'SubtensorModule.reveal_mechanism_weights',
  'SubtensorModule.commit_crv3_mechanism_weights',
  'SubtensorModule.commit_timelocked_weights',
  'SubtensorModule.commit_timelocked_mechanism_weights',
  'SubtensorModule.register_limit',
  'SubtensorModule.set_tempo',
  'SubtensorModule.trigger_epoch',
  'SubtensorModule.BatchWeightsCompleted',
  'SubtensorModule.BatchCompletedWithErrors',
  'SubtensorModule.BatchWeightItemFailed',
  'SubtensorModule.TimelockedWeightsCommitted',
  'SubtensorModule.TimelockedWeightsRevealed',
  'Commitments.MaxSpace',
  'Commitments.UsedSpaceOf',
  'AdminUtils.sudo_set_subtoken_enabled',
  'AdminUtils.sudo_set_mechanism_count',
  'AdminUtils.sudo_set_commit_reveal_version',
  'SubtensorModule.AlphaSigmoidSteepnessSet',
  'SubtensorModule.BondsPenaltySet',
  'SubtensorModule.BondsResetOnSet',
  'SubtensorModule.AdminFreezeWindowSet',
  'SubtensorModule.OwnerHyperparamRateLimitSet',
  'SubtensorModule.StakeThresholdSet',
  'SubtensorModule.SetChildrenScheduled',
  'SubtensorModule.CommitRevealPeriodsSet',
  'SubtensorModule.CommitRevealEnabled',
  'SubtensorModule.HotkeySwappedOnSubnet',
  'SubtensorModule.CommitRevealVersionSet',
  'SubtensorModule.AlphaSigmoidSteepness',
  'SubtensorModule.BondsResetOn',
  'SubtensorModule.LastHotkeySwapOnNetuid',
  'SubtensorModule.LastRateLimitedBlock',
  'SubtensorModule.MaxMechanismCount',
  'SubtensorModule.MinAllowedUids',
  'SubtensorModule.OwnerHyperparamRateLimit',
  'SubtensorModule.PendingChildKeyCooldown',
  'SubtensorModule.WeightsVersionKeyRateLimit',
  'SubtensorModule.PendingChildKeys',
  'SubtensorModule.swap_hotkey',
  'SubtensorModule.swap_hotkey_v2',
  'Commitments.LastBondsReset',
  'Commitments.RevealedCommitments',
  'Commitments.TimelockedIndex',
  'Commitments.set_max_space',
  'Commitments.TimelockCommitment',
  'Commitments.CommitmentRevealed',
  'AdminUtils.sudo_set_bonds_penalty',
  'AdminUtils.sudo_set_alpha_sigmoid_steepness',
  'AdminUtils.sudo_set_yuma3_enabled',
  'AdminUtils.sudo_set_bonds_reset_enabled',
  'AdminUtils.sudo_set_admin_freeze_window',
  'AdminUtils.sudo_set_owner_hparam_rate_limit',
  'AdminUtils.sudo_set_mechanism_emission_split',
  'AdminUtils.sudo_trim_to_max_allowed_uids',
  'AdminUtils.sudo_set_max_mechanism_count',
  'AdminUtils.Yuma3EnableToggled',
  'AdminUtils.BondsResetToggled',
  'Drand',
  'SubnetInfoRuntimeApi_get_metagraph',
  'SubnetInfoRuntimeApi_get_selective_metagraph',
  'SubnetInfoRuntimeApi_get_selective_mechagraph',
  'SwapRuntimeApi_current_alpha_price',
];

/** Where events stood before others were put among them. */
const EARLIER_EVENTS = [
  ['WeightsSet', 4],
  ['NeuronRegistered', 5],
  ['MaxAllowedUidsSet', 8],
  ['RhoSet', 15],
  ['KappaSet', 16],
  ['MinAllowedWeightSet', 17],
  ['WeightsSetRateLimitSet', 20],
  ['ImmunityPeriodSet', 21],
  ['BondsMovingAverageSet', 22],
  ['MaxAllowedValidatorsSet', 23],
  ['AxonServed', 24],
  ['PrometheusServed', 25],
  ['WeightsVersionKeySet', 29],
  ['ServingRateLimitSet', 32],
  ['MinBurnSet', 35],
  ['RegistrationAllowed', 43],
  ['TempoSet', 45],
  ['HotkeySwapped', 59],
  ['SetChildren', 68],
  ['WeightsCommitted', 80],
  ['WeightsRevealed', 81],
  ['WeightsBatchRevealed', 82],
] as const;

type EventChange = NonNullable<ReturnType<Generation['events']['get']>>;

export const STORAGE: Generation = {
  specVersion: 218,
  rules: { epochClock: 'formula', poolChecks: false, yuma3: false, safeMode: false },
  lacks: new Set([...METAGRAPH.lacks, ...LACKS]),
  shows: SHOWS,
  calls: new Map([
    ['AdminUtils.sudo_set_stake_threshold', { name: 'sudo_set_weights_min_stake' }],
    ['Commitments.set_commitment', { args: parts({ netuid: u16, info: olderCommitmentInfo }) }],
  ]),
  events: new Map<string, EventChange>([
    ...EARLIER_EVENTS.map(([name, index]) => [`SubtensorModule.${name}`, { index }] as const),
    ['SubtensorModule.StakeAdded', { fields: ordered(accountId, accountId, u64, u64, u16) }],
    ['SubtensorModule.StakeRemoved', { fields: ordered(accountId, accountId, u64, u64, u16) }],
  ]),
  errors: new Map([
    ['SubtensorModule', STORAGE_ERRORS],
    ['AdminUtils', ['SubnetDoesNotExist', 'MaxValidatorsLargerThanMaxUIds', 'MaxAllowedUIdsLessThanCurrentUIds']],
    ['Commitments', ['TooManyFieldsInCommitmentInfo', 'AccountNotAllowedCommit', 'CommitmentSetRateLimitExceeded']],
  ]),
  extensions: ['SubtensorSignedExtension', 'CommitmentsSignedExtension'],
  wrappedAnswers: true,
};
