import { hexToU8a } from '@polkadot/util';
import type { Failure } from '../../protocol/failure.js';
import type { Logger } from '../../protocol/ports.js';
import { clockDrift, DRIFT_HEADS, DRIFT_MAX_MS, follows, type TimedHead } from '../clock-drift.js';
import { chainFailure } from '../failures.js';
import type { BlockRef } from '../snapshot.js';
import type { Session } from './session-shape.js';

export interface ClockDrift {
  /** Of this machine against the chain; negative: behind. */
  readonly driftMs: number;
  /** Block at which it was judged. */
  readonly block: number;
  /** chain.clock_drift while it is above `DRIFT_MAX_MS`. */
  readonly failure: Failure | null;
}

export interface DriftWatch {
  /** To be called at once for each new head. */
  head(session: Session, head: BlockRef, arrivedMs: number): void;
  /** Null: no blocks yet that say anything. */
  current(): ClockDrift | null;
}

/** Blocks between two judgements. */
export const DRIFT_EVERY_BLOCKS = 50;
/** Heads that are read for one judgement at most; irregular ones decide nothing, and the next judgement comes in its turn. */
export const DRIFT_HEADS_MAX = 12;

/** Reads the timestamp of a few fresh heads now and then: one small request each. Never ends a connection: the peers' word is no reason to stop. */
export function createDriftWatch({ logger }: { readonly logger?: Logger | undefined }): DriftWatch {
  let run: TimedHead[] = [];
  let looked = 0;
  let dueAt = 0;
  let current: ClockDrift | null = null;

  function rest(block: number): void {
    run = [];
    looked = 0;
    dueAt = block + DRIFT_EVERY_BLOCKS;
  }

  function judge(driftMs: number, block: number): void {
    const drifted = Math.abs(driftMs) > DRIFT_MAX_MS;
    const side = driftMs > 0 ? 'ahead of' : 'behind';
    const failure = drifted ? chainFailure('chain.clock_drift', { driftMs: Math.abs(driftMs), side, block, maxMs: DRIFT_MAX_MS }) : null;
    const before = current?.failure?.facts['side'] ?? null;
    if (failure !== null && before !== side) logger?.warn({ code: failure.code, ...failure.facts }, failure.message);
    if (failure === null && before !== null) logger?.info({ driftMs, block }, 'the clock of this machine agrees with the chain again');
    current = { driftMs, block, failure };
  }

  return {
    current: () => current,
    head: (session, { number, hash }, arrivedMs) => {
      // Far below what was seen: another endpoint, or a chain begun anew.
      if (number < dueAt - DRIFT_EVERY_BLOCKS) dueAt = number;
      if (number < dueAt) return;
      looked += 1;
      if (looked > DRIFT_HEADS_MAX) return rest(number);
      void timestampAt(session, hash).then(
        (timestampMs) => {
          if (timestampMs === null || number < dueAt) return;
          const head = { number, timestampMs, arrivedMs };
          const { blockTimeMs } = session.identity;
          run = follows(run.at(-1), head, blockTimeMs) ? [...run, head].slice(-DRIFT_HEADS) : [head];
          const driftMs = clockDrift(run, blockTimeMs);
          if (driftMs === null) return;
          judge(driftMs, number);
          rest(number);
        },
        (error: unknown) => logger?.debug({ block: number, error: String(error) }, 'the timestamp of a block was not read'),
      );
    },
  };
}

/** Null: this runtime keeps no timestamp. */
async function timestampAt({ api, request }: Session, hash: string): Promise<number | null> {
  const now = api.query['timestamp']?.['now'];
  if (now === undefined) return null;
  const bytes = await request('state_getStorage', now.key(), hash);
  return typeof bytes === 'string' ? Number(api.registry.createType('u64', hexToU8a(bytes)).toString()) : null;
}
