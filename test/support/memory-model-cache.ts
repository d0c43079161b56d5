/** The cache of models in memory (test/contracts/model-cache.ts). */
import { nodeFailure } from '../../node/failures.js';
import { FOUND_PROTECTS_MS } from '../../node/files/model-cache.js';
import type { ModelCache } from '../../node/model-cache.js';
import type { ModelDigest } from '../../protocol/names.js';

export interface MemoryModelCacheOptions {
  readonly budgetBytes?: number;
  /** Rejects when the directory does not hold the package. Default: everything is fine. */
  readonly verify?: (directory: string, model: ModelDigest) => Promise<void>;
  /** Default: time stands still, so that nothing given out ever makes room. */
  readonly nowMs?: () => number;
}

/** A cache with the promises of the one on disk (test/contracts/model-cache.ts), without a disk: its directories are names. */
export function createMemoryModelCache(
  packages: ReadonlyMap<ModelDigest, { directory: string; sizeBytes: number }>,
  { budgetBytes = Number.POSITIVE_INFINITY, verify = async () => {}, nowMs = () => 0 }: MemoryModelCacheOptions = {},
): ModelCache {
  // In order of use: what was used last stands last.
  const kept = new Map(packages);
  const givenOutAtMs = new Map<ModelDigest, number>();
  const arriving = new Map<string, number>();
  /** Directories of suspended arrivals; they take no room here. */
  const left = new Map<ModelDigest, string>();
  const leases = new Map<ModelDigest, number>();
  let serial = 0;
  const used = () =>
    [...kept.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) + [...arriving.values()].reduce((a, b) => a + b, 0);

  return {
    async find(model) {
      const here = kept.get(model);
      if (here === undefined) return null;
      kept.delete(model);
      kept.set(model, here);
      givenOutAtMs.set(model, nowMs());
      return here.directory;
    },
    async lease(model) {
      const here = kept.get(model);
      if (here === undefined) return null;
      kept.delete(model);
      kept.set(model, here);
      leases.set(model, (leases.get(model) ?? 0) + 1);
      let held = true;
      return {
        directory: here.directory,
        release() {
          if (held) leases.set(model, (leases.get(model) ?? 1) - 1);
          held = false;
        },
      };
    },
    async begin(model, sizeBytes) {
      if (sizeBytes > budgetBytes) throw nodeFailure('store.model_too_large', { sizeBytes, budgetBytes });
      for (const idle of [...kept.keys()].filter(
        (each) => !leases.get(each) && nowMs() - (givenOutAtMs.get(each) ?? Number.NEGATIVE_INFINITY) >= FOUND_PROTECTS_MS,
      )) {
        if (used() + sizeBytes <= budgetBytes) break;
        kept.delete(idle);
      }
      if (used() + sizeBytes > budgetBytes) throw nodeFailure('store.cache_busy', { usedBytes: used(), budgetBytes });
      serial += 1;
      const directory = left.get(model) ?? `memory:arriving/${model}.${serial}`;
      left.delete(model);
      arriving.set(directory, sizeBytes);
      let done: Promise<string> | null = null;
      async function finish(): Promise<string> {
        try {
          await verify(directory, model);
          const target = `memory:complete/${model}`;
          kept.delete(model);
          kept.set(model, { directory: target, sizeBytes });
          givenOutAtMs.set(model, nowMs());
          return target;
        } finally {
          arriving.delete(directory);
        }
      }
      return {
        directory,
        journalPath: `${directory}.journal`,
        commit: () => (done ??= finish()),
        async discard() {
          if (done === null) arriving.delete(directory);
        },
        async suspend() {
          if (done === null && arriving.delete(directory)) left.set(model, directory);
        },
      };
    },
    async drop(model) {
      kept.delete(model);
    },
    list: async () => [...kept].map(([model, { sizeBytes }]) => ({ model, sizeBytes })),
  };
}
