import { assemble, bytesToSign, encodeBody } from '../../protocol/envelope.js';
import { KINDS, type MessageKind } from '../../protocol/kinds.js';
import type { Clock, Gossip, Signer } from '../../protocol/ports.js';
import { type NetworkId, topicOf } from '../../protocol/topics.js';
import type { Metrics } from '../metrics.js';
import type { SequenceStore } from '../ports.js';

/** What nobody heard (no neighbour yet) took nothing from the allowance: it is said again so soon. */
export const UNHEARD_REST_MS = 5_000;

export interface Posted {
  readonly envelope: Uint8Array;
  readonly sequence: bigint;
  readonly recipients: number;
}

export interface Postbox {
  /** Signs and publishes. The sequence number is durable before anybody sees it, so a restart never says two things under one number. */
  post(kind: MessageKind, payload: Uint8Array, lifetimeMs: number): Promise<Posted>;
}

export function createPostbox(
  deps: {
    readonly signer: Signer;
    readonly gossip: Gossip;
    readonly sequences: SequenceStore;
    readonly clock: Clock;
    readonly metrics: Metrics;
    readonly finalizedBlock: () => number;
  },
  options: { readonly network: NetworkId },
): Postbox {
  return {
    async post(kind, payload, lifetimeMs) {
      const nowMs = deps.clock.nowMs();
      const sequence = await deps.sequences.next(deps.signer.hotkey, KINDS[kind].code, BigInt(nowMs));
      const body = encodeBody({
        ...options.network,
        kind,
        hotkey: deps.signer.hotkey,
        sequence,
        issuedAtMs: nowMs,
        expiresAtMs: nowMs + Math.min(lifetimeMs, KINDS[kind].lifetimeMsMax),
        referenceBlock: deps.finalizedBlock(),
        payload,
      });
      const signature = await deps.signer.sign(bytesToSign(body, topicOf(options.network, kind)));
      const envelope = assemble(body, signature);
      const { recipients } = await deps.gossip.publish(kind, envelope);
      if (recipients > 0) deps.metrics.count('voxd_gossip_published_total', { kind });
      return { envelope, sequence, recipients };
    },
  };
}
