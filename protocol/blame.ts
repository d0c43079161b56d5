/**
 * What an ignored message says of the peer it came from. Honest relays pass on only what they accept, so a stream of messages that no relay would accept
 * costs its forwarder; a few are nothing, because views of chain and clock differ.
 */
import type { MessageReason } from './failures.js';
import type { RateLimit } from './rate.js';

/** Ignored messages that a peer may forward for nothing; each one on top counts as misbehaviour (P7). */
export const IGNORED_PER_PEER: RateLimit = { intervalMs: 3_000, burst: 60 };

const COUNTED: ReadonlySet<MessageReason> = new Set<MessageReason>([
  'message.unregistered',
  'message.no_permit',
  'message.rate_limited',
  'message.expired',
  'message.from_future',
  'message.duplicate',
  'message.old_sequence',
  'message.frozen',
]);

/** Trouble of ours (a full queue, no registry, a thread that died) is nobody's fault. */
export function countsAgainstForwarder(reason: string): boolean {
  // Safety: asking a set for a text it does not hold is false.
  return COUNTED.has(reason as MessageReason);
}
