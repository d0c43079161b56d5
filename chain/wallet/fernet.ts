/** A Fernet token under a key of ten million rounds of PBKDF2: how the first bittensor wallets were encrypted. AES-128-CBC, HMAC-SHA256. */
import { createDecipheriv, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

/** Fixed in the original tools. */
const SALT = 'Iguesscyborgslikemyselfhaveatendencytobeparanoidaboutourorigins';
const ITERATIONS = 10_000_000;
const KEY_SIZE_BYTES = 16;
const VERSION = 0x80;
const HEAD_SIZE_BYTES = 1 + 8;
const IV_SIZE_BYTES = 16;
const MAC_SIZE_BYTES = 32;

/** null: the password is wrong or the file is damaged. */
export async function openFernet(bytes: Uint8Array, password: Uint8Array): Promise<Uint8Array | null> {
  const token = Buffer.from(Buffer.from(bytes).toString('latin1').trim(), 'base64url');
  const macAt = token.length - MAC_SIZE_BYTES;
  // Looked at first: a damaged file is not worth the derivation.
  if (token[0] !== VERSION || macAt <= HEAD_SIZE_BYTES + IV_SIZE_BYTES) return null;

  const keys = await promisify(pbkdf2)(password, SALT, ITERATIONS, 2 * KEY_SIZE_BYTES, 'sha256');
  try {
    const sum = createHmac('sha256', keys.subarray(0, KEY_SIZE_BYTES)).update(token.subarray(0, macAt)).digest();
    if (!timingSafeEqual(sum, token.subarray(macAt))) return null;
    const iv = token.subarray(HEAD_SIZE_BYTES, HEAD_SIZE_BYTES + IV_SIZE_BYTES);
    const decipher = createDecipheriv('aes-128-cbc', keys.subarray(KEY_SIZE_BYTES), iv);
    return Buffer.concat([decipher.update(token.subarray(HEAD_SIZE_BYTES + IV_SIZE_BYTES, macAt)), decipher.final()]);
  } catch {
    return null;
  } finally {
    keys.fill(0);
  }
}
