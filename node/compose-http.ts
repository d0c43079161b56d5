/** What the daemon's HTTP server answers beside health and metrics. */
import type { P2pHost } from '../protocol/libp2p/host-shape.js';
import type { Secret } from '../protocol/secret.js';
import type { NetworkId } from '../protocol/topics.js';
import { equivocationRoutes } from './http/equivocation-routes.js';
import { explainRoutes, type RenderExplanation } from './http/explain-routes.js';
import { type FetchRoutesDeps, fetchRoutes } from './http/fetch-routes.js';
import { networkRoutes } from './http/network-routes.js';
import { packageRoutes } from './http/package-routes.js';
import { createHttpServer, type HttpRoutes, type HttpServer } from './http/server.js';
import type { ModelCache } from './model-cache.js';
import type { EquivocationStore } from './network/ports.js';
import { topicViews } from './network/topic-view.js';

export interface Answering {
  readonly host: P2pHost;
  readonly network: NetworkId;
  /** Whoever shows it gets packages, for workers on other machines; null: nobody. */
  readonly token: Secret | null;
  readonly cache: ModelCache;
  /** Null: this node has nothing to tell about miners. */
  readonly page: RenderExplanation | null;
  readonly fetching: FetchRoutesDeps;
  readonly reachability: HttpRoutes;
  readonly proofs: Pick<EquivocationStore, 'list'>;
}

export function composeHttp(
  deps: Omit<Parameters<typeof createHttpServer>[0], 'routes'>,
  answering: Answering,
  options: { readonly host: string; readonly port: number },
): HttpServer {
  const { host, token, cache, page } = answering;
  const routes = [
    networkRoutes({
      network: () => ({ peerId: host.peerId, addresses: host.addresses(), peers: host.peers() }),
      topics: () => topicViews(answering.network, host.neighbours),
    }),
    answering.reachability,
    fetchRoutes(answering.fetching),
    equivocationRoutes(answering.proofs),
    ...(token === null ? [] : [packageRoutes({ token, find: cache.find })]),
    ...(page === null ? [] : [explainRoutes(page)]),
  ];
  return createHttpServer({ ...deps, routes }, { host: options.host, port: options.port, flag: '--http-port' });
}
