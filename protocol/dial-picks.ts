/**
 * Whom to dial. Some by stake, because their words weigh most; the rest by lot over the whole directory, which nobody who fills our inbound connections can
 * foresee: a newcomer surrounded by one attacker's peers still gets out.
 */
import type { Hotkey } from './names.js';

/** Connections that we chose ourselves, and how many of them by stake. */
export const OUTBOUND_WANTED = 12;
export const BY_STAKE_WANTED = 4;
/** The most staked permit holders, among whom those are drawn. */
export const STAKED_LOOKED_AT_MAX = 16;

export interface Candidate {
  readonly hotkey: Hotkey;
  readonly permitted: boolean;
  readonly stakeRao: bigint;
}

/**
 * Shape: the directory without ourselves, who is connected and how, tickets (a number from 0 to 1 per hotkey) → whom to dial, best first, at most `count`.
 * Who is connected in either direction is not dialled again.
 */
export function pickDials(
  candidates: readonly Candidate[],
  of: {
    readonly connected: ReadonlySet<Hotkey>;
    readonly ticket: (hotkey: Hotkey) => number;
    readonly count: number;
  },
): readonly Hotkey[] {
  const staked = [...candidates]
    .filter(({ permitted }) => permitted)
    .sort((a, b) => (a.stakeRao === b.stakeRao ? (a.hotkey < b.hotkey ? -1 : 1) : a.stakeRao > b.stakeRao ? -1 : 1))
    .slice(0, STAKED_LOOKED_AT_MAX)
    .map(({ hotkey }) => hotkey);
  const byLot = (hotkeys: readonly Hotkey[]) =>
    [...hotkeys].filter((hotkey) => !of.connected.has(hotkey)).sort((a, b) => of.ticket(a) - of.ticket(b));
  const known = staked.filter((hotkey) => of.connected.has(hotkey)).length;
  const first = byLot(staked).slice(0, Math.max(0, BY_STAKE_WANTED - known));
  const rest = byLot(candidates.map(({ hotkey }) => hotkey)).filter((hotkey) => !first.includes(hotkey));
  return [...first, ...rest].slice(0, Math.max(0, of.count));
}
