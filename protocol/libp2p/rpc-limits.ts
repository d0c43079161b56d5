/**
 * gossipsub 14.1.2 passes its limits for control messages under a key its decoder does not read, so that 200 000 message ids in one frame are decoded
 * whatever the limit. This puts the limits where the decoder looks.
 */
import { RPC } from '@chainsafe/libp2p-gossipsub/message';

export const RPC_LIMITS = {
  maxSubscriptions: 16,
  maxMessages: 512,
  maxIhaveMessageIDs: 2_000,
  maxIwantMessageIDs: 2_000,
  maxIdontwantMessageIDs: 512,
  maxControlMessages: 16,
  maxPeerInfos: 0,
} as const;

const CONTROL_LIMITS = {
  ihave: RPC_LIMITS.maxControlMessages,
  ihave$: { messageIDs: RPC_LIMITS.maxIhaveMessageIDs },
  iwant: RPC_LIMITS.maxControlMessages,
  iwant$: { messageIDs: RPC_LIMITS.maxIwantMessageIDs },
  graft: RPC_LIMITS.maxControlMessages,
  prune: RPC_LIMITS.maxControlMessages,
  prune$: { peers: RPC_LIMITS.maxPeerInfos },
  idontwant: RPC_LIMITS.maxControlMessages,
  idontwant$: { messageIDs: RPC_LIMITS.maxIdontwantMessageIDs },
};

let repaired = false;

/** Once per process; later calls change nothing. */
export function repairRpcLimits(): void {
  if (repaired) return;
  repaired = true;
  const decode = RPC.decode;
  const limits = { subscriptions: RPC_LIMITS.maxSubscriptions, messages: RPC_LIMITS.maxMessages, control: CONTROL_LIMITS };
  // Safety: `limits` has the keys that the generated decoder reads; its declared type does not name the inner one it forgets about.
  const options = { limits } as unknown as Parameters<typeof decode>[1];
  // Safety: at run time the namespace is a plain object; the pinned version calls `RPC.decode` through it.
  (RPC as { decode: typeof decode }).decode = (bytes) => decode(bytes, options);
}
