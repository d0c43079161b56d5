/**
 * Whose turn it is to be served. Every asker counts by its hotkey, however many peers and streams it has: round robin between hotkeys, validators
 * first but not alone, under a rate in total and one per hotkey, and a quota per day. Time is passed in.
 */
import { createLru } from './lru.js';
import { createPacer, type Pacer } from './rate.js';

export const UPLOADS_MAX = 8;
export const UPLOADS_PER_HOTKEY_MAX = 2;
/** Of all uploads, those that others than validators may have. */
export const UPLOADS_OTHERS_MAX = 4;
/** Turns of validators before one of the others, while both wait. */
export const VALIDATOR_TURNS = 3;
/** Hotkeys whose served bytes are remembered; the one served longest ago is forgotten. */
export const QUOTAS_KEPT_MAX = 1_024;
const DAY_MS = 24 * 3_600_000;

export interface UploadLimits {
  /** Null: as fast as it goes. */
  readonly bytesPerSecond: number | null;
  readonly bytesPerSecondPerHotkey: number | null;
  readonly bytesPerDayPerHotkey: number;
}

export interface Asker {
  readonly hotkey: string;
  readonly isValidator: boolean;
}

export interface UploadTurns {
  /** Takes a seat; false: as many are served as may be. `leave` gives it back. */
  enter(id: number, asker: Asker): boolean;
  leave(id: number): void;
  /** False: this hotkey has had its bytes of the day. */
  mayHave(hotkey: string, nowMs: number): boolean;
  /** This seat has an answer of so many bytes to send. */
  want(id: number, bytes: number): void;
  /** Seats that may send now, in this order; and when to ask again, if anybody still waits for the rate. */
  grant(nowMs: number): { readonly ids: readonly number[]; readonly againInMs: number | null };
}

interface Seat extends Asker {
  wants: number | null;
}

export function createUploadTurns(limits: UploadLimits): UploadTurns {
  // Bounded by UPLOADS_MAX. The order of the map is the order of turns: who was served goes to its end.
  const seats = new Map<number, Seat>();
  const all = createPacer(limits.bytesPerSecond);
  const rates = createLru<Pacer>(QUOTAS_KEPT_MAX);
  const served = createLru<{ readonly dayFromMs: number; bytes: number }>(QUOTAS_KEPT_MAX);
  /** Order in which hotkeys were last served. */
  const lastTurn = new Map<string, number>();
  let turn = 0;
  let validatorTurns = 0;

  const rateOf = (hotkey: string): Pacer => {
    const known = rates.get(hotkey);
    if (known !== undefined) return known;
    const made = createPacer(limits.bytesPerSecondPerHotkey);
    rates.set(hotkey, made);
    return made;
  };
  const today = (hotkey: string, nowMs: number) => {
    const known = served.get(hotkey);
    if (known !== undefined && nowMs - known.dayFromMs < DAY_MS) return known;
    const fresh = { dayFromMs: nowMs, bytes: 0 };
    served.set(hotkey, fresh);
    return fresh;
  };
  const countOf = (passes: (seat: Seat) => boolean) => [...seats.values()].filter(passes).length;

  /** Among those whose own rate allows it: validators before others except every fourth time, then whoever was served longest ago. */
  function nextOf(nowMs: number): { readonly id: number; readonly seat: Seat } | null {
    const ready = [...seats].flatMap(([id, seat]) =>
      seat.wants !== null && rateOf(seat.hotkey).waitMs(nowMs) === 0 ? [{ id, seat }] : [],
    );
    const byClass = (isValidator: boolean) => ready.filter(({ seat }) => seat.isValidator === isValidator);
    const [validators, others] = [byClass(true), byClass(false)];
    const othersTurn = validators.length === 0 || (others.length > 0 && validatorTurns >= VALIDATOR_TURNS);
    const [first, ...rest] = othersTurn ? others : validators;
    if (first === undefined) return null;
    const at = ({ seat }: { readonly seat: Seat }) => lastTurn.get(seat.hotkey) ?? 0;
    return rest.reduce((oldest, each) => (at(each) < at(oldest) ? each : oldest), first);
  }

  return {
    enter(id, asker) {
      const isFull =
        seats.size >= UPLOADS_MAX ||
        countOf(({ hotkey }) => hotkey === asker.hotkey) >= UPLOADS_PER_HOTKEY_MAX ||
        (!asker.isValidator && countOf(({ isValidator }) => !isValidator) >= UPLOADS_OTHERS_MAX);
      if (!isFull) seats.set(id, { ...asker, wants: null });
      return !isFull;
    },
    leave(id) {
      const seat = seats.get(id);
      seats.delete(id);
      if (seat !== undefined && countOf(({ hotkey }) => hotkey === seat.hotkey) === 0) lastTurn.delete(seat.hotkey);
    },
    mayHave: (hotkey, nowMs) => today(hotkey, nowMs).bytes < limits.bytesPerDayPerHotkey,
    want(id, bytes) {
      const seat = seats.get(id);
      if (seat !== undefined) seat.wants = bytes;
    },
    grant(nowMs) {
      const ids: number[] = [];
      while (all.waitMs(nowMs) === 0) {
        const next = nextOf(nowMs);
        if (next === null) break;
        const { id, seat } = next;
        const bytes = seat.wants ?? 0;
        seat.wants = null;
        all.take(bytes, nowMs);
        rateOf(seat.hotkey).take(bytes, nowMs);
        today(seat.hotkey, nowMs).bytes += bytes;
        turn += 1;
        lastTurn.set(seat.hotkey, turn);
        validatorTurns = seat.isValidator ? validatorTurns + 1 : 0;
        ids.push(id);
      }
      const waits = [...seats.values()].flatMap((seat) => (seat.wants === null ? [] : [rateOf(seat.hotkey).waitMs(nowMs)]));
      return { ids, againInMs: waits.length === 0 ? null : Math.max(1, all.waitMs(nowMs), Math.min(...waits)) };
    },
  };
}
