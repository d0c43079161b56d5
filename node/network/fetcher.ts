import { commitmentOf } from '../../chain/commitment.js';
import { modelClaims } from '../../chain/registry.js';
import type { SubnetSnapshot } from '../../chain/snapshot.js';
import { isFailure } from '../../protocol/failure.js';
import type { Hotkey, ModelDigest } from '../../protocol/names.js';
import type { Clock } from '../../protocol/ports.js';
import type { Manifest } from '../../scoring/manifest.js';
import type { Logger } from '../logger.js';
import type { Metrics } from '../metrics.js';
import type { ModelCache } from '../model-cache.js';
import type { ModelRow, StoredAnnouncement, Stores } from '../ports.js';
import { type Bringer, isOwnFault } from './bringer.js';
import type { ProviderFinder, WantedModel } from './provider-finder.js';

export interface FetcherDeps {
  readonly stores: Pick<Stores, 'models' | 'announcements'>;
  readonly cache: Pick<ModelCache, 'drop'>;
  readonly bringer: Pick<Bringer, 'bring'>;
  readonly finder: Pick<ProviderFinder, 'look'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Looks at the graph before anything runs it. Rejects with a `model.*` failure. */
  readonly precheck: (directory: string) => Promise<{ readonly manifest: Manifest; readonly tensorDigests: readonly string[] }>;
}

const RETRY_FIRST_MS = 2_000;
const RETRY_MAX_MS = 60_000;
export const FETCHES_AT_ONCE_MAX = 4;
const WAITING: ReadonlySet<string> = new Set(['announced', 'retry', 'verified', 'superseded']);

/** Brings announced models whose claim is final onto this machine, and has them looked at before they run. */
export function createFetcher(deps: FetcherDeps): { turn(snapshot: SubnetSnapshot, signal: AbortSignal): Promise<void> } {
  const { stores, log } = deps;
  const retryAt = new Map<string, number>();

  async function claimed(snapshot: SubnetSnapshot): Promise<readonly Claimed[]> {
    const announcements = await stores.announcements.active(deps.clock.nowMs());
    const wanted: Claimed[] = [];
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

  const isDue = (row: ModelRow) => deps.clock.nowMs() >= (retryAt.get(keyOf(row)) ?? 0);

  async function settle({ row, announcement }: Claimed, looking: Promise<unknown>, signal: AbortSignal): Promise<void> {
    const key = keyOf(row);
    try {
      const directory = await deps.bringer.bring(wantedOf({ row, announcement }), { signal, looking });
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
      const waiting = wanted.filter(({ row }) => WAITING.has(row.state) && isDue(row)).sort((a, b) => a.row.attempts - b.row.attempts);
      const validators = snapshot.neurons.filter(({ validatorPermit }) => validatorPermit).map(({ hotkey }) => hotkey);
      const looking = deps.finder.look(waiting.map(wantedOf), validators, signal);
      const settleNext = async () => {
        for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await settle(next, looking, signal);
      };
      const done = await Promise.allSettled(Array.from({ length: FETCHES_AT_ONCE_MAX }, settleNext));
      const failed = done.find((each) => each.status === 'rejected');
      if (failed) throw failed.reason;
      await retire(new Set(wanted.map(({ row }) => keyOf(row))));
    },
  };
}

interface Claimed {
  readonly row: ModelRow;
  readonly announcement: StoredAnnouncement;
}

function wantedOf({ row: { model, hotkey }, announcement: { providers } }: Claimed): WantedModel {
  return { model, owner: hotkey, named: providers };
}

function keyOf({ hotkey, model }: Pick<ModelRow, 'hotkey' | 'model'>): string {
  return `${hotkey}/${model}`;
}
