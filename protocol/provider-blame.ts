/** Who let us down, in transfers above all, and for how long he is not asked again. Bounded in number and in time. */
import { createLru } from './lru.js';

/** What a drop says of a provider. lied: nobody honest sends this. failed: it may have been the line, or load. */
export const BLAMES = ['lied', 'failed'] as const;
export type Blame = (typeof BLAMES)[number];

/** A peer that sent wrong bytes or broke the protocol is not asked again for so long. */
export const LIED_REST_MS = 60 * 60_000;
/** After silence, slowness or a broken stream. */
export const FAILED_REST_MS = 60_000;
/** Peers remembered; the one blamed or asked about longest ago is forgotten. */
export const BLAMED_KEPT_MAX = 1_024;

const LIES: ReadonlySet<string> = new Set(['p2p.wrong_manifest', 'p2p.wrong_bytes', 'p2p.protocol_violation']);
const FAILINGS: ReadonlySet<string> = new Set(['p2p.timeout', 'p2p.too_slow', 'p2p.truncated', 'p2p.stream_failed']);

/** Shape: `p2p.*` code of the failure that ended a provider's part. Null: nothing to blame it for. */
export function blameOf(code: string): Blame | null {
  if (LIES.has(code)) return 'lied';
  return FAILINGS.has(code) ? 'failed' : null;
}

export interface BlameLedger {
  add(who: string, blame: Blame, nowMs: number): void;
  /** Not to be asked now. */
  isResting(who: string, nowMs: number): boolean;
  isLiar(who: string, nowMs: number): boolean;
}

export function createBlameLedger(): BlameLedger {
  const until = createLru<{ readonly blame: Blame; readonly untilMs: number }>(BLAMED_KEPT_MAX);
  const standing = (who: string, nowMs: number) => {
    const entry = until.get(who);
    return entry !== undefined && nowMs < entry.untilMs ? entry.blame : null;
  };
  return {
    add(who, blame, nowMs) {
      if (blame === 'failed' && standing(who, nowMs) === 'lied') return;
      until.set(who, { blame, untilMs: nowMs + (blame === 'lied' ? LIED_REST_MS : FAILED_REST_MS) });
    },
    isResting: (who, nowMs) => standing(who, nowMs) !== null,
    isLiar: (who, nowMs) => standing(who, nowMs) === 'lied',
  };
}
