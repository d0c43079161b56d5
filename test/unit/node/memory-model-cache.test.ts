import { FOUND_PROTECTS_MS } from '../../../node/files/model-cache.js';
import { CACHE_BUDGET_BYTES, modelCacheContract } from '../../contracts/model-cache.js';
import { createManualClock } from '../../support/manual-clock.js';
import { createMemoryModelCache } from '../../support/memory-model-cache.js';

modelCacheContract('in memory', async (verify) => {
  const clock = createManualClock();
  return {
    cache: createMemoryModelCache(new Map(), { budgetBytes: CACHE_BUDGET_BYTES, verify, nowMs: clock.nowMs }),
    fill: async () => {},
    pass: () => clock.pass(FOUND_PROTECTS_MS),
    remove: async () => {},
  };
});
