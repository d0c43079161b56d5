/** A signature to be checked, as data: the pure rules say what must hold, threads elsewhere do the sums. */
export type SignatureScheme = 'sr25519' | 'ed25519';

export interface SignatureCheck {
  readonly scheme: SignatureScheme;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** At most CHECKED_TEXT_BYTES_MAX: what is signed here are texts with a digest in them. */
  readonly message: Uint8Array;
  /** 64 bytes. */
  readonly signature: Uint8Array;
}

export const CHECKED_TEXT_BYTES_MAX = 1024;
