/** Made-up packages for transfer tests: a layout, its bytes, and a source that can lie. */
import { createHash, randomBytes } from 'node:crypto';
import type { ModelDigest } from '../../protocol/names.js';
import type { ArtifactSink, ArtifactSource, PackageLayout } from '../../protocol/ports.js';
import { ok, type Result } from '../../protocol/result.js';

const sha = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

export interface TestPackage {
  readonly digest: ModelDigest;
  readonly manifest: Uint8Array;
  readonly layout: PackageLayout;
  readonly files: readonly Uint8Array[];
  readonly source: ArtifactSource;
}

export function makePackage(sizes: readonly number[], chunkSizeBytes: number): TestPackage {
  const files = sizes.map((size) => new Uint8Array(randomBytes(size)));
  const layout: PackageLayout = {
    chunkSizeBytes,
    files: files.map((bytes, index) => ({
      path: `file-${index}.bin`,
      sizeBytes: bytes.length,
      sha256: sha(bytes),
      chunks: Array.from({ length: Math.ceil(bytes.length / chunkSizeBytes) }, (_, chunk) =>
        sha(bytes.subarray(chunk * chunkSizeBytes, (chunk + 1) * chunkSizeBytes)),
      ),
    })),
  };
  const manifest = new TextEncoder().encode(JSON.stringify(layout));
  // Safety: a sha-256 in hex.
  const digest = sha(manifest) as ModelDigest;
  const source: ArtifactSource = {
    manifest: async (model) => (model === digest ? manifest.slice() : null),
    chunk: async (model, file, chunk) => {
      const bytes = files[file];
      if (model !== digest || bytes === undefined || layout.files[file]?.chunks[chunk] === undefined) return null;
      return bytes.slice(chunk * chunkSizeBytes, (chunk + 1) * chunkSizeBytes);
    },
  };
  return { digest, manifest, layout, files, source };
}

// Safety: only manifests made above are parsed.
export const parseTestManifest = (bytes: Uint8Array): Result<PackageLayout, string> =>
  ok(JSON.parse(new TextDecoder().decode(bytes)) as PackageLayout);

export interface MemorySink extends ArtifactSink {
  readonly files: Uint8Array[];
  readonly written: { fileIndex: number; offset: number; sizeBytes: number }[];
}

export function memorySink(): MemorySink {
  const files: Uint8Array[] = [];
  const written: MemorySink['written'] = [];
  return {
    files,
    written,
    async begin(_manifest, layout) {
      for (const { sizeBytes } of layout.files) files.push(new Uint8Array(sizeBytes));
    },
    async write(fileIndex, offset, bytes) {
      files[fileIndex]?.set(bytes, offset);
      written.push({ fileIndex, offset, sizeBytes: bytes.length });
    },
  };
}
