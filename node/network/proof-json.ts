import { FROZEN_BLOCKS } from '../../protocol/equivocation.js';
import type { StoredEquivocation } from './ports.js';

/** A proof as `voxd equivocations --json` and `/v1/equivocations` show it; envelopes in base64. */
export function proofAsJson(proof: StoredEquivocation): object {
  const base64 = (bytes: Uint8Array | null) => (bytes === null ? null : Buffer.from(bytes).toString('base64'));
  return {
    hotkey: proof.hotkey,
    kind: proof.kind,
    sequence: String(proof.sequence),
    block: proof.block,
    frozen_until_block: proof.block + FROZEN_BLOCKS,
    noticed_at_ms: proof.noticedAtMs,
    first: { body_digest: proof.firstDigest, envelope: base64(proof.first) },
    second: { body_digest: proof.secondDigest, envelope: base64(proof.second) },
  };
}
