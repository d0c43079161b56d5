/** The gossip port over gossipsub: one bounded queue per kind, drained in slices, a few messages of a kind at once. */
import { type Message, TopicValidatorResult } from '@libp2p/interface';
import { countsAgainstForwarder, IGNORED_PER_PEER } from '../blame.js';
import { sha256 } from '../digest.js';
import { protocolFailures } from '../failures.js';
import { KINDS, MESSAGE_KINDS, type MessageKind } from '../kinds.js';
import { createMessageQueues } from '../message-queues.js';
import { parsePeerId } from '../peer-id.js';
import type { Clock, Gossip, GossipHandler, Logger } from '../ports.js';
import { createRateLimiter } from '../rate.js';
import { type NetworkId, topicOf } from '../topics.js';
import type { Verdict } from '../verdict.js';
import type { ContainedGossipSub } from './contained-gossipsub.js';
import type { NetworkMetrics } from './metrics.js';

const MESSAGE_ID_SIZE_BYTES = 20;
const MESSAGE_ID_TAG = 'voxd/mid/1';
/** Messages of one kind that are being judged at once: while one waits for its signature, the next ones are looked at. */
export const MESSAGES_AT_ONCE_MAX = 32;
/** Longest stretch of the main loop that is given to judging. */
export const SLICE_MS_MAX = 8;
/** Peers whose ignored messages are counted. */
const PEERS_BLAMED_MAX = 512;

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
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly logger: Logger;
  readonly metrics: NetworkMetrics;
}

export function createGossip({ router, clock, logger, metrics }: GossipDeps, network: NetworkId): GossipPort {
  const handlers = new Map<MessageKind, GossipHandler>();
  const queues = createMessageQueues<Waiting>();
  const kindOfTopic = new Map<string, MessageKind>(MESSAGE_KINDS.map((kind) => [topicOf(network, kind), kind]));
  const byPriority = [...MESSAGE_KINDS].sort((a, b) => KINDS[a].queuePriority - KINDS[b].queuePriority);
  const underWay = new Map<MessageKind, Set<Promise<void>>>(MESSAGE_KINDS.map((kind) => [kind, new Set()]));
  const ignored = createRateLimiter(IGNORED_PER_PEER, PEERS_BLAMED_MAX);
  const decided: { readonly kind: MessageKind; readonly item: Waiting; readonly verdict: Verdict<unknown> }[] = [];
  let sliceEndsMs = 0;
  let scheduled = false;
  let running = false;

  function report(kind: MessageKind, item: Waiting, action: Verdict<unknown>['action'], reason: string): void {
    metrics.verdict?.(kind, action, reason);
    if (!running) return;
    if (action === 'ignore' && countsAgainstForwarder(reason) && !ignored.take(item.source, clock.nowMs())) router().blame(item.source);
    // The source is text here: with a PeerId object every message would be sent back to its sender.
    router().reportMessageValidationResult(item.id, item.source, RESULTS[action]);
  }

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      sliceEndsMs = performance.now() + SLICE_MS_MAX;
      drain();
    });
  }

  /** Begins with messages until the slice is over; then sockets get their turn. */
  function drain(): void {
    for (let kind = nextKind(); kind !== null; kind = nextKind()) {
      const item = queues.take(kind);
      if (item !== undefined) begin(kind, item);
      if (performance.now() < sliceEndsMs) continue;
      schedule();
      return;
    }
  }

  function nextKind(): MessageKind | null {
    return byPriority.find((kind) => queues.waiting(kind) > 0 && (underWay.get(kind)?.size ?? 0) < MESSAGES_AT_ONCE_MAX) ?? null;
  }

  function begin(kind: MessageKind, item: Waiting): void {
    // Whoever was shut out while this waited costs nothing more.
    if (running && router().isShutOut(item.source)) {
      report(kind, item, 'ignore', 'shut_out');
      return;
    }
    const judging: Promise<void> = judge(kind, item).then((verdict) => {
      underWay.get(kind)?.delete(judging);
      decided.push({ kind, item, verdict });
      if (decided.length === 1) setImmediate(tell);
      if (performance.now() < sliceEndsMs) drain();
      else if (nextKind() !== null) schedule();
    });
    underWay.get(kind)?.add(judging);
  }

  /** After what lies in the sockets has been read: whoever has sent us a message meanwhile is not sent it. */
  function tell(): void {
    for (const { kind, item, verdict } of decided.splice(0)) {
      report(kind, item, verdict.action, verdict.action === 'accept' ? '' : verdict.reason);
    }
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
    if (kind === undefined) return;
    const item = { data: msg.data, id: msgId, source: propagationSource.toString() };
    for (const dropped of queues.push(kind, item, item.data.length)) report(kind, dropped, 'ignore', 'queue_full');
    schedule();
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
      queues.clear();
      await Promise.all([...underWay.values()].flatMap((judging) => [...judging]));
    },
  };
}

const RESULTS = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
} as const;
