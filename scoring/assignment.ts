import { sha256 } from '../protocol/digest.js';
import type { Hotkey, ModelDigest } from '../protocol/names.js';

export interface Listener {
  readonly hotkey: Hotkey;
  readonly stakeRao: bigint;
}

/** A validator with the largest stake draws this many tickets per model, one with almost none draws one. */
const TICKETS_MAX = 16n;

/**
 * Who listens to which model in a round: stake-aware rendezvous hashing, so that every validator computes everybody's share by itself
 * and one that comes or goes moves only its own models.
 *
 * Shape: per model the `min(replication, listeners)` hotkeys that hear it, best ticket first.
 * Source: docs/scoring.md, "Assignment".
 */
export function assignModels(of: {
  readonly seed: string;
  readonly models: readonly ModelDigest[];
  readonly listeners: readonly Listener[];
  readonly replication: number;
}): ReadonlyMap<ModelDigest, readonly Hotkey[]> {
  const most = of.listeners.reduce((max, { stakeRao }) => (stakeRao > max ? stakeRao : max), 1n);
  const assigned = new Map<ModelDigest, readonly Hotkey[]>();
  for (const model of of.models) {
    const draws = of.listeners.map(({ hotkey, stakeRao }) => ({
      hotkey,
      best: bestTicket(of.seed, model, hotkey, tickets(stakeRao, most)),
    }));
    draws.sort((a, b) => Buffer.compare(b.best, a.best) || (a.hotkey < b.hotkey ? -1 : 1));
    assigned.set(
      model,
      draws.slice(0, of.replication).map(({ hotkey }) => hotkey),
    );
  }
  return assigned;
}

function tickets(stakeRao: bigint, most: bigint): number {
  const drawn = (TICKETS_MAX * stakeRao) / most;
  return Number(drawn < 1n ? 1n : drawn);
}

function bestTicket(seed: string, model: ModelDigest, hotkey: Hotkey, count: number): Uint8Array {
  let best = new Uint8Array(32);
  for (let ticket = 0; ticket < count; ticket++) {
    const drawn = sha256(`voxd/assign/1|${seed}|${model}|${hotkey}|${ticket}`);
    if (Buffer.compare(drawn, best) > 0) best = new Uint8Array(drawn);
  }
  return best;
}
