import { createHash } from 'node:crypto';
import { type Hash, type Hotkey, hotkeyFromPublicKey, type ModelDigest } from '../../protocol/names.js';

/** A made-up but well-formed hotkey; `n` names it. Nobody holds its secret. */
export function aHotkey(n: number | string): Hotkey {
  return hotkeyFromPublicKey(new Uint8Array(createHash('sha256').update(`hotkey ${n}`).digest()));
}

export function aModel(n: number | string): ModelDigest {
  return createHash('sha256').update(`model ${n}`).digest('hex') as ModelDigest;
}

export function aHash(n: number | string): Hash {
  return `0x${createHash('sha256').update(`hash ${n}`).digest('hex')}` as Hash;
}
