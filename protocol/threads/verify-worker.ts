/** One thread that checks signatures: a packed batch in, a byte per signature out. Whatever throws here ends the thread, and it is replaced. */
import { parentPort } from 'node:worker_threads';
import { waitReady } from '@polkadot/wasm-crypto';
import { verifyEd25519 } from '../ed25519.js';
import { invariant } from '../failure.js';
import { unpackChecks, type VerifyReply, type VerifyRequest } from './packing.js';
import { createSr25519Check } from './sr25519.js';

const port = parentPort;
invariant(port, 'verify-worker runs as a thread');
await waitReady();
const verifySr25519 = createSr25519Check();

port.on('message', ({ id, packed }: VerifyRequest) => {
  const holds = Uint8Array.from(unpackChecks(packed), ({ scheme, message, signature, publicKey }) =>
    (scheme === 'ed25519' ? verifyEd25519 : verifySr25519)(message, signature, publicKey) ? 1 : 0,
  );
  port.postMessage({ id, holds } satisfies VerifyReply);
});
