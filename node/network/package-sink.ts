import type { ArtifactSink } from '../../protocol/ports.js';
import { MANIFEST_FILE_NAME, type Manifest } from '../../scoring/manifest.js';

/** Puts an arriving package into a folder: the manifest, then its files chunk by chunk, each already verified. */
export function packageSink(
  directory: string,
  write: (directory: string, file: string, offset: number, bytes: Uint8Array) => Promise<void>,
): ArtifactSink<Manifest> {
  let files: readonly string[] = [];
  return {
    async begin(manifest, layout) {
      files = layout.files.map(({ path }) => path);
      await write(directory, MANIFEST_FILE_NAME, 0, manifest);
    },
    async write(fileIndex, offset, bytes) {
      await write(directory, files[fileIndex]!, offset, bytes);
    },
  };
}
