/** Two signed messages under one sequence number: proof that a hotkey says different things to different people. */
import { KINDS, type MessageKind } from './kinds.js';
import type { Hotkey } from './names.js';

/** After it nothing of that hotkey and kind is heard for so many blocks: a round of the usual length. */
export const FROZEN_BLOCKS = 360;
/** Envelopes kept per kind so that a second one of their number has its proof beside it; the oldest goes. */
export const PROOF_BYTES_MAX = 4 * 1024 * 1024;

/** Self-authenticating as long as both envelopes are there: anybody can check both signatures. */
export interface Equivocation {
  readonly hotkey: Hotkey;
  readonly kind: MessageKind;
  readonly sequence: bigint;
  /** The body that was accepted, sha-256, 64 hex digits. */
  readonly firstDigest: string;
  /** Its envelope as received; null when it was accepted too long ago to be held. */
  readonly first: Uint8Array | null;
  readonly secondDigest: string;
  readonly second: Uint8Array;
  /** Finalized block at which it was noticed. */
  readonly block: number;
}

export interface ProofShelf {
  keep(kind: MessageKind, bodyDigest: string, envelope: Uint8Array): void;
  find(kind: MessageKind, bodyDigest: string): Uint8Array | null;
  sizeBytes(kind: MessageKind): number;
}

/** Accepted envelopes by the digest of their body. One kind cannot push out another's. */
export function createProofShelf(bytesMax = PROOF_BYTES_MAX): ProofShelf {
  const shelves = new Map<MessageKind, { bytes: number; readonly held: Map<string, Uint8Array> }>();
  const shelfOf = (kind: MessageKind) => {
    const shelf = shelves.get(kind) ?? { bytes: 0, held: new Map<string, Uint8Array>() };
    shelves.set(kind, shelf);
    return shelf;
  };
  return {
    keep(kind, bodyDigest, envelope) {
      const shelf = shelfOf(kind);
      if (shelf.held.has(bodyDigest) || envelope.length > Math.min(bytesMax, KINDS[kind].sizeBytesMax)) return;
      shelf.held.set(bodyDigest, envelope);
      shelf.bytes += envelope.length;
      for (const [digest, oldest] of shelf.held) {
        if (shelf.bytes <= bytesMax) break;
        shelf.held.delete(digest);
        shelf.bytes -= oldest.length;
      }
    },
    find: (kind, bodyDigest) => shelves.get(kind)?.held.get(bodyDigest) ?? null,
    sizeBytes: (kind) => shelves.get(kind)?.bytes ?? 0,
  };
}
