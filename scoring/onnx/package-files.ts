/** Model packages on disk: seal a folder, verify a folder. Files are read in chunks; nothing follows links or leaves the folder. */
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Hex } from '../../protocol/digest.js';
import { type Failure, isFailure } from '../../protocol/failure.js';
import type { ModelDigest } from '../../protocol/names.js';
import { unwrap } from '../../protocol/result.js';
import { modelFailure } from '../failures.js';
import {
  CHUNK_SIZE_BYTES,
  digestOfManifestBytes,
  FILES_MAX,
  MANIFEST_FILE_NAME,
  MANIFEST_SIZE_BYTES_MAX,
  type ManifestFile,
  MODEL_SIZE_BYTES_MAX,
  manifestBytes,
  modelDigest,
  parseManifest,
} from '../manifest.js';
import { composeManifest, kindOf, type PackageDescription } from '../package.js';
import type { VerifiedModel } from '../ports.js';

/**
 * Computes the digests of a folder's files and writes its manifest.json.
 * Errors: rejects with model.folder_unreadable, model.file_missing, model.manifest_malformed, model.too_large.
 */
export async function sealPackage(directory: string, description: PackageDescription): Promise<VerifiedModel> {
  const paths = (await namesIn(directory)).filter((name) => name !== MANIFEST_FILE_NAME);
  if (paths.length > FILES_MAX) {
    throw modelFailure('model.folder_unreadable', { directory, problem: `it has ${paths.length} files, at most ${FILES_MAX} are allowed` });
  }
  const files: ManifestFile[] = [];
  for (const path of paths) files.push(await describeFile(directory, path, kindOf(description, path)));
  const manifest = unwrap(composeManifest(description, files));
  await writeWhole(directory, MANIFEST_FILE_NAME, manifestBytes(manifest));
  return { digest: modelDigest(manifest), manifest, directory };
}

/**
 * Reads every byte of a package and holds it against its manifest, and the manifest against the digest that was asked for.
 * Errors: rejects with model.* failures; `retry` where this copy is at fault, `skip` where the package itself is.
 */
export async function verifyPackage(directory: string, expected?: ModelDigest): Promise<VerifiedModel> {
  const bytes = await readWhole(directory, MANIFEST_FILE_NAME, MANIFEST_SIZE_BYTES_MAX);
  const digest = digestOfManifestBytes(bytes);
  if (expected !== undefined && digest !== expected) throw modelFailure('model.digest_unexpected', { actual: digest, expected });
  const manifest = unwrap(parseManifest(bytes));
  const known = new Set([MANIFEST_FILE_NAME, ...manifest.files.map(({ path }) => path)]);
  const extra = (await namesIn(directory)).find((name) => !known.has(name));
  if (extra !== undefined) throw modelFailure('model.extra_file', { file: extra });
  for (const file of manifest.files) await verifyFile(directory, file);
  return { digest, manifest, directory };
}

async function verifyFile(directory: string, file: ManifestFile): Promise<void> {
  const actual = await describeFile(directory, file.path, file.kind, file.sizeBytes);
  const bad = file.chunks.findIndex((chunk, i) => chunk !== actual.chunks[i]);
  if (bad >= 0) throw modelFailure('model.digest_mismatch', { file: file.path, offset: bad * CHUNK_SIZE_BYTES });
  // Every chunk is as promised, so the promise contradicts itself: no copy of this package can be whole.
  if (actual.sha256 !== file.sha256) {
    throw modelFailure('model.manifest_malformed', { problem: `sha256 and chunks of ${file.path} contradict each other` });
  }
}

/** Size and digests of one file, read once. With `expectedBytes`, a file of another size is refused before it is hashed. */
async function describeFile(directory: string, path: string, kind: ManifestFile['kind'], expectedBytes?: number): Promise<ManifestFile> {
  return withFile(directory, path, async (handle) => {
    const { size: sizeBytes } = await handle.stat();
    if (expectedBytes !== undefined && sizeBytes !== expectedBytes) {
      throw modelFailure('model.size_mismatch', { file: path, actualBytes: sizeBytes, expectedBytes });
    }
    if (sizeBytes > MODEL_SIZE_BYTES_MAX) throw modelFailure('model.too_large', { sizeBytes, maxBytes: MODEL_SIZE_BYTES_MAX });
    const whole = createHash('sha256');
    const chunks: string[] = [];
    const buffer = Buffer.alloc(CHUNK_SIZE_BYTES);
    for (let at = 0; at < sizeBytes; at += CHUNK_SIZE_BYTES) {
      const length = Math.min(CHUNK_SIZE_BYTES, sizeBytes - at);
      const chunk = buffer.subarray(0, length);
      await readFully(handle, chunk, at, path);
      whole.update(chunk);
      chunks.push(createHash('sha256').update(chunk).digest('hex'));
    }
    return { path, kind, sizeBytes, sha256: whole.digest('hex'), chunks };
  });
}

async function readFully(handle: FileHandle, into: Buffer, position: number, file: string): Promise<void> {
  let done = 0;
  while (done < into.length) {
    const { bytesRead } = await handle.read(into, done, into.length - done, position + done);
    if (bytesRead === 0) throw modelFailure('model.file_missing', { file });
    done += bytesRead;
  }
}

/** Every entry of the folder; what is not a plain file is found when it is opened. */
export async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (error) {
    throw folderUnreadable(directory, error);
  }
}

/** One plain file, links not followed. Errors: rejects with model.file_missing, model.too_large, model.manifest_too_large. */
export async function readWhole(directory: string, path: string, maxBytes: number): Promise<Uint8Array> {
  return withFile(directory, path, async (handle) => {
    const { size } = await handle.stat();
    if (size > maxBytes) {
      throw path === MANIFEST_FILE_NAME
        ? modelFailure('model.manifest_too_large', { sizeBytes: size, maxBytes })
        : modelFailure('model.too_large', { sizeBytes: size, maxBytes });
    }
    const bytes = Buffer.alloc(size);
    await readFully(handle, bytes, 0, path);
    return bytes;
  });
}

/** Opens without following links, refuses what is not a plain file, and turns every foreign error into model.file_missing. */
async function withFile<T>(directory: string, path: string, use: (handle: FileHandle) => Promise<T>): Promise<T> {
  let handle: FileHandle | null = null;
  try {
    handle = await open(join(directory, path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if (!(await handle.stat()).isFile()) throw modelFailure('model.file_missing', { file: path });
    return await use(handle);
  } catch (error) {
    throw isFailure(error) ? error : modelFailure('model.file_missing', { file: path }, error);
  } finally {
    await handle?.close();
  }
}

/** The file is the old one or the new one, never half of it. */
async function writeWhole(directory: string, name: string, bytes: Uint8Array): Promise<void> {
  const temporary = join(directory, `.${name}.${process.pid}`);
  try {
    await writeFile(temporary, bytes, { flush: true });
    await rename(temporary, join(directory, name));
  } catch (error) {
    throw folderUnreadable(directory, error);
  }
}

export function folderUnreadable(directory: string, error: unknown): Failure {
  return modelFailure('model.folder_unreadable', { directory, problem: error instanceof Error ? error.message : String(error) }, error);
}

/** Reads one file of a verified package again and holds it against its manifest: what is used is what was checked. */
export async function readVerified(model: VerifiedModel, file: ManifestFile): Promise<Uint8Array> {
  const bytes = await readWhole(model.directory, file.path, MODEL_SIZE_BYTES_MAX);
  if (sha256Hex(bytes) !== file.sha256) throw modelFailure('model.digest_mismatch', { file: file.path, offset: 0 });
  return bytes;
}
