import { isFailure } from '../../protocol/failure.js';
import { beaconDifference, type PinnedBeacon } from '../beacon.js';
import { storageIndexOf } from '../commit-hash.js';
import { chainFailure } from '../failures.js';
import type { ChainReader, WeightEntry } from '../ports.js';
import type { BlockRef, SubnetSnapshot } from '../snapshot.js';
import type { Connection } from './connection.js';
import { fieldOf, toBigInt } from './decode.js';
import { readEpochInput } from './epoch-input.js';
import { eventsAt } from './events.js';
import { finalizedHead, hashOf } from './finality.js';
import { readMetagraphSnapshot } from './metagraph.js';
import { readNamed } from './neurons.js';
import { readPlainSnapshot } from './plain-snapshot.js';
import { revealersOf } from './reveals.js';
import type { Session } from './session-shape.js';
import { storageAt } from './storage.js';
import { readWeightFacts, toRow } from './weight-facts.js';

export interface ReaderOptions {
  /** What the chain's beacon must be; null or absent: whatever the chain says. Weight facts of another are refused with chain.beacon_differs. */
  readonly pinnedBeacon?: PinnedBeacon | null;
}

/**
 * Everything is read at one pinned block hash: by one runtime call where the runtime offers it, else from plain storage, so that the same code serves
 * every generation of the runtime. A snapshot takes 5 requests by the call and 6 to 18 from storage, the most for the largest subnet there can be.
 */
export function createReader(
  { connection }: { readonly connection: Connection },
  { pinnedBeacon = null }: ReaderOptions = {},
): ChainReader {
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
    runtime: connection.runtime,
    finalizedHead: () => reading('finalizedHead', finalizedHead),
    blockAt: (number) => reading('blockAt', (session) => blockAt(session, number, connection.status().finalized)),
    onFinalized: connection.onFinalized,
    snapshot: (netuid, block) =>
      reading('snapshot', async (session) => readSnapshot(session, netuid, block ?? (await finalizedHead(session)))),
    weightFacts: (netuid, mechanism, hotkey, at) =>
      reading('weightFacts', async (session) => {
        const facts = await readWeightFacts(session, { netuid, mechanism, hotkey, block: at ?? (await finalizedHead(session)) });
        const beacon = facts.commitReveal?.beacon ?? null;
        const difference = beacon === null || pinnedBeacon === null ? null : beaconDifference(beacon, pinnedBeacon);
        if (difference === null) return facts;
        throw chainFailure('chain.beacon_differs', { endpoint: session.identity.endpoint, ...difference });
      }),
    weightsOf: (netuid, mechanism, uid, block) =>
      reading('weightsOf', async (session) => {
        const [row = []] = await weightRows(session, netuid, mechanism, [uid], block ?? (await finalizedHead(session)));
        return row;
      }),
    weightRows: (netuid, mechanism, uids, block) => reading('weightRows', (session) => weightRows(session, netuid, mechanism, uids, block)),
    timelockedReveals: (netuid, mechanism, block) =>
      reading('timelockedReveals', async (session) => revealersOf(await eventsAt(session, block.hash), storageIndexOf(netuid, mechanism))),
    epochInput: (netuid, mechanism) =>
      reading('epochInput', async (session) => {
        const block = await finalizedHead(session);
        return readEpochInput(await storageAt(session, block.hash), { netuid, mechanism, block });
      }),
    balanceOf: (account) =>
      reading('balanceOf', async (session) => {
        const storage = await storageAt(session, (await finalizedHead(session)).hash);
        const { found } = await readNamed(storage, { found: storage.slot('system', 'account', account) });
        return toBigInt(fieldOf(fieldOf(found, 'data'), 'free'));
      }),
  };
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

/** Which way is decided by the metadata of that block's runtime. */
async function readSnapshot(session: Session, netuid: number, block: BlockRef): Promise<SubnetSnapshot> {
  const storage = await storageAt(session, block.hash);
  const place = { genesis: session.identity.genesis, netuid, block };
  const metagraph = storage.runtimeCall('subnetInfoRuntimeApi', 'getSelectiveMetagraph');
  return metagraph === null ? readPlainSnapshot(storage, place) : readMetagraphSnapshot(storage, metagraph, place);
}

async function weightRows(
  session: Session,
  netuid: number,
  mechanism: number,
  uids: readonly number[],
  block: BlockRef,
): Promise<readonly (readonly WeightEntry[])[]> {
  const storage = await storageAt(session, block.hash);
  const index = storageIndexOf(netuid, mechanism);
  const rows = await storage.read(uids.map((uid) => storage.slot('subtensorModule', 'weights', index, uid)));
  return rows.map((row) => toRow(row ?? []));
}
