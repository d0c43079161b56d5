/**
 * gossipsub 14.1.2 passes its limits for control messages under a key its decoder does not read, so that 200 000 message ids in one frame are decoded
 * whatever the limit. This names them as the decoder looks for them.
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

/** A frame of gossip under its limits. Throws on anything that is over one of them, or no frame at all. */
export function decodeRpc(bytes: Uint8Array): RPC {
  const limits = { subscriptions: RPC_LIMITS.maxSubscriptions, messages: RPC_LIMITS.maxMessages, control: CONTROL_LIMITS };
  // Safety: `limits` has the keys that the generated decoder reads; its declared type does not name the inner one it forgets about.
  return RPC.decode(bytes, { limits } as unknown as Parameters<typeof RPC.decode>[1]);
}
