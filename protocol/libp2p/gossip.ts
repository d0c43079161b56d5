/** The gossip port over gossipsub: one bounded first-in-first-out queue per kind, one message of a kind at a time. */
import { type Message, TopicValidatorResult } from '@libp2p/interface';
import { sha256 } from '../digest.js';
import { protocolFailures } from '../failures.js';
import { KINDS, MESSAGE_KINDS, type MessageKind } from '../kinds.js';
import { parsePeerId } from '../peer-id.js';
import type { Gossip, GossipHandler, Logger } from '../ports.js';
import { type NetworkId, topicOf } from '../topics.js';
import type { Verdict } from '../verdict.js';
import type { ContainedGossipSub } from './contained-gossipsub.js';
import type { NetworkMetrics } from './metrics.js';

const MESSAGE_ID_SIZE_BYTES = 20;
const MESSAGE_ID_TAG = 'voxd/mid/1';
/** Bytes waiting in all queues together; what comes on top is ignored. */
export const QUEUE_BYTES_MAX = 16 * 1024 * 1024;

/** First 20 bytes of sha-256(tag ‖ u16be length of topic ‖ topic ‖ data): it covers every byte, so nobody can block a message by a twin. */
export function messageId(topic: string, data: Uint8Array): Uint8Array {
  const name = Buffer.from(topic, 'utf8');
  const length = Uint8Array.of(name.length >> 8, name.length & 0xff);
  return sha256(MESSAGE_ID_TAG, length, name, data).subarray(0, MESSAGE_ID_SIZE_BYTES);
}

export function messageIdText(id: Uint8Array): string {
  return Buffer.from(id.buffer, id.byteOffset, id.length).toString('base64');
}

interface Waiting {
  readonly data: Uint8Array;
  readonly id: string;
  readonly source: string;
}

export interface GossipPort extends Gossip {
  start(): void;
  stop(): Promise<void>;
}

export interface GossipDeps {
  readonly router: () => ContainedGossipSub;
  readonly logger: Logger;
  readonly metrics: NetworkMetrics;
}

export function createGossip({ router, logger, metrics }: GossipDeps, network: NetworkId): GossipPort {
  const handlers = new Map<MessageKind, GossipHandler>();
  const queues = new Map<MessageKind, Waiting[]>(MESSAGE_KINDS.map((kind) => [kind, []]));
  const kindOfTopic = new Map<string, MessageKind>(MESSAGE_KINDS.map((kind) => [topicOf(network, kind), kind]));
  const draining = new Map<MessageKind, Promise<void>>();
  let waitingBytes = 0;
  let running = false;

  const report = (kind: MessageKind, item: Waiting, action: Verdict<unknown>['action'], reason: string) => {
    metrics.verdict?.(kind, action, reason);
    // The source is text here: with a PeerId object every message would be sent back to its sender.
    if (running) router().reportMessageValidationResult(item.id, item.source, RESULTS[action]);
  };

  async function drain(kind: MessageKind, queue: Waiting[]): Promise<void> {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      waitingBytes -= item.data.length;
      const verdict = await judge(kind, item);
      report(kind, item, verdict.action, verdict.action === 'accept' ? '' : verdict.reason);
      // Sockets get their turn between two messages.
      await new Promise(setImmediate);
    }
    draining.delete(kind);
  }

  async function judge(kind: MessageKind, item: Waiting): Promise<Verdict<unknown>> {
    const handler = handlers.get(kind);
    const from = parsePeerId(item.source);
    if (handler === undefined || !from.ok) return { action: 'ignore', reason: 'no_handler' };
    try {
      return await handler(item.data, from.value);
    } catch (error) {
      logger.warn({ err: error, kind }, 'a message could not be judged');
      return { action: 'ignore', reason: 'own_trouble' };
    }
  }

  function onMessage(event: CustomEvent<{ propagationSource: { toString(): string }; msgId: string; msg: Message }>): void {
    const { msg, msgId, propagationSource } = event.detail;
    const kind = kindOfTopic.get(msg.topic);
    const queue = kind === undefined ? undefined : queues.get(kind);
    if (kind === undefined || queue === undefined) return;
    const item = { data: msg.data, id: msgId, source: propagationSource.toString() };
    if (queue.length >= KINDS[kind].queueMax || waitingBytes + item.data.length > QUEUE_BYTES_MAX) {
      report(kind, item, 'ignore', 'queue_full');
      return;
    }
    queue.push(item);
    waitingBytes += item.data.length;
    if (!draining.has(kind)) draining.set(kind, drain(kind, queue));
  }

  return {
    async publish(kind, envelope) {
      if (!running) throw protocolFailures('p2p.not_started');
      if (envelope.length > KINDS[kind].sizeBytesMax) throw protocolFailures('message.too_large', { kind, sizeBytes: envelope.length });
      try {
        const { recipients } = await router().publish(topicOf(network, kind), envelope, { ignoreDuplicatePublishError: true });
        return { recipients: recipients.length };
      } catch (cause) {
        // Not remembered as published, so the same bytes can be tried again.
        if (cause instanceof Error && cause.message.includes('NoPeersSubscribedToTopic')) return { recipients: 0 };
        throw protocolFailures('p2p.publish_failed', { kind }, cause);
      }
    },
    onMessage(kind, handler) {
      handlers.set(kind, handler);
      return () => {
        if (handlers.get(kind) === handler) handlers.delete(kind);
      };
    },
    start() {
      running = true;
      const gossipsub = router();
      gossipsub.addEventListener('gossipsub:message', onMessage);
      for (const [topic, kind] of kindOfTopic) {
        gossipsub.topicValidators.set(topic, (_peer, message) => {
          if (message.data.length <= KINDS[kind].sizeBytesMax) return TopicValidatorResult.Accept;
          metrics.verdict?.(kind, 'reject', 'message.too_large');
          return TopicValidatorResult.Reject;
        });
        gossipsub.subscribe(topic);
      }
    },
    async stop() {
      if (!running) return;
      running = false;
      router().removeEventListener('gossipsub:message', onMessage);
      for (const queue of queues.values()) queue.length = 0;
      waitingBytes = 0;
      await Promise.all(draining.values());
    },
  };
}

const RESULTS = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
} as const;
