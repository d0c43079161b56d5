/** Validation with its memory: what has been seen, and what each hotkey has used of its allowance. */
import type { MessageReason } from './failures.js';
import { KINDS, MESSAGE_KINDS, type MessageKind } from './kinds.js';
import type { Hotkey } from './names.js';
import type { Verify } from './ports.js';
import { createRateLimiter, type RateLimiter } from './rate.js';
import { createSeenCache, SEEN_PUBLISHERS_MAX } from './seen.js';
import type { NetworkId } from './topics.js';
import { type Message, validateMessage } from './validate.js';
import type { Verdict } from './verdict.js';

export interface Membership {
  readonly registered: ReadonlySet<Hotkey>;
  readonly permitted: ReadonlySet<Hotkey>;
}

export interface MessageGate {
  /** Judges a message and, when it is accepted, remembers it and takes a token from its hotkey: the same bytes are a duplicate from then on. */
  admit<K extends MessageKind>(kind: K, envelope: Uint8Array, membership: Membership, nowMs: number): Verdict<Message<K>, MessageReason>;
  /** After a restart: nothing of this hotkey and kind at or below this sequence number is taken again. */
  restore(hotkey: Hotkey, kind: MessageKind, sequence: bigint): void;
}

export function createMessageGate(deps: { readonly verify: Verify }, options: { readonly network: NetworkId }): MessageGate {
  const seen = createSeenCache();
  const limiters = new Map<MessageKind, RateLimiter>(
    MESSAGE_KINDS.map((kind) => [kind, createRateLimiter(KINDS[kind], SEEN_PUBLISHERS_MAX)]),
  );
  return {
    admit(kind, envelope, membership, nowMs) {
      const verdict = validateMessage(kind, envelope, {
        network: options.network,
        nowMs,
        registered: membership.registered,
        permitted: membership.permitted,
        seen,
        mayPublish: (hotkey, of) => limiters.get(of)?.peek(hotkey, nowMs) ?? false,
        verify: deps.verify,
      });
      if (verdict.action === 'accept') {
        const { hotkey, sequence, bodyDigest } = verdict.value;
        seen.remember(hotkey, kind, sequence, bodyDigest);
        limiters.get(kind)?.take(hotkey, nowMs);
      }
      return verdict;
    },
    restore: (hotkey, kind, sequence) => seen.restore(hotkey, kind, sequence),
  };
}
