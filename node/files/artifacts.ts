/** Model packages between disk and peers: what we serve, what arrives, and what we offer ourselves. */
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelDigest } from '../../protocol/names.js';
import type { ArtifactSource } from '../../protocol/ports.js';
import { modelFailure } from '../../scoring/failures.js';
import { MANIFEST_FILE_NAME, type Manifest, parseManifest } from '../../scoring/manifest.js';
import type { ModelCache } from '../ports.js';

/** Manifests of models that are being served. */
const MANIFESTS_KEPT = 32;

/** Serves complete packages of the cache, chunk by chunk. */
export function createArtifactSource(cache: ModelCache, onServed: (bytes: number) => void = () => {}): ArtifactSource {
  const manifests = new Map<ModelDigest, Manifest>();

  /** Read once per model: a transfer asks for it with every chunk, and the digest says that it cannot change. */
  async function manifestOf(model: ModelDigest, directory: string): Promise<Manifest | null> {
    const known = manifests.get(model);
    if (known) return known;
    const parsed = parseManifest(await readFile(join(directory, MANIFEST_FILE_NAME)));
    if (!parsed.ok) return null;
    if (manifests.size >= MANIFESTS_KEPT) manifests.clear();
    manifests.set(model, parsed.value);
    return parsed.value;
  }

  return {
    async manifest(model: ModelDigest) {
      const directory = await cache.find(model);
      return directory === null ? null : new Uint8Array(await readFile(join(directory, MANIFEST_FILE_NAME)));
    },
    async chunk(model, fileIndex, chunkIndex) {
      const directory = await cache.find(model);
      const manifest = directory === null ? null : await manifestOf(model, directory);
      const file = manifest?.files[fileIndex];
      if (directory === null || !manifest || file?.chunks[chunkIndex] === undefined) return null;
      const offset = chunkIndex * manifest.chunkSizeBytes;
      const bytes = new Uint8Array(Math.min(manifest.chunkSizeBytes, file.sizeBytes - offset));
      const handle = await open(join(directory, file.path), 'r');
      try {
        const { bytesRead } = await handle.read(bytes, 0, bytes.length, offset);
        if (bytesRead < bytes.length) throw modelFailure('model.file_missing', { file: file.path });
      } finally {
        await handle.close();
      }
      onServed(bytes.length);
      return bytes;
    },
  };
}

/** Writes a piece of an arriving file. The name comes from a verified manifest, which allows flat names only. */
export async function writeAt(directory: string, file: string, offset: number, bytes: Uint8Array): Promise<void> {
  const handle = await open(join(directory, file), offset === 0 ? 'w' : 'r+', 0o600);
  try {
    await handle.write(bytes, 0, bytes.length, offset);
  } finally {
    await handle.close();
  }
}
