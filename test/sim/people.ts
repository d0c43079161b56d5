import { hash } from 'node:crypto';
import { type ModelDigest, publicKeyOf } from '../../protocol/names.js';
import type { Signer, Verifier } from '../../protocol/ports.js';
import { aHotkey } from '../support/keys.js';

/**
 * Signatures of the simulation: two hashes, the same on every run and a hundred times cheaper than sr25519. Everybody could forge them, and whoever
 * forges in a simulation does so by changing bytes, which is found out. The real ones are tested with real sockets.
 */
export function simulatedPerson(name: string): Signer {
  const hotkey = aHotkey(name);
  const publicKey = publicKeyOf(hotkey);
  return { hotkey, sign: async (message) => signatureOf(message, publicKey) };
}

export const simulatedVerifier: Verifier = {
  verify: async (checks) =>
    checks.every(({ message, signature, publicKey }) => Buffer.compare(signatureOf(message, publicKey), signature) === 0),
};

/** The honest hear the same, without a bias; those of the hostile hear what suits them, each something else. Shape: model → ppm. */
export function simulatedEars(bias: string): Map<ModelDigest, number> {
  return new (class extends Map<ModelDigest, number> {
    override get(model: ModelDigest): number {
      return 150_000 + (hash('sha256', `${bias}${model}`, 'buffer').readUInt32LE(0) % 800_000);
    }
  })();
}

function signatureOf(message: Uint8Array, publicKey: Uint8Array): Uint8Array {
  return new Uint8Array(hash('sha512', Buffer.concat([publicKey, message]), 'buffer'));
}
