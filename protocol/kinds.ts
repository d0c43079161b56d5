/** The kinds of gossip, and the limits of each. */
export type MessageKind = 'announce' | 'record' | 'scoreCommit' | 'scoreReveal' | 'have';

/** Which registered neurons may publish a kind. */
export type PublisherRole = 'registered' | 'validator';

export interface KindRules {
  /** `kind` in the body, and the key of sequence numbers. */
  readonly code: number;
  readonly sizeBytesMax: number;
  readonly lifetimeMsMax: number;
  readonly role: PublisherRole;
  /** One message per this time and hotkey in the long run… */
  readonly intervalMs: number;
  /** …and this many at once. */
  readonly burst: number;
  /** Sequence numbers this far behind the highest are still taken once: gossip does not keep order. */
  readonly sequenceWindow: number;
  /** Messages waiting for validation, and their bytes; what gives way to the next one is ignored. */
  readonly queueMax: number;
  readonly queueBytesMax: number;
  /** fifo: the first comes first, and the newest gives way. lifo: the last comes first, and the oldest gives way: for what is soon replaced. */
  readonly queueOrder: 'fifo' | 'lifo';
  /** Of several queues the one with the lowest number is served first. */
  readonly queuePriority: number;
}

const KIB = 1024;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export const KINDS: Readonly<Record<MessageKind, KindRules>> = {
  announce: {
    code: 1,
    sizeBytesMax: 8 * KIB,
    lifetimeMsMax: 24 * HOUR_MS,
    role: 'registered',
    intervalMs: MINUTE_MS,
    burst: 16,
    sequenceWindow: 16,
    queueMax: 1024,
    queueBytesMax: 4 * KIB * KIB,
    queueOrder: 'fifo',
    queuePriority: 2,
  },
  record: {
    code: 2,
    sizeBytesMax: 2 * KIB,
    lifetimeMsMax: HOUR_MS,
    role: 'registered',
    intervalMs: MINUTE_MS,
    burst: 4,
    sequenceWindow: 4,
    queueMax: 512,
    queueBytesMax: 1 * KIB * KIB,
    queueOrder: 'lifo',
    queuePriority: 3,
  },
  scoreCommit: {
    code: 3,
    sizeBytesMax: 2 * KIB,
    lifetimeMsMax: 4 * HOUR_MS,
    role: 'validator',
    intervalMs: 5_000,
    burst: 16,
    sequenceWindow: 16,
    queueMax: 512,
    queueBytesMax: 1 * KIB * KIB,
    queueOrder: 'fifo',
    queuePriority: 0,
  },
  // One reveal carries one record, and a round has up to 256 of them.
  scoreReveal: {
    code: 4,
    sizeBytesMax: 64 * KIB,
    lifetimeMsMax: 4 * HOUR_MS,
    role: 'validator',
    intervalMs: 1_000,
    burst: 512,
    sequenceWindow: 1024,
    // All that a peer may send at once has room: at the end of a round hundreds are revealed together.
    queueMax: 4096,
    queueBytesMax: 8 * KIB * KIB,
    queueOrder: 'fifo',
    queuePriority: 1,
  },
  have: {
    code: 5,
    sizeBytesMax: 1 * KIB,
    lifetimeMsMax: HOUR_MS,
    role: 'registered',
    intervalMs: MINUTE_MS,
    burst: 4,
    sequenceWindow: 4,
    queueMax: 512,
    queueBytesMax: 512 * KIB,
    queueOrder: 'lifo',
    queuePriority: 4,
  },
};

// Safety: the keys of KINDS are exactly MessageKind.
export const MESSAGE_KINDS = Object.keys(KINDS) as readonly MessageKind[];

export function kindOfCode(code: number): MessageKind | null {
  return MESSAGE_KINDS.find((kind) => KINDS[kind].code === code) ?? null;
}
