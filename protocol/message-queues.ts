/** Messages that wait to be judged: one bounded queue per kind, each with its rule of what gives way. */
import { KINDS, MESSAGE_KINDS, type MessageKind } from './kinds.js';

export interface MessageQueues<T> {
  /**
   * Puts a message in line. Returns what gave way to it: nothing; itself, where the first comes first (FIFO); or those that waited longest, where the
   * last comes first (LIFO).
   */
  push(kind: MessageKind, item: T, sizeBytes: number): readonly T[];
  take(kind: MessageKind): T | undefined;
  waiting(kind: MessageKind): number;
  waitingBytes(kind: MessageKind): number;
  clear(): void;
}

interface Line<T> {
  bytes: number;
  readonly items: { readonly item: T; readonly sizeBytes: number }[];
}

export function createMessageQueues<T>(): MessageQueues<T> {
  const lines = new Map<MessageKind, Line<T>>(MESSAGE_KINDS.map((kind) => [kind, { bytes: 0, items: [] }]));
  const lineOf = (kind: MessageKind): Line<T> => lines.get(kind) ?? { bytes: 0, items: [] };

  const hasRoom = (kind: MessageKind, { items, bytes }: Line<T>, sizeBytes: number) =>
    items.length < KINDS[kind].queueMax && bytes + sizeBytes <= KINDS[kind].queueBytesMax;

  return {
    push(kind, item, sizeBytes) {
      const line = lineOf(kind);
      const dropped: T[] = [];
      while (!hasRoom(kind, line, sizeBytes)) {
        const oldest = KINDS[kind].queueOrder === 'lifo' ? line.items.shift() : undefined;
        if (oldest === undefined) return [...dropped, item];
        line.bytes -= oldest.sizeBytes;
        dropped.push(oldest.item);
      }
      line.items.push({ item, sizeBytes });
      line.bytes += sizeBytes;
      return dropped;
    },
    take(kind) {
      const line = lineOf(kind);
      const next = KINDS[kind].queueOrder === 'lifo' ? line.items.pop() : line.items.shift();
      line.bytes -= next?.sizeBytes ?? 0;
      return next?.item;
    },
    waiting: (kind) => lineOf(kind).items.length,
    waitingBytes: (kind) => lineOf(kind).bytes,
    clear() {
      for (const line of lines.values()) {
        line.items.length = 0;
        line.bytes = 0;
      }
    },
  };
}
