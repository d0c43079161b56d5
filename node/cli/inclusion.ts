/** How commands tell that a transaction is in a finalized block. */
import type { Inclusion } from '../../chain/ports.js';
import type { Hotkey } from '../../protocol/names.js';

export function inclusionJson({ method, block, extrinsicHash }: Inclusion): object {
  return { method, block: block.number, block_hash: block.hash, hash: extrinsicHash };
}

export function inclusionLines({ extrinsicHash }: Inclusion, signer: Hotkey): readonly string[] {
  return [`  signed by  ${signer}`, `  extrinsic  ${extrinsicHash}`];
}
