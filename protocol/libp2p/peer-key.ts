/** The file of the transport key: 64 hex digits of an Ed25519 seed, readable by its owner only. It is not the hotkey and can be made anew. */
import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto';
import { link, mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fromHex, toHex } from '../digest.js';
import { protocolFailures } from '../failures.js';

export const PEER_SEED_SIZE_BYTES = 32;
const OTHERS_MASK = 0o077;
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Reads the seed, or makes the file (mode 0600) when there is none. Errors: `p2p.peer_key_file`, `p2p.peer_key_exposed`, `p2p.bad_peer_key`. */
export async function loadOrCreatePeerKey(path: string): Promise<Uint8Array> {
  const there = await peerKeyIfThere(path);
  if (there !== null) return there;
  const seed = new Uint8Array(randomBytes(PEER_SEED_SIZE_BYTES));
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    await writeNew(path, `${toHex(seed)}\n`);
  } catch (cause) {
    throw protocolFailures('p2p.peer_key_file', { path }, cause);
  }
  return seed;
}

/** Null: there is no such file. Errors: as `loadOrCreatePeerKey`. */
export async function peerKeyIfThere(path: string): Promise<Uint8Array | null> {
  try {
    return await loadPeerKey(path);
  } catch (cause) {
    if (isMissing(cause)) return null;
    throw cause;
  }
}

/** A whole file or none: a kill in the midst of it leaves no key that cannot be read. */
async function writeNew(path: string, text: string): Promise<void> {
  const beside = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = await open(beside, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    // Of two nodes that start at once the second fails here instead of replacing the key of the first.
    await link(beside, path);
  } finally {
    await rm(beside, { force: true });
  }
}

async function loadPeerKey(path: string): Promise<Uint8Array> {
  const { text, mode } = await readWithMode(path);
  if ((mode & OTHERS_MASK) !== 0) throw protocolFailures('p2p.peer_key_exposed', { path });
  const digits = text.trim();
  if (!/^[0-9a-f]{64}$/.test(digits)) throw protocolFailures('p2p.bad_peer_key', { path });
  return fromHex(digits);
}

async function readWithMode(path: string): Promise<{ text: string; mode: number }> {
  try {
    return { text: await readFile(path, 'utf8'), mode: (await stat(path)).mode };
  } catch (cause) {
    if (isMissing(cause)) throw cause;
    throw protocolFailures('p2p.peer_key_file', { path }, cause);
  }
}

function isMissing(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
}

function privateKeyOf(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
}

/** Shape: 32-byte seed → 32-byte Ed25519 public key. */
export function publicKeyOfSeed(seed: Uint8Array): Uint8Array {
  const der = createPublicKey(privateKeyOf(seed)).export({ format: 'der', type: 'spki' });
  return new Uint8Array(der.subarray(der.length - 32));
}

export function signWithSeed(seed: Uint8Array, message: Uint8Array): Uint8Array {
  return new Uint8Array(sign(null, message, privateKeyOf(seed)));
}
