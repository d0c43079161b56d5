/** Drand: the rounds of a randomness beacon, by which timelocked weights and commitments open. */
import { only, parts, struct, variant } from '../composite.js';
import { call, ensureRoot, eventsOf, type Pallet } from '../pallet.js';
import { boundedBytes, option, u32, u64, vec } from '../scale.js';
import { accountId, bytes33, signature } from '../shapes.js';
import { blake2, itemsOf } from '../storage-item.js';

const NAME = 'Drand';
const INDEX = 26;

const shortBytes = boundedBytes(32);
const types = (name: string) => ['pallet_drand', 'types', name] as const;

export const beaconConfiguration = struct(types('BeaconConfiguration'), {
  public_key: boundedBytes(96),
  period: u32,
  genesis_time: u32,
  hash: shortBytes,
  group_hash: shortBytes,
  scheme_id: shortBytes,
  metadata: struct(types('Metadata'), { beacon_id: shortBytes }),
});
const pulse = struct(types('Pulse'), { round: u64, randomness: shortBytes, signature: boundedBytes(144) });

const { optional, valued } = itemsOf(NAME);
const none = new Uint8Array(0);

export const beaconConfig = valued('BeaconConfig', [], beaconConfiguration, {
  public_key: none,
  period: 0,
  genesis_time: 0,
  hash: none,
  group_hash: none,
  scheme_id: none,
  metadata: { beacon_id: none },
});
export const pulses = optional('Pulses', [blake2(u64)], pulse);
export const lastStoredRound = valued('LastStoredRound', [], u64, 0n);
export const oldestStoredRound = valued('OldestStoredRound', [], u64, 0n);

export const events = eventsOf('pallet_drand', INDEX, {
  BeaconConfigChanged: [0, parts({})],
  NewPulse: [1, parts({ rounds: vec(u64) })],
  SetOldestStoredRound: [2, only(u64)],
});

const multiSigner = variant(['sp_runtime', 'MultiSigner'], {
  Ed25519: [0, only(accountId)],
  Sr25519: [1, only(accountId)],
  Ecdsa: [2, only(bytes33)],
});
const configPayload = struct(types('BeaconConfigurationPayload'), { block_number: u32, config: beaconConfiguration, public: multiSigner });

export const drandPallet: Pallet = {
  name: NAME,
  index: INDEX,
  crate: 'pallet_drand',
  storage: [beaconConfig, pulses, lastStoredRound, oldestStoredRound],
  calls: [
    call(1, 'set_beacon_config', parts({ config_payload: configPayload, signature: option(signature) }), {
      run: (context, origin, { config_payload }) => {
        ensureRoot(origin);
        beaconConfig.put(context.store, config_payload.config);
        context.deposit(events.of({ type: 'BeaconConfigChanged', value: {} }));
      },
    }),
    call(2, 'set_oldest_stored_round', parts({ oldest_round: u64 }), {
      run: (context, origin, { oldest_round }) => {
        ensureRoot(origin);
        oldestStoredRound.put(context.store, oldest_round);
        context.deposit(events.of({ type: 'SetOldestStoredRound', value: oldest_round }));
      },
    }),
  ],
  events: events.type,
  errors: ['NoneValue', 'StorageOverflow', 'DrandConnectionFailure', 'UnverifiedPulse', 'InvalidRoundNumber', 'PulseVerificationError'],
  constants: [
    { name: 'UnsignedPriority', type: u64, value: 1n << 20n },
    { name: 'HttpFetchTimeout', type: u64, value: 1000n },
  ],
};
