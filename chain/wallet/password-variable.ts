/** The variable in which bittensor tools keep the password of a key file: named after its path, hidden from a glance by XOR with its own name. */
import { homedir } from 'node:os';
import { Secret } from '../../protocol/secret.js';

/** Names the variable may have: of the whole path, and of the path as people write it. */
export function passwordVariables(path: string): readonly string[] {
  const home = homedir();
  const short = path.startsWith(`${home}/`) ? [`~${path.slice(home.length)}`] : [];
  return [path, ...short].map((each) => `BT_PW_${each.replace(/[/.]/g, '_').toUpperCase()}`);
}

/** null: it is not what such a variable holds. */
export function passwordFromVariable(name: string, value: string): Secret | null {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(value.trim())) return null;
  const hidden = Buffer.from(value.trim(), 'base64');
  const mask = Buffer.from(name, 'utf8');
  for (let i = 0; i < hidden.length; i += 1) hidden[i] = (hidden[i] ?? 0) ^ (mask[i % mask.length] ?? 0);
  try {
    return new Secret(new TextDecoder('utf-8', { fatal: true }).decode(hidden));
  } catch {
    return null;
  } finally {
    hidden.fill(0);
  }
}
