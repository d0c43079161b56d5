import type { Registry } from '@polkadot/types/types';
import { hexToU8a } from '@polkadot/util';
import type { Hash } from '../../protocol/names.js';
import { chainFailure } from '../failures.js';
import { asHash, fieldIn, toNumber } from './decode.js';
import type { Session } from './session-shape.js';
import { storageAt } from './storage.js';

/** What a block did, named by the metadata of its own runtime. */
export interface BlockEvents {
  readonly number: number;
  readonly registry: Registry;
  readonly events: readonly BlockEvent[];
}

export interface BlockEvent {
  /** `Pallet.Name`; null: the metadata has none of that index. */
  readonly name: string | null;
  /** Plain JSON of its fields, in their order. */
  readonly data: readonly unknown[];
  /** Position of the extrinsic that raised it; null: raised by the block itself. */
  readonly extrinsic: number | null;
}

/** Three requests, whatever the block holds. The events of a block that upgrades the runtime are those of the old one: its parent's. */
export async function eventsAt(session: Session, blockHash: Hash): Promise<BlockEvents> {
  const header = await session.request('chain_getHeader', blockHash);
  const parent = asHash(fieldIn(header, 'parentHash'));
  if (parent === null) throw chainFailure('chain.block_not_found', { block: blockHash, endpoint: session.identity.endpoint });
  const storage = await storageAt(session, blockHash, parent);
  const [records] = await storage.read([storage.slot('system', 'events')]);
  const { registry } = storage;
  return {
    number: toNumber(fieldIn(header, 'number')),
    registry,
    events: (Array.isArray(records) ? records : []).map((record) => eventOf(registry, record)),
  };
}

function eventOf(registry: Registry, record: unknown): BlockEvent {
  const position = fieldIn(fieldIn(record, 'phase'), 'applyExtrinsic');
  const event = fieldIn(record, 'event');
  const data = fieldIn(event, 'data');
  return {
    name: eventName(registry, String(fieldIn(event, 'index'))),
    data: Array.isArray(data) ? data : [],
    extrinsic: typeof position === 'number' ? position : null,
  };
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
