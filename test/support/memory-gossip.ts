import type { MessageKind } from '../../protocol/kinds.js';
import type { PeerId } from '../../protocol/peer-id.js';
import type { Gossip, GossipHandler } from '../../protocol/ports.js';

/** Gossip among nodes of one process: everything that is published reaches every other node, in order, before `publish` resolves. */
export function createMemoryBus(): { join(name: string): Gossip; cut(name: string): void } {
  const members = new Map<string, Map<MessageKind, GossipHandler>>();
  const away = new Set<string>();
  return {
    cut: (name) => away.add(name),
    join(name) {
      const handlers = new Map<MessageKind, GossipHandler>();
      members.set(name, handlers);
      return {
        async publish(kind, envelope) {
          if (away.has(name)) return { recipients: 0 };
          let recipients = 0;
          for (const [other, theirs] of members) {
            if (other === name || away.has(other)) continue;
            recipients++;
            // Safety: names of this bus stand in for peer ids.
            await theirs.get(kind)?.(envelope, name as PeerId);
          }
          return { recipients };
        },
        onMessage(kind, handler) {
          handlers.set(kind, handler);
          return () => handlers.delete(kind);
        },
      };
    },
  };
}
