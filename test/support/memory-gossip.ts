import { sha256Hex } from '../../protocol/digest.js';
import { protocolFailures } from '../../protocol/failures.js';
import { KINDS, type MessageKind } from '../../protocol/kinds.js';
import type { PeerId } from '../../protocol/peer-id.js';
import type { Gossip, GossipHandler } from '../../protocol/ports.js';

export interface MemoryBus {
  join(name: string): Gossip;
  /** Hears and says nothing from now on. */
  cut(name: string): void;
}

interface Member {
  readonly handlers: Map<MessageKind, GossipHandler>;
  /** Messages it knows: its own and those that came. */
  readonly seen: Set<string>;
  /** The last message of each kind, which the next one waits for. */
  readonly turns: Map<MessageKind, Promise<void>>;
}

/**
 * Gossip among nodes of one process, with the promises of the real one (test/contracts/gossip.ts). `publish` resolves when everybody has
 * judged, so a handler must not wait for a publication of its own.
 *
 * `neighbours`: who is next to whom; default: everybody. A message travels on only from members that accept it.
 */
export function createMemoryBus(neighbours: (a: string, b: string) => boolean = () => true): MemoryBus {
  const members = new Map<string, Member>();
  const away = new Set<string>();

  const next = (name: string) => [...members.keys()].filter((other) => other !== name && !away.has(other) && neighbours(name, other));

  async function judge({ handlers }: Member, kind: MessageKind, envelope: Uint8Array, from: string): Promise<boolean> {
    try {
      // Safety: names of this bus stand in for peer ids. Each handler gets bytes of its own, as from a socket.
      const verdict = await handlers.get(kind)?.(envelope.slice(), from as PeerId);
      return verdict?.action === 'accept';
    } catch {
      return false;
    }
  }

  async function spread(kind: MessageKind, envelope: Uint8Array, id: string, from: string, to: readonly string[]): Promise<void> {
    for (const name of to) {
      const member = members.get(name);
      if (member === undefined || member.seen.has(id)) continue;
      member.seen.add(id);
      const turn = (member.turns.get(kind) ?? Promise.resolve()).then(async () => {
        if (await judge(member, kind, envelope, from)) await spread(kind, envelope, id, name, next(name));
      });
      member.turns.set(kind, turn);
      await turn;
    }
  }

  return {
    cut: (name) => away.add(name),
    join(name) {
      const member: Member = { handlers: new Map(), seen: new Set(), turns: new Map() };
      members.set(name, member);
      return {
        async publish(kind, envelope) {
          if (envelope.length > KINDS[kind].sizeBytesMax) throw protocolFailures('message.too_large', { kind, sizeBytes: envelope.length });
          const id = sha256Hex(kind, envelope);
          const recipients = away.has(name) || member.seen.has(id) ? [] : next(name);
          if (recipients.length > 0) member.seen.add(id);
          await spread(kind, envelope.slice(), id, name, recipients);
          return { recipients: recipients.length };
        },
        onMessage(kind, handler) {
          member.handlers.set(kind, handler);
          return () => {
            if (member.handlers.get(kind) === handler) member.handlers.delete(kind);
          };
        },
      };
    },
  };
}
