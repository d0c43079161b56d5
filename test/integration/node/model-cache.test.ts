import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createModelCache, FOUND_PROTECTS_MS } from '../../../node/files/model-cache.js';
import { CACHE_BUDGET_BYTES, modelCacheContract } from '../../contracts/model-cache.js';
import { createManualClock } from '../../support/manual-clock.js';
import { quiet, temporaryDirectory } from '../../support/temporary.js';

modelCacheContract('on disk', async (verify) => {
  const directory = temporaryDirectory();
  const clock = createManualClock();
  return {
    cache: createModelCache(
      { logger: quiet.logger, clock, verify },
      { directory: directory.path, budgetBytes: CACHE_BUDGET_BYTES, diskReserveBytes: 0 },
    ),
    fill: (pending, sizeBytes) => writeFile(join(pending.directory, 'voice.onnx'), Buffer.alloc(sizeBytes)),
    pass: () => clock.pass(FOUND_PROTECTS_MS),
    remove: async () => directory.remove(),
  };
});
