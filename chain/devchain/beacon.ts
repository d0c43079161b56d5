/**
 * The chain is its own beacon: it signs rounds with a key of its genesis, by the clock of its blocks. A signature costs milliseconds, so of all
 * the rounds that pass it signs those that somebody waits for, and the newest of each block; in the runtime every round is there.
 */

import { fromHex } from '../../protocol/digest.js';
import { publicKeyOf, randomnessOf, roundAt, signRound } from '../beacon.js';
import type { CallContext } from './pallet.js';
import { awaitedRounds as awaitedByCommitments } from './pallets/commitments.js';
import { beaconConfig, type beaconConfiguration, events, lastStoredRound, oldestStoredRound, pulses } from './pallets/drand.js';
import { timelockedWeightCommits } from './pallets/subtensor/storage.js';
import { toHex, type ValueOf } from './scale.js';
import type { Store, StoreView } from './storage-item.js';

/** Rounds after which the runtime forgets a pulse: a week of quicknet. */
export const MAX_KEPT_ROUNDS = 216_000n;
/** Pulses held besides those that somebody waits for. */
export const MAX_IDLE_PULSES = 16;

export interface BeaconGenesis {
  /** 32 bytes. Whoever has them can open every timelocked commit at once: for development only. */
  readonly secret: Uint8Array;
  readonly periodSeconds: number;
  readonly genesisSeconds: number;
}

/** Trouble with the beacon, on request. */
export interface BeaconFaults {
  /** Pulses come this much after their time. */
  delayPulses(ms: number): void;
  /** While true no pulses come; those that were due come when it ends. */
  stopPulses(stopped: boolean): void;
}

export interface DevBeacon {
  readonly faults: BeaconFaults;
  /** Writes the pulses that are due at the time of the block. */
  write(context: CallContext, timeMs: number): void;
}

const text = (value: string) => new TextEncoder().encode(value);

/** What `Drand.BeaconConfig` says of the beacon. */
export function configOf({ secret, periodSeconds, genesisSeconds }: BeaconGenesis): ValueOf<typeof beaconConfiguration> {
  const publicKey = fromHex(publicKeyOf(secret));
  const hash = randomnessOf(publicKey);
  return {
    public_key: publicKey,
    period: periodSeconds,
    genesis_time: genesisSeconds,
    hash,
    group_hash: hash,
    scheme_id: text('bls-unchained-g1-rfc9380'),
    metadata: { beacon_id: text('development') },
  };
}

export function createDevBeacon(genesis: BeaconGenesis): DevBeacon {
  const publicKey = toHex(configOf(genesis).public_key);
  let delayMs = 0;
  let stopped = false;
  return {
    faults: {
      delayPulses: (ms) => {
        delayMs = ms;
      },
      stopPulses: (value) => {
        stopped = value;
      },
    },
    write: ({ store, deposit }, timeMs) => {
      const config = beaconConfig.get(store);
      // The runtime takes no pulse that does not verify; after a change of the key this beacon's never do.
      if (stopped || config.period === 0 || toHex(config.public_key) !== publicKey) return;
      const clock = { periodSeconds: config.period, genesisSeconds: config.genesis_time };
      const newest = BigInt(roundAt(clock, Math.floor((timeMs - delayMs) / 1000)));
      const last = lastStoredRound.get(store);
      if (newest === 0n || newest < last) return;
      const oldest = oldestAfter(store, newest);
      const awaited = awaitedRounds(store);
      const due = [...new Set([...awaited, newest])].filter((round) => round >= oldest && round <= newest);
      const missing = due.filter((round) => pulses.get(store, round) === null).sort((a, b) => (a < b ? -1 : 1));
      for (const round of missing) {
        const signature = signRound(genesis.secret, Number(round));
        pulses.put(store, round, { round, randomness: randomnessOf(signature), signature });
      }
      if (newest > last) {
        lastStoredRound.put(store, newest);
        forget(store, awaited);
      }
      if (missing.length > 0) deposit(events.of({ type: 'NewPulse', value: { rounds: missing } }));
    },
  };
}

function oldestAfter(store: Store, newest: bigint): bigint {
  const before = oldestStoredRound.get(store);
  const first = before === 0n ? newest : before;
  const bound = newest - MAX_KEPT_ROUNDS + 1n;
  const oldest = first < bound ? bound : first;
  if (oldest !== before) oldestStoredRound.put(store, oldest);
  return oldest;
}

function awaitedRounds(store: StoreView): ReadonlySet<bigint> {
  const byWeights = timelockedWeightCommits.entries(store, []).flatMap(({ value }) => value.map(([, , , round]) => round));
  return new Set([...byWeights, ...awaitedByCommitments(store)]);
}

function forget(store: Store, awaited: ReadonlySet<bigint>): void {
  const idle = pulses.entries(store, []).flatMap(({ keys: [round] }) => (awaited.has(round) ? [] : [round]));
  const ascending = idle.sort((a, b) => (a < b ? -1 : 1));
  for (const round of ascending.slice(0, Math.max(0, ascending.length - MAX_IDLE_PULSES))) pulses.remove(store, round);
}
