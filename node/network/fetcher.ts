import { commitmentOf } from '../../chain/commitment.js';
import { modelClaims } from '../../chain/registry.js';
import type { SubnetSnapshot } from '../../chain/snapshot.js';
import { type Failure, isFailure } from '../../protocol/failure.js';
import type { Hotkey, ModelDigest } from '../../protocol/names.js';
import type { ArtifactTransfer, Clock, Peer, Peers } from '../../protocol/ports.js';
import { FILES_MAX, MANIFEST_SIZE_BYTES_MAX, type Manifest, MODEL_SIZE_BYTES_MAX, parseManifest } from '../../scoring/manifest.js';
import { nodeFailure } from '../failures.js';
import type { Logger } from '../logger.js';
import type { Metrics } from '../metrics.js';
import type { ModelCache, ModelRow, StoredAnnouncement, Stores } from '../ports.js';
import { packageSink } from './package-sink.js';

export interface FetcherDeps {
  readonly stores: Pick<Stores, 'models' | 'announcements'>;
  readonly cache: ModelCache;
  readonly peers: Peers;
  readonly transfer: ArtifactTransfer;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Looks at the graph before anything runs it. Rejects with a `model.*` failure. */
  readonly precheck: (directory: string) => Promise<{ readonly manifest: Manifest; readonly tensorDigests: readonly string[] }>;
  /** Writes one file of an arriving package. */
  readonly write: (directory: string, file: string, offset: number, bytes: Uint8Array) => Promise<void>;
}

const RETRY_FIRST_MS = 2_000;
const RETRY_MAX_MS = 60_000;
/** Providers tried in one turn. */
export const PROVIDERS_TRIED_MAX = 4;
export const FETCHES_AT_ONCE_MAX = 4;
/** One provider gets so long for a whole model: the largest one at about 1 Mbit/s. */
export const FETCH_TIMEOUT_MS = 20 * 60_000;
const WAITING: ReadonlySet<string> = new Set(['announced', 'retry', 'verified', 'superseded']);

/** Brings announced models whose claim is final onto this machine, and has them looked at before they run. */
export function createFetcher(deps: FetcherDeps): { turn(snapshot: SubnetSnapshot, signal: AbortSignal): Promise<void> } {
  const { stores, log } = deps;
  const retryAt = new Map<string, number>();

  async function claimed(snapshot: SubnetSnapshot): Promise<readonly { row: ModelRow; announcement: StoredAnnouncement }[]> {
    const announcements = await stores.announcements.active(deps.clock.nowMs());
    const wanted: { row: ModelRow; announcement: StoredAnnouncement }[] = [];
    for (const claim of modelClaims(snapshot)) {
      const announcement = announcements.find(
        ({ hotkey, model }) => hotkey === claim.hotkey && commitmentOf(hotkey, model) === claim.commitment,
      );
      if (!announcement) continue;
      const registeredAt = snapshot.neurons.find(({ hotkey }) => hotkey === claim.hotkey)?.registeredAt ?? 0;
      wanted.push({ row: await rowOf(claim.hotkey, registeredAt, announcement.model, claim.block), announcement });
    }
    return wanted;
  }

  async function rowOf(hotkey: Hotkey, registeredAt: number, model: ModelDigest, commitmentBlock: number): Promise<ModelRow> {
    const known = await stores.models.get(hotkey, model);
    if (known && known.registeredAt === registeredAt && known.commitmentBlock === commitmentBlock) return known;
    const fresh = { state: 'announced', reason: null, attempts: 0, manifest: null, tensorDigests: [] } as const;
    const row: ModelRow = { ...(known ?? fresh), hotkey, registeredAt, model, commitmentBlock };
    await stores.models.put(row);
    return row;
  }

  async function bring(row: ModelRow, announcement: StoredAnnouncement, signal: AbortSignal): Promise<string> {
    const here = await deps.cache.find(row.model);
    if (here !== null) return here;
    let last: Failure | null = null;
    for (const { peerId } of sourcesOf(row, announcement, deps.peers)) {
      const pending = await deps.cache.begin(row.model, announcement.sizeBytes + announcement.manifestSizeBytes);
      try {
        const { receivedBytes, elapsedMs } = await deps.transfer.fetchModel({
          peer: peerId,
          model: row.model,
          sink: packageSink(pending.directory, deps.write),
          parseManifest: (bytes) => {
            const parsed = parseManifest(bytes);
            return parsed.ok ? parsed : { ok: false, error: parsed.error.message };
          },
          limits: { manifestSizeBytesMax: MANIFEST_SIZE_BYTES_MAX, totalSizeBytesMax: MODEL_SIZE_BYTES_MAX, filesMax: FILES_MAX },
          signal: AbortSignal.any([signal, AbortSignal.timeout(FETCH_TIMEOUT_MS)]),
        });
        deps.metrics.count('voxd_transfer_bytes_total', { direction: 'in' }, receivedBytes);
        const directory = await pending.commit();
        deps.metrics.count('voxd_transfer_models_total', { outcome: 'ok' });
        log.info({ hotkey: row.hotkey, model: row.model, from: peerId, receivedBytes, elapsedMs }, 'model fetched');
        return directory;
      } catch (error) {
        await pending.discard();
        if (!isFailure(error) || signal.aborted || error.disposition === 'fatal' || isOwnFault(error)) throw error;
        last = error;
        log.debug({ model: row.model, from: peerId, code: error.code, facts: error.facts }, 'this provider did not help');
      }
    }
    throw last ?? noProvider(row);
  }

  async function settle(row: ModelRow, announcement: StoredAnnouncement, signal: AbortSignal): Promise<void> {
    const key = keyOf(row);
    if (deps.clock.nowMs() < (retryAt.get(key) ?? 0)) return;
    try {
      const directory = await bring(row, announcement, signal);
      const { manifest, tensorDigests } = await deps.precheck(directory).catch(async (error: unknown) => {
        // It was whole when it was put there: another copy may be, this one never again.
        if (isFailure(error) && error.code.startsWith('model.') && error.disposition === 'retry') await deps.cache.drop(row.model);
        throw error;
      });
      await stores.models.put({ ...row, state: 'prechecked', reason: null, manifest, tensorDigests });
      retryAt.delete(key);
    } catch (error) {
      if (!isFailure(error) || signal.aborted) throw error;
      const own = isOwnFault(error);
      const attempts = row.attempts + 1;
      const reason = { code: error.code, facts: error.facts };
      await stores.models.put({ ...row, state: own ? 'rejected' : 'retry', attempts, reason });
      if (own) {
        retryAt.delete(key);
        log.warn({ hotkey: row.hotkey, model: row.model, ...reason }, 'model rejected');
        return;
      }
      retryAt.set(key, deps.clock.nowMs() + Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(attempts, 6)));
      deps.metrics.count('voxd_transfer_models_total', { outcome: 'retry' });
      log.warn({ hotkey: row.hotkey, model: row.model, attempts, ...reason }, 'model not here yet');
    }
  }

  async function retire(current: ReadonlySet<string>): Promise<void> {
    const hotkeys = new Set([...current].map((key) => key.split('/')[0]));
    for (const row of await stores.models.list()) {
      if (!hotkeys.has(row.hotkey) || current.has(keyOf(row)) || row.state === 'superseded') continue;
      retryAt.delete(keyOf(row));
      await stores.models.put({ ...row, state: 'superseded' });
    }
  }

  return {
    async turn(snapshot, signal) {
      const wanted = await claimed(snapshot);
      // Those that failed least come first, several at once: one slow provider must not hold up the others.
      const waiting = wanted.filter(({ row }) => WAITING.has(row.state)).sort((a, b) => a.row.attempts - b.row.attempts);
      const settleNext = async () => {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await settle(next.row, next.announcement, signal);
      };
      const done = await Promise.allSettled(Array.from({ length: FETCHES_AT_ONCE_MAX }, settleNext));
      const failed = done.find((each) => each.status === 'rejected');
      if (failed) throw failed.reason;
      await retire(new Set(wanted.map(({ row }) => keyOf(row))));
    },
  };
}

/** The owner, then peers that the announcement names, then others: different ones at each attempt, so that everybody is asked in the end. */
function sourcesOf(row: ModelRow, { providers }: StoredAnnouncement, peers: Peers): readonly Peer[] {
  const owner = peers.peerOf(row.hotkey);
  const others = peers.peers().filter(({ hotkey, peerId }) => hotkey !== null && peerId !== owner?.peerId);
  const isNamed = ({ peerId }: Peer) => providers.some((address) => address.endsWith(`/p2p/${peerId}`));
  const first = [...(owner ? [owner] : []), ...others.filter(isNamed)].slice(0, PROVIDERS_TRIED_MAX - 1);
  const rest = others.filter((peer) => !first.includes(peer));
  const room = PROVIDERS_TRIED_MAX - first.length;
  const from = rest.length === 0 ? 0 : (row.attempts * room) % rest.length;
  return [...first, ...rest.slice(from), ...rest.slice(0, from)].slice(0, PROVIDERS_TRIED_MAX);
}

function keyOf({ hotkey, model }: Pick<ModelRow, 'hotkey' | 'model'>): string {
  return `${hotkey}/${model}`;
}

/** Deterministic: another provider or another try would end the same. */
function isOwnFault({ code, disposition }: Failure): boolean {
  return (code.startsWith('model.') && disposition === 'skip') || OWN_FAULTS.has(code);
}

/** Faults of the package that show while it arrives; every other provider would send the same. */
const OWN_FAULTS = new Set(['p2p.bad_manifest', 'p2p.model_too_large']);

function noProvider(row: ModelRow): Failure {
  return nodeFailure('node.no_provider', { model: row.model, hotkey: row.hotkey });
}
