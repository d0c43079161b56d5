/** The real cache and the real journal, for the made-up packages of transfer tests. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createModelCache, type FileModelCache } from '../../node/files/model-cache.js';
import { openPackagePart } from '../../node/files/package-part.js';
import { type PackageSink, packageSink } from '../../node/network/package-sink.js';
import { sha256Hex } from '../../protocol/digest.js';
import type { ModelDigest } from '../../protocol/names.js';
import type { ArtifactSink, PackageLayout } from '../../protocol/ports.js';
import { MANIFEST_FILE_NAME } from '../../scoring/manifest.js';
import { parseTestManifest } from './package.js';
import { quiet } from './temporary.js';

export function openTestCache(directory: string): FileModelCache {
  const verify = async (folder: string) => {
    const parsed = parseTestManifest(await readFile(join(folder, MANIFEST_FILE_NAME)));
    const files = parsed.ok ? parsed.value.files : [];
    for (const { path, sha256 } of files) {
      if (sha256Hex(await readFile(join(folder, path))) !== sha256) throw new Error(`${path} is not what it should be`);
    }
  };
  return createModelCache({ ...quiet, verify }, { directory, budgetBytes: 2 ** 30, diskReserveBytes: 0 });
}

export type TestSink = ArtifactSink & Pick<PackageSink, 'commit' | 'end'>;

export function testSink(cache: FileModelCache, model: ModelDigest): TestSink {
  const openPart: Parameters<typeof packageSink>[0]['openPart'] = (place, of) => openPackagePart(place, of, { nowMs: Date.now });
  const sink = packageSink({ cache, openPart, arriving: new Map() }, model);
  // Safety: the sink looks only at what a layout has.
  return { ...sink, begin: (manifest, layout: PackageLayout) => sink.begin(manifest, layout as never) };
}
