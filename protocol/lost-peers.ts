/**
 * Members whose connection broke without a word. After a partition it is they who knit the network together again: on either side everybody has found enough
 * others meanwhile, and nobody would look for those who were cut off. Time is passed in.
 */
import type { Hotkey } from './names.js';

/** Members sought again; who was lost longest ago is forgotten. */
export const LOST_KEPT_MAX = 64;
/** An address of a lost member waits no longer for its next dial. */
export const LOST_WAIT_MS_MAX = 60_000;
/** Dials of lost members under way, whatever else is dialled. */
export const LOST_DIALS_AT_ONCE_MAX = 2;
/** With so many members connected none is sought: twice as many as are wanted. */
export const LOST_MEMBERS_MAX = 48;
/** Only who was connected for so long is missed: who comes and goes sets off nothing. */
export const LOST_LASTED_MS_MIN = 60_000;
/** Lost within this time of each other they are taken for one group. Silence is noticed after 60 to 160 s. */
export const LOST_GROUP_MS = 180_000;

export interface LostPeers {
  /** It is connected. Shape: the others of the group with which it was lost; now is the time to dial them. */
  found(hotkey: Hotkey, nowMs: number): readonly Hotkey[];
  /** Its last connection closed. */
  parted(hotkey: Hotkey, nowMs: number): void;
  /** It is not to be sought: it said goodbye, or we sent it away. */
  forget(hotkey: Hotkey): void;
  has(hotkey: Hotkey): boolean;
}

export function createLostPeers(): LostPeers {
  const foundAtMs = new Map<Hotkey, number>();
  /** Oldest first. */
  const lostAtMs = new Map<Hotkey, number>();

  return {
    found(hotkey, nowMs) {
      if (!foundAtMs.has(hotkey)) foundAtMs.set(hotkey, nowMs);
      const atMs = lostAtMs.get(hotkey);
      if (atMs === undefined) return [];
      lostAtMs.delete(hotkey);
      return [...lostAtMs].flatMap(([other, otherAtMs]) => (Math.abs(otherAtMs - atMs) <= LOST_GROUP_MS ? [other] : []));
    },
    parted(hotkey, nowMs) {
      const sinceMs = foundAtMs.get(hotkey);
      foundAtMs.delete(hotkey);
      if (sinceMs === undefined || nowMs - sinceMs < LOST_LASTED_MS_MIN) return;
      lostAtMs.delete(hotkey);
      lostAtMs.set(hotkey, nowMs);
      const [oldest] = lostAtMs.keys();
      if (lostAtMs.size > LOST_KEPT_MAX && oldest !== undefined) lostAtMs.delete(oldest);
    },
    forget(hotkey) {
      foundAtMs.delete(hotkey);
      lostAtMs.delete(hotkey);
    },
    has: (hotkey) => lostAtMs.has(hotkey),
  };
}
