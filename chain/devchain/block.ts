/** Blocks: headers, their hashes, and how a block is made from the one before it. */
import { blake2AsU8a } from '@polkadot/util-crypto';
import type { DevBeacon } from './beacon.js';
import { startBlock } from './epoch.js';
import { decodeExtrinsic, type Extrinsic, inherent } from './extrinsic.js';
import { feeOf } from './fees.js';
import { type CallContext, ModuleError } from './pallet.js';
import * as balances from './pallets/balances.js';
import { setTime } from './pallets/clock.js';
import { endSafeMode, isHeldBack } from './pallets/safe-mode.js';
import * as system from './pallets/system.js';
import type { EventRecord, Runtime } from './runtime.js';
import { CALL_WEIGHT } from './runtime-api.js';
import { dispatchErrorOf, runtimeCall } from './runtime-call.js';
import { createWriter, encode, fromHex, toHex, u32, writeCompact } from './scale.js';
import { type Changes, createOverlay } from './state.js';
import { type StoreView, storagePrefix } from './storage-item.js';
import { type Invalidity, validate } from './validity.js';

export interface Header {
  readonly parentHash: string;
  readonly number: number;
  readonly stateRoot: string;
  readonly extrinsicsRoot: string;
}

export interface Block extends Header {
  readonly hash: string;
  readonly timeMs: number;
  readonly extrinsics: readonly string[];
}

/** The hash over the header's bytes, as clients compute it from the JSON. */
export function headerHash(header: Header): string {
  const out = createWriter();
  out.push(fromHex(header.parentHash));
  writeCompact(out, BigInt(header.number));
  out.push(fromHex(header.stateRoot));
  out.push(fromHex(header.extrinsicsRoot));
  out.push(Uint8Array.of(0));
  return toHex(blake2AsU8a(out.finish()));
}

/** Stands for the state without a trie: a chain over what each block changed. */
export function nextStateRoot(before: string, changes: Changes): string {
  const sorted = [...changes].sort(([a], [b]) => (a < b ? -1 : 1));
  return toHex(blake2AsU8a(before + JSON.stringify(sorted)));
}

/** What happens in a block by nobody's transaction; see faults.ts. */
export type Intervention = (context: CallContext) => void;

export interface MadeBlock {
  readonly block: Block;
  readonly changes: Changes;
  readonly included: readonly Extrinsic[];
  readonly refused: readonly { readonly extrinsic: Extrinsic; readonly why: Invalidity }[];
}

const EVENTS_KEY = storagePrefix('System', 'Events');

/** Shape: the state after `parent`, its block, the transactions in the order to try them → the next block and what it changes. */
export function makeBlock(
  runtime: Runtime,
  genesisHash: string,
  parent: Block,
  state: StoreView,
  timeMs: number,
  candidates: readonly Extrinsic[],
  beacon: DevBeacon,
  interventions: readonly Intervention[] = [],
): MadeBlock {
  const number = parent.number + 1;
  const store = createOverlay(state);
  const records: EventRecord[] = [];
  const { rules } = runtime.generation;
  const contextIn = (phase: EventRecord['phase']): CallContext => ({
    store,
    rules,
    block: number,
    deposit: (event) => {
      if (runtime.announces(event)) records.push({ phase, event, topics: [] });
    },
  });

  store.remove(EVENTS_KEY);
  system.blockNumber.put(store, number);
  system.parentHash.put(store, parent.hash);
  system.blockHash.put(store, parent.number, parent.hash);
  if (parent.number > system.BLOCK_HASH_COUNT) system.blockHash.remove(store, parent.number - system.BLOCK_HASH_COUNT);
  const atStart = contextIn({ type: 'Initialization', value: null });
  beacon.write(atStart, timeMs);
  startBlock(atStart);
  endSafeMode(atStart);
  for (const intervene of interventions) intervene(atStart);

  const time = decodeExtrinsic(
    inherent(runtimeCall(runtime.palletNamed('Timestamp'), setTime, { now: BigInt(timeMs) }), runtime.call),
    runtime.call,
  );
  const included = [time];
  const refused: { extrinsic: Extrinsic; why: Invalidity }[] = [];
  apply(runtime, time, contextIn({ type: 'ApplyExtrinsic', value: 0 }));
  for (const extrinsic of candidates) {
    const validity = validate(runtime, genesisHash, store, number, extrinsic);
    if (!validity.ok) {
      if (validity.error.kind !== 'future') refused.push({ extrinsic, why: validity.error });
      continue;
    }
    apply(runtime, extrinsic, contextIn({ type: 'ApplyExtrinsic', value: included.length }));
    included.push(extrinsic);
  }

  system.eventCount.put(store, records.length);
  store.put(EVENTS_KEY, toHex(encode(runtime.eventRecords, records)));
  const changes = store.changes();
  const header: Header = {
    parentHash: parent.hash,
    number,
    stateRoot: nextStateRoot(parent.stateRoot, changes),
    extrinsicsRoot: toHex(blake2AsU8a(new Uint8Array(Buffer.concat([encode(u32, number), ...included.map(({ bytes }) => bytes)])))),
  };
  const extrinsics = included.map(({ bytes }) => toHex(bytes));
  return { block: { ...header, hash: headerHash(header), timeMs, extrinsics }, changes, included, refused };
}

/** Fee and nonce are spent whether or not the call then succeeds. */
function apply(runtime: Runtime, extrinsic: Extrinsic, context: CallContext): void {
  const { call, signed, bytes } = extrinsic;
  const { store, deposit } = context;
  if (signed !== null) {
    system.bumpNonce(store, signed.signer);
    const fee = feeOf(call.definition, bytes.length);
    if (fee > 0n) {
      balances.debit(store, signed.signer, fee);
      deposit(balances.events.of({ type: 'Withdraw', value: { who: signed.signer, amount: fee } }));
    }
  }
  const origin = signed === null ? ({ kind: 'none' } as const) : ({ kind: 'signed', account: signed.signer } as const);
  const refusal =
    context.rules.safeMode && isHeldBack(store, call) ? new ModuleError('System', 'CallFiltered') : call.attempt(context, origin);
  if (signed !== null && call.definition.pays) {
    const actual_fee = feeOf(call.definition, bytes.length);
    deposit(balances.feeEvents.of({ type: 'TransactionFeePaid', value: { who: signed.signer, actual_fee, tip: 0n } }));
  }
  const dispatch_info = {
    weight: CALL_WEIGHT,
    class: { type: signed === null ? ('Mandatory' as const) : ('Normal' as const), value: null },
    pays_fee: { type: call.definition.pays ? ('Yes' as const) : ('No' as const), value: null },
  };
  deposit(
    refusal === null
      ? system.events.of({ type: 'ExtrinsicSuccess', value: { dispatch_info } })
      : system.events.of({
          type: 'ExtrinsicFailed',
          value: { dispatch_error: dispatchErrorOf(refusal, runtime.palletNamed), dispatch_info },
        }),
  );
}
