/** Validation with its memory: what has been seen, what each hotkey has used of its allowance, and who is not heard for now. */
import { createProofShelf, type Equivocation, FROZEN_BLOCKS } from './equivocation.js';
import type { MessageReason } from './failures.js';
import { KINDS, MESSAGE_KINDS, type MessageKind } from './kinds.js';
import { createLru } from './lru.js';
import type { Hotkey } from './names.js';
import { createRateLimiter, type RateLimiter } from './rate.js';
import { createSeenCache, SEEN_PUBLISHERS_MAX } from './seen.js';
import type { NetworkId } from './topics.js';
import { doubtAbout, type Examined, examineMessage, type Membership, type Message } from './validate.js';
import { accept, ignore, type Verdict } from './verdict.js';

/** When, and among whom, a message is judged. */
export interface Moment {
  readonly membership: Membership | null;
  readonly nowMs: number;
  /** Newest finalized block. */
  readonly block: number;
}

/** The second of two bodies comes with the proof. */
export type GateVerdict<K extends MessageKind = MessageKind> =
  | Exclude<Verdict<Message<K>, MessageReason>, { action: 'ignore' }>
  | { readonly action: 'ignore'; readonly reason: MessageReason; readonly proof?: Equivocation };

export interface MessageGate {
  /** Every question but the signatures. Changes nothing. */
  examine<K extends MessageKind>(kind: K, envelope: Uint8Array, at: Moment): Verdict<Examined<K>, MessageReason>;
  /**
   * For a message whose signatures hold: asks again what may have changed, and when it is accepted remembers it and takes a token from its hotkey:
   * the same bytes are a duplicate from then on. A hotkey that said something else under the same number is not heard for FROZEN_BLOCKS.
   */
  settle<K extends MessageKind>(examined: Examined<K>, at: Moment): GateVerdict<K>;
  /** After a restart: nothing at or below `floor` is taken again, and `newest` had this body. */
  restore(hotkey: Hotkey, kind: MessageKind, of: { readonly floor: bigint; readonly newest: bigint; readonly bodyDigest: string }): void;
  /** Not heard until this block; also after a restart. */
  freeze(hotkey: Hotkey, kind: MessageKind, untilBlock: number): void;
}

export function createMessageGate(options: { readonly network: NetworkId }): MessageGate {
  const seen = createSeenCache();
  const proofs = createProofShelf();
  const frozenUntil = createLru<number>(SEEN_PUBLISHERS_MAX);
  const limiters = new Map<MessageKind, RateLimiter>(
    MESSAGE_KINDS.map((kind) => [kind, createRateLimiter(KINDS[kind], SEEN_PUBLISHERS_MAX)]),
  );
  const keyOf = (hotkey: Hotkey, kind: MessageKind) => `${kind} ${hotkey}`;

  function factsAt({ membership, nowMs, block }: Moment) {
    return {
      network: options.network,
      nowMs,
      membership,
      seen,
      mayPublish: (hotkey: Hotkey, of: MessageKind) => limiters.get(of)?.peek(hotkey, nowMs) ?? false,
      isFrozen: (hotkey: Hotkey, of: MessageKind) => (frozenUntil.get(keyOf(hotkey, of)) ?? 0) > block,
    };
  }

  return {
    examine: (kind, envelope, at) => examineMessage(kind, envelope, factsAt(at)),
    settle({ message }, at) {
      const { kind, hotkey, sequence, bodyDigest, envelope } = message;
      const doubt = doubtAbout(message, factsAt(at));
      if (doubt !== null) return ignore(doubt);
      const firstDigest = seen.bodyOf(hotkey, kind, sequence);
      if (firstDigest !== null) {
        frozenUntil.set(keyOf(hotkey, kind), at.block + FROZEN_BLOCKS);
        const first = proofs.find(kind, firstDigest);
        const proof = { hotkey, kind, sequence, firstDigest, first, secondDigest: bodyDigest, second: envelope, block: at.block };
        return { action: 'ignore', reason: 'message.equivocation', proof };
      }
      seen.remember(hotkey, kind, sequence, bodyDigest);
      proofs.keep(kind, bodyDigest, envelope);
      limiters.get(kind)?.take(hotkey, at.nowMs);
      return accept(message);
    },
    restore: (hotkey, kind, of) => seen.restore(hotkey, kind, of),
    freeze(hotkey, kind, untilBlock) {
      frozenUntil.set(keyOf(hotkey, kind), untilBlock);
    },
  };
}
