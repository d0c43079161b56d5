/** An Ansible vault, format 1.1 (1.2 adds a label to its first line): PBKDF2, AES-256-CTR, HMAC-SHA256. */
import { createDecipheriv, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const HEADER = /^\$ANSIBLE_VAULT;1\.[12];AES256(;[^\r\n]*)?\r?\n/;
const ITERATIONS = 10_000;
const KEY_SIZE_BYTES = 32;
const COUNTER_SIZE_BYTES = 16;
const BLOCK_SIZE_BYTES = 16;

/** null: the password is wrong or the file is damaged. */
export async function openAnsibleVault(bytes: Uint8Array, password: Uint8Array): Promise<Uint8Array | null> {
  const text = Buffer.from(bytes).toString('latin1');
  const header = HEADER.exec(text);
  if (header === null) return null;
  // Hex within hex: the outer one hides the line breaks between the three parts.
  const parts = hexBytes(text.slice(header[0].length).replace(/\s+/g, ''))?.toString('latin1').split('\n') ?? [];
  const [salt, mac, box] = parts.map(hexBytes);
  if (parts.length !== 3 || !salt || !mac || !box) return null;

  const keys = await promisify(pbkdf2)(password, salt, ITERATIONS, 2 * KEY_SIZE_BYTES + COUNTER_SIZE_BYTES, 'sha256');
  try {
    const sum = createHmac('sha256', keys.subarray(KEY_SIZE_BYTES, 2 * KEY_SIZE_BYTES))
      .update(box)
      .digest();
    if (mac.length !== sum.length || !timingSafeEqual(mac, sum)) return null;
    const decipher = createDecipheriv('aes-256-ctr', keys.subarray(0, KEY_SIZE_BYTES), keys.subarray(2 * KEY_SIZE_BYTES));
    return unpadded(Buffer.concat([decipher.update(box), decipher.final()]));
  } finally {
    keys.fill(0);
  }
}

/** PKCS #7. */
function unpadded(bytes: Buffer): Uint8Array | null {
  const padding = bytes.at(-1) ?? 0;
  if (padding === 0 || padding > BLOCK_SIZE_BYTES || padding > bytes.length) return null;
  return bytes.subarray(0, bytes.length - padding);
}

function hexBytes(digits: string): Buffer | null {
  return digits.length > 0 && digits.length % 2 === 0 && /^[0-9a-f]+$/i.test(digits) ? Buffer.from(digits, 'hex') : null;
}
