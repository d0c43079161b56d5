/** Rounds: stretches of finalized blocks in which all validators hear the same models say the same prompts. */
import { sha256Hex } from '../protocol/digest.js';
import type { Hash } from '../protocol/names.js';

export interface RoundSchedule {
  readonly cadenceBlocks: number;
  /** Part of the round, percent, after which score commitments are too late. */
  readonly commitPercent: number;
  /** Part of the round, percent, after which reveals are too late and weights are made. */
  readonly revealPercent: number;
}

/** `scoring`: listen and commit; `revealing`: publish what was committed to; `weighing`: fold, compare, set weights. */
export type RoundPhase = 'scoring' | 'revealing' | 'weighing';

export interface RoundWindow {
  readonly round: number;
  readonly opensAt: number;
  /** First block of the revealing phase. */
  readonly revealsAt: number;
  /** First block of the weighing phase. */
  readonly weighsAt: number;
  /** First block of the next round. */
  readonly endsAt: number;
}

export function roundOf(block: number, schedule: RoundSchedule): number {
  return Math.floor(block / schedule.cadenceBlocks);
}

export function roundWindow(round: number, schedule: RoundSchedule): RoundWindow {
  const opensAt = round * schedule.cadenceBlocks;
  return {
    round,
    opensAt,
    revealsAt: opensAt + Math.floor((schedule.cadenceBlocks * schedule.commitPercent) / 100),
    weighsAt: opensAt + Math.floor((schedule.cadenceBlocks * schedule.revealPercent) / 100),
    endsAt: opensAt + schedule.cadenceBlocks,
  };
}

/** First block from which no model is heard further than its first prompts, so that what was heard is committed to in time. */
export function closesAt(window: RoundWindow): number {
  return window.revealsAt - Math.max(3, Math.floor((window.endsAt - window.opensAt) / 10));
}

export function phaseAt(block: number, window: RoundWindow): RoundPhase {
  if (block < window.revealsAt) return 'scoring';
  return block < window.weighsAt ? 'revealing' : 'weighing';
}

/** Nodes see a block at different times: a reveal that is so many blocks late still counts. */
const REVEAL_GRACE_BLOCKS_MAX = 2;

/** First block at which a reveal is late. Short rounds have less grace. */
export function revealsLateAt(window: RoundWindow, schedule: RoundSchedule): number {
  return window.weighsAt + Math.min(REVEAL_GRACE_BLOCKS_MAX, Math.floor(schedule.cadenceBlocks / 20));
}

/**
 * The seed of everything that a round leaves to chance.
 *
 * Shape: 64 hex digits, a hash over genesis, netuid, mechanism, round and the hash of the finalized block that opened the round.
 * There is no other source: without that block there is no round.
 */
export function roundSeed(of: { genesis: Hash; netuid: number; mechanism: number; round: number; openedBy: Hash }): string {
  return sha256Hex(`voxd/round/1|${of.genesis}|${of.netuid}|${of.mechanism}|${of.round}|${of.openedBy}`);
}
