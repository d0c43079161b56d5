/**
 * A package on its way: its files at full length, and beside them a journal of the chunks that were verified and are safely on disk. After any
 * interruption the journal says what need not come again; nothing of that is read or hashed anew until the whole package is verified.
 *
 * Data first, journal second: files are synced before the records that vouch for them, and a record counts only whole. Each chunk has its own place
 * in the journal, which has its full length from the beginning: a disk that is full afterwards still takes records.
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
  const places = placesOf(layout);
  const asFailure = (error: unknown): Error => diskFailure(error, directory) ?? (error instanceof Error ? error : new Error(String(error)));
  const journal = await openJournal(journalPath, places.size).catch((error: unknown) => {
    throw asFailure(error);
  });
  const here = new Set(await recordsOf(journal, model, places));
  const files: FileHandle[] = [];
  let unrecorded: { readonly fileIndex: number; readonly chunkIndex: number }[] = [];
  let unrecordedBytes = 0;
  let sinceMs = deps.nowMs();
  let recording: Promise<void> | null = null;
  let failed: Error | null = null;
  let closing: Promise<void> | null = null;

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
    for (const { fileIndex, chunkIndex } of chunks) {
      const key = keyOf(fileIndex, chunkIndex);
      await journal.write(recordOf(model, key), 0, RECORD_SIZE_BYTES, (places.get(key) ?? 0) * RECORD_SIZE_BYTES);
    }
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

/** Shape: chunk → its place in the package, and so in the journal. */
function placesOf({ files }: PackageLayout): ReadonlyMap<string, number> {
  const keys = files.flatMap(({ chunks }, fileIndex) => chunks.map((_, chunkIndex) => keyOf(fileIndex, chunkIndex)));
  return new Map(keys.map((key, place) => [key, place]));
}

/** Bytes that only whoever meant this chunk of this model would write: a torn or foreign record counts for nothing. */
function recordOf(model: ModelDigest, key: string): Uint8Array {
  return sha256('voxd/journal/1', model, key).subarray(0, RECORD_SIZE_BYTES);
}

/** At its full length, filled with nothing where it is new. */
async function openJournal(path: string, chunks: number): Promise<FileHandle> {
  const journal = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  try {
    const { size } = await journal.stat();
    const missing = chunks * RECORD_SIZE_BYTES - size;
    if (missing > 0) await journal.write(new Uint8Array(missing), 0, missing, size);
    return journal;
  } catch (error) {
    await journal.close();
    throw error;
  }
}

/** What the journal vouches for. */
async function recordsOf(journal: FileHandle, model: ModelDigest, places: ReadonlyMap<string, number>): Promise<readonly string[]> {
  const bytes = Buffer.alloc(places.size * RECORD_SIZE_BYTES);
  await journal.read(bytes, 0, bytes.length, 0);
  return [...places].flatMap(([key, place]) => {
    const record = bytes.subarray(place * RECORD_SIZE_BYTES, (place + 1) * RECORD_SIZE_BYTES);
    return record.equals(recordOf(model, key)) ? [key] : [];
  });
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
