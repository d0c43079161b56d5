import { sr25519Verify } from '@polkadot/util-crypto';
import { verifyEd25519 } from '../../protocol/ed25519.js';
import { protocolFailures } from '../../protocol/failures.js';
import type { Verifier } from '../../protocol/ports.js';
import type { SignatureCheck } from '../../protocol/signatures.js';

/** Real signatures, checked on the test's own thread. */
export const localVerifier: Verifier = {
  verify: async (checks) => checks.every(holds),
};

export function holds({ scheme, message, signature, publicKey }: SignatureCheck): boolean {
  if (scheme === 'ed25519') return verifyEd25519(message, signature, publicKey);
  try {
    return sr25519Verify(message, signature, publicKey);
  } catch {
    return false;
  }
}

/** Cannot find anything out. */
export const brokenVerifier: Verifier = {
  verify: async () => {
    throw protocolFailures('p2p.verifier_failed', { problem: 'test' });
  },
};
