import { createHash } from 'node:crypto';
import { KINDS, type MessageKind } from '../../protocol/kinds.js';
import type { PeerId } from '../../protocol/peer-id.js';
import type { Gossip, GossipHandler } from '../../protocol/ports.js';
import type { Chance } from './chance.js';
import type { Timeline } from './timeline.js';

/** As gossipsub has them by default here: wanted, fewest and most neighbours in a mesh, and whom a heartbeat tells what there is. */
const MESH = { wanted: 6, fewest: 4, most: 10, told: 6 };
const HEARTBEAT_MS = 1_000;
/** A message is offered for so long, and can be asked for twice as long. */
const OFFERED_MS = 3 * HEARTBEAT_MS;
const KEPT_MS = 6 * HEARTBEAT_MS;
const SEEN_MS = 300_000;
/** Partitions remembered. */
const SIDES_KEPT_MAX = 16;
/** Rejections within SEEN_MS after which a neighbour is left for good, as five invalid messages do in docs/wire.md. */
const REJECTIONS_MAX = 5;

export interface Weather {
  /** One way, without jitter. */
  readonly latencyMs: number;
  readonly jitterMs: number;
  /** Of a hundred frames. */
  readonly lossPercent: number;
}

/**
 * Gossip as docs/wire.md describes it, among members of one process: a mesh per member that mends itself, eager pushes along it, offers to a few
 * others at each heartbeat, each message judged once. Frames take their time, get lost, and do not cross partitions.
 */
export interface SimulatedNetwork {
  join(name: string): Gossip;
  /** The process ends: its mesh, what it has seen and its handlers are gone. */
  leave(name: string): void;
  /** Names of members on the other side; nobody is on two sides. Empty: one network. */
  partition(otherSide: ReadonlySet<string>): void;
  /** It takes messages and passes none on. */
  withhold(name: string, withholds: boolean): void;
  /** Bytes as they are, to every neighbour. */
  inject(name: string, kind: MessageKind, envelope: Uint8Array): void;
  reaches(from: string, to: string): boolean;
  /** On different sides. */
  parted(a: string, b: string): boolean;
  /** On different sides at some time since then. */
  wereParted(a: string, b: string, sinceMs: number): boolean;
  /** A partition began or ended then: meshes mend with their next heartbeats. */
  sidesChanged(fromMs: number, untilMs: number): boolean;
  weather(): Weather;
  setWeather(weather: Weather): void;
  onNeighbour(listener: (name: string) => void): void;
  neighbours(name: string): readonly string[];
  figures(): {
    readonly frames: number;
    readonly judged: number;
    readonly lost: number;
    readonly seenMax: number;
    readonly keptMax: number;
  };
}

interface Frame {
  readonly kind: MessageKind;
  readonly envelope: Uint8Array;
  readonly id: string;
}

interface Member {
  readonly name: string;
  readonly handlers: Map<MessageKind, GossipHandler>;
  readonly mesh: Set<string>;
  readonly seen: Map<string, number>;
  readonly kept: Map<string, { readonly frame: Frame; readonly sinceMs: number }>;
  readonly rejections: Map<string, number>;
  withholds: boolean;
}

export function createSimulatedNetwork({ timeline, chance }: { timeline: Timeline; chance: Chance }): SimulatedNetwork {
  const members = new Map<string, Member>();
  const listeners: ((name: string) => void)[] = [];
  const withholding = new Set<string>();
  const figures = { frames: 0, judged: 0, lost: 0, seenMax: 0, keptMax: 0 };
  let otherSide: ReadonlySet<string> = new Set();
  /** What was before each change, oldest first. */
  const formerSides: { readonly otherSide: ReadonlySet<string>; readonly untilMs: number }[] = [];
  let weather: Weather = { latencyMs: 20, jitterMs: 30, lossPercent: 0 };

  const now = () => timeline.clock.nowMs();
  const parted = (a: string, b: string) => otherSide.has(a) !== otherSide.has(b);
  const reaches = (from: string, to: string) => members.has(from) && members.has(to) && !parted(from, to);
  const trusts = (member: Member, name: string) => (member.rejections.get(name) ?? 0) < REJECTIONS_MAX;

  function send(from: string, to: string, arrive: (member: Member) => void | Promise<void>): void {
    figures.frames += 1;
    const target = members.get(to);
    if (target === undefined || !reaches(from, to)) return;
    if (chance.happens(weather.lossPercent / 100)) {
      figures.lost += 1;
      return;
    }
    timeline.after(weather.latencyMs + chance.below(weather.jitterMs + 1), async () => {
      if (members.get(to) === target && reaches(from, to)) await arrive(target);
    });
  }

  async function take(member: Member, frame: Frame, from: string): Promise<void> {
    if (member.seen.has(frame.id) || !trusts(member, from)) return;
    member.seen.set(frame.id, now());
    figures.judged += 1;
    // Safety: names of members stand in for peer ids. Each gets bytes of its own, as from a socket.
    const verdict = await member.handlers.get(frame.kind)?.(frame.envelope.slice(), from as PeerId);
    if (verdict?.action === 'reject') member.rejections.set(from, (member.rejections.get(from) ?? 0) + 1);
    if (!trusts(member, from)) member.mesh.delete(from);
    if (verdict?.action === 'accept' && !member.withholds) spread(member, frame, from);
  }

  function spread(member: Member, frame: Frame, from: string): void {
    member.kept.set(frame.id, { frame, sinceMs: now() });
    for (const to of member.mesh) if (to !== from) send(member.name, to, (target) => take(target, frame, member.name));
  }

  function heartbeat(member: Member): void {
    if (members.get(member.name) !== member) return;
    mend(member);
    offer(member);
    for (const [id, { sinceMs }] of member.kept) if (now() - sinceMs > KEPT_MS) member.kept.delete(id);
    for (const [id, atMs] of member.seen) {
      if (now() - atMs <= SEEN_MS) break;
      member.seen.delete(id);
    }
    figures.seenMax = Math.max(figures.seenMax, member.seen.size);
    figures.keptMax = Math.max(figures.keptMax, member.kept.size);
    timeline.after(HEARTBEAT_MS, () => heartbeat(member));
  }

  function mend(member: Member): void {
    for (const name of member.mesh) if (!reaches(member.name, name) || !trusts(member, name)) unlink(member.name, name);
    if (member.mesh.size >= MESH.fewest) return;
    const open = [...members.values()].filter(
      (other) =>
        other !== member &&
        reaches(member.name, other.name) &&
        !member.mesh.has(other.name) &&
        other.mesh.size < MESH.most &&
        trusts(member, other.name) &&
        trusts(other, member.name),
    );
    for (const other of chance.some(open, MESH.wanted - member.mesh.size)) {
      member.mesh.add(other.name);
      other.mesh.add(member.name);
      for (const name of [member.name, other.name]) for (const listener of listeners) listener(name);
    }
  }

  function unlink(a: string, b: string): void {
    members.get(a)?.mesh.delete(b);
    members.get(b)?.mesh.delete(a);
  }

  function offer(member: Member): void {
    const fresh = [...member.kept.values()].filter(({ sinceMs }) => now() - sinceMs <= OFFERED_MS);
    if (fresh.length === 0) return;
    const others = [...members.keys()].filter((name) => name !== member.name && !member.mesh.has(name) && reaches(member.name, name));
    for (const to of chance.some(others, MESH.told))
      send(member.name, to, (target) => {
        for (const { frame } of fresh) {
          if (target.seen.has(frame.id)) continue;
          send(target.name, member.name, () => {
            if (member.kept.has(frame.id)) send(member.name, target.name, (asker) => take(asker, frame, member.name));
          });
        }
      });
  }

  return {
    join(name) {
      const member: Member = {
        name,
        handlers: new Map(),
        mesh: new Set(),
        seen: new Map(),
        kept: new Map(),
        rejections: new Map(),
        withholds: withholding.has(name),
      };
      members.set(name, member);
      timeline.after(chance.below(HEARTBEAT_MS), () => heartbeat(member));
      return {
        async publish(kind, envelope) {
          if (envelope.length > KINDS[kind].sizeBytesMax) throw new RangeError(`${kind}: ${envelope.length} bytes`);
          const frame = { kind, envelope: envelope.slice(), id: idOf(kind, envelope) };
          if (members.get(name) !== member || member.seen.has(frame.id)) return { recipients: 0 };
          member.seen.set(frame.id, now());
          spread(member, frame, '');
          return { recipients: member.mesh.size };
        },
        onMessage(kind, handler) {
          member.handlers.set(kind, handler);
          return () => member.handlers.delete(kind);
        },
      };
    },
    leave(name) {
      for (const other of members.values()) other.mesh.delete(name);
      members.delete(name);
    },
    partition: (other) => {
      formerSides.push({ otherSide, untilMs: now() });
      if (formerSides.length > SIDES_KEPT_MAX) formerSides.shift();
      otherSide = other;
    },
    withhold(name, withholds) {
      if (withholds) withholding.add(name);
      else withholding.delete(name);
      const member = members.get(name);
      if (member !== undefined) member.withholds = withholds;
    },
    inject(name, kind, envelope) {
      const frame = { kind, envelope: envelope.slice(), id: idOf(kind, envelope) };
      for (const to of members.get(name)?.mesh ?? []) send(name, to, (target) => take(target, frame, name));
    },
    reaches,
    parted,
    wereParted: (a, b, sinceMs) =>
      parted(a, b) || formerSides.some((former) => former.untilMs >= sinceMs && former.otherSide.has(a) !== former.otherSide.has(b)),
    sidesChanged: (fromMs, untilMs) => formerSides.some((former) => former.untilMs >= fromMs && former.untilMs <= untilMs),
    weather: () => weather,
    setWeather: (next) => {
      weather = next;
    },
    onNeighbour: (listener) => {
      listeners.push(listener);
    },
    neighbours: (name) => [...(members.get(name)?.mesh ?? [])],
    figures: () => ({ ...figures }),
  };
}

function idOf(kind: MessageKind, envelope: Uint8Array): string {
  return createHash('sha256').update(kind).update(envelope).digest('base64');
}
