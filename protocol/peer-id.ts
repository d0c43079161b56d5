/** libp2p names of Ed25519 keys, without libp2p: base58(identity multihash(protobuf(Ed25519, key))). */
import { base58 } from '@scure/base';
import type { Brand } from './names.js';
import { err, ok, type Result } from './result.js';

/** The libp2p name of a transport key (`12D3KooW…`): a machine, where a hotkey is a person. */
export type PeerId = Brand<string, 'PeerId'>;

export const PEER_KEY_SIZE_BYTES = 32;
const ED25519_IDENTITY = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20);

/** Shape: 32-byte Ed25519 public key → peer id. */
export function peerIdFromKey(key: Uint8Array): PeerId {
  const bytes = new Uint8Array(ED25519_IDENTITY.length + PEER_KEY_SIZE_BYTES);
  bytes.set(ED25519_IDENTITY);
  bytes.set(key.subarray(0, PEER_KEY_SIZE_BYTES), ED25519_IDENTITY.length);
  // Safety: built from a key just above.
  return base58.encode(bytes) as PeerId;
}

/** Shape: peer id text → its 32-byte Ed25519 key. Errors: a sentence; ids of other key types are refused. */
export function keyOfPeerId(text: string): Result<Uint8Array, string> {
  if (text.length < 50 || text.length > 54) return err('an Ed25519 peer id has 52 characters');
  const bytes = decodeBase58(text);
  if (bytes === null) return err('not base58');
  const size = ED25519_IDENTITY.length + PEER_KEY_SIZE_BYTES;
  if (bytes.length !== size || !ED25519_IDENTITY.every((byte, index) => bytes[index] === byte)) return err('not an Ed25519 peer id');
  return ok(bytes.slice(ED25519_IDENTITY.length));
}

export function parsePeerId(text: string): Result<PeerId, string> {
  const key = keyOfPeerId(text);
  return key.ok ? ok(peerIdFromKey(key.value)) : key;
}

function decodeBase58(text: string): Uint8Array | null {
  try {
    return base58.decode(text);
  } catch {
    return null;
  }
}
