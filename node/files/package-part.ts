/**
 * A package on its way: its files at full length, and beside them a journal of the chunks that were verified and are safely on disk. After any
 * interruption the journal says what need not come again; nothing of that is read or hashed anew until the whole package is verified.
 *
 * Data first, journal second: files are synced before the records that vouch for them, and a record counts only whole.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256, sha256Hex } from '../../protocol/digest.js';
import type { ModelDigest } from '../../protocol/names.js';
import type { PackageLayout } from '../../protocol/ports.js';
import { MANIFEST_FILE_NAME } from '../../scoring/manifest.js';
import type { PackagePart } from '../model-cache.js';
import { diskFailure } from './disk-failures.js';

/** Bytes that may be verified and not recorded yet: what a kill can cost. */
export const UNRECORDED_BYTES_MAX = 16 * 1024 * 1024;
/** Verified chunks are recorded at the latest after this time, if another one comes. */
export const UNRECORDED_MS_MAX = 1_000;

const RECORD_SIZE_BYTES = 16;
const CHECK_SIZE_BYTES = 8;

export interface PartPlace {
  /** Folder of the package itself. */
  readonly directory: string;
  readonly journalPath: string;
}

/** Opens the files of a package that arrives; what an earlier arrival left in the same place is taken up. */
export async function openPackagePart(
  { directory, journalPath }: PartPlace,
  of: { readonly model: ModelDigest; readonly manifest: Uint8Array; readonly layout: PackageLayout },
  deps: { readonly nowMs: () => number },
): Promise<PackagePart> {
  const { model, layout } = of;
  const here = new Set(await recordsOf(journalPath, of));
  const files: FileHandle[] = [];
  const journal = await open(journalPath, 'a', 0o600);
  let unrecorded: { readonly fileIndex: number; readonly chunkIndex: number }[] = [];
  let unrecordedBytes = 0;
  let sinceMs = deps.nowMs();
  let recording: Promise<void> | null = null;
  let failed: Error | null = null;
  let closing: Promise<void> | null = null;

  const asFailure = (error: unknown): Error => diskFailure(error, directory) ?? (error instanceof Error ? error : new Error(String(error)));

  try {
    await writeManifest(join(directory, MANIFEST_FILE_NAME), of.manifest);
    for (const { path, sizeBytes } of layout.files) {
      // Neither truncated when it is there nor opened for appending.
      const file = await open(join(directory, path), constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
      files.push(file);
      await file.truncate(sizeBytes);
    }
  } catch (error) {
    await Promise.allSettled([...files, journal].map((file) => file.close()));
    throw asFailure(error);
  }

  async function record(): Promise<void> {
    const chunks = unrecorded;
    unrecorded = [];
    unrecordedBytes = 0;
    sinceMs = deps.nowMs();
    if (chunks.length === 0) return;
    for (const fileIndex of new Set(chunks.map((chunk) => chunk.fileIndex))) await files[fileIndex]?.datasync();
    await journal.appendFile(Buffer.concat(chunks.map(({ fileIndex, chunkIndex }) => recordOf(model, fileIndex, chunkIndex))));
    await journal.datasync();
  }

  /** One at a time, beside what comes meanwhile. */
  function recordSoon(): void {
    if (recording !== null) return;
    recording = record()
      .catch((error: unknown) => {
        failed = asFailure(error);
      })
      .finally(() => {
        recording = null;
      });
  }

  return {
    layout,
    has: (fileIndex, chunkIndex) => here.has(keyOf(fileIndex, chunkIndex)),
    async write(fileIndex, offset, bytes) {
      const file = files[fileIndex];
      if (file === undefined || closing !== null) throw new Error('this package does not arrive here any more');
      // A disk that does not take the record will not take the rest either.
      if (failed !== null) throw failed;
      try {
        for (let done = 0; done < bytes.length; ) {
          const { bytesWritten } = await file.write(bytes, done, bytes.length - done, offset + done);
          done += bytesWritten;
        }
      } catch (error) {
        throw asFailure(error);
      }
      const chunkIndex = offset / layout.chunkSizeBytes;
      here.add(keyOf(fileIndex, chunkIndex));
      unrecorded.push({ fileIndex, chunkIndex });
      unrecordedBytes += bytes.length;
      if (unrecordedBytes >= UNRECORDED_BYTES_MAX || deps.nowMs() - sinceMs >= UNRECORDED_MS_MAX) recordSoon();
    },
    async read(fileIndex, chunkIndex) {
      const [file, of_] = [files[fileIndex], layout.files[fileIndex]];
      if (file === undefined || of_ === undefined || closing !== null || !here.has(keyOf(fileIndex, chunkIndex))) return null;
      const offset = chunkIndex * layout.chunkSizeBytes;
      const bytes = new Uint8Array(Math.min(layout.chunkSizeBytes, of_.sizeBytes - offset));
      const { bytesRead } = await file.read(bytes, 0, bytes.length, offset);
      return bytesRead === bytes.length ? bytes : null;
    },
    close() {
      closing ??= (async () => {
        await recording;
        try {
          if (failed === null) await record();
        } finally {
          await Promise.allSettled([...files, journal].map((file) => file.close()));
        }
      })();
      return closing;
    },
  };
}

function keyOf(fileIndex: number, chunkIndex: number): string {
  return `${fileIndex}/${chunkIndex}`;
}

/** File, chunk, and eight bytes that only whoever meant this model would write: a torn or foreign record counts for nothing. */
function recordOf(model: ModelDigest, fileIndex: number, chunkIndex: number): Buffer {
  const bytes = Buffer.alloc(RECORD_SIZE_BYTES);
  bytes.writeUInt32BE(fileIndex, 0);
  bytes.writeUInt32BE(chunkIndex, 4);
  bytes.set(sha256('voxd/journal/1', model, bytes.subarray(0, 8)).subarray(0, CHECK_SIZE_BYTES), 8);
  return bytes;
}

/** What the journal vouches for. A record that a kill cut short ends it: what follows would be out of step. */
async function recordsOf(
  journalPath: string,
  { model, layout }: { readonly model: ModelDigest; readonly layout: PackageLayout },
): Promise<readonly string[]> {
  const bytes = await readFile(journalPath).catch(() => Buffer.alloc(0));
  const keys: string[] = [];
  for (let at = 0; at + RECORD_SIZE_BYTES <= bytes.length; at += RECORD_SIZE_BYTES) {
    const [fileIndex, chunkIndex] = [bytes.readUInt32BE(at), bytes.readUInt32BE(at + 4)];
    const isOurs = recordOf(model, fileIndex, chunkIndex).equals(bytes.subarray(at, at + RECORD_SIZE_BYTES));
    if (isOurs && layout.files[fileIndex]?.chunks[chunkIndex] !== undefined) keys.push(keyOf(fileIndex, chunkIndex));
  }
  return keys;
}

async function writeManifest(path: string, bytes: Uint8Array): Promise<void> {
  const there = await readFile(path).catch(() => null);
  if (there !== null && sha256Hex(there) === sha256Hex(bytes)) return;
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(bytes);
    await file.datasync();
  } finally {
    await file.close();
  }
}
