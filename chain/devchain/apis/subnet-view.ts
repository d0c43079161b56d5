/** A subnet as the runtime APIs see it: each thing is read once, when it is first asked for. */
import * as stored from '../pallets/subtensor/storage.js';
import type { ValueOf } from '../scale.js';
import type { AccountId, axonInfo } from '../shapes.js';
import type { ApiContext } from './method.js';

export interface SubnetView extends ApiContext {
  readonly netuid: number;
  /** Where the weights of the mechanism asked about stand: mechanism × 4096 + netuid. */
  readonly storageIndex: number;
  hotkeys(): readonly AccountId[];
  coldkeys(): readonly AccountId[];
  /** What neurons without an endpoint have: zeros. */
  axonOf(hotkey: AccountId): ValueOf<typeof axonInfo>;
  /** Alpha of the subnet and TAO of root, in rao. Child and parent keys are not modelled. */
  stakes(): readonly { readonly alpha: bigint; readonly tao: bigint; readonly total: bigint }[];
}

const ROOT_NETUID = 0;
const NO_AXON = { block: 0n, version: 0, ip: 0n, port: 0, ip_type: 0, protocol: 0, placeholder1: 0, placeholder2: 0 } as const;
const FULL_SHARE = 2n ** 64n - 1n;

/** Null: no such subnet. */
export function subnetView(context: ApiContext, netuid: number, storageIndex = netuid): SubnetView | null {
  const { store } = context;
  if (!stored.networksAdded.get(store, netuid)) return null;
  const hotkeys = once(() =>
    Array.from({ length: stored.subnetworkN.get(store, netuid) }, (_, uid) => stored.keys.get(store, netuid, uid)),
  );
  return {
    ...context,
    netuid,
    storageIndex,
    hotkeys,
    coldkeys: once(() => hotkeys().map((hotkey) => stored.owner.get(store, hotkey))),
    axonOf: (hotkey) => stored.axons.get(store, netuid, hotkey) ?? NO_AXON,
    stakes: once(() => {
      const weight = stored.taoWeight.get(store);
      return hotkeys().map((hotkey) => {
        const alpha = stored.totalHotkeyAlpha.get(store, hotkey, netuid);
        const tao = stored.totalHotkeyAlpha.get(store, hotkey, ROOT_NETUID);
        return { alpha, tao, total: alpha + (tao * weight) / FULL_SHARE };
      });
    }),
  };
}

function once<T>(read: () => T): () => T {
  let known: { readonly value: T } | null = null;
  return () => {
    known ??= { value: read() };
    return known.value;
  };
}
