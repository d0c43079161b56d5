import { chainFailure } from '../../chain/failures.js';
import type { Neuron, SubnetSnapshot } from '../../chain/snapshot.js';
import type { Hotkey } from '../../protocol/names.js';

/** The neuron of a hotkey. Errors: chain.not_registered. */
export function seatOf(snapshot: SubnetSnapshot, hotkey: Hotkey): Neuron {
  const seat = snapshot.neurons.find((neuron) => neuron.hotkey === hotkey);
  if (seat === undefined) throw chainFailure('chain.not_registered', { netuid: snapshot.netuid, hotkey });
  return seat;
}
