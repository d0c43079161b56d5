import type { ModelDigest } from '../protocol/names.js';
import type { ModelCache, ModelLease } from './model-cache.js';

/** Keeps packages in the cache while somebody works with them. */
export interface ModelLeases {
  /** The folder of a package; within `during` of its model it stays until that ends. Null: not here. */
  open(model: ModelDigest): Promise<string | null>;
  /** Whatever `work` opens of this model stays until it has ended. */
  during<T>(model: ModelDigest, work: () => Promise<T>): Promise<T>;
}

export function createModelLeases(cache: Pick<ModelCache, 'lease'>): ModelLeases {
  // Bounded by the work under way.
  const users = new Map<ModelDigest, { count: number; readonly leases: ModelLease[] }>();
  return {
    async open(model) {
      const lease = await cache.lease(model);
      if (lease === null) return null;
      const user = users.get(model);
      if (user === undefined) lease.release();
      else user.leases.push(lease);
      return lease.directory;
    },
    async during(model, work) {
      const user = users.get(model) ?? { count: 0, leases: [] };
      users.set(model, user);
      user.count += 1;
      try {
        return await work();
      } finally {
        user.count -= 1;
        if (user.count === 0) {
          users.delete(model);
          for (const lease of user.leases) lease.release();
        }
      }
    },
  };
}
