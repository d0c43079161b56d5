/** A process that fetches a test package into a cache, to be killed while it does. Arguments: folder, provider's address, model. Says how far it is. */
import { multiaddr } from '@multiformats/multiaddr';
import type { ModelDigest } from '../../protocol/names.js';
import type { PeerId } from '../../protocol/peer-id.js';
import { createVillage } from './network.js';
import { parseTestManifest } from './package.js';
import { openTestCache, testSink } from './package-cache.js';

const [folder = '', address = '', digest = ''] = process.argv.slice(2);
// Safety: the test that starts this process gives them.
const [model, peer] = [digest as ModelDigest, multiaddr(address).getPeerId() as PeerId];
const { host } = await createVillage().host('Charlie');
await host.dial(address);
const sink = testSink(openTestCache(folder), model);
await host.fetchModel({
  model,
  providers: () => [peer],
  sink,
  parseManifest: parseTestManifest,
  limits: { manifestSizeBytesMax: 2 ** 20, totalSizeBytesMax: 2 ** 26, filesMax: 8 },
  onProgress: ({ hereBytes }) => process.send?.(hereBytes),
});
await sink.commit();
process.exit(0);
