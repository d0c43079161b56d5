/**
 * Which connections are dead: a peer behind a pulled cable sends no farewell. Time is counted by a clock that stands still while our own event loop does, or
 * the trouble would be ours and look like everybody else's.
 */

/** A connection on which nothing was heard for so long is pinged, and again after as long. */
export const PING_AFTER_MS = 15_000;
/** A ping counts as unanswered after this time; an answer that comes later still is a sign of life. */
export const PING_ANSWER_MS_MAX = 10_000;
/** Pings under way on one silent connection. */
export const PINGS_MAX = 4;
/** A connection silent for so long is dead… */
export const SILENT_MS_MAX = 60_000;
/** …if so many pings were not answered meanwhile. */
export const UNANSWERED_MIN = 3;
/** A peer that opens another connection may have lost the line of this one: it is pinged at once, and without an answer within this time it is dead. */
export const DOUBT_MS_MAX = 5_000;
/** Only a connection that is this old is doubted: two that open at the same time are both alive. */
export const DOUBTED_AGE_MS_MIN = 15_000;
/** Connections closed in one turn, the longest silent first: where all fall silent at once it is our own line, and what comes back need not be dialled. */
export const DEAD_PER_TURN_MAX = 1;

export interface LivenessLimits {
  readonly pingAfterMs: number;
  readonly answerMsMax: number;
  readonly pingsMax: number;
  readonly silentMsMax: number;
  readonly unansweredMin: number;
  readonly doubtMsMax: number;
  readonly doubtedAgeMsMin: number;
  readonly deadPerTurnMax: number;
}

export const LIVENESS: LivenessLimits = {
  pingAfterMs: PING_AFTER_MS,
  answerMsMax: PING_ANSWER_MS_MAX,
  pingsMax: PINGS_MAX,
  silentMsMax: SILENT_MS_MAX,
  unansweredMin: UNANSWERED_MIN,
  doubtMsMax: DOUBT_MS_MAX,
  doubtedAgeMsMin: DOUBTED_AGE_MS_MIN,
  deadPerTurnMax: DEAD_PER_TURN_MAX,
};

/** Times of the awake clock. */
export interface Pulse {
  readonly id: string;
  readonly heardAtMs: number;
  /** Pings since then, oldest first. */
  readonly pingedAtMs: readonly number[];
  /** Since its peer opened another one; absent: no doubt. */
  readonly doubtedAtMs?: number | null;
}

export interface LivenessVerdict {
  readonly ping: readonly string[];
  readonly dead: readonly string[];
}

/** Shape: what is known of every open connection → ids to ping now, and ids to close now. */
export function judgePulses(pulses: readonly Pulse[], nowMs: number, limits: LivenessLimits = LIVENESS): LivenessVerdict {
  const replaced = pulses.filter(({ doubtedAtMs }) => doubtedAtMs != null && nowMs - doubtedAtMs >= limits.doubtMsMax);
  const silent = pulses
    .filter((pulse) => isDead(pulse, nowMs, limits) && !replaced.includes(pulse))
    .toSorted((a, b) => a.heardAtMs - b.heardAtMs)
    .slice(0, limits.deadPerTurnMax);
  const dead = [...replaced, ...silent].map(({ id }) => id);
  const ping = pulses.filter((pulse) => !dead.includes(pulse.id) && isPingDue(pulse, nowMs, limits)).map(({ id }) => id);
  return { ping, dead };
}

function isDead({ heardAtMs, pingedAtMs }: Pulse, nowMs: number, limits: LivenessLimits): boolean {
  const unanswered = pingedAtMs.filter((atMs) => nowMs - atMs >= limits.answerMsMax).length;
  return nowMs - heardAtMs >= limits.silentMsMax && unanswered >= limits.unansweredMin;
}

function isPingDue({ heardAtMs, pingedAtMs, doubtedAtMs }: Pulse, nowMs: number, limits: LivenessLimits): boolean {
  if (doubtedAtMs != null && !pingedAtMs.some((atMs) => atMs >= doubtedAtMs)) return true;
  return pingedAtMs.length < limits.pingsMax && nowMs - Math.max(heardAtMs, ...pingedAtMs) >= limits.pingAfterMs;
}

/**
 * A clock of the turns of a loop: each adds the time since the last one, but never more than a turn should take. So a minute on it is at least as many turns
 * of the event loop, in which an answer that had come would have been read; and a step of the wall clock is one turn at most.
 */
export interface AwakeClock {
  /** Once per turn. */
  advance(wallMs: number): number;
  nowMs(): number;
}

export function createAwakeClock(turnMs: number): AwakeClock {
  let lastMs: number | null = null;
  let awakeMs = 0;
  return {
    advance(wallMs) {
      if (lastMs !== null) awakeMs += Math.min(Math.max(wallMs - lastMs, 0), turnMs);
      lastMs = wallMs;
      return awakeMs;
    },
    nowMs: () => awakeMs,
  };
}
