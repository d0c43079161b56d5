import { sr25519Verify } from '@polkadot/util-crypto';
import { publicKeyOf } from '../../protocol/names.js';
import type { Signer, Verify } from '../../protocol/ports.js';
import { devSigner } from './dev-signer.js';

/** Real sr25519. For tests only. */
export const verifySr25519: Verify = (message, signature, signer) => {
  try {
    return sr25519Verify(message, signature, publicKeyOf(signer));
  } catch {
    return false;
  }
};

/** A person with a real key, named like `Alice`. */
export function devPerson(name: string): Promise<Signer> {
  return devSigner(`//${name}`);
}
