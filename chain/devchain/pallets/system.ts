import { NOTHING, parts } from '../composite.js';
import { call, eventsOf, type Pallet } from '../pallet.js';
import type { ValueOf } from '../scale.js';
import { bytes, type Type, toHex, u16, u32 } from '../scale.js';
import type { AccountId } from '../shapes.js';
import { accountId, accountInfo, dispatchError, dispatchInfo, hash } from '../shapes.js';
import { blake2, itemsOf, type Store, type StoreView, twox } from '../storage-item.js';

const INDEX = 0;
/** Blocks whose hash a transaction may name as its birth. */
export const BLOCK_HASH_COUNT = 2400;
export const SS58_PREFIX = 42;

const { valued } = itemsOf('System');

export type AccountInfo = ValueOf<typeof accountInfo>;

export const NO_ACCOUNT: AccountInfo = {
  nonce: 0,
  consumers: 0,
  providers: 0,
  sufficients: 0,
  data: { free: 0n, reserved: 0n, frozen: 0n, flags: 1n << 127n },
};
const NO_HASH = toHex(new Uint8Array(32));

export const account = valued('Account', [blake2(accountId)], accountInfo, NO_ACCOUNT);
export const blockNumber = valued('Number', [], u32, 0);
export const blockHash = valued('BlockHash', [twox(u32)], hash, NO_HASH);
export const parentHash = valued('ParentHash', [], hash, NO_HASH);
export const eventCount = valued('EventCount', [], u32, 0);

export const events = eventsOf('frame_system', INDEX, {
  ExtrinsicSuccess: [0, parts({ dispatch_info: dispatchInfo })],
  ExtrinsicFailed: [1, parts({ dispatch_error: dispatchError, dispatch_info: dispatchInfo })],
  CodeUpdated: [2, NOTHING],
  NewAccount: [3, parts({ account: accountId })],
  KilledAccount: [4, parts({ account: accountId })],
  Remarked: [5, parts({ sender: accountId, hash })],
});

export function nonceOf(store: StoreView, who: AccountId): number {
  return account.get(store, who).nonce;
}

export function bumpNonce(store: Store, who: AccountId): void {
  const info = account.get(store, who);
  account.put(store, who, { ...info, nonce: info.nonce + 1 });
}

/** `eventRecords` is the type of `System.Events`: it names every pallet's events, so the runtime brings it. */
export function systemPallet(eventRecords: Type<readonly unknown[]>): Pallet {
  return {
    name: 'System',
    index: INDEX,
    crate: 'frame_system',
    storage: [account, blockNumber, blockHash, parentHash, eventCount, valued('Events', [], eventRecords, [])],
    calls: [call(0, 'remark', parts({ remark: bytes }), { run: () => undefined })],
    events: events.type,
    errors: [
      'InvalidSpecName',
      'SpecVersionNeedsToIncrease',
      'FailedToExtractRuntimeVersion',
      'NonDefaultComposite',
      'NonZeroRefCount',
      'CallFiltered',
    ],
    constants: [
      { name: 'BlockHashCount', type: u32, value: BLOCK_HASH_COUNT },
      { name: 'SS58Prefix', type: u16, value: SS58_PREFIX },
    ],
  };
}
