/** What gossipsub and libp2p remember of peers that have gone. Peer ids cost nothing, and upstream keeps most of it for ever. */
import type { RPC } from '@chainsafe/libp2p-gossipsub/message';
import type { PeerScore } from '@chainsafe/libp2p-gossipsub/score';
import type { Libp2p } from '@libp2p/interface';

/** Scores of peers that have gone. */
export const SCORES_KEPT_MAX = 4_096;
/** For so long a peer may ask to be left out of a mesh; each such wish is remembered until then, also when the peer has gone. */
export const BACKOFF_MS_MAX = 10 * 60_000;

/** Coming back under the same peer id washes nothing off; upstream begins anew. */
export function keepScores(score: PeerScore): void {
  const begin = score.addPeer.bind(score);
  score.addPeer = (id) => {
    const kept = score.peerStats.get(id);
    if (kept === undefined) begin(id);
    else kept.connected = true;
  };
}

/** What a peer loses shows at once; upstream goes on giving the score of before for up to a second. */
export function showLosses(score: PeerScore): void {
  const penalize = score.addPenalty.bind(score);
  score.addPenalty = (id, ...rest) => {
    penalize(id, ...rest);
    score.scoreCache.delete(id);
  };
  const markInvalid = score.markInvalidMessageDelivery.bind(score);
  score.markInvalidMessageDelivery = (id, ...rest) => {
    markInvalid(id, ...rest);
    score.scoreCache.delete(id);
  };
}

/** Of more than SCORES_KEPT_MAX peers those that went first are forgotten. */
export function forgetScores(score: PeerScore): void {
  for (const id of score.scoreCache.keys()) if (!score.peerStats.has(id)) score.scoreCache.delete(id);
  const gone = [...score.peerStats].filter(([, { connected }]) => !connected);
  if (gone.length <= SCORES_KEPT_MAX) return;
  for (const [id, { knownIPs }] of gone.sort(([, a], [, b]) => a.expire - b.expire).slice(0, gone.length - SCORES_KEPT_MAX)) {
    for (const ip of [...knownIPs]) score.removeIP(id, ip);
    score.peerStats.delete(id);
    score.scoreCache.delete(id);
  }
}

export function capBackoffs(rpc: RPC): void {
  const maxS = BACKOFF_MS_MAX / 1_000;
  for (const prune of rpc.control?.prune ?? []) if ((prune.backoff ?? 0) > maxS) prune.backoff = maxS;
}

/** What peers said of themselves (8 KiB each): only of those that are connected. */
export async function forgetParted(node: Pick<Libp2p, 'peerStore' | 'getConnections'>): Promise<void> {
  for (const { id } of await node.peerStore.all()) if (node.getConnections(id).length === 0) await node.peerStore.delete(id);
}
