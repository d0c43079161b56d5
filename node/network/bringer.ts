import { type Failure, isFailure } from '../../protocol/failure.js';
import type { ModelDigest } from '../../protocol/names.js';
import type { ArtifactTransfer, TransferProgress } from '../../protocol/ports.js';
import { FILES_MAX, MANIFEST_SIZE_BYTES_MAX, MODEL_SIZE_BYTES_MAX, parseManifest } from '../../scoring/manifest.js';
import { nodeFailure } from '../failures.js';
import type { Logger } from '../logger.js';
import type { Metrics } from '../metrics.js';
import type { ModelCache } from '../model-cache.js';
import { type PackageSinkDeps, packageSink } from './package-sink.js';
import type { ProviderFinder, WantedModel } from './provider-finder.js';

/** One attempt gets so long; what came in it stays, and the next one goes on from there. */
export const FETCH_TIMEOUT_MS = 20 * 60_000;

export const TRANSFER_LIMITS = {
  manifestSizeBytesMax: MANIFEST_SIZE_BYTES_MAX,
  totalSizeBytesMax: MODEL_SIZE_BYTES_MAX,
  filesMax: FILES_MAX,
} as const;

export interface Bringer {
  /**
   * Shape: the folder in the cache. Two that want the same model share one transfer; it ends when nobody waits for it any more.
   * Errors: node.no_provider, p2p.*, store.*, model.*.
   */
  bring(wanted: WantedModel, of: BringOptions): Promise<string>;
  /** Transfers under way. */
  running(): readonly { readonly model: ModelDigest; readonly progress: TransferProgress | null }[];
}

export interface BringOptions {
  readonly signal: AbortSignal;
  /** Settles when everybody who may have it has been asked. */
  readonly looking?: Promise<unknown>;
  readonly onProgress?: (progress: TransferProgress) => void;
}

interface Transfer {
  readonly model: ModelDigest;
  readonly whole: Promise<string>;
  readonly stop: AbortController;
  readonly listeners: Set<(progress: TransferProgress) => void>;
  progress: TransferProgress | null;
  waiting: number;
}

/** Brings models from whoever has them into the cache, each once at a time. */
export function createBringer(
  deps: Omit<PackageSinkDeps, 'cache'> & {
    readonly cache: ModelCache;
    readonly finder: Pick<ProviderFinder, 'providersOf'>;
    readonly transfer: Pick<ArtifactTransfer, 'fetchModel'>;
    readonly log: Logger;
    readonly metrics: Metrics;
  },
): Bringer {
  const { log } = deps;
  // Bounded by those who wait for one.
  const transfers = new Map<ModelDigest, Transfer>();

  async function transferOf(wanted: WantedModel, looking: Promise<unknown> | undefined, transfer: Transfer): Promise<string> {
    const { model, owner } = wanted;
    const sink = packageSink(deps, model);
    try {
      const { receivedBytes, elapsedMs, from, dropped } = await deps.transfer.fetchModel({
        model,
        providers: () => deps.finder.providersOf(wanted),
        ...(looking === undefined ? {} : { looking }),
        sink,
        parseManifest: (bytes) => {
          const parsed = parseManifest(bytes);
          return parsed.ok ? parsed : { ok: false, error: parsed.error.message };
        },
        limits: TRANSFER_LIMITS,
        onProgress: (progress) => {
          transfer.progress = progress;
          for (const listener of transfer.listeners) listener(progress);
        },
        signal: AbortSignal.any([transfer.stop.signal, AbortSignal.timeout(FETCH_TIMEOUT_MS)]),
      });
      const directory = await sink.commit();
      deps.metrics.count('voxd_transfer_models_total', { outcome: 'ok' });
      log.info({ hotkey: owner, model, from, dropped: dropped.length, receivedBytes, elapsedMs }, 'model fetched');
      return directory;
    } catch (error) {
      await sink.end(isFailure(error) && isOwnFault(error) ? 'drop' : 'keep');
      if (isFailure(error) && error.code === 'p2p.no_source_left' && error.facts['asked'] === 0) {
        throw nodeFailure('node.no_provider', { model, hotkey: owner ?? 'nobody known' }, error);
      }
      throw error;
    }
  }

  function begin(wanted: WantedModel, looking: Promise<unknown> | undefined): Transfer {
    const stop = new AbortController();
    let start = () => {};
    const started = new Promise<void>((resolve) => {
      start = resolve;
    });
    const transfer: Transfer = {
      model: wanted.model,
      whole: started.then(() => transferOf(wanted, looking, transfer)).finally(() => transfers.delete(wanted.model)),
      stop,
      listeners: new Set(),
      progress: null,
      waiting: 0,
    };
    transfer.whole.catch(() => {});
    transfers.set(wanted.model, transfer);
    start();
    return transfer;
  }

  return {
    running: () => [...transfers.values()].map(({ model, progress }) => ({ model, progress })),
    async bring(wanted, { signal, looking, onProgress }) {
      const here = await deps.cache.find(wanted.model);
      if (here !== null) return here;
      const transfer = transfers.get(wanted.model) ?? begin(wanted, looking);
      if (onProgress !== undefined) transfer.listeners.add(onProgress);
      transfer.waiting += 1;
      let leave = () => {};
      const left = new Promise<never>((_resolve, reject) => {
        leave = () => reject(signal.reason);
      });
      signal.addEventListener('abort', leave, { once: true });
      if (signal.aborted) leave();
      try {
        return await Promise.race([transfer.whole, left]);
      } finally {
        signal.removeEventListener('abort', leave);
        left.catch(() => {});
        if (onProgress !== undefined) transfer.listeners.delete(onProgress);
        transfer.waiting -= 1;
        if (transfer.waiting === 0) {
          transfer.stop.abort(signal.reason);
          // What is written is recorded before the caller goes on: it may be stopping.
          await transfer.whole.catch(() => {});
        }
      }
    },
  };
}

/** Deterministic: another provider or another try would end the same. */
export function isOwnFault({ code, disposition }: Failure): boolean {
  return (code.startsWith('model.') && disposition === 'skip') || OWN_FAULTS.has(code);
}

/** Faults of the package that show while it arrives; every other provider would send the same. */
const OWN_FAULTS = new Set(['p2p.bad_manifest', 'p2p.model_too_large']);
