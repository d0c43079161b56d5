/** What the protocol needs from the outside. */
import type { Hotkey } from './names.js';

/** Time of day, and waiting. Tests use a manual one. */
export interface Clock {
  nowMs(): number;
  /** Resolves after `ms`, or rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Holds a hotkey and signs with it (sr25519, signing context "substrate"). Nothing else in the program sees the key. */
export interface Signer {
  readonly hotkey: Hotkey;
  /** Shape: any bytes → 64-byte signature over them. */
  sign(message: Uint8Array): Promise<Uint8Array>;
}

/** sr25519 verification; synchronous so that the validation rules stay pure. Never throws. */
export type Verify = (message: Uint8Array, signature: Uint8Array, signer: Hotkey) => boolean;
