/** Finding and being found, as the daemon uses it: our record by gossip, peers that dial us back, and a goodbye at the end. */
import type { ChainWriter } from '../chain/ports.js';
import type { P2pHost } from '../protocol/libp2p/host-shape.js';
import type { Clock, Signer } from '../protocol/ports.js';
import { takeGauges } from './compose-host.js';
import { probeRoutes } from './http/probe-routes.js';
import type { HttpRoutes } from './http/server.js';
import type { Logger } from './logger.js';
import type { Metrics } from './metrics.js';
import type { ModelCache } from './model-cache.js';
import { createHavePublisher } from './network/have-hints.js';
import type { Inbox } from './network/inbox.js';
import { createRecordPublisher } from './network/node-record.js';
import { createOfferExchange } from './network/offers.js';
import type { Postbox } from './network/postbox.js';
import { createPresence, type OfferedModel } from './network/presence.js';
import { createReachability, type Reachability } from './network/reachability.js';
import type { AnnouncementStore } from './ports.js';
import type { Duty } from './work.js';

export interface DiscoveryParts {
  readonly presence: { peerArrived(): void };
  readonly duties: readonly Duty[];
  readonly routes: HttpRoutes;
  readonly reachability: () => Reachability | null;
}

export function composeDiscovery(
  deps: {
    readonly host: P2pHost;
    readonly postbox: Postbox;
    readonly signer: Signer;
    readonly clock: Clock;
    readonly log: (module: string) => Logger;
    readonly metrics: Metrics;
    readonly chain: ChainWriter;
    readonly announcements: AnnouncementStore;
    readonly offered: OfferedModel | null;
    readonly hear: Inbox['hear'];
    readonly cache: ModelCache;
  },
  options: {
    readonly netuid: number;
    readonly p2p: { readonly announceIp: string | null; readonly port: number };
    readonly miner: { readonly announceIntervalMs: number };
    readonly weights: { readonly dryRun: boolean };
    readonly reconnects: () => number;
  },
): DiscoveryParts {
  const { host, signer, metrics, postbox, clock, chain, announcements, offered } = deps;
  const log = deps.log('p2p');
  const { announceIp, port } = options.p2p;
  const presence = createPresence(
    {
      chain,
      signer,
      postbox,
      announcements,
      clock,
      log: deps.log('presence'),
      peerKey: host.peerKey,
      addresses: host.addresses,
      offered,
    },
    {
      netuid: options.netuid,
      axon: announceIp === null ? null : { ip: announceIp, port },
      announceIntervalMs: options.miner.announceIntervalMs,
      dryRun: options.weights.dryRun,
    },
  );
  const records = createRecordPublisher({ discovery: host, postbox, self: signer.hotkey, clock, log });
  const offers = createOfferExchange({ offers: host, peers: host, announcements, hear: deps.hear, clock, log });
  const hints = createHavePublisher({ cache: deps.cache, postbox, self: signer.hotkey, clock, log });
  const reachability = createReachability({ discovery: host, clock, log, metrics }, { announced: announceIp !== null });
  return {
    presence,
    duties: [
      { name: 'presence', turn: ({ snapshot }) => presence.turn(snapshot) },
      {
        name: 'node record',
        turn: async ({ snapshot }) => {
          await records.turn(snapshot);
          metrics.set('voxd_p2p_records', {}, host.recordCount());
        },
      },
      { name: 'have hints', turn: ({ snapshot }) => hints.turn(snapshot) },
      { name: 'offers', turn: (_at, signal) => offers.turn(signal) },
      { name: 'reachability', turn: () => reachability.turn() },
      {
        name: 'gauges',
        turn: async () => takeGauges(metrics, options.reconnects(), host),
      },
    ],
    routes: probeRoutes({ reachability, discovery: host }),
    reachability: reachability.view,
  };
}
