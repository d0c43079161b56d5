import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createArtifactSource } from '../../../node/files/artifacts.js';
import { CHUNK_SIZE_BYTES } from '../../../scoring/manifest.js';
import { sealPackage } from '../../../scoring/onnx/package-files.js';
import { artifactSourceContract } from '../../contracts/artifact-source.js';
import { createMemoryModelCache } from '../../support/memory-model-cache.js';
import { temporaryDirectory } from '../../support/temporary.js';
import { tinyDescription } from '../../support/voice-package.js';

artifactSourceContract('on disk', async () => {
  const directory = temporaryDirectory();
  await writeFile(join(directory.path, 'voice.onnx'), randomBytes(2 * CHUNK_SIZE_BYTES + 500));
  await writeFile(join(directory.path, 'voice.onnx.json'), randomBytes(700));
  const { digest, manifest } = await sealPackage(directory.path, tinyDescription());
  const sizeBytes = manifest.files.reduce((sum, file) => sum + file.sizeBytes, 0);
  const cache = createMemoryModelCache(new Map([[digest, { directory: directory.path, sizeBytes }]]));
  return { source: createArtifactSource(cache), model: digest, layout: manifest, remove: async () => directory.remove() };
});
