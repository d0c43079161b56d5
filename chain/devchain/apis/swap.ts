/** SwapRuntimeApi: stake changes hands one to one here, so a subnet's token costs one TAO. Source: subtensor pallets/swap/runtime-api. */
import { u16, u64 } from '../scale.js';
import { method, NETUID } from './method.js';

const RAO_PER_TAO = 1_000_000_000n;

export const swapApi = [
  method({
    api: 'SwapRuntimeApi',
    name: 'current_alpha_price',
    inputs: [NETUID],
    output: u64,
    answer: (_context, args) => {
      u16.read(args);
      return RAO_PER_TAO;
    },
  }),
];
