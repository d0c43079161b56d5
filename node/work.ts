import type { ChainReader } from '../chain/ports.js';
import type { BlockRef, SubnetSnapshot } from '../chain/snapshot.js';
import { isFailure } from '../protocol/failure.js';
import type { Clock, Peers } from '../protocol/ports.js';
import type { Logger } from './logger.js';
import { type Loop, runLoop } from './loop.js';
import type { Metrics } from './metrics.js';
import { tellPeers } from './network/directory.js';
import type { RegistrySync } from './registry-sync.js';
import type { Service } from './service.js';

/** One thing the daemon does at every finalized head, never two at once of its kind. */
export interface Duty {
  readonly name: string;
  readonly turn: (at: { readonly head: BlockRef; readonly snapshot: SubnetSnapshot }, signal: AbortSignal) => Promise<void>;
}

export interface Work extends Service {
  head(): BlockRef | null;
  /** Milliseconds since the newest finalized head was seen. */
  headAgeMs(): number;
  /** Asks a duty for a turn before the next head. */
  trigger(duty: string): void;
}

/** A duty that nobody asked for comes round by itself after this time. */
const IDLE_TURN_MS = 15_000;

/**
 * The heartbeat: finalized heads drive the registry, and the registry drives everything else. Each duty has its own loop, so that a slow
 * transfer delays no weights.
 */
export function createWork(
  deps: {
    readonly chain: ChainReader;
    readonly registry: RegistrySync;
    readonly peers: Peers;
    readonly clock: Clock;
    readonly log: Logger;
    readonly metrics: Metrics;
  },
  duties: readonly Duty[],
): Work {
  const loops = new Map<string, Loop>();
  let unsubscribe = () => {};
  let head: BlockRef | null = null;
  let seenAtMs = deps.clock.nowMs();

  function tell(snapshot: SubnetSnapshot): void {
    const { neurons } = snapshot;
    tellPeers(deps.peers, snapshot);
    deps.metrics.set('voxd_registry_neurons', { role: 'validator' }, neurons.filter(({ validatorPermit }) => validatorPermit).length);
    deps.metrics.set('voxd_registry_neurons', { role: 'miner' }, neurons.filter(({ validatorPermit }) => !validatorPermit).length);
  }

  async function follow(): Promise<void> {
    deps.metrics.set('voxd_chain_head_age_seconds', {}, (deps.clock.nowMs() - seenAtMs) / 1000);
    if (head === null) return;
    const at = head;
    await patiently('registry', at, () => deps.registry.follow(at));
    for (const duty of duties) loops.get(duty.name)?.trigger();
  }

  async function attend(duty: Duty, signal: AbortSignal): Promise<void> {
    const snapshot = deps.registry.current();
    const at = head;
    if (at === null || snapshot === null) return;
    await patiently(duty.name, at, () => duty.turn({ head: at, snapshot }, signal));
  }

  /** The chain or the database may be away for a moment: that is said once per turn, and the next head tries again. */
  async function patiently(duty: string, at: BlockRef, turn: () => Promise<unknown>): Promise<void> {
    try {
      await turn();
    } catch (error) {
      if (!isFailure(error) || error.disposition !== 'retry') throw error;
      deps.log.warn({ duty, block: at.number, code: error.code, facts: error.facts }, 'this duty waits for the next block');
    }
  }

  return {
    name: 'work',
    head: () => head,
    headAgeMs: () => deps.clock.nowMs() - seenAtMs,
    trigger: (duty) => loops.get(duty)?.trigger(),
    async start(signal) {
      const off = deps.registry.onChange((snapshot) => tell(snapshot));
      head = await deps.chain.finalizedHead();
      tell(await deps.registry.follow(head));
      const stop = deps.chain.onFinalized((next) => {
        if (head !== null && next.number <= head.number) return;
        head = next;
        seenAtMs = deps.clock.nowMs();
        deps.metrics.set('voxd_chain_finalized_block', {}, next.number);
        loops.get('registry')?.trigger();
      });
      unsubscribe = () => {
        stop();
        off();
      };
      const loop = (name: string, turn: (signal: AbortSignal) => Promise<void>) =>
        loops.set(name, runLoop({ clock: deps.clock, logger: deps.log }, { name, everyMs: IDLE_TURN_MS, turn, signal }));
      for (const duty of duties) loop(duty.name, (turnSignal) => attend(duty, turnSignal));
      loop('registry', follow);
    },
    async stop() {
      unsubscribe();
      await Promise.all([...loops.values()].map((loop) => loop.stop()));
      loops.clear();
    },
  };
}
