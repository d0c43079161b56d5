/** Nodes of our network on the local one, by multicast DNS. What is found is a hint: the handshake proves the peer id, the greeting the hotkey. */
import type { ComponentLogger, PeerInfo, Logger as UpstreamLogger } from '@libp2p/interface';
import { mdns } from '@libp2p/mdns';
import type { Multiaddr } from '@multiformats/multiaddr';
import type { Clock, Logger } from '../ports.js';
import { endpointOf } from '../probe.js';
import { type NetworkId, topicOf } from '../topics.js';

/** Peers kept; anybody in the local network can make up more, and the one heard of longest ago is forgotten. */
export const LOCAL_PEERS_MAX = 64;
export const LOCAL_ADDRESSES_MAX = 4;
/** Two minutes are what an answer says it is good for. */
export const LOCAL_PEER_AGE_MS_MAX = 120_000;

/** What asks the local network, every 10 s, and answers. */
export interface LocalSearch {
  addEventListener(type: 'peer', listener: (event: CustomEvent<PeerInfo>) => void): void;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface LocalSearchContext {
  /** Only nodes that look for the same are found. */
  readonly serviceTag: string;
  /** With /p2p/. */
  readonly ownAddresses: () => Multiaddr[];
  readonly logger: Logger;
}

export interface LocalPeers {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Multiaddrs with /p2p/, of peers heard of lately. */
  list(): readonly string[];
}

export function createLocalPeers(
  deps: {
    readonly clock: Pick<Clock, 'nowMs'>;
    readonly logger: Logger;
    readonly ownAddresses: () => Multiaddr[];
    /** Somebody was found who was not known. */
    readonly onNews: () => void;
    readonly isConnected: (peer: string) => boolean;
    readonly search: (context: LocalSearchContext) => LocalSearch;
  },
  options: { readonly network: NetworkId; readonly ownPeerId: string },
): LocalPeers {
  const { clock, logger } = deps;
  const found = new Map<string, { readonly addresses: readonly string[]; readonly heardAtMs: number }>();
  const search = deps.search({ serviceTag: serviceTagOf(options.network), ownAddresses: deps.ownAddresses, logger });

  function onPeer({ detail: { id, multiaddrs } }: CustomEvent<PeerInfo>): void {
    const peer = id.toString();
    const addresses = multiaddrs
      .map(String)
      .filter((address) => endpointOf(address) !== null)
      .slice(0, LOCAL_ADDRESSES_MAX)
      .map((address) => `${address}/p2p/${peer}`);
    if (peer === options.ownPeerId || addresses.length === 0) return;
    const isNews = !found.delete(peer);
    found.set(peer, { addresses, heardAtMs: clock.nowMs() });
    const [oldest] = found.keys();
    if (found.size > LOCAL_PEERS_MAX && oldest !== undefined) found.delete(oldest);
    if (isNews) deps.onNews();
  }

  return {
    async start() {
      search.addEventListener('peer', onPeer);
      await search.start().catch((error: unknown) => logger.warn({ err: error }, 'the local network cannot be searched'));
    },
    stop: () => search.stop(),
    list() {
      const nowMs = clock.nowMs();
      for (const [peer, { heardAtMs }] of found) if (nowMs - heardAtMs > LOCAL_PEER_AGE_MS_MAX) found.delete(peer);
      return [...found].flatMap(([peer, { addresses }]) => (deps.isConnected(peer) ? [] : addresses));
    },
  };
}

/** Shape: network → "_voxd-<gen8>-<netuid>._udp.local". */
export function serviceTagOf(network: NetworkId): string {
  const [, , gen8, netuid] = topicOf(network, 'record').split('/');
  return `_voxd-${gen8}-${netuid}._udp.local`;
}

export function searchByMdns({ serviceTag, ownAddresses, logger }: LocalSearchContext): LocalSearch {
  const log: UpstreamLogger = Object.assign(() => {}, {
    enabled: false,
    trace: () => {},
    newScope: () => log,
    // What others send and cannot be read is no trouble of ours; a socket that does not open is.
    error: (text: unknown, error: unknown) =>
      text === 'mdns error'
        ? logger.warn({ err: error }, 'the local network cannot be searched')
        : logger.debug({ err: error }, String(text)),
  });
  const components = { logger: { forComponent: () => log } satisfies ComponentLogger, addressManager: { getAddresses: ownAddresses } };
  // Safety: of its components it asks these two, and the class behind it starts and stops; a test with real multicast is not run everywhere.
  return mdns({ serviceTag })(components as unknown as Parameters<ReturnType<typeof mdns>>[0]) as unknown as LocalSearch;
}
