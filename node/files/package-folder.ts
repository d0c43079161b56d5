/** Folders of packages as wholes: how large, and how they become durable. */
import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

export const PACKAGE_FILES_MAX = 4_096;
/** Unit of `stat.blocks`, whatever the file system. */
const BLOCK_SIZE_BYTES = 512;

async function filesOf(directory: string): Promise<readonly { readonly path: string; readonly isDirectory: boolean }[]> {
  const found = await readdir(directory, { recursive: true, withFileTypes: true });
  return found.slice(0, PACKAGE_FILES_MAX).map((item) => ({ path: join(item.parentPath, item.name), isDirectory: item.isDirectory() }));
}

/** Shape: bytes of all its files. */
export async function measure(directory: string): Promise<number> {
  let sizeBytes = 0;
  for (const { path, isDirectory } of await filesOf(directory)) if (!isDirectory) sizeBytes += (await lstat(path)).size;
  return sizeBytes;
}

/** Shape: what its files take on the disk; of files with holes that is less than their length. */
export async function allocatedBytes(directory: string): Promise<number> {
  let sizeBytes = 0;
  for (const { path, isDirectory } of await filesOf(directory))
    if (!isDirectory) sizeBytes += (await lstat(path)).blocks * BLOCK_SIZE_BYTES;
  return sizeBytes;
}

/** After this a power cut leaves the package whole. Shape: its size. */
export async function makeDurable(directory: string): Promise<number> {
  let sizeBytes = 0;
  for (const { path, isDirectory } of await filesOf(directory)) {
    if (isDirectory) {
      await syncDirectory(path);
      continue;
    }
    const file = await open(path, 'r');
    try {
      await file.sync();
      sizeBytes += (await file.stat()).size;
    } finally {
      await file.close();
    }
  }
  await syncDirectory(directory);
  return sizeBytes;
}

export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
