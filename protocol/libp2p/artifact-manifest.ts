/** The first part of a transfer: the manifest, held against the digest, and what it says held against our limits. */
import { sha256Hex } from '../digest.js';
import { protocolFailures } from '../failures.js';
import type { FetchModel, PackageLayout } from '../ports.js';
import type { ArtifactWire } from './artifact-wire.js';
import { CHUNK_SIZE_BYTES_MAX, REQUEST_LENGTH_MAX } from './transfer.js';

/** Errors: p2p.wrong_manifest, p2p.model_too_large, those of the wire. */
export async function readManifest(wire: ArtifactWire, peer: string, { model, limits }: FetchModel): Promise<Uint8Array> {
  const bytes = await readWhole(wire, { want: 'manifest', file: 0, chunk: 0 }, (sizeBytes) => {
    if (sizeBytes <= limits.manifestSizeBytesMax) return;
    throw protocolFailures('p2p.model_too_large', { model, sizeBytes, maxBytes: limits.manifestSizeBytesMax });
  });
  if (sha256Hex(bytes) !== model) throw protocolFailures('p2p.wrong_manifest', { peer });
  return bytes;
}

/** Something small, piece by piece. `check` sees its size before it is taken in. */
export async function readWhole(
  wire: ArtifactWire,
  head: { readonly want: 'manifest' | 'holdings'; readonly file: number; readonly chunk: number },
  check: (sizeBytes: number) => void,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (;;) {
    wire.send({ ...head, offset, length: REQUEST_LENGTH_MAX });
    for (let isLast = false; !isLast; ) {
      const answered = await wire.receive();
      if (parts.length === 0) check(answered.total);
      parts.push(answered.data.slice());
      offset += answered.data.byteLength;
      isLast = answered.isLast;
      if (isLast && offset >= answered.total) return new Uint8Array(Buffer.concat(parts));
    }
  }
}

/** Everything is bounded before the first byte of a file is asked for. Errors: p2p.bad_manifest, p2p.model_too_large. */
export function checkLayout({ model, limits }: FetchModel, { files, chunkSizeBytes }: PackageLayout): void {
  const bad = (problem: string) => protocolFailures('p2p.bad_manifest', { model, problem });
  if (files.length === 0 || files.length > limits.filesMax) throw bad(`${files.length} files`);
  if (!Number.isSafeInteger(chunkSizeBytes) || chunkSizeBytes < 1 || chunkSizeBytes > CHUNK_SIZE_BYTES_MAX) throw bad('chunk size');
  let sizeBytes = 0;
  for (const file of files) {
    if (!Number.isSafeInteger(file.sizeBytes) || file.sizeBytes < 0) throw bad(`size of ${file.path}`);
    if (file.chunks.length !== Math.ceil(file.sizeBytes / chunkSizeBytes)) throw bad(`number of chunks of ${file.path}`);
    sizeBytes += file.sizeBytes;
  }
  if (sizeBytes > limits.totalSizeBytesMax) {
    throw protocolFailures('p2p.model_too_large', { model, sizeBytes, maxBytes: limits.totalSizeBytesMax });
  }
}
