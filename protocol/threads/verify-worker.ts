/** One thread that checks signatures: a packed batch in, a byte per signature out. */
import { parentPort } from 'node:worker_threads';
// The WebAssembly code itself: @polkadot/util-crypto computes the same in JavaScript, seven times slower.
import { sr25519Verify, waitReady } from '@polkadot/wasm-crypto';
import { verifyEd25519 } from '../ed25519.js';
import { invariant } from '../failure.js';
import type { SignatureCheck } from '../signatures.js';
import { unpackChecks, type VerifyReply, type VerifyRequest } from './packing.js';

const port = parentPort;
invariant(port, 'verify-worker runs as a thread');
await waitReady();

port.on('message', ({ id, packed }: VerifyRequest) => {
  port.postMessage(answer(id, packed));
});

function answer(id: number, packed: Uint8Array): VerifyReply {
  try {
    return { id, holds: Uint8Array.from(unpackChecks(packed), (check) => (holds(check) ? 1 : 0)) };
  } catch (error) {
    return { id, problem: error instanceof Error ? error.message : String(error) };
  }
}

/** A key or signature that is no point of the curve makes the library throw: it does not hold. */
function holds({ scheme, message, signature, publicKey }: SignatureCheck): boolean {
  if (scheme === 'ed25519') return verifyEd25519(message, signature, publicKey);
  try {
    return sr25519Verify(signature, message, publicKey);
  } catch {
    return false;
  }
}
