import { isFailure } from '../../protocol/failure.js';
import { type Hash, parseHash } from '../../protocol/names.js';
import { chainFailure } from '../failures.js';
import type { ChainReader, WeightEntry, WeightFacts } from '../ports.js';
import type { BlockRef, Hotkey, SubnetSnapshot } from '../snapshot.js';
import type { Connection } from './connection.js';
import { at, toBigInt, toBoolean, toHotkey, toList, toNumber } from './decode.js';
import {
  hyperparametersOf,
  neuronsOf,
  PERSON_SLOTS,
  personOf,
  personSlots,
  readNamed,
  seatSlots,
  seatsOf,
  stakePartsOf,
  stakeSlots,
  subnetSlots,
  unknownParents,
  weightOf,
} from './neurons.js';
import type { Session } from './session.js';
import { type StorageAt, storageAt } from './storage.js';

const PALLET = 'subtensorModule';
/** Storage index of a weight matrix: mechanism × this + netuid. */
const MECHANISM_STRIDE = 4096;
/** More seats than any subnet may have: a larger count is a broken node, not a subnet. */
export const MAX_NEURONS = 4096;

/**
 * Everything is read from plain storage, so that the same code serves every generation of the runtime, at one pinned block hash: three
 * rounds of `state_queryStorageAt` for a snapshot (subnet; seats; people), a fourth when some stake is lent from outside the subnet.
 */
export function createReader({ connection }: { readonly connection: Connection }): ChainReader {
  const reading = <T>(method: string, work: (session: Session) => Promise<T>): Promise<T> =>
    connection.read(async (session) => {
      try {
        return await work(session);
      } catch (error) {
        if (isFailure(error)) throw error;
        const { endpoint } = session.identity;
        const reason = error instanceof Error ? error.message : String(error);
        throw chainFailure('chain.bad_answer', { method, endpoint, reason: reason.slice(0, 300) }, error);
      }
    });

  return {
    identity: connection.identity,
    finalizedHead: () => reading('finalizedHead', finalizedHead),
    blockAt: (number) => reading('blockAt', (session) => blockAt(session, number, connection.status().finalized)),
    onFinalized: connection.onFinalized,
    snapshot: (netuid, block) =>
      reading('snapshot', async (session) => readSnapshot(session, netuid, block ?? (await finalizedHead(session)))),
    weightFacts: (netuid, mechanism, hotkey) =>
      reading('weightFacts', async (session) => readWeightFacts(session, netuid, mechanism, hotkey, await finalizedHead(session))),
    weightsOf: (netuid, mechanism, uid, block) =>
      reading('weightsOf', async (session) => {
        const storage = await storageAt(session, (block ?? (await finalizedHead(session))).hash);
        const { row } = await readNamed(storage, { row: storage.slot(PALLET, 'weights', mechanism * MECHANISM_STRIDE + netuid, uid) });
        const entries = toList(row ?? [], (pair): WeightEntry => {
          const [to, value] = toList(pair, toNumber);
          return { uid: to ?? 0, value: value ?? 0 };
        });
        return entries.toSorted((a, b) => a.uid - b.uid);
      }),
    timelockedReveals: () => reading('timelockedReveals', notYet),
    epochInput: () => reading('epochInput', notYet),
    balanceOf: (account) =>
      reading('balanceOf', async (session) => {
        const storage = await storageAt(session, (await finalizedHead(session)).hash);
        const { account: found } = await readNamed(storage, { account: storage.slot('system', 'account', account) });
        const data = typeof found === 'object' && found !== null && 'data' in found ? found.data : null;
        return typeof data === 'object' && data !== null && 'free' in data ? toBigInt(data.free) : 0n;
      }),
    runtime: () => {
      throw chainFailure('chain.missing_item', { specVersion: connection.identity().specVersion, item: 'description' });
    },
  };
}

async function notYet(session: Session): Promise<never> {
  throw chainFailure('chain.missing_item', { specVersion: session.identity.specVersion, item: 'answer' });
}

export async function finalizedHead(session: Session): Promise<BlockRef> {
  const hash = hashOf(await session.request('chain_getFinalizedHead'), session, 'chain_getFinalizedHead');
  const header = await session.request('chain_getHeader', hash);
  return { number: numberOf(header, session), hash };
}

function numberOf(header: unknown, session: Session): number {
  if (typeof header === 'object' && header !== null && 'number' in header) return toNumber(header.number);
  const { endpoint } = session.identity;
  throw chainFailure('chain.bad_answer', { method: 'chain_getHeader', endpoint, reason: 'no header' });
}

function hashOf(answer: unknown, session: Session, method: string): Hash {
  const hash = parseHash(String(answer));
  if (hash.ok) return hash.value;
  throw chainFailure('chain.bad_answer', { method, endpoint: session.identity.endpoint, reason: hash.error });
}

async function blockAt(session: Session, number: number, known: BlockRef | null): Promise<BlockRef> {
  if (known === null || number > known.number) {
    const head = await finalizedHead(session);
    if (number > head.number) throw chainFailure('chain.block_not_finalized', { block: number, finalized: head.number });
  }
  const answer = await session.request('chain_getBlockHash', number);
  if (answer === null) throw chainFailure('chain.block_not_found', { block: number, endpoint: session.identity.endpoint });
  return { number, hash: hashOf(answer, session, 'chain_getBlockHash') };
}

async function readSnapshot(session: Session, netuid: number, block: BlockRef): Promise<SubnetSnapshot> {
  const storage = await storageAt(session, block.hash);
  const values = await readNamed(storage, subnetSlots(storage, netuid));
  if (values.exists !== true) throw chainFailure('chain.subnet_not_found', { netuid });
  const count = toNumber(values.count);
  if (count > MAX_NEURONS) throw new RangeError(`subnet ${netuid} claims ${count} neurons`);
  const seats = seatsOf(await storage.read(seatSlots(storage, netuid, count)));
  const found = await storage.read(seats.flatMap(({ hotkey }) => personSlots(storage, netuid, hotkey)));
  const people = seats.map((_, i) => personOf(found.slice(i * PERSON_SLOTS, (i + 1) * PERSON_SLOTS)));
  const stakeOf = new Map(seats.map(({ hotkey }, i) => [hotkey, people[i]?.stake ?? stakePartsOf(null, null)]));
  for (const [hotkey, parts] of await stakesOf(storage, netuid, unknownParents(people, new Set(stakeOf.keys())))) {
    stakeOf.set(hotkey, parts);
  }
  return {
    genesis: session.identity.genesis,
    netuid,
    block,
    specVersion: storage.specVersion,
    hyperparameters: hyperparametersOf(values),
    neurons: neuronsOf(seats, people, stakeOf, values),
  };
}

async function stakesOf(storage: StorageAt, netuid: number, hotkeys: readonly Hotkey[]) {
  if (hotkeys.length === 0) return [];
  const values = await storage.read(hotkeys.flatMap((hotkey) => stakeSlots(storage, netuid, hotkey)));
  return hotkeys.map((hotkey, i) => [hotkey, stakePartsOf(values[2 * i], values[2 * i + 1])] as const);
}

async function readWeightFacts(session: Session, netuid: number, mechanism: number, hotkey: Hotkey, block: BlockRef): Promise<WeightFacts> {
  const storage = await storageAt(session, block.hash);
  const [found, values] = await Promise.all([
    storage.read(personSlots(storage, netuid, hotkey)),
    readNamed(storage, {
      ...subnetSlots(storage, netuid),
      lastUpdate: storage.slot(PALLET, 'lastUpdate', mechanism * MECHANISM_STRIDE + netuid),
      uid: storage.slot(PALLET, 'uids', netuid, hotkey),
      ownerHotkey: storage.slot(PALLET, 'subnetOwnerHotkey', netuid),
      stakeThreshold: storage.slot(PALLET, 'stakeThreshold') ?? storage.slot(PALLET, 'weightsMinStake'),
      mechanismCount: storage.slot(PALLET, 'mechanismCountCurrent', netuid),
      lastEpochBlock: storage.slot(PALLET, 'lastEpochBlock', netuid),
      pendingEpochAt: storage.slot(PALLET, 'pendingEpochAt', netuid),
      epochIndex: storage.slot(PALLET, 'subnetEpochIndex', netuid),
      blocksSinceLastStep: storage.slot(PALLET, 'blocksSinceLastStep', netuid),
    }),
  ]);
  if (values.exists !== true) throw chainFailure('chain.subnet_not_found', { netuid });
  const self = personOf(found);
  const uid = values.uid === null || values.uid === undefined ? null : toNumber(values.uid);
  const { registeredAt } =
    uid === null
      ? { registeredAt: 0 }
      : await readNamed(storage, { registeredAt: storage.slot(PALLET, 'blockAtRegistration', netuid, uid) });
  const stakeOf = new Map(await stakesOf(storage, netuid, unknownParents([self], new Set())));
  const { tempo, minAllowedWeights, weightsVersionKey, weightsRateLimitBlocks, commitRevealEnabled } = hyperparametersOf(values);
  return {
    block,
    netuid,
    mechanism,
    mechanismCount: values.mechanismCount === null || values.mechanismCount === undefined ? 1 : toNumber(values.mechanismCount),
    hotkey,
    uid,
    registeredAt: toNumber(registeredAt ?? 0),
    lastUpdate: uid === null ? 0 : at(toList(values.lastUpdate ?? [], toNumber), uid, 0),
    validatorPermit: uid === null ? false : at(toList(values.validatorPermit ?? [], toBoolean), uid, false),
    isOwner: values.ownerHotkey === null || values.ownerHotkey === undefined ? false : toHotkey(values.ownerHotkey) === hotkey,
    stakeRao: weightOf(self, stakeOf, values.taoWeight),
    stakeThresholdRao: toBigInt(values.stakeThreshold ?? 0),
    neuronCount: toNumber(values.count),
    minAllowedWeights,
    weightsVersionKey,
    rateLimitBlocks: weightsRateLimitBlocks,
    commitRevealEnabled,
    commitReveal: null,
    stored: [],
    tempo,
    epochClock:
      values.lastEpochBlock === null || values.lastEpochBlock === undefined
        ? null
        : {
            lastEpochBlock: toNumber(values.lastEpochBlock),
            pendingEpochAt: toNumber(values.pendingEpochAt ?? 0),
            index: toNumber(values.epochIndex ?? 0),
            blocksSinceLastStep: toNumber(values.blocksSinceLastStep ?? 0),
          },
  };
}
