/** Made-up packages for transfer tests: a layout, its bytes, and a source that can lie. */
import { createHash, randomBytes } from 'node:crypto';
import type { ModelDigest } from '../../protocol/names.js';
import type { ArtifactSink, ArtifactSource, Holding, OpenArtifact, PackageLayout } from '../../protocol/ports.js';
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
  const source = sourceOf(digest, {
    manifest: async () => manifest.slice(),
    chunk: async (file, chunk) => {
      const bytes = files[file];
      if (bytes === undefined || layout.files[file]?.chunks[chunk] === undefined) return null;
      return bytes.slice(chunk * chunkSizeBytes, (chunk + 1) * chunkSizeBytes);
    },
    holdings: async () => ({ chunks: null, count: layout.files.reduce((sum, { chunks }) => sum + chunks.length, 0) }),
    close: async () => {},
  });
  return { digest, manifest, layout, files, source };
}

/** A source of one package. */
export function sourceOf(digest: ModelDigest, artifact: OpenArtifact, holding: Holding = 'whole'): ArtifactSource {
  return {
    open: async (model) => (model === digest ? artifact : null),
    holds: async (models) => models.map((model) => (model === digest ? holding : 'none')),
  };
}

/** The same package from somebody who does some of it otherwise. */
export function twist(pack: TestPackage, change: (honest: OpenArtifact) => Partial<OpenArtifact>): ArtifactSource {
  return {
    ...pack.source,
    async open(model) {
      const honest = await pack.source.open(model);
      return honest === null ? null : { ...honest, ...change(honest) };
    },
  };
}

// Safety: only manifests made above are parsed.
export const parseTestManifest = (bytes: Uint8Array): Result<PackageLayout, string> =>
  ok(JSON.parse(new TextDecoder().decode(bytes)) as PackageLayout);

export interface MemorySink extends ArtifactSink {
  readonly files: Uint8Array[];
  readonly written: { fileIndex: number; offset: number; sizeBytes: number }[];
}

export function memorySink(has: (fileIndex: number, chunkIndex: number) => boolean = () => false): MemorySink {
  const files: Uint8Array[] = [];
  const written: MemorySink['written'] = [];
  return {
    files,
    written,
    async begin(_manifest, layout) {
      for (const { sizeBytes } of layout.files) files.push(new Uint8Array(sizeBytes));
      return has;
    },
    async write(fileIndex, offset, bytes) {
      files[fileIndex]?.set(bytes, offset);
      written.push({ fileIndex, offset, sizeBytes: bytes.length });
    },
  };
}
