/** Puts together what a node knows of others, and the streams by which it learns more: peer exchange, probe, goodbye. */
import type { Connection, Stream } from '@libp2p/interface';
import { openBinding, type PeerBinding } from '../binding.js';
import type { Hotkey } from '../names.js';
import type { PeerId } from '../peer-id.js';
import type { Clock, Discovery, Knock, Logger, PeerStore, Verifier } from '../ports.js';
import { endpointOf, type ProbePhase } from '../probe.js';
import { createRecordBook, type NodeRecord } from '../records.js';
import type { NetworkId } from '../topics.js';
import { isPrivateIp } from './addresses.js';
import { type Candidate, candidatesOf } from './candidates.js';
import { MEMBERS_FEW } from './dialer.js';
import { createGoodbye, GOODBYE_REST_MS } from './goodbye.js';
import { createKnownPeers } from './known-peers.js';
import { withoutNames } from './names.js';
import type { PeerBook } from './peer-book.js';
import { createPeerExchange } from './peer-exchange.js';
import { createProbe } from './probe.js';
import { reach } from './reach.js';

const TURN_MS = 5_000;
/** One peer is asked for further peers this often while few are connected… */
export const ASK_AGAIN_MS = 60_000;
/** …and somebody this often in any case: the network changes. */
export const ASK_ANYHOW_MS = 10 * 60_000;
const PROBED_ADDRESSES_MAX = 2;
const EXCHANGE_STREAMS_IN_MAX = 2;

export interface DiscoveryDeps {
  readonly book: PeerBook;
  readonly verifier: Verifier;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  readonly store: PeerStore | null;
  readonly ownRecord: () => Promise<Uint8Array>;
  /** Open ones, one per peer. */
  readonly connections: () => readonly Connection[];
  readonly dialAnew: (address: string, signal: AbortSignal) => Promise<Connection>;
  readonly greet: (connection: Connection) => Promise<void>;
  readonly ownAddresses: () => readonly string[];
  /** Lied within the last hour. */
  readonly isLiar: (peer: string) => boolean;
  readonly onLie: (peer: string) => void;
  /** Found on the local network. */
  readonly localPeers: () => readonly string[];
  readonly dialer: { wake(): void; rest(hotkey: Hotkey, ms: number): void };
}

export interface DiscoveryOptions {
  readonly network: NetworkId;
  readonly ownHotkey: Hotkey;
  readonly bootstrap: readonly string[];
  readonly privateNetwork: boolean;
}

export interface DiscoveryPart extends Discovery {
  readonly streams: readonly {
    readonly protocol: string;
    readonly onStream: (data: { readonly stream: Stream; readonly connection: Connection }) => void;
    readonly maxInboundStreams: number;
  }[];
  candidates(few: boolean): readonly Candidate[];
  /** A connected peer has shown this. */
  onBinding(binding: PeerBinding, bytes: Uint8Array): void;
  onBound(): void;
  setMembers(members: ReadonlyMap<Hotkey, unknown>): void;
  /** Until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

export function createDiscovery(deps: DiscoveryDeps, options: DiscoveryOptions): DiscoveryPart {
  const { book, clock, logger, dialer } = deps;
  const { network, privateNetwork } = options;
  const records = createRecordBook();
  const known = createKnownPeers(deps);
  const askedAtMs = new Map<string, number>();
  let lastAskedAtMs = Number.NEGATIVE_INFINITY;
  let members: ReadonlySet<Hotkey> | null = null;
  let wake: () => void = () => {};

  const exchange = createPeerExchange({ ...deps, records, onRecord: () => dialer.wake() }, { network });
  const goodbye = createGoodbye({ logger, onGoodbye: left }, { network });
  const probe = createProbe(deps, { network, privateNetwork });

  function left(peer: string): void {
    const hotkey = book.bound(peer)?.hotkey;
    if (hotkey === undefined) return;
    records.forget(hotkey);
    dialer.rest(hotkey, GOODBYE_REST_MS);
    logger.info({ peer, hotkey }, 'a peer leaves');
  }

  function keep(record: NodeRecord): boolean {
    if (record.binding.hotkey === options.ownHotkey) return false;
    const news = records.put(record, clock.nowMs());
    if (news) dialer.wake();
    return news;
  }

  function meet(connection: Connection): void {
    const peer = book.bound(connection.remotePeer.toString());
    if (peer === null) return;
    const record = records.of(peer.hotkey, clock.nowMs());
    // The port an inbound connection comes from is nobody's door.
    const dialled = connection.direction === 'outbound' ? [connection.remoteAddr.toString().replace(/\/p2p\/.*$/, '')] : [];
    // Safety: bound peers have Ed25519 keys, and the text of those is a PeerId.
    known.met(peer.hotkey, connection.remotePeer.toString() as PeerId, [...dialled, ...(record?.binding.addresses ?? [])]);
  }

  /** Whom to ask for further peers now; null: nobody. */
  function toAsk(): Connection | null {
    const nowMs = clock.nowMs();
    const proved = deps.connections().filter(({ remotePeer }) => book.isMember(remotePeer.toString()));
    for (const [peer, atMs] of askedAtMs) if (nowMs - atMs > ASK_ANYHOW_MS) askedAtMs.delete(peer);
    if (proved.length >= MEMBERS_FEW && nowMs - lastAskedAtMs < ASK_ANYHOW_MS) return null;
    const due = proved.filter(
      ({ remotePeer }) =>
        !deps.isLiar(remotePeer.toString()) && nowMs - (askedAtMs.get(remotePeer.toString()) ?? Number.NEGATIVE_INFINITY) > ASK_AGAIN_MS,
    );
    return due[Math.floor(deps.random() * due.length)] ?? null;
  }

  async function turn(): Promise<void> {
    for (const connection of deps.connections()) meet(connection);
    await known.save();
    const connection = toAsk();
    if (connection === null) return;
    const peer = connection.remotePeer.toString();
    lastAskedAtMs = clock.nowMs();
    askedAtMs.set(peer, lastAskedAtMs);
    try {
      const news = await exchange.ask(connection);
      logger.debug({ peer, news }, 'asked a peer for further peers');
    } catch (error) {
      logger.debug({ err: error, peer }, 'a peer named no further peers');
    }
  }

  return {
    streams: [exchange, goodbye, probe].map(({ protocol, onStream }) => ({
      protocol,
      onStream,
      maxInboundStreams: EXCHANGE_STREAMS_IN_MAX,
    })),
    candidates: (few) =>
      candidatesOf({
        directory: book.directory(),
        records: records.list(clock.nowMs()),
        known: few ? known.list() : [],
        loose: few ? [...options.bootstrap, ...deps.localPeers()] : [],
        members,
      }),
    onBinding(binding, bytes) {
      keep({ binding, bytes: Uint8Array.from(bytes) });
    },
    onBound: () => wake(),
    setMembers(all) {
      members = new Set(all.keys());
      records.allow(members);
    },
    ownRecord: deps.ownRecord,
    learn(bytes) {
      const opened = openBinding(bytes);
      return opened.ok && keep({ binding: opened.value.binding, bytes: Uint8Array.from(bytes) });
    },
    recordCount: () => records.list(clock.nowMs()).length,
    async reachedBy(peersMax) {
      const proved = deps.connections().filter(({ remotePeer }) => book.isMember(remotePeer.toString()));
      const asked = proved
        .map((connection) => ({ connection, order: deps.random() }))
        .sort((a, b) => a.order - b.order)
        .slice(0, peersMax);
      const addresses = deps.ownAddresses().slice(0, PROBED_ADDRESSES_MAX);
      return Promise.all(asked.flatMap(({ connection }) => addresses.map((address) => probe.ask(connection, address))));
    },
    async knock(address) {
      const failed = (failedAt: ProbePhase, problem: string): Knock => ({ address, failedAt, problem, peerId: null, hotkey: null });
      let bare: string | undefined;
      try {
        [bare] = await withoutNames(address);
      } catch {
        return failed('dns', 'no such name');
      }
      const place = bare === undefined ? null : endpointOf(bare);
      if (bare === undefined || place === null) return failed('dns', 'not an address such as /ip4/203.0.113.7/tcp/4010');
      if (!privateNetwork && isPrivateIp(place.ip)) return failed('tcp', 'addresses inside private networks are not dialled from here');
      const { failedAt, problem, peer } = await reach({ ...place, address: bare }, { dial: deps.dialAnew, greet: deps.greet });
      // Safety: a peer that greeted has an Ed25519 key.
      return {
        address,
        failedAt,
        problem,
        peerId: peer as PeerId | null,
        hotkey: peer === null ? null : (book.bound(peer)?.hotkey ?? null),
      };
    },
    async leave() {
      await Promise.all(deps.connections().map((connection) => goodbye.say(connection)));
    },
    async run(signal) {
      await known.load();
      dialer.wake();
      while (!signal.aborted) {
        const early = new AbortController();
        wake = () => early.abort();
        await turn();
        await clock.sleep(TURN_MS, AbortSignal.any([signal, early.signal])).catch(() => undefined);
      }
      for (const connection of deps.connections()) meet(connection);
      await known.save('now');
    },
  };
}
