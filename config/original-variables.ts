/** Variables of the original tools. Operators have them in their shells already: they count as defaults, where nothing of voxd's says otherwise. */
import type { Environment, Layer, Origin } from './layers.js';

interface OriginalVariable {
  readonly variable: string;
  readonly path: string;
}

export const WALLET_VARIABLES: readonly OriginalVariable[] = [
  { variable: 'BT_WALLET_PATH', path: 'wallet.path' },
  { variable: 'BT_WALLET_NAME', path: 'wallet.name' },
  { variable: 'BT_WALLET_HOTKEY', path: 'wallet.hotkey' },
];

export const CHAIN_VARIABLES: readonly OriginalVariable[] = [
  { variable: 'BT_SUBTENSOR_NETWORK', path: 'chain.network' },
  { variable: 'BT_SUBTENSOR_CHAIN_ENDPOINT', path: 'chain.endpoints' },
];

/** Those that mean something else here, or nothing: what to set instead. */
export const VARIABLES_NOT_READ: readonly { readonly variables: string; readonly instead: string }[] = [
  {
    variables: 'BT_AXON_IP, BT_AXON_PORT, BT_AXON_EXTERNAL_IP, BT_AXON_EXTERNAL_PORT',
    instead:
      'They are about the HTTP server of another program; a voxd that shares its shell must not take its port. `p2p.listenIp`, `p2p.port`, `p2p.announceIp`.',
  },
  { variables: 'BT_MEV_PROTECTION, READ_ONLY', instead: 'Nothing: voxd trades no stake, and makes no wallet unasked.' },
];

type Values = Map<string, { value: unknown; origin: Origin }>;

export function readOriginalVariables(env: Environment, variables: readonly OriginalVariable[]): Values {
  const values: Values = new Map();
  for (const { variable, path } of variables) {
    const text = env[variable]?.trim();
    const value = path === 'chain.endpoints' ? text?.split(',').map((each) => each.trim()) : text;
    if (text) values.set(path, { value, origin: { layer: 'default', where: variable } });
  }
  return values;
}

/** A chain is taken whole, from one place: nothing of these is mixed into what voxd is told of a chain. */
export function chainOfOriginals(env: Environment, told: readonly Layer[]): Layer {
  const isTold = told.some(({ values }) => values.has('chain.network') || values.has('chain.endpoints'));
  return { values: isTold ? new Map() : readOriginalVariables(env, CHAIN_VARIABLES), problems: [] };
}
