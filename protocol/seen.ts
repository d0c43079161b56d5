/** What has been accepted before: bodies by digest, and per hotkey and kind a window of sequence numbers. */
import { KINDS, type MessageKind } from './kinds.js';
import { createLru } from './lru.js';
import type { Hotkey } from './names.js';

export const SEEN_BODIES_MAX = 16_384;
/** 256 neurons times 4 kinds, twice: those of the snapshot before may still be heard. */
export const SEEN_PUBLISHERS_MAX = 2_048;

export type SequenceStanding = 'new' | 'old' | 'equivocation';

/** What validation asks of the past. */
export interface Seen {
  hasBody(bodyDigest: string): boolean;
  sequence(hotkey: Hotkey, kind: MessageKind, sequence: bigint, bodyDigest: string): SequenceStanding;
}

export interface SeenCache extends Seen {
  /** The body that was accepted under this number; null: none, or too long ago. */
  bodyOf(hotkey: Hotkey, kind: MessageKind, sequence: bigint): string | null;
  remember(hotkey: Hotkey, kind: MessageKind, sequence: bigint, bodyDigest: string): void;
  /** After a restart: nothing at or below `floor` is taken again, and `newest` had this body. */
  restore(hotkey: Hotkey, kind: MessageKind, of: { readonly floor: bigint; readonly newest: bigint; readonly bodyDigest: string }): void;
}

interface Window {
  floor: bigint;
  readonly taken: Map<bigint, string>;
}

export function createSeenCache(): SeenCache {
  const bodies = createLru<true>(SEEN_BODIES_MAX);
  const windows = createLru<Window>(SEEN_PUBLISHERS_MAX);
  const keyOf = (hotkey: Hotkey, kind: MessageKind) => `${kind} ${hotkey}`;

  function windowOf(hotkey: Hotkey, kind: MessageKind): Window {
    const key = keyOf(hotkey, kind);
    const present = windows.get(key);
    if (present !== undefined) return present;
    const fresh: Window = { floor: -1n, taken: new Map() };
    windows.set(key, fresh);
    return fresh;
  }

  return {
    hasBody: (digest) => bodies.has(digest),
    sequence(hotkey, kind, sequence, digest) {
      const window = windows.get(keyOf(hotkey, kind));
      if (window === undefined) return 'new';
      const taken = window.taken.get(sequence);
      if (taken !== undefined) return taken === digest ? 'old' : 'equivocation';
      return sequence <= window.floor ? 'old' : 'new';
    },
    bodyOf: (hotkey, kind, sequence) => windows.get(keyOf(hotkey, kind))?.taken.get(sequence) ?? null,
    remember(hotkey, kind, sequence, digest) {
      bodies.set(digest, true);
      const window = windowOf(hotkey, kind);
      window.taken.set(sequence, digest);
      while (window.taken.size > KINDS[kind].sequenceWindow) {
        const lowest = [...window.taken.keys()].reduce((a, b) => (b < a ? b : a));
        window.taken.delete(lowest);
        if (lowest > window.floor) window.floor = lowest;
      }
    },
    restore(hotkey, kind, { floor, newest, bodyDigest }) {
      const window = windowOf(hotkey, kind);
      if (floor > window.floor) window.floor = floor;
      window.taken.set(newest, bodyDigest);
    },
  };
}
