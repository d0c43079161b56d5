/** Model packages between disk and peers: what we serve, and what arrives and is served on while it does. */
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelDigest } from '../../protocol/names.js';
import type { ArtifactSource, OpenArtifact } from '../../protocol/ports.js';
import { modelFailure } from '../../scoring/failures.js';
import { MANIFEST_FILE_NAME, parseManifest } from '../../scoring/manifest.js';
import type { ModelCache, ModelLease, PackagePart } from '../model-cache.js';

/** Serves complete packages of the cache, leased while a peer takes them, and the verified chunks of those that arrive. */
export function createArtifactSource(
  cache: Pick<ModelCache, 'lease' | 'list'>,
  arriving: ReadonlyMap<ModelDigest, { readonly manifest: Uint8Array; readonly part: PackagePart }> = new Map(),
): ArtifactSource {
  return {
    async open(model) {
      const lease = await cache.lease(model);
      if (lease !== null) return openComplete(lease);
      const here = arriving.get(model);
      return here === undefined ? null : openArriving(here.manifest, here.part);
    },
    async holds(models) {
      const complete = new Set((await cache.list()).map(({ model }) => model));
      return models.map((model) => (complete.has(model) ? 'whole' : arriving.has(model) ? 'part' : 'none'));
    },
  };
}

async function openComplete(lease: ModelLease): Promise<OpenArtifact | null> {
  try {
    return await readComplete(lease);
  } catch (error) {
    lease.release();
    throw error;
  }
}

async function readComplete({ directory, release }: ModelLease): Promise<OpenArtifact | null> {
  const bytes = await readFile(join(directory, MANIFEST_FILE_NAME));
  const parsed = parseManifest(bytes);
  if (!parsed.ok) throw parsed.error;
  const { files, chunkSizeBytes } = parsed.value;
  const handles = new Map<number, Promise<FileHandle>>();
  const handleOf = (fileIndex: number, path: string) => {
    const handle = handles.get(fileIndex) ?? open(join(directory, path), 'r');
    handles.set(fileIndex, handle);
    return handle;
  };
  let isClosed = false;
  return {
    manifest: async () => new Uint8Array(bytes),
    async chunk(fileIndex, chunkIndex) {
      const file = files[fileIndex];
      if (isClosed || file?.chunks[chunkIndex] === undefined) return null;
      const offset = chunkIndex * chunkSizeBytes;
      // Not zeroed: every byte of it is read, or it is not given out.
      const chunk = new Uint8Array(Buffer.allocUnsafeSlow(Math.min(chunkSizeBytes, file.sizeBytes - offset)).buffer);
      const { bytesRead } = await (await handleOf(fileIndex, file.path)).read(chunk, 0, chunk.length, offset);
      if (bytesRead < chunk.length) throw modelFailure('model.file_missing', { file: file.path });
      return chunk;
    },
    holdings: async () => ({ chunks: null, count: files.reduce((sum, { chunks }) => sum + chunks.length, 0) }),
    async close() {
      if (isClosed) return;
      isClosed = true;
      await Promise.allSettled([...handles.values()].map(async (handle) => (await handle).close()));
      release();
    },
  };
}

function openArriving(manifest: Uint8Array, part: PackagePart): OpenArtifact {
  return {
    manifest: async () => manifest.slice(),
    chunk: (fileIndex, chunkIndex) => part.read(fileIndex, chunkIndex),
    async holdings() {
      const places = part.layout.files.flatMap(({ chunks }, file) => chunks.map((_, chunk) => part.has(file, chunk)));
      return { chunks: new Set(places.flatMap((isHere, place) => (isHere ? [place] : []))), count: places.length };
    },
    close: async () => {},
  };
}
