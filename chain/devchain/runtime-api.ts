/** Runtime APIs that answer `state_call`, declared once for the metadata and for the call. */
import { struct } from './composite.js';
import { decodeExtrinsic } from './extrinsic.js';
import { feeOf } from './fees.js';
import { nonceOf } from './pallets/system.js';
import type { Runtime } from './runtime.js';
import { bytes, createReader, encode, type Type, u32, u64 } from './scale.js';
import { accountId, dispatchClass, weight } from './shapes.js';
import type { StoreView } from './storage-item.js';

export interface ApiMethod {
  readonly api: string;
  readonly name: string;
  readonly inputs: readonly { readonly name: string; readonly type: Type<unknown> | 'extrinsic' }[];
  readonly output: Type<unknown>;
  /** Shape: the encoded arguments → the encoded answer. Errors: RangeError on foreign bytes. */
  answer(store: StoreView, args: Uint8Array): Uint8Array;
}

const dispatchInfo = struct(['pallet_transaction_payment', 'types', 'RuntimeDispatchInfo'], {
  weight,
  class: dispatchClass,
  partial_fee: u64,
});

export const CALL_WEIGHT = { ref_time: 100_000_000n, proof_size: 10_000n } as const;

export function runtimeApis(runtime: Runtime): readonly ApiMethod[] {
  return [
    {
      api: 'AccountNonceApi',
      name: 'account_nonce',
      inputs: [{ name: 'account', type: accountId }],
      output: u32,
      answer: (store, args) => encode(u32, nonceOf(store, accountId.read(createReader(args)))),
    },
    {
      api: 'TransactionPaymentApi',
      name: 'query_info',
      inputs: [
        { name: 'uxt', type: 'extrinsic' },
        { name: 'len', type: u32 },
      ],
      output: dispatchInfo,
      answer: (_store, args) => {
        const from = createReader(args);
        const encoded = encode(bytes, bytes.read(from));
        const { call } = decodeExtrinsic(encoded, runtime.call);
        const fee = feeOf(call.definition, u32.read(from));
        return encode(dispatchInfo, { weight: CALL_WEIGHT, class: { type: 'Normal', value: null }, partial_fee: fee });
      },
    },
  ];
}
