/** The network host: gossip, peers and model transfer on one libp2p node. Opens nothing until `start`. */
import './node20.js';
import { setMaxListeners } from 'node:events';
import type { Connection } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { admissionLimits } from '../admission.js';
import { protocolFailures } from '../failures.js';
import type { Hotkey } from '../names.js';
import { peerIdFromKey } from '../peer-id.js';
import type { Logger, Peer } from '../ports.js';
import { type Blame, createBlameLedger } from '../provider-blame.js';
import { streamProtocolOf, topicOf } from '../topics.js';
import { isPrivateIp } from './addresses.js';
import { type Connections, createConnections } from './connections.js';
import { createDialer } from './dialer.js';
import { createDiscovery } from './discovery.js';
import { createDoorman } from './doorman.js';
import { createGossip } from './gossip.js';
import { closeQuietly, createHello } from './hello.js';
import type { HostDeps, HostOptions, P2pHost } from './host-shape.js';
import { createLiveness, LIVENESS_OPTIONS } from './liveness.js';
import { createLocalPeers, searchByMdns } from './local-peers.js';
import { withoutNames } from './names.js';
import { createNode, type Node } from './node.js';
import { createOffers } from './offers.js';
import { createPeerBook, type PeerBook } from './peer-book.js';
import { publicKeyOfSeed } from './peer-key.js';
import { createTransfers, TRANSFER_DEFAULTS } from './transfers.js';

/** Each step of stopping gets this long. */
export const STOP_STEP_MS_MAX = 5_000;
const TRANSFER_STREAMS_IN_MAX = 4;
const HAVE_STREAMS_IN_MAX = 2;
const OFFERS_STREAMS_IN_MAX = 2;
/** Addresses of one neuron dialled, one after the other, because it may have a model. */
const ADDRESSES_TRIED_MAX = 2;
/** App score of a peer that lied in a transfer, or handed on what nobody signed: in no mesh until that is forgotten. */
const WORTH_LIAR = -100;
/** Misbehaviour (P7) of those who ask for models against the rules. A provider that lies pays with its app score. */
const TRANSFER_PENALTY = { malformed: 4, flood: 1, stalled: 2 } as const;
const HELLO_STREAMS_IN_MAX = 2;

interface Running {
  readonly node: Node;
  readonly connections: Connections;
  readonly stop: AbortController;
  readonly loops: Promise<unknown>;
}

export function createHost(deps: HostDeps, options: HostOptions): P2pHost {
  const { clock, signer } = deps;
  const logger = deps.logger ?? SILENT;
  const metrics = deps.metrics ?? {};
  const network = { genesis: options.genesis, netuid: options.netuid };
  const publicKey = publicKeyOfSeed(deps.peerKey);
  const peerId = peerIdFromKey(publicKey);
  const limits = { ...admissionLimits(options.maxConnections, options.privateNetwork), ...options.admission };
  const doorman = createDoorman(
    { book: () => book, connections: () => running?.node.getConnections() ?? [], clock, logger },
    { limits, privateNetwork: options.privateNetwork },
  );
  const book: PeerBook = createPeerBook({ clock, verifier: deps.verifier, refuse: doorman.refuse }, { network });
  const blamed = createBlameLedger();
  /** A hotkey that comes back as another peer is the same liar. */
  const nameOf = (peer: string) => book.bound(peer)?.hotkey ?? peer;
  const isLiar = (peer: string) => blamed.isLiar(nameOf(peer), clock.nowMs());
  const accuse = (peer: string, blame: Blame) => {
    blamed.add(nameOf(peer), blame, clock.nowMs());
    running?.node.services.pubsub.weighAnew(peer);
  };
  const transfers = createTransfers(
    {
      clock,
      logger,
      metrics,
      hotkeyOf: (peer) => book.bound(peer)?.hotkey ?? null,
      memberOf: book.memberOf,
      connectionTo,
      penalize: (peer, offence) => running?.node.services.pubsub.blame(peer, TRANSFER_PENALTY[offence]),
      random: Math.random,
      accuse,
      isResting: (peer) => blamed.isResting(nameOf(peer), clock.nowMs()),
    },
    {
      ...TRANSFER_DEFAULTS,
      ...options.transfer,
      protocols: { artifact: streamProtocolOf(network, 'artifact'), have: streamProtocolOf(network, 'have') },
    },
  );
  const offers = createOffers(
    {
      isMember: book.isMember,
      connectionTo,
      penalize: (peer, by) => running?.node.services.pubsub.blame(peer, by),
      clock,
      logger,
    },
    streamProtocolOf(network, 'offers'),
  );
  const gossip = createGossip({ router: () => live().node.services.pubsub, clock, logger, metrics }, network);
  const hello = createHello(
    { book, signer, seed: deps.peerKey, peerKey: publicKey, clock, logger },
    { network, addresses: ownAddresses, onBinding: (binding, bytes) => discovery.onBinding(binding, bytes) },
  );
  const dialer = createDialer(
    {
      clock,
      logger,
      dial,
      candidates: (few) => discovery.candidates(few),
      isConnected: (hotkey) => book.peerIdsOf(hotkey).length > 0,
      memberCount: () => peers().filter((peer) => book.isMember(peer.peerId)).length,
      outboundCount: () => peers().filter((peer) => peer.direction === 'outbound' && book.isMember(peer.peerId)).length,
      standingOf: book.standingOf,
      random: Math.random,
    },
    { ownHotkey: signer.hotkey, maxConnections: options.maxConnections },
  );
  const discovery = createDiscovery(
    {
      book,
      verifier: deps.verifier,
      clock,
      logger,
      random: Math.random,
      store: deps.peerStore ?? null,
      ownRecord: hello.ownBinding,
      connections: openConnections,
      dialAnew: (address, signal) => live().node.services.anew.dial(parseAddress(address), signal),
      greet: (connection) => live().connections.ensureGreeted(connection),
      ownAddresses,
      isLiar,
      onLie: (peer) => accuse(peer, 'lied'),
      localPeers: () => localPeers?.list() ?? [],
      dialer,
    },
    { network, ownHotkey: signer.hotkey, bootstrap: options.bootstrap, privateNetwork: options.privateNetwork },
  );
  const localPeers =
    options.mdns === true && options.privateNetwork
      ? createLocalPeers(
          {
            clock,
            logger,
            ownAddresses: () => running?.node.getMultiaddrs() ?? [],
            onNews: () => dialer.wake(),
            isConnected: (peer) => openConnections().some(({ remotePeer }) => remotePeer.toString() === peer),
            search: deps.localSearch ?? searchByMdns,
          },
          { network, ownPeerId: peerId },
        )
      : null;
  const liveness = createLiveness(
    { connections: () => running?.node.getConnections() ?? [], clock, logger, metrics },
    { ...LIVENESS_OPTIONS, ...options.liveness },
  );
  book.onPeer((event) => {
    if (event.type === 'bound') discovery.onBound();
    if (event.type === 'refused' || event.hotkey === null) return;
    if (event.type === 'closed') dialer.parted(event.hotkey);
    // Names that cost nothing are not kept in mind.
    else if (!book.standingOf(event.hotkey).registered) return;
    else if (event.type === 'bound') dialer.found(event.hotkey);
    else dialer.rest(event.hotkey, event.untilMs - clock.nowMs());
  });
  let running: Running | null = null;
  let stopped = false;
  book.onPeer((event) => {
    if (event.type !== 'refused' || event.code !== 'p2p.binding_superseded') return;
    logger.warn({ peer: event.peerId, code: event.code }, 'the hotkey of a peer moved to another one');
    disconnect(event.peerId);
  });

  function live(): Running {
    if (running === null) throw protocolFailures('p2p.not_started');
    return running;
  }

  const peers = () => running?.connections.peers() ?? [];
  const peerOf = (hotkey: Hotkey) => peers().find((peer) => peer.hotkey === hotkey) ?? null;
  const addresses = () => running?.node.getMultiaddrs().map(String) ?? [];

  /** What others are told: without our name, and on a public network without what leads nowhere. */
  function ownAddresses(): readonly string[] {
    const bare = addresses().map((address) => address.replace(/\/p2p\/.*$/, ''));
    return options.privateNetwork ? bare : bare.filter((address) => !isPrivateIp(address.split('/')[2] ?? ''));
  }

  /** The oldest of each peer. */
  function openConnections(): readonly Connection[] {
    const byPeer = new Map<string, Connection>();
    for (const connection of running?.node.getConnections() ?? [])
      if (connection.status === 'open' && !byPeer.has(connection.remotePeer.toString()))
        byPeer.set(connection.remotePeer.toString(), connection);
    return [...byPeer.values()];
  }

  async function dial(address: string, signal?: AbortSignal): Promise<void> {
    const { node, connections } = live();
    const target = (await withoutNames(address)).map(parseAddress);
    let connection: Connection;
    try {
      connection = await node.dial(target, signal === undefined ? {} : { signal });
    } catch (cause) {
      throw protocolFailures('p2p.dial_failed', { address }, cause);
    }
    if (book.bound(connection.remotePeer.toString()) === null) await connections.ensureGreeted(connection);
  }

  function connectionTo(peer: string): Connection {
    const connection = live()
      .node.getConnections(peerIdFromString(peer))
      .find(({ status }) => status === 'open');
    if (connection === undefined) throw protocolFailures('p2p.not_connected', { peer });
    return connection;
  }

  async function reach(hotkey: Hotkey, signal: AbortSignal): Promise<Peer | null> {
    const [candidate] = discovery.candidates(true).filter((each) => each.hotkey === hotkey);
    for (const address of candidate?.addresses.slice(0, ADDRESSES_TRIED_MAX) ?? []) {
      if (peerOf(hotkey) !== null || running === null || signal.aborted) break;
      await dial(address, signal).catch((error: unknown) => logger.debug({ err: error, address }, 'a neuron could not be reached'));
    }
    return peerOf(hotkey);
  }

  function dropStuck(peer: string): void {
    logger.info({ peer }, 'a peer does not read what it is sent and is disconnected');
    disconnect(peer);
  }

  function disconnect(peer: string): void {
    for (const connection of running?.node.getConnections(peerIdFromString(peer)) ?? []) closeQuietly(connection);
  }

  async function start(): Promise<void> {
    if (running !== null || stopped) throw protocolFailures('p2p.not_started');
    for (const address of [...options.listen, ...options.announce, ...options.bootstrap]) parseAddress(address);
    const node = await createNode({
      network,
      seed: deps.peerKey,
      listen: options.listen,
      announce: options.announce,
      maxConnections: options.maxConnections,
      gater: {
        ...doorman.gater,
        denyOutboundEncryptedConnection: async (peer, socket) =>
          (await doorman.gater.denyOutboundEncryptedConnection?.(peer, socket)) === true ||
          !isWhomWeDialled(socket.remoteAddr, peer.toString()),
      },
      scores: {
        worthOf: (peer) => (isLiar(peer) ? WORTH_LIAR : book.worthOf(peer)),
        knownIps: book.knownIps,
        privateNetwork: options.privateNetwork,
      },
      contained: { nowMs: clock.nowMs, isBound: (peer) => book.bound(peer) !== null, onStuckPeer: dropStuck, onHeard: liveness.heard },
    });
    const onChange = () => {
      const all = peers();
      const inbound = all.filter(({ direction }) => direction === 'inbound').length;
      metrics.connections?.(inbound, all.length - inbound);
    };
    const connections = createConnections({ node, book, hello, doorman, clock, logger, onChange }, limits);
    const stop = new AbortController();
    // Every dial and loop listens to it.
    setMaxListeners(0, stop.signal);
    await node.handle(hello.protocol, hello.onStream, { maxInboundStreams: HELLO_STREAMS_IN_MAX });
    for (const { protocol, onStream, maxInboundStreams } of discovery.streams) await node.handle(protocol, onStream, { maxInboundStreams });
    await node.handle(streamProtocolOf(network, 'artifact'), transfers.onArtifactStream, { maxInboundStreams: TRANSFER_STREAMS_IN_MAX });
    await node.handle(streamProtocolOf(network, 'have'), transfers.onHaveStream, { maxInboundStreams: HAVE_STREAMS_IN_MAX });
    await node.handle(streamProtocolOf(network, 'offers'), offers.onStream, { maxInboundStreams: OFFERS_STREAMS_IN_MAX });
    const following = connections.run(stop.signal);
    try {
      await node.start();
    } catch (cause) {
      stop.abort();
      await following;
      await bounded(Promise.resolve(node.stop()));
      throw protocolFailures('p2p.listen_failed', { addresses: [...options.listen] }, cause);
    }
    running = { node, connections, stop, loops: following };
    gossip.start();
    const loops = [dialer, discovery, liveness].map((loop) => loop.run(stop.signal));
    running = { ...running, loops: Promise.allSettled([following, ...loops]) };
    await localPeers?.start();
    logger.info({ peerId, addresses: addresses() }, 'the network host listens');
  }

  async function stop(): Promise<void> {
    stopped = true;
    const current = running;
    if (current === null) return;
    current.stop.abort();
    if (localPeers !== null) await bounded(localPeers.stop());
    await bounded(gossip.stop());
    await bounded(current.loops);
    await bounded(Promise.resolve(current.node.stop()));
    await bounded(current.connections.settled());
    running = null;
  }

  return {
    name: 'p2p',
    peerId,
    peerKey: publicKey,
    addresses,
    dial,
    start,
    stop,
    publish: gossip.publish,
    onMessage: gossip.onMessage,
    neighbours: (kind) => running?.node.services.pubsub.getMeshPeers(topicOf(network, kind)).length ?? 0,
    peers,
    peerOf,
    setDirectory(entries) {
      book.setDirectory(entries);
      dialer.wake();
    },
    setMembers(members) {
      book.setMembers(members);
      discovery.setMembers(members);
    },
    setRules(rules) {
      doorman.setRules(rules);
      for (const connection of running?.node.getConnections() ?? []) if (doorman.isDenied(connection)) closeQuietly(connection);
    },
    onPeer: book.onPeer,
    ownRecord: discovery.ownRecord,
    learn: discovery.learn,
    recordCount: discovery.recordCount,
    reachedBy: discovery.reachedBy,
    knock: discovery.knock,
    leave: discovery.leave,
    reach,
    serve: transfers.serve,
    fetchModel: transfers.fetchModel,
    askHoldings: transfers.askHoldings,
    serveOffers: offers.serve,
    collectOffers: offers.collect,
  };
}

/** libp2p 2.10 takes whoever answers under the /p2p/ name it dialled. */
function isWhomWeDialled(dialled: Multiaddr, peer: string): boolean {
  const named = dialled.getPeerId();
  return named === null || named === peer;
}

function parseAddress(address: string): Multiaddr {
  try {
    return multiaddr(address);
  } catch (cause) {
    throw protocolFailures('p2p.bad_address', { address }, cause);
  }
}

/** Waits for a step of stopping, but not for ever. */
async function bounded(step: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, STOP_STEP_MS_MAX);
  });
  await Promise.race([step.catch(() => undefined), late]);
  clearTimeout(timer);
}

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };
