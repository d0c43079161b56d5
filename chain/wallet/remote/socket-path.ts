/** Where the socket of a signer may be. Node cannot ask who is at the other end of a unix socket, so the folder must keep others out. */
import { lstat, mkdir, stat } from 'node:fs/promises';
import { dirname, isAbsolute } from 'node:path';
import { signerFailure } from '../../signer-failures.js';
import { errnoOf } from '../paths.js';

/** What the system has room for in an address, with the zero at its end; macOS has the least. */
export const SOCKET_PATH_BYTES_MAX = 103;
const OTHERS = 0o077;

/** Errors: signer.bad_path. */
export function assertSocketPath(socket: string): void {
  const reason = !isAbsolute(socket)
    ? 'it is not absolute'
    : Buffer.byteLength(socket) > SOCKET_PATH_BYTES_MAX
      ? `it is longer than ${SOCKET_PATH_BYTES_MAX} bytes`
      : null;
  if (reason !== null) throw signerFailure('signer.bad_path', { socket, reason });
}

/** Makes the folder where it is missing. Errors: signer.bad_path, signer.open_to_others. */
export async function privateFolderOf(socket: string): Promise<void> {
  assertSocketPath(socket);
  const folder = dirname(socket);
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw signerFailure('signer.bad_path', { socket, reason: `its folder cannot be made (${errnoOf(error)})` }, error);
  });
  await assertPrivate(folder);
}

/**
 * For the calling side: the socket and its folder belong to us and to nobody else. What is not there is left to the connection to say.
 *
 * Errors: signer.bad_path, signer.open_to_others.
 */
export async function assertPrivateSocket(socket: string): Promise<void> {
  assertSocketPath(socket);
  const found = await lstat(socket).catch(() => null);
  if (found === null) return;
  if (!found.isSocket()) throw signerFailure('signer.bad_path', { socket, reason: 'it is not a socket' });
  await assertPrivate(socket);
  await assertPrivate(dirname(socket));
}

async function assertPrivate(path: string): Promise<void> {
  const { mode, uid } = await stat(path);
  const self = process.getuid?.() ?? uid;
  if (uid === self && (mode & OTHERS) === 0) return;
  throw signerFailure('signer.open_to_others', {
    path,
    mode: (mode & 0o777).toString(8),
    owner: uid === self ? 'you' : `user ${uid}`,
  });
}
