import { artifactSourceContract } from '../../contracts/artifact-source.js';
import { makePackage } from '../../support/package.js';

artifactSourceContract('in memory', async () => {
  const { source, digest, layout } = makePackage([2_500, 0, 1_000], 1_000);
  return { source, model: digest, layout, remove: async () => {} };
});
