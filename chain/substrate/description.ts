import type { ApiPromise } from '@polkadot/api';
import type { RuntimeDescription } from '../ports.js';
import { callName } from './extrinsic.js';
import { featuresOf } from './features.js';

/** Every call, of any generation, by which weights or commits to weights get on chain. */
const WEIGHT_CALLS = [
  'setWeights',
  'setMechanismWeights',
  'batchSetWeights',
  'commitWeights',
  'commitMechanismWeights',
  'batchCommitWeights',
  'revealWeights',
  'revealMechanismWeights',
  'batchRevealWeights',
  'commitCrv3Weights',
  'commitCrv3MechanismWeights',
  'commitTimelockedWeights',
  'commitTimelockedMechanismWeights',
];

/** Every call that a node may sign with its hotkey. */
const NODE_CALLS: readonly (readonly [pallet: string, method: string])[] = [
  ...WEIGHT_CALLS.map((method) => ['subtensorModule', method] as const),
  ['subtensorModule', 'serveAxon'],
  ['subtensorModule', 'serveAxonTls'],
  ['commitments', 'setCommitment'],
];

/** Shape: the metadata of a connected runtime → what it offers, by the runtime's own names. */
export function describeRuntime(api: ApiPromise): RuntimeDescription {
  const { selectiveMetagraph, epochClock } = featuresOf(api);
  const calls = api.tx['subtensorModule'] ?? {};
  return {
    specVersion: api.runtimeVersion.specVersion.toNumber(),
    registry: selectiveMetagraph ? 'selective_metagraph' : 'storage',
    epochClock: epochClock ? 'state' : 'formula',
    weightCalls: WEIGHT_CALLS.filter((method) => calls[method] !== undefined).map((method) => callName({ method })),
    nodeCalls: NODE_CALLS.flatMap(([pallet, method]) => {
      const call = api.tx[pallet]?.[method];
      return call === undefined ? [] : [{ name: callName({ method }), number: call.callIndex.join('.') }];
    }),
    errors: api.runtimeMetadata.asLatest.pallets.flatMap((pallet) => {
      if (pallet.errors.isNone) return [];
      const { def } = api.registry.lookup.getSiType(pallet.errors.unwrap().type);
      return def.asVariant.variants.map((variant) => ({
        pallet: pallet.name.toString(),
        index: variant.index.toNumber(),
        name: variant.name.toString(),
        documentation: variant.docs.map(String).join(' ').trim(),
      }));
    }),
  };
}
