/** What a model package says about itself. How it is derived from a published voice is in scoring/contracts/. */
import type { Failure } from '../protocol/failure.js';
import type { Result } from '../protocol/result.js';
import { CHUNK_SIZE_BYTES, checkManifest, MANIFEST_SCHEMA, type Manifest, type ManifestFile } from './manifest.js';

/** The part of a manifest that its author writes; the rest is computed from the files. */
export type PackageDescription = Omit<Manifest, 'schema' | 'files' | 'chunkSizeBytes'>;

export interface PackageMeta {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
}

/** Shape: description and the digests of its files → manifest. Errors: model.manifest_malformed, model.too_large. */
export function composeManifest(description: PackageDescription, files: readonly ManifestFile[]): Result<Manifest, Failure> {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  return checkManifest({ ...description, schema: MANIFEST_SCHEMA, chunkSizeBytes: CHUNK_SIZE_BYTES, files: sorted });
}

/** What a file of a package is for. */
export function kindOf({ graphs, style }: PackageDescription, path: string): ManifestFile['kind'] {
  if (graphs.some(({ file }) => file === path)) return 'graph';
  return style?.file === path ? 'style' : 'config';
}
