/** Events of SubtensorModule, at the positions they have in the runtime. */
import { NOTHING, only, ordered, parts } from '../../composite.js';
import { type CallContext, eventsOf } from '../../pallet.js';
import { bool, compact, i16, type Type, u8, u16, u32, u64, vec } from '../../scale.js';
import { type AccountId, accountId, dispatchError, hash, shares } from '../../shapes.js';

export const INDEX = 7;

const onSubnet = <V>(type: Type<V>) => ordered<readonly [number, V]>(u16, type);
const stakeMove = ordered<readonly [AccountId, AccountId, bigint, bigint, number, bigint]>(accountId, accountId, u64, u64, u16, u64);
/** Who, storage index, hash. */
const commit = ordered<readonly [AccountId, number, string]>(accountId, u16, hash);
const hotkeySwap = { coldkey: accountId, old_hotkey: accountId, new_hotkey: accountId };

export const events = eventsOf('pallet_subtensor', INDEX, {
  NetworkAdded: [0, onSubnet(u16)],
  StakeAdded: [2, stakeMove],
  StakeRemoved: [3, stakeMove],
  WeightsSet: [5, onSubnet(u16)],
  NeuronRegistered: [6, ordered<readonly [number, number, AccountId]>(u16, u16, accountId)],
  MaxAllowedUidsSet: [9, onSubnet(u16)],
  RhoSet: [16, onSubnet(u16)],
  AlphaSigmoidSteepnessSet: [17, onSubnet(i16)],
  KappaSet: [18, onSubnet(u16)],
  MinAllowedWeightSet: [19, onSubnet(u16)],
  WeightsSetRateLimitSet: [22, onSubnet(u64)],
  ImmunityPeriodSet: [23, onSubnet(u16)],
  BondsMovingAverageSet: [24, onSubnet(u64)],
  BondsPenaltySet: [25, onSubnet(u16)],
  BondsResetOnSet: [26, onSubnet(bool)],
  MaxAllowedValidatorsSet: [27, onSubnet(u16)],
  AxonServed: [28, onSubnet(accountId)],
  PrometheusServed: [29, onSubnet(accountId)],
  WeightsVersionKeySet: [32, onSubnet(u64)],
  ServingRateLimitSet: [35, onSubnet(u64)],
  MinBurnSet: [38, onSubnet(u64)],
  MaxEpochsPerBlockSet: [39, only(u8)],
  AdminFreezeWindowSet: [43, only(u16)],
  OwnerHyperparamRateLimitSet: [44, only(u16)],
  RegistrationAllowed: [50, onSubnet(bool)],
  TempoSet: [52, onSubnet(u16)],
  StakeThresholdSet: [54, only(u64)],
  HotkeySwapped: [66, parts(hotkeySwap)],
  SetChildrenScheduled: [
    75,
    ordered<readonly [AccountId, number, bigint, readonly (readonly [bigint, AccountId])[]]>(accountId, u16, u64, shares),
  ],
  SetChildren: [76, ordered<readonly [AccountId, number, readonly (readonly [bigint, AccountId])[]]>(accountId, u16, shares)],
  WeightsCommitted: [85, commit],
  WeightsRevealed: [86, commit],
  WeightsBatchRevealed: [87, ordered<readonly [AccountId, number, readonly string[]]>(accountId, u16, vec(hash))],
  BatchWeightsCompleted: [88, ordered<readonly [readonly bigint[], AccountId]>(vec(compact(u16)), accountId)],
  BatchCompletedWithErrors: [89, NOTHING],
  BatchWeightItemFailed: [90, ordered(u16, dispatchError)],
  CommitRevealPeriodsSet: [100, onSubnet(u64)],
  CommitRevealEnabled: [101, onSubnet(bool)],
  HotkeySwappedOnSubnet: [102, parts({ ...hotkeySwap, netuid: u16 })],
  CommitRevealVersionSet: [106, only(u16)],
  TimelockedWeightsCommitted: [107, ordered<readonly [AccountId, number, string, bigint]>(accountId, u16, hash, u64)],
  TimelockedWeightsRevealed: [108, onSubnet(accountId)],
  ActivityCutoffFactorMilliSet: [130, parts({ netuid: u16, factor_milli: u32 })],
  EpochTriggered: [131, parts({ netuid: u16, by: accountId, fires_at: u64 })],
  EpochDeferred: [132, parts({ netuid: u16, from_block: u64, to_block: u64 })],
});

type Event = Parameters<typeof events.of>[0];

export function deposit(context: Pick<CallContext, 'deposit'>, event: Event): void {
  context.deposit(events.of(event));
}
