import type { Registry } from '@polkadot/types/types';
import { hexToU8a } from '@polkadot/util';
import { isFailure } from '../../protocol/failure.js';
import type { SubnetSnapshot } from '../snapshot.js';
import { DecodeError, fieldOf, hexDigits, toHotkey, toList, toNumber } from './decode.js';
import type { Session } from './session-shape.js';
import { storageAt } from './storage.js';

const METHOD = 'NeuronInfoRuntimeApi_get_neurons_lite';

/** What the runtime itself says of the seats, beside the way in which we read them. */
export interface CrossCheck {
  /** Seats compared; null: this runtime has no `get_neurons_lite`. */
  readonly seats: number | null;
  /** One sentence for each seat that differs; at most MAX_DIFFERENCES. */
  readonly differences: readonly string[];
}

export const MAX_DIFFERENCES = 16;

/**
 * `NeuronInfoLite` as every generation encodes it. It is written down here because older nodes serve no metadata of runtime calls (version 14),
 * and because some declare their answer as mere bytes.
 *
 * Source: subtensor pallets/subtensor/src/rpc_info/neuron_info.rs.
 */
const NEURON_LITE = {
  hotkey: 'AccountId',
  coldkey: 'AccountId',
  uid: 'Compact<u16>',
  netuid: 'Compact<u16>',
  active: 'bool',
  axonInfo: '(u64, u32, u128, u16, u8, u8, u8, u8)',
  prometheusInfo: '(u64, u32, u128, u16, u8)',
  stake: 'Vec<(AccountId, Compact<u64>)>',
  rank: 'Compact<u16>',
  emission: 'Compact<u64>',
  incentive: 'Compact<u16>',
  consensus: 'Compact<u16>',
  trust: 'Compact<u16>',
  validatorTrust: 'Compact<u16>',
  dividends: 'Compact<u16>',
  lastUpdate: 'Compact<u64>',
  validatorPermit: 'bool',
  pruningScore: 'Compact<u16>',
};

/** Compares a snapshot with what the runtime answers about the same block: hotkey, coldkey, permit and incentive of each seat. */
export async function crossCheck(session: Session, snapshot: SubnetSnapshot): Promise<CrossCheck> {
  const { netuid, block } = snapshot;
  const storage = await storageAt(session, block.hash);
  const argument = `0x${Buffer.from(Uint16Array.of(netuid).buffer).toString('hex')}`;
  const answer = await session.request('state_call', METHOD, argument, block.hash).catch((error: unknown) => {
    if (isFailure(error) && error.code === 'chain.request_refused') return null;
    throw error;
  });
  if (answer === null) return { seats: null, differences: [] };
  const said = neuronsLiteOf(storage.registry, hexToU8a(String(answer)));
  const differences = said.flatMap((neuron) => {
    const ours = snapshot.neurons[neuron.uid];
    if (ours === undefined) return [`uid ${neuron.uid}: the runtime seats ${neuron.hotkey}, the snapshot nobody`];
    const fields = (['hotkey', 'coldkey', 'validatorPermit', 'incentive'] as const).filter((field) => ours[field] !== neuron[field]);
    return fields.map((field) => `uid ${neuron.uid}: ${field} is ${ours[field]} in the snapshot, ${neuron[field]} by the runtime`);
  });
  if (said.length < snapshot.neurons.length)
    differences.push(`the snapshot has ${snapshot.neurons.length} seats, the runtime ${said.length}`);
  return { seats: said.length, differences: differences.slice(0, MAX_DIFFERENCES) };
}

/** Shape: the answer of `get_neurons_lite`, a list or the bytes of one. */
export function neuronsLiteOf(registry: Registry, bytes: Uint8Array) {
  const direct = decodeWhole(registry, bytes);
  const json = direct ?? decodeWhole(registry, hexToU8a(`0x${hexDigits(registry.createTypeUnsafe('Bytes', [bytes]).toJSON())}`));
  if (json === null) throw new DecodeError('not a list of neurons');
  return toList(json, (neuron) => ({
    uid: toNumber(fieldOf(neuron, 'uid')),
    hotkey: toHotkey(fieldOf(neuron, 'hotkey')),
    coldkey: toHotkey(fieldOf(neuron, 'coldkey')),
    validatorPermit: fieldOf(neuron, 'validatorPermit') === true,
    incentive: toNumber(fieldOf(neuron, 'incentive')),
  }));
}

/** Null: these bytes are no such list, or not to their end. */
function decodeWhole(registry: Registry, bytes: Uint8Array): unknown {
  try {
    const list = registry.createTypeUnsafe(`Vec<${JSON.stringify(NEURON_LITE)}>`, [bytes]);
    return list.encodedLength === bytes.length ? list.toJSON() : null;
  } catch {
    return null;
  }
}
