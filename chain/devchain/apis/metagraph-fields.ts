/**
 * The fields of a metagraph in the order of the runtime; a field's place is the number by which it can be asked for alone.
 * What a development chain does not have (pools, proof of work, identities) stands there with the value of a fresh subnet.
 *
 * Source: subtensor rpc_info/metagraph.rs.
 */
import { struct } from '../composite.js';
import { activityCutoffOf, EMISSION_PER_BLOCK_RAO } from '../epoch.js';
import { commitmentOf } from '../pallets/commitments.js';
import * as stored from '../pallets/subtensor/storage.js';
import {
  type ByteReader,
  bool,
  bytes,
  compact,
  defined,
  fromHex,
  i128,
  option,
  readCompact,
  type Type,
  tuple,
  u8,
  u16,
  u64,
  u128,
  vec,
  writeCompact,
} from '../scale.js';
import { type AccountId, accountId, axonInfo } from '../shapes.js';
import type { SubnetView } from './subnet-view.js';

const MAX_WEIGHT = 65_535;
const ALPHA_LOW = 45_875;
const ALPHA_HIGH = 58_982;
/** Of the proof of work that no longer buys a seat. */
const DIFFICULTY = 10_000_000n;

export interface MetagraphField<T = unknown> {
  readonly name: string;
  readonly type: Type<T>;
  read(view: SubnetView): T;
}

const c16 = compact(u16);
const c64 = compact(u64);
const c128 = compact(u128);

const c8 = compact(u8);

/** `Vec<Compact<u8>>`, from plain bytes. */
const compactBytes: Type<Uint8Array> = defined<Uint8Array>(
  {
    write: (out, value) => {
      writeCompact(out, BigInt(value.length));
      // From 64 on a byte takes two: its low six bits beside the mode, then the rest.
      out.push(Uint8Array.from(Array.from(value).flatMap((byte) => (byte < 64 ? [byte << 2] : [((byte << 2) & 255) | 1, byte >> 6]))));
    },
    read: (from: ByteReader) => Uint8Array.from({ length: Number(readCompact(from)) }, () => Number(readCompact(from))),
  },
  (table) => ({ path: [], params: [], def: { tag: 'sequence', value: c8.id(table) } }),
);

const identityOf = (name: string, fields: readonly string[]) =>
  struct(['pallet_subtensor', 'pallet', name], Object.fromEntries(fields.map((field) => [field, bytes])));
const subnetIdentity = identityOf('SubnetIdentityV3', [
  'subnet_name',
  'github_repo',
  'subnet_contact',
  'subnet_url',
  'discord',
  'description',
  'logo_url',
  'additional',
]);
const chainIdentity = identityOf('ChainIdentityV2', ['name', 'url', 'github_repo', 'image', 'discord', 'description', 'additional']);
/** I96F32 as its bits. */
const i96f32 = struct(['substrate_fixed', 'FixedI128'], { bits: i128 });
const PRICE_ONE = { bits: 1n << 32n };

function field<T>(name: string, type: Type<T>, read: (view: SubnetView) => T): MetagraphField<T> {
  return { name, type, read };
}
const short = (name: string, read: (view: SubnetView) => number) => field(name, c16, (view) => BigInt(read(view)));
const long = (name: string, read: (view: SubnetView) => bigint) => field(name, c64, read);
/** What this chain does not have. */
const nothing = (name: string) => long(name, () => 0n);
const shorts = (name: string, read: (view: SubnetView) => readonly number[]) => field(name, vec(c16), (view) => read(view).map(BigInt));
const longs = (name: string, read: (view: SubnetView) => readonly bigint[]) => field(name, vec(c64), read);
const flag = (name: string, read: (view: SubnetView) => boolean) => field(name, bool, read);
const utf8 = (text: string) => new TextEncoder().encode(text);
const flagsOf = vec(bool);
const perHotkey = vec(tuple(accountId, c64));

/** After the subnet's number, which is always there. */
export const METAGRAPH_FIELDS: readonly MetagraphField[] = [
  field('name', compactBytes, () => utf8('development')),
  field('symbol', compactBytes, () => utf8('dev')),
  field('identity', option(subnetIdentity), () => null),
  long('network_registered_at', ({ store, netuid }) => stored.networkRegisteredAt.get(store, netuid)),
  field('owner_hotkey', accountId, ({ store, netuid }) => stored.subnetOwnerHotkey.get(store, netuid)),
  field('owner_coldkey', accountId, ({ store, netuid }) => stored.subnetOwner.get(store, netuid)),
  long('block', ({ block }) => BigInt(block)),
  short('tempo', ({ store, netuid }) => stored.tempo.get(store, netuid)),
  long('last_step', lastStepOf),
  long('blocks_since_last_step', (view) => BigInt(view.block) - lastStepOf(view)),
  nothing('subnet_emission'),
  nothing('alpha_in'),
  nothing('alpha_out'),
  nothing('tao_in'),
  long('alpha_out_emission', ({ store, netuid }) =>
    stored.firstEmissionBlockNumber.get(store, netuid) === null ? 0n : EMISSION_PER_BLOCK_RAO,
  ),
  nothing('alpha_in_emission'),
  nothing('tao_in_emission'),
  long(
    'pending_alpha_emission',
    ({ store, netuid }) => stored.pendingValidatorEmission.get(store, netuid) + stored.pendingServerEmission.get(store, netuid),
  ),
  nothing('pending_root_emission'),
  field('subnet_volume', c128, () => 0n),
  field('moving_price', i96f32, () => PRICE_ONE),
  short('rho', ({ store, netuid }) => stored.rho.get(store, netuid)),
  short('kappa', ({ store, netuid }) => stored.kappa.get(store, netuid)),
  short('min_allowed_weights', ({ store, netuid }) => stored.minAllowedWeights.get(store, netuid)),
  short('max_weights_limit', () => MAX_WEIGHT),
  long('weights_version', ({ store, netuid }) => stored.weightsVersionKey.get(store, netuid)),
  long('weights_rate_limit', ({ store, netuid }) => stored.weightsSetRateLimit.get(store, netuid)),
  long('activity_cutoff', ({ store, netuid, rules }) => BigInt(activityCutoffOf(store, netuid, rules))),
  short('max_validators', ({ store, netuid }) => stored.maxAllowedValidators.get(store, netuid)),
  short('num_uids', ({ store, netuid }) => stored.subnetworkN.get(store, netuid)),
  short('max_uids', ({ store, netuid }) => stored.maxAllowedUids.get(store, netuid)),
  long('burn', ({ store, netuid }) => stored.burn.get(store, netuid)),
  long('difficulty', () => DIFFICULTY),
  flag('registration_allowed', ({ store, netuid }) => stored.networkRegistrationAllowed.get(store, netuid)),
  flag('pow_registration_allowed', () => false),
  short('immunity_period', ({ store, netuid }) => stored.immunityPeriod.get(store, netuid)),
  long('min_difficulty', () => DIFFICULTY),
  long('max_difficulty', () => DIFFICULTY),
  long('min_burn', ({ store, netuid }) => stored.minBurn.get(store, netuid)),
  long('max_burn', ({ store, netuid }) => stored.maxBurn.get(store, netuid)),
  nothing('adjustment_alpha'),
  short('adjustment_interval', () => 100),
  short('target_regs_per_interval', () => 1),
  short('max_regs_per_block', () => 1),
  long('serving_rate_limit', ({ store, netuid }) => stored.servingRateLimit.get(store, netuid)),
  flag('commit_reveal_weights_enabled', ({ store, netuid }) => stored.commitRevealWeightsEnabled.get(store, netuid)),
  long('commit_reveal_period', ({ store, netuid }) => stored.revealPeriodEpochs.get(store, netuid)),
  flag('liquid_alpha_enabled', ({ store, netuid }) => stored.liquidAlphaOn.get(store, netuid)),
  short('alpha_high', () => ALPHA_HIGH),
  short('alpha_low', () => ALPHA_LOW),
  long('bonds_moving_avg', ({ store, netuid }) => stored.bondsMovingAverage.get(store, netuid)),
  field('hotkeys', vec(accountId), (view) => view.hotkeys()),
  field('coldkeys', vec(accountId), (view) => view.coldkeys()),
  field('identities', vec(option(chainIdentity)), (view) => view.hotkeys().map(() => null)),
  field('axons', vec(axonInfo), (view) => view.hotkeys().map(view.axonOf)),
  field('active', flagsOf, ({ store, netuid }) => stored.active.get(store, netuid)),
  field('validator_permit', flagsOf, ({ store, netuid }) => stored.validatorPermit.get(store, netuid)),
  shorts('pruning_score', () => []),
  longs('last_update', ({ store, storageIndex }) => stored.lastUpdate.get(store, storageIndex)),
  longs('emission', ({ store, netuid }) => stored.emission.get(store, netuid)),
  shorts('dividends', ({ store, netuid }) => stored.dividends.get(store, netuid)),
  shorts('incentives', ({ store, storageIndex }) => stored.incentive.get(store, storageIndex)),
  shorts('consensus', ({ store, netuid }) => stored.consensus.get(store, netuid)),
  shorts('trust', () => []),
  shorts('rank', () => []),
  longs('block_at_registration', (view) => view.hotkeys().map((_, uid) => stored.blockAtRegistration.get(view.store, view.netuid, uid))),
  longs('alpha_stake', (view) => view.stakes().map(({ alpha }) => alpha)),
  longs('tao_stake', (view) => view.stakes().map(({ tao }) => tao)),
  longs('total_stake', (view) => view.stakes().map(({ total }) => total)),
  field('tao_dividends_per_hotkey', perHotkey, (view) => view.hotkeys().map((hotkey) => [hotkey, 0n] as const)),
  field('alpha_dividends_per_hotkey', perHotkey, ({ store, netuid, hotkeys }) =>
    hotkeys().map((hotkey) => [hotkey, stored.alphaDividendsPerSubnet.get(store, netuid, hotkey)] as const),
  ),
];

/** What can be asked for beside the fields of the whole metagraph. */
export const SELECTIVE_ONLY: readonly MetagraphField[] = [
  shorts('validators', validatorsOf),
  field('commitments', vec(tuple(accountId, compactBytes)), commitmentsOf),
];

function lastStepOf({ store, netuid }: SubnetView): bigint {
  return stored.lastMechanismStepBlock.get(store, netuid);
}

/** Holders of a permit with more stake than the threshold, poorest first. */
function validatorsOf(view: SubnetView): readonly number[] {
  const { store, netuid } = view;
  const permits = stored.validatorPermit.get(store, netuid);
  const threshold = stored.stakeThreshold.get(store);
  return view
    .stakes()
    .map(({ total }, uid) => ({ uid, total }))
    .filter(({ uid, total }) => permits[uid] === true && total > threshold)
    .sort((a, b) => (a.total < b.total ? -1 : Number(a.total > b.total)))
    .map(({ uid }) => uid);
}

/** Each `CommitmentOf` as its bytes, in the order of the state. */
function commitmentsOf({ store, netuid }: SubnetView): readonly (readonly [AccountId, Uint8Array])[] {
  return store.keysWith(commitmentOf.prefixKey(netuid)).flatMap((key) => {
    const value = store.get(key);
    // The account closes its key: the hasher keeps it readable.
    return value === null ? [] : [[`0x${key.slice(-64)}`, fromHex(value)] as const];
  });
}
