import { chainFailure } from '../failures.js';
import type { Hotkey, Hyperparameters, Neuron, SubnetSnapshot } from '../snapshot.js';
import { at, DecodeError, fieldOf, toAxon, toBigInt, toBoolean, toCommitment, toHotkey, toList, toNumber } from './decode.js';
import { type SnapshotPlace, seatCount } from './plain-snapshot.js';
import type { StorageAt } from './storage.js';

/**
 * Fields of a selective metagraph by their numbers. Stake is asked for once: each of its three fields makes the node add up all stakes anew.
 *
 * Source: subtensor pallets/subtensor/src/rpc_info/metagraph.rs, SelectiveMetagraphIndex.
 */
export const METAGRAPH_FIELDS = {
  tempo: 8,
  minAllowedWeights: 24,
  weightsVersion: 26,
  weightsRateLimit: 27,
  activityCutoff: 28,
  maxValidators: 29,
  numUids: 30,
  maxUids: 31,
  burn: 32,
  registrationAllowed: 34,
  immunityPeriod: 36,
  servingRateLimit: 45,
  commitRevealWeightsEnabled: 46,
  commitRevealPeriod: 47,
  hotkeys: 52,
  coldkeys: 53,
  axons: 55,
  active: 56,
  validatorPermit: 57,
  lastUpdate: 59,
  emission: 60,
  dividends: 61,
  incentives: 62,
  blockAtRegistration: 66,
  totalStake: 69,
  commitments: 73,
} as const;

type Field = keyof typeof METAGRAPH_FIELDS;

/** The metagraph as plain JSON, by field; null in it: the runtime answered without that field. */
type Metagraph = Readonly<Record<Field, unknown>>;

/**
 * A snapshot by one runtime call, with the certificates, which it lacks, from storage.
 *
 * Requests for n seats: 1 + ⌈a / 4096⌉, a the neurons that serve an axon; 1 + ⌈n / 4096⌉ more on runtimes whose metagraph has no commitments.
 * Errors: chain.subnet_not_found; chain.bad_answer for a metagraph that lacks what was asked for.
 */
export async function readMetagraphSnapshot(
  storage: StorageAt,
  call: (...args: readonly unknown[]) => Promise<unknown>,
  { genesis, netuid, block }: SnapshotPlace,
): Promise<SubnetSnapshot> {
  const json = await call(netuid, Object.values(METAGRAPH_FIELDS));
  if (json === null) throw chainFailure('chain.subnet_not_found', { netuid });
  const metagraph = metagraphOf(json);
  const count = seatCount(netuid, metagraph.numUids);
  const hotkeys = vectorOf(metagraph, 'hotkeys', toHotkey);
  if (hotkeys.length !== count) throw new DecodeError(`${hotkeys.length} hotkeys in ${count} seats`);
  const axons = vectorOf(metagraph, 'axons', (axon) => axon);
  const serving = hotkeys.filter((_, uid) => toAxon(axons[uid] ?? null, null) !== null);
  const [certificates, commitments] = await Promise.all([
    readByHotkey(storage, serving, (hotkey) => storage.slot('subtensorModule', 'neuronCertificates', netuid, hotkey)),
    metagraph.commitments === null
      ? readByHotkey(storage, hotkeys, (hotkey) => storage.slot('commitments', 'commitmentOf', netuid, hotkey))
      : commitmentsOf(storage, metagraph.commitments),
  ]);
  return {
    genesis,
    netuid,
    block,
    specVersion: storage.specVersion,
    hyperparameters: hyperparametersOf(metagraph),
    neurons: neuronsOf(metagraph, hotkeys, { axons, certificates, commitments }),
  };
}

function metagraphOf(json: unknown): Metagraph {
  // Safety: Object.keys of a record literal are its keys.
  const fields = Object.keys(METAGRAPH_FIELDS) as Field[];
  const found = fields.map((field) => [field, fieldOf(json, field) ?? null] as const);
  const missing = found.filter(([field, value]) => value === null && field !== 'commitments').map(([field]) => field);
  if (missing.length > 0) throw new DecodeError(`a metagraph without ${missing.join(', ')}`);
  // Safety: built from exactly these names.
  return Object.fromEntries(found) as Metagraph;
}

function vectorOf<T>(metagraph: Metagraph, field: Field, item: (json: unknown) => T): readonly T[] {
  return toList(metagraph[field], item);
}

function hyperparametersOf(metagraph: Metagraph): Hyperparameters {
  return {
    tempo: toNumber(metagraph.tempo),
    minAllowedWeights: toNumber(metagraph.minAllowedWeights),
    weightsVersionKey: toBigInt(metagraph.weightsVersion),
    weightsRateLimitBlocks: toNumber(metagraph.weightsRateLimit),
    activityCutoffBlocks: toNumber(metagraph.activityCutoff),
    immunityPeriodBlocks: toNumber(metagraph.immunityPeriod),
    maxValidators: toNumber(metagraph.maxValidators),
    maxUids: toNumber(metagraph.maxUids),
    commitRevealEnabled: toBoolean(metagraph.commitRevealWeightsEnabled),
    revealPeriodEpochs: toNumber(metagraph.commitRevealPeriod),
    servingRateLimitBlocks: toNumber(metagraph.servingRateLimit),
    burnRao: toBigInt(metagraph.burn),
    registrationAllowed: toBoolean(metagraph.registrationAllowed),
  };
}

interface Beside {
  readonly axons: readonly unknown[];
  /** JSON of `NeuronCertificate` and of `Registration`, by hotkey. */
  readonly certificates: ReadonlyMap<Hotkey, unknown>;
  readonly commitments: ReadonlyMap<Hotkey, unknown>;
}

function neuronsOf(metagraph: Metagraph, hotkeys: readonly Hotkey[], { axons, certificates, commitments }: Beside): readonly Neuron[] {
  const coldkeys = vectorOf(metagraph, 'coldkeys', toHotkey);
  const registered = vectorOf(metagraph, 'blockAtRegistration', toNumber);
  const stakes = vectorOf(metagraph, 'totalStake', toBigInt);
  const permits = vectorOf(metagraph, 'validatorPermit', toBoolean);
  const active = vectorOf(metagraph, 'active', toBoolean);
  const lastUpdates = vectorOf(metagraph, 'lastUpdate', toNumber);
  const incentives = vectorOf(metagraph, 'incentives', toNumber);
  const dividends = vectorOf(metagraph, 'dividends', toNumber);
  const emissions = vectorOf(metagraph, 'emission', toBigInt);
  return hotkeys.map((hotkey, uid) => {
    const coldkey = coldkeys[uid];
    const stakeRao = stakes[uid];
    if (coldkey === undefined || stakeRao === undefined) throw new DecodeError(`no coldkey or stake for uid ${uid}`);
    return {
      uid,
      hotkey,
      coldkey,
      stakeRao,
      validatorPermit: at(permits, uid, false),
      active: at(active, uid, false),
      lastUpdate: at(lastUpdates, uid, 0),
      registeredAt: at(registered, uid, 0),
      axon: toAxon(axons[uid] ?? null, certificates.get(hotkey) ?? null),
      commitment: toCommitment(commitments.get(hotkey) ?? null),
      incentive: at(incentives, uid, 0),
      dividends: at(dividends, uid, 0),
      emissionRao: at(emissions, uid, 0n),
    };
  });
}

async function readByHotkey(
  storage: StorageAt,
  hotkeys: readonly Hotkey[],
  slot: (hotkey: Hotkey) => ReturnType<StorageAt['slot']>,
): Promise<ReadonlyMap<Hotkey, unknown>> {
  const values = await storage.read(hotkeys.map(slot));
  return new Map(hotkeys.map((hotkey, i) => [hotkey, values[i] ?? null]));
}

/** Shape: pairs (account, encoded `Registration`) → its JSON by hotkey; people who hold no seat are among them. */
function commitmentsOf(storage: StorageAt, json: unknown): ReadonlyMap<Hotkey, unknown> {
  return new Map(
    toList(json, (pair) => {
      const [account, encoded] = toList(pair, (part) => part);
      const bytes = toList(encoded, toNumber);
      const hotkey = toHotkey(account);
      const slot = storage.slot('commitments', 'commitmentOf', 0, hotkey);
      return [hotkey, slot?.decode(`0x${Buffer.from(bytes).toString('hex')}`) ?? null] as const;
    }),
  );
}
