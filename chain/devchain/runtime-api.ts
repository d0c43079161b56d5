/** Runtime APIs that answer `state_call`, declared once for the metadata and for the call. */

import { metagraphApi } from './apis/metagraph.js';
import type { ApiMethod } from './apis/method.js';
import { neuronApi } from './apis/neurons.js';
import { swapApi } from './apis/swap.js';
import { struct } from './composite.js';
import { decodeExtrinsic } from './extrinsic.js';
import { feeOf } from './fees.js';
import type { Generation } from './generation-shape.js';
import { nonceOf } from './pallets/system.js';
import type { RuntimeCall } from './runtime-call.js';
import { bytes, encode, type Type, u32, u64 } from './scale.js';
import { accountId, dispatchClass, weight } from './shapes.js';

const dispatchInfo = struct(['pallet_transaction_payment', 'types', 'RuntimeDispatchInfo'], {
  weight,
  class: dispatchClass,
  partial_fee: u64,
});

export const CALL_WEIGHT = { ref_time: 100_000_000n, proof_size: 10_000n } as const;

/** What the generation offers; `call` is the type of its calls. */
export function apisOf(generation: Generation, call: () => Type<RuntimeCall>): readonly ApiMethod[] {
  const subtensor = [...neuronApi, ...metagraphApi, ...swapApi].filter(({ api, name }) => !generation.lacks.has(`${api}_${name}`));
  return [accountNonce, queryInfo(call), ...(generation.wrappedAnswers ? subtensor.map(wrapped) : subtensor)];
}

/** Older runtimes answered with the bytes of the answer; a value that is not there is no bytes. */
function wrapped(method: ApiMethod): ApiMethod {
  const answer: ApiMethod['answer'] = (context, args) => encode(bytes, method.answer(context, args).subarray(method.isOption ? 1 : 0));
  return { ...method, output: bytes, answer };
}

const accountNonce: ApiMethod = {
  api: 'AccountNonceApi',
  name: 'account_nonce',
  inputs: [{ name: 'account', type: accountId }],
  output: u32,
  isOption: false,
  answer: ({ store }, args) => encode(u32, nonceOf(store, accountId.read(args))),
};

function queryInfo(callType: () => Type<RuntimeCall>): ApiMethod {
  return {
    api: 'TransactionPaymentApi',
    name: 'query_info',
    inputs: [
      { name: 'uxt', type: 'extrinsic' },
      { name: 'len', type: u32 },
    ],
    output: dispatchInfo,
    isOption: false,
    answer: (_context, args) => {
      const encoded = encode(bytes, bytes.read(args));
      const { call } = decodeExtrinsic(encoded, callType());
      const fee = feeOf(call.definition, u32.read(args));
      return encode(dispatchInfo, { weight: CALL_WEIGHT, class: { type: 'Normal', value: null }, partial_fee: fee });
    },
  };
}
