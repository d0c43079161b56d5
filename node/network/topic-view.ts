import { KINDS, MESSAGE_KINDS, type MessageKind } from '../../protocol/kinds.js';
import { type NetworkId, topicOf } from '../../protocol/topics.js';

/** One topic as this node sees it. */
export interface TopicView {
  readonly kind: MessageKind;
  readonly topic: string;
  /** Peers that what is published is handed to at once. */
  readonly neighbours: number;
  readonly publishers: 'registered' | 'validator';
  readonly sizeBytesMax: number;
  /** One message per hotkey and this time in the long run. */
  readonly intervalMs: number;
}

export function topicViews(network: NetworkId, neighbours: (kind: MessageKind) => number): readonly TopicView[] {
  return MESSAGE_KINDS.map((kind) => ({
    kind,
    topic: topicOf(network, kind),
    neighbours: neighbours(kind),
    publishers: KINDS[kind].role,
    sizeBytesMax: KINDS[kind].sizeBytesMax,
    intervalMs: KINDS[kind].intervalMs,
  }));
}
