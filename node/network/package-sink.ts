import type { ModelDigest } from '../../protocol/names.js';
import type { ArtifactSink } from '../../protocol/ports.js';
import { type Manifest, packageSizeBytes } from '../../scoring/manifest.js';
import type { ModelCache, PackagePart, PendingModel } from '../model-cache.js';

export interface PackageSinkDeps {
  readonly cache: Pick<ModelCache, 'begin'>;
  readonly openPart: (
    place: Pick<PendingModel, 'directory' | 'journalPath'>,
    of: { readonly model: ModelDigest; readonly manifest: Uint8Array; readonly layout: Manifest },
  ) => Promise<PackagePart>;
  /** Packages that arrive at this moment, for those who serve them. */
  readonly arriving: Map<ModelDigest, { readonly manifest: Uint8Array; readonly part: PackagePart }>;
}

export interface PackageSink extends ArtifactSink<Manifest> {
  /** Everything came: verified as a whole and put into the cache. Shape: its folder there. */
  commit(): Promise<string>;
  /** It did not come whole. What is here stays for the next attempt, or goes where none can succeed. */
  end(what: 'keep' | 'drop'): Promise<void>;
}

/** Brings an arriving package into the cache. Room on the disk and in the budget is taken before the first byte of it. */
export function packageSink({ cache, openPart, arriving }: PackageSinkDeps, model: ModelDigest): PackageSink {
  let pending: PendingModel | null = null;
  let part: PackagePart | null = null;

  async function close(): Promise<void> {
    if (arriving.get(model)?.part === part) arriving.delete(model);
    await part?.close();
  }

  return {
    async begin(manifest, layout) {
      pending = await cache.begin(model, packageSizeBytes(layout) + manifest.length);
      const opened = await openPart(pending, { model, manifest, layout });
      part = opened;
      arriving.set(model, { manifest, part: opened });
      return opened.has;
    },
    async write(fileIndex, offset, bytes) {
      await part?.write(fileIndex, offset, bytes);
    },
    async commit() {
      if (pending === null) throw new Error('nothing has been begun');
      await close();
      return pending.commit();
    },
    async end(what) {
      // What cannot be recorded any more (a full disk) is as good as not written; the rest stays.
      await close().catch(() => {});
      await (what === 'keep' ? pending?.suspend() : pending?.discard());
    },
  };
}
