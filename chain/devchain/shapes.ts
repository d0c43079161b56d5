/** The types that every pallet shares, under the names they have in the runtime. */
import { NOTHING, only, ordered, parts, struct, variant } from './composite.js';
import {
  bool,
  boundedBytes,
  boundedVec,
  bytes,
  compact,
  defined,
  field,
  fixedBytes,
  fromHex,
  named,
  type Type,
  toHex,
  tuple,
  u8,
  u16,
  u32,
  u64,
  u128,
  unit,
  type ValueOf,
  vec,
} from './scale.js';

/** 32 bytes as `0x` and 64 hex digits. */
export type AccountId = string;

export const ZERO_ACCOUNT: AccountId = `0x${'00'.repeat(32)}`;

const bytes32 = fixedBytes(32);
export const bytes33 = fixedBytes(33);
const hex32 = defined<string>(
  { write: (out, value) => bytes32.write(out, fromHex(value)), read: (from) => toHex(bytes32.read(from)) },
  (table) => ({ path: [], params: [], def: { tag: 'array', value: { len: 32, type: u8.id(table) } } }),
);

export const accountId: Type<AccountId> = named(['sp_core', 'crypto', 'AccountId32'], hex32);
export const hash: Type<string> = named(['primitive_types', 'H256'], hex32);
export const accountIds: Type<readonly AccountId[]> = vec(accountId);

/** `Compact<()>`: accounts have no short numbers here. */
const accountIndex = defined<null>({ write: () => undefined, read: () => null }, (table) => ({
  path: [],
  params: [],
  def: { tag: 'compact', value: unit.id(table) },
}));

export const address = variant(
  ['sp_runtime', 'multiaddress', 'MultiAddress'],
  {
    Id: [0, only(accountId)],
    Index: [1, only(accountIndex)],
    Raw: [2, only(bytes)],
    Address32: [3, only(hex32)],
    Address20: [4, only(fixedBytes(20))],
  },
  [
    ['AccountId', accountId],
    ['AccountIndex', unit],
  ],
);

export const signature = variant(['sp_runtime', 'MultiSignature'], {
  Ed25519: [0, only(fixedBytes(64))],
  Sr25519: [1, only(fixedBytes(64))],
  Ecdsa: [2, only(fixedBytes(65))],
});

export const weight = struct(['sp_weights', 'weight_v2', 'Weight'], { ref_time: compact(u64), proof_size: compact(u64) });
export const dispatchClass = variant(['frame_support', 'dispatch', 'DispatchClass'], {
  Normal: [0, NOTHING],
  Operational: [1, NOTHING],
  Mandatory: [2, NOTHING],
});
export const pays = variant(['frame_support', 'dispatch', 'Pays'], { Yes: [0, NOTHING], No: [1, NOTHING] });
export const dispatchInfo = struct(['frame_system', 'DispatchEventInfo'], { weight, class: dispatchClass, pays_fee: pays });

const moduleError = struct(['sp_runtime', 'ModuleError'], { index: u8, error: fixedBytes(4) });
export const tokenError = variant(['sp_runtime', 'TokenError'], {
  FundsUnavailable: [0, NOTHING],
  OnlyProvider: [1, NOTHING],
  BelowMinimum: [2, NOTHING],
  CannotCreate: [3, NOTHING],
  UnknownAsset: [4, NOTHING],
  Frozen: [5, NOTHING],
  Unsupported: [6, NOTHING],
  CannotCreateHold: [7, NOTHING],
  NotExpendable: [8, NOTHING],
  Blocked: [9, NOTHING],
});
const arithmeticError = variant(['sp_arithmetic', 'ArithmeticError'], {
  Underflow: [0, NOTHING],
  Overflow: [1, NOTHING],
  DivisionByZero: [2, NOTHING],
});
const transactionalError = variant(['sp_runtime', 'TransactionalError'], { LimitReached: [0, NOTHING], NoLayer: [1, NOTHING] });
export const dispatchError = variant(['sp_runtime', 'DispatchError'], {
  Other: [0, NOTHING],
  CannotLookup: [1, NOTHING],
  BadOrigin: [2, NOTHING],
  Module: [3, only(moduleError)],
  ConsumerRemaining: [4, NOTHING],
  NoProviders: [5, NOTHING],
  TooManyConsumers: [6, NOTHING],
  Token: [7, only(tokenError)],
  Arithmetic: [8, only(arithmeticError)],
  Transactional: [9, only(transactionalError)],
  Exhausted: [10, NOTHING],
  Corruption: [11, NOTHING],
  Unavailable: [12, NOTHING],
  RootNotAllowed: [13, NOTHING],
});
export const dispatchResult = variant(['Result'], { Ok: [0, only(unit)], Err: [1, only(dispatchError)] }, [
  ['T', unit],
  ['E', dispatchError],
]);

const accountData = struct(['pallet_balances', 'types', 'AccountData'], { free: u64, reserved: u64, frozen: u64, flags: u128 });
export const accountInfo = struct(['frame_system', 'AccountInfo'], {
  nonce: u32,
  consumers: u32,
  providers: u32,
  sufficients: u32,
  data: accountData,
});

export const phase = variant(['frame_system', 'Phase'], {
  ApplyExtrinsic: [0, only(u32)],
  Finalization: [1, NOTHING],
  Initialization: [2, NOTHING],
});

export const axonInfo = struct(['pallet_subtensor', 'pallet', 'AxonInfo'], {
  block: u64,
  version: u32,
  ip: u128,
  port: u16,
  ip_type: u8,
  protocol: u8,
  placeholder1: u8,
  placeholder2: u8,
});
export const prometheusInfo = struct(['pallet_subtensor', 'pallet', 'PrometheusInfo'], {
  block: u64,
  version: u32,
  ip: u128,
  port: u16,
  ip_type: u8,
});
/** Longest public key of a certificate. */
export const MAX_CERTIFICATE_KEY_BYTES = 64;
export const neuronCertificate = struct(['pallet_subtensor', 'pallet', 'NeuronCertificate'], {
  public_key: boundedVec(u8, MAX_CERTIFICATE_KEY_BYTES),
  algorithm: u8,
});

/** Longest inline field of a commitment. */
const MAX_RAW_BYTES = 128;
const rawCases = Object.fromEntries(
  Array.from({ length: MAX_RAW_BYTES + 1 }, (_, length) => [`Raw${length}`, [1 + length, only(fixedBytes(length))] as const]),
);
const dataPath = ['pallet_commitments', 'types', 'Data'] as const;
const olderData = {
  None: [0, NOTHING],
  ...rawCases,
  BlakeTwo256: [130, only(fixedBytes(32))],
  Sha256: [131, only(fixedBytes(32))],
  Keccak256: [132, only(fixedBytes(32))],
  ShaThree256: [133, only(fixedBytes(32))],
} as const;
export const commitmentData = variant(dataPath, {
  ...olderData,
  TimelockEncrypted: [134, parts({ encrypted: boundedVec(u8, 1024), reveal_round: u64 })],
  ResetBondsFlag: [135, NOTHING],
  BigRaw: [136, only(boundedVec(u8, 512))],
});
/** A field that holds these bytes, at most 512. */
export function commitmentField(data: Uint8Array): ValueOf<typeof commitmentData> {
  if (data.length > MAX_RAW_BYTES) return { type: 'BigRaw', value: [...data] };
  // Safety: rawCases has a case for every length up to MAX_RAW_BYTES, each of exactly that many bytes.
  return { type: `Raw${data.length}`, value: data } as unknown as ValueOf<typeof commitmentData>;
}
/** Fields of one commitment. */
export const MAX_COMMITMENT_FIELDS = 3;
const infoOf = <T>(data: Type<T>) =>
  struct(['pallet_commitments', 'types', 'CommitmentInfo'], { fields: boundedVec(data, MAX_COMMITMENT_FIELDS) });
const registrationOf = <T>(info: Type<T>) => struct(['pallet_commitments', 'types', 'Registration'], { deposit: u64, block: u32, info });
export const commitmentInfo = infoOf(commitmentData);
export const commitmentRegistration = registrationOf(commitmentInfo);
/** As runtimes had it before timelocked and long fields. */
export const olderCommitmentInfo = infoOf(variant(dataPath, olderData));
export const olderCommitmentRegistration = registrationOf(olderCommitmentInfo);

/** Hyperparameters that the owner of a subnet may change only so often, at the positions the runtime gives them. */
const OWNER_HYPERPARAMETERS = {
  Unknown: [0, NOTHING],
  ServingRateLimit: [1, NOTHING],
  MaxDifficulty: [2, NOTHING],
  AdjustmentAlpha: [3, NOTHING],
  MaxWeightLimit: [4, NOTHING],
  ImmunityPeriod: [5, NOTHING],
  MinAllowedWeights: [6, NOTHING],
  Kappa: [7, NOTHING],
  Rho: [8, NOTHING],
  ActivityCutoff: [9, NOTHING],
  PowRegistrationAllowed: [10, NOTHING],
  MinBurn: [11, NOTHING],
  MaxBurn: [12, NOTHING],
  BondsMovingAverage: [13, NOTHING],
  BondsPenalty: [14, NOTHING],
  CommitRevealEnabled: [15, NOTHING],
  LiquidAlphaEnabled: [16, NOTHING],
  AlphaValues: [17, NOTHING],
  WeightCommitInterval: [18, NOTHING],
  TransferEnabled: [19, NOTHING],
  AlphaSigmoidSteepness: [20, NOTHING],
  Yuma3Enabled: [21, NOTHING],
  BondsResetEnabled: [22, NOTHING],
  ImmuneNeuronLimit: [23, NOTHING],
  RecycleOrBurn: [24, NOTHING],
  MaxAllowedUids: [25, NOTHING],
  BurnHalfLife: [26, NOTHING],
  BurnIncreaseMult: [27, NOTHING],
  SubnetEmissionEnabled: [28, NOTHING],
  MinChildkeyTake: [29, NOTHING],
  ActivityCutoffFactorMilli: [30, NOTHING],
  TriggerEpoch: [31, NOTHING],
} as const;
export type OwnerHyperparameter = keyof typeof OWNER_HYPERPARAMETERS;
export const ownerHyperparameter = variant(['pallet_subtensor', 'utils', 'rate_limiting', 'Hyperparameter'], OWNER_HYPERPARAMETERS);
export const rateLimitKey = variant(['pallet_subtensor', 'RateLimitKey'], {
  SetSNOwnerHotkey: [0, only(u16)],
  OwnerHyperparamUpdate: [1, ordered(u16, ownerHyperparameter)],
  NetworkLastRegistered: [2, NOTHING],
  LastTxBlock: [3, only(accountId)],
  LastTxBlockChildKeyTake: [4, only(accountId)],
  LastTxBlockDelegateTake: [5, only(accountId)],
  AddStakeBurn: [6, only(u16)],
});

/** Longest timelocked commit of weights. */
export const MAX_TIMELOCKED_COMMIT_BYTES = 5_000;
export const timelockedCommit = boundedBytes(MAX_TIMELOCKED_COMMIT_BYTES);
export const weightRow = vec(tuple(u16, u16));
export const shares = vec(tuple(u64, accountId));
/** U64F64 as its bits. */
export const u64f64 = struct(['substrate_fixed', 'FixedU128'], { bits: u128 });

export const emptyTuple = unit;
export { bool, bytes, field, ordered };
