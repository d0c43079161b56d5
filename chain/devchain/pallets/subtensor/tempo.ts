/** The owner's hold on the epoch clock. Source: subtensor coinbase/tempo_control.rs. */
import { parts } from '../../composite.js';
import { type CallContext, call } from '../../pallet.js';
import { u16, u32 } from '../../scale.js';
import { blocksUntilEpoch, MAX_TEMPO } from './clock.js';
import { ensure } from './errors.js';
import { deposit } from './events.js';
import { ensureAdminWindowOpen, ensureMayAgain, MIN_TEMPO, ownerOf, ownerOrRoot, record } from './limits.js';
import * as stored from './storage.js';

const MIN_ACTIVITY_CUTOFF_FACTOR_MILLI = 1_000;
const MAX_ACTIVITY_CUTOFF_FACTOR_MILLI = 50_000;

/** A new tempo starts a new period. */
export function applyTempo(context: CallContext, netuid: number, tempo: number): void {
  stored.tempo.put(context.store, netuid, tempo);
  deposit(context, { type: 'TempoSet', value: [netuid, tempo] });
  stored.lastEpochBlock.put(context.store, netuid, BigInt(context.block));
}

export const tempoCalls = [
  call(139, 'set_tempo', parts({ netuid: u16, tempo: u16 }), {
    run: (context, origin, { netuid, tempo }) => {
      const who = ownerOf(context.store, origin, netuid);
      ensure(tempo >= MIN_TEMPO && tempo <= MAX_TEMPO, 'TempoOutOfBounds');
      ensureAdminWindowOpen(context, netuid);
      ensureMayAgain(context, who, netuid, 'TempoUpdate');
      applyTempo(context, netuid, tempo);
      record(context.store, who, netuid, 'TempoUpdate', context.block);
    },
  }),
  call(140, 'set_activity_cutoff_factor', parts({ netuid: u16, factor_milli: u32 }), {
    run: (context, origin, { netuid, factor_milli }) => {
      const limited = { hyperparameter: 'ActivityCutoffFactorMilli' } as const;
      const who = ownerOrRoot(context.store, origin, netuid);
      const inBounds = factor_milli >= MIN_ACTIVITY_CUTOFF_FACTOR_MILLI && factor_milli <= MAX_ACTIVITY_CUTOFF_FACTOR_MILLI;
      ensure(inBounds, 'ActivityCutoffFactorMilliOutOfBounds');
      if (who !== null) {
        ensureAdminWindowOpen(context, netuid);
        ensureMayAgain(context, who, netuid, limited);
      }
      stored.activityCutoffFactorMilli.put(context.store, netuid, factor_milli);
      deposit(context, { type: 'ActivityCutoffFactorMilliSet', value: { netuid, factor_milli } });
      if (who !== null) record(context.store, who, netuid, limited, context.block);
    },
  }),
  call(141, 'trigger_epoch', parts({ netuid: u16 }), {
    run: (context, origin, { netuid }) => {
      const { store, block } = context;
      const limited = { hyperparameter: 'TriggerEpoch' } as const;
      const who = ownerOf(store, origin, netuid);
      ensure(!stored.commitRevealWeightsEnabled.get(store, netuid), 'DynamicTempoBlockedByCommitReveal');
      ensure(stored.pendingEpochAt.get(store, netuid) === 0n, 'EpochTriggerAlreadyPending');
      const window = stored.adminFreezeWindow.get(store);
      const remaining = blocksUntilEpoch(context, netuid);
      ensure(remaining === null || remaining >= window, 'AutoEpochAlreadyImminent');
      ensureMayAgain(context, who, netuid, limited);
      const fires_at = BigInt(block + window);
      stored.pendingEpochAt.put(store, netuid, fires_at);
      record(store, who, netuid, limited, block);
      deposit(context, { type: 'EpochTriggered', value: { netuid, by: who, fires_at } });
    },
  }),
] as const;
