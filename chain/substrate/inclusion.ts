import type { Registry } from '@polkadot/types/types';
import { BN, hexToU8a } from '@polkadot/util';
import type { Hash } from '../../protocol/names.js';
import { chainFailure } from '../failures.js';
import { fieldIn } from './decode.js';
import { eventsAt } from './events.js';
import type { Session } from './session-shape.js';

/** What became of an extrinsic in the block that holds it. */
export type DispatchOutcome = { readonly ok: true } | { readonly ok: false; readonly error: DispatchRefusal };

/** Shape: block → position of the extrinsic with exactly these bytes, or null. Errors: chain.block_not_found. */
export async function positionIn(session: Session, blockHash: Hash, bytes: string): Promise<number | null> {
  const answer = await session.request('chain_getBlock', blockHash);
  const extrinsics = extrinsicsOf(answer);
  if (extrinsics === null) throw chainFailure('chain.block_not_found', { block: blockHash, endpoint: session.identity.endpoint });
  const position = extrinsics.indexOf(bytes);
  return position === -1 ? null : position;
}

function extrinsicsOf(answer: unknown): readonly unknown[] | null {
  const extrinsics = fieldIn(fieldIn(answer, 'block'), 'extrinsics');
  return Array.isArray(extrinsics) ? extrinsics : null;
}

/** The last word on an included extrinsic: its ExtrinsicSuccess or ExtrinsicFailed event. Errors: chain.bad_answer when neither is there. */
export async function outcomeOf(session: Session, blockHash: Hash, position: number): Promise<DispatchOutcome> {
  const { registry, events } = await eventsAt(session, blockHash);
  for (const { name, data, extrinsic } of events) {
    if (extrinsic !== position) continue;
    if (name === 'System.ExtrinsicSuccess') return { ok: true };
    if (name === 'System.ExtrinsicFailed') return { ok: false, error: describeDispatchError(registry, data[0]) };
  }
  const { endpoint } = session.identity;
  throw chainFailure('chain.bad_answer', {
    method: 'System.Events',
    endpoint,
    reason: `no outcome of extrinsic ${position} in ${blockHash}`,
  });
}

/** The pallet's refusal by its names in that runtime's metadata. */
export interface DispatchRefusal {
  readonly pallet: string;
  readonly error: string;
  readonly documentation: string;
}

/** Shape: DispatchError as JSON → names. An error outside any pallet is named by its variant, such as `token.FundsUnavailable`. */
export function describeDispatchError(registry: Registry, json: unknown): DispatchRefusal {
  const module = fieldIn(json, 'module');
  if (module !== undefined) {
    try {
      const error = hexToU8a(String(fieldIn(module, 'error')));
      const meta = registry.findMetaError({ index: new BN(Number(fieldIn(module, 'index'))), error });
      return { pallet: meta.section, error: meta.name, documentation: meta.docs.join(' ').trim() };
    } catch {
      return { pallet: 'unknown', error: JSON.stringify(module), documentation: '' };
    }
  }
  const [kind, detail] = typeof json === 'object' && json !== null ? (Object.entries(json)[0] ?? ['unknown', null]) : [String(json), null];
  return { pallet: 'system', error: typeof detail === 'string' ? `${kind}.${detail}` : kind, documentation: '' };
}
