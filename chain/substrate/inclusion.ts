import type { Registry } from '@polkadot/types/types';
import { BN, hexToU8a } from '@polkadot/util';
import { type Hash, parseHash } from '../../protocol/names.js';
import { chainFailure } from '../failures.js';
import type { Session } from './session.js';
import { storageAt } from './storage.js';

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
  const extrinsics = field(field(answer, 'block'), 'extrinsics');
  return Array.isArray(extrinsics) ? extrinsics : null;
}

/** The last word on an included extrinsic: its ExtrinsicSuccess or ExtrinsicFailed event. Errors: chain.bad_answer when neither is there. */
export async function outcomeOf(session: Session, blockHash: Hash, position: number): Promise<DispatchOutcome> {
  const storage = await storageAt(session, blockHash);
  const [records] = await storage.read([storage.slot('system', 'events')]);
  for (const record of Array.isArray(records) ? records : []) {
    const event = eventOf(record, position);
    if (event === null) continue;
    const name = eventName(storage.registry, event.index);
    if (name === 'System.ExtrinsicSuccess') return { ok: true };
    if (name === 'System.ExtrinsicFailed') return { ok: false, error: describeDispatchError(storage.registry, event.data[0]) };
  }
  const { endpoint } = session.identity;
  throw chainFailure('chain.bad_answer', {
    method: 'System.Events',
    endpoint,
    reason: `no outcome of extrinsic ${position} in ${blockHash}`,
  });
}

function eventOf(record: unknown, position: number): { readonly index: string; readonly data: readonly unknown[] } | null {
  const phase = field(record, 'phase');
  if (field(phase, 'applyExtrinsic') !== position) return null;
  const event = field(record, 'event');
  const data = field(event, 'data');
  return { index: String(field(event, 'index')), data: Array.isArray(data) ? data : [] };
}

/** Shape: event index (pallet, variant) as hex → `Pallet.Name` by that runtime's metadata. */
function eventName(registry: Registry, index: string): string | null {
  const [palletIndex, variantIndex] = hexToU8a(index);
  const pallet = registry.metadata.pallets.find((candidate) => candidate.index.toNumber() === palletIndex);
  if (pallet === undefined || pallet.events.isNone) return null;
  const { variants } = registry.lookup.getSiType(pallet.events.unwrap().type).def.asVariant;
  const variant = variants.find((candidate) => candidate.index.toNumber() === variantIndex);
  return variant === undefined ? null : `${pallet.name.toString()}.${variant.name.toString()}`;
}

function field(json: unknown, name: string): unknown {
  return typeof json === 'object' && json !== null ? Object.entries(json).find(([key]) => key === name)?.[1] : undefined;
}

/** The pallet's refusal by its names in that runtime's metadata. */
export interface DispatchRefusal {
  readonly pallet: string;
  readonly error: string;
  readonly documentation: string;
}

/** Shape: DispatchError as JSON → names. An error outside any pallet is named by its variant, such as `token.FundsUnavailable`. */
export function describeDispatchError(registry: Registry, json: unknown): DispatchRefusal {
  const module = field(json, 'module');
  if (module !== undefined) {
    try {
      const error = hexToU8a(String(field(module, 'error')));
      const meta = registry.findMetaError({ index: new BN(Number(field(module, 'index'))), error });
      return { pallet: meta.section, error: meta.name, documentation: meta.docs.join(' ').trim() };
    } catch {
      return { pallet: 'unknown', error: JSON.stringify(module), documentation: '' };
    }
  }
  const [kind, detail] = typeof json === 'object' && json !== null ? (Object.entries(json)[0] ?? ['unknown', null]) : [String(json), null];
  return { pallet: 'system', error: typeof detail === 'string' ? `${kind}.${detail}` : kind, documentation: '' };
}

export function asHash(text: unknown): Hash | null {
  const parsed = parseHash(String(text));
  return parsed.ok ? parsed.value : null;
}
