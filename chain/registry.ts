/** Who is who in the subnet, and what changed between two snapshots. A hotkey is a person, a uid is a seat: all is keyed by (hotkey, block of registration). */
import type { Hotkey, Uid } from '../protocol/names.js';
import { parseCommitment } from './commitment.js';
import type { Axon, ModelClaim, Neuron, Registration, SubnetSnapshot } from './snapshot.js';

/** What changed between two snapshots; `block` is the snapshot in which it was seen. */
export type RegistryChange =
  | { readonly kind: 'registered'; readonly block: number; readonly hotkey: Hotkey; readonly uid: Uid; readonly registeredAt: number }
  | {
      readonly kind: 'deregistered';
      readonly block: number;
      readonly hotkey: Hotkey;
      readonly uid: Uid;
      readonly replacedBy: Hotkey | null;
    }
  | { readonly kind: 'renumbered'; readonly block: number; readonly hotkey: Hotkey; readonly from: Uid; readonly to: Uid }
  | {
      readonly kind: 'axon' | 'permit' | 'stake' | 'commitment' | 'coldkey';
      readonly block: number;
      readonly hotkey: Hotkey;
      readonly uid: Uid;
      readonly before: string;
      readonly after: string;
    };

/**
 * The changes that lead from one snapshot to the next: departures first, then moves, arrivals, and what changed about those who stayed.
 * A hotkey that left and came back between the two is a departure and an arrival; a swapped hotkey is the old one's departure and the new one's
 * arrival. `previous` null: everybody arrives.
 */
export function applySnapshot(previous: SubnetSnapshot | null, next: SubnetSnapshot): { readonly changes: readonly RegistryChange[] } {
  const block = next.block.number;
  const before = new Map((previous?.neurons ?? []).map((neuron) => [registrationKey(neuron), neuron]));
  const after = new Map(next.neurons.map((neuron) => [registrationKey(neuron), neuron]));
  const holder = new Map(next.neurons.map((neuron) => [neuron.uid, neuron]));

  const departures: RegistryChange[] = [];
  const moves: RegistryChange[] = [];
  const arrivals: RegistryChange[] = [];
  const facts: RegistryChange[] = [];

  for (const [key, { hotkey, uid }] of before) {
    if (after.has(key)) continue;
    const successor = holder.get(uid);
    const tookSeat = successor !== undefined && successor.hotkey !== hotkey && !before.has(registrationKey(successor));
    departures.push({ kind: 'deregistered', block, hotkey, uid, replacedBy: tookSeat ? successor.hotkey : null });
  }
  for (const [key, neuron] of after) {
    const { hotkey, uid, registeredAt } = neuron;
    const known = before.get(key);
    if (known === undefined) {
      arrivals.push({ kind: 'registered', block, hotkey, uid, registeredAt });
      continue;
    }
    if (known.uid !== uid) moves.push({ kind: 'renumbered', block, hotkey, from: known.uid, to: uid });
    for (const [kind, show] of SHOWN) {
      const change = { before: show(known), after: show(neuron) };
      if (change.before !== change.after) facts.push({ kind, block, hotkey, uid, ...change });
    }
  }
  return { changes: [...departures, ...moves, ...arrivals, ...facts] };
}

const SHOWN = [
  ['coldkey', ({ coldkey }: Neuron) => coldkey],
  ['axon', ({ axon }: Neuron) => (axon === null ? '' : showAxon(axon))],
  ['permit', ({ validatorPermit }: Neuron) => String(validatorPermit)],
  ['stake', ({ stakeRao }: Neuron) => String(stakeRao)],
  // One that outlived an earlier registration of the hotkey is none.
  [
    'commitment',
    ({ commitment, registeredAt }: Neuron) =>
      commitment === null || commitment.block < registeredAt ? '' : `${commitment.data}@${commitment.block}`,
  ],
] as const;

function showAxon({ ip, port, protocol, version, peerKey }: Axon): string {
  const host = ip.includes(':') ? `[${ip}]` : ip;
  return `${host}:${port} protocol ${protocol} version ${version}${peerKey === null ? '' : ` key ${peerKey}`}`;
}

/** One text for one registration: the key under which history is kept in memory. */
export function registrationKey({ hotkey, registeredAt }: Registration): string {
  return `${hotkey}@${registeredAt}`;
}

export function byHotkey({ neurons }: SubnetSnapshot, hotkey: Hotkey): Neuron | null {
  return neurons.find((neuron) => neuron.hotkey === hotkey) ?? null;
}

export function byUid({ neurons }: SubnetSnapshot, uid: Uid): Neuron | null {
  const seat = neurons[uid];
  return seat?.uid === uid ? seat : (neurons.find((neuron) => neuron.uid === uid) ?? null);
}

export interface Role {
  readonly registered: boolean;
  /** Holds a validator permit. */
  readonly validates: boolean;
  /** Has a model claim that counts. */
  readonly mines: boolean;
}

/** What a hotkey is in the subnet: the chain says so, not a flag. */
export function roleOf(snapshot: SubnetSnapshot, hotkey: Hotkey): Role {
  const neuron = byHotkey(snapshot, hotkey);
  if (neuron === null) return { registered: false, validates: false, mines: false };
  return { registered: true, validates: neuron.validatorPermit, mines: claimOf(neuron) !== null };
}

/**
 * The model claims that count, ascending uid: the field is a voxd commitment and was written by the present registration. A commitment outlives
 * the neuron's deregistration on chain; one from an earlier life claims nothing.
 */
export function modelClaims({ neurons }: SubnetSnapshot): readonly ModelClaim[] {
  return neurons.flatMap((neuron) => claimOf(neuron) ?? []).sort((a, b) => a.uid - b.uid);
}

function claimOf({ hotkey, uid, registeredAt, commitment }: Neuron): ModelClaim | null {
  if (commitment === null || commitment.block < registeredAt) return null;
  const parsed = parseCommitment(commitment);
  return parsed.ok ? { hotkey, uid, block: commitment.block, commitment: parsed.value } : null;
}
