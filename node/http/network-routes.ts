/** What this node sees of the network, for commands and dashboards. */
import type { Peer } from '../../protocol/ports.js';
import type { TopicView } from '../network/topic-view.js';
import type { HttpRoutes } from './server.js';

export interface NetworkView {
  readonly peerId: string;
  readonly addresses: readonly string[];
  readonly peers: readonly Peer[];
}

/** `GET /v1/peers`: us and who is connected. `GET /v1/topics`: what is gossiped about, and with how many neighbours. */
export function networkRoutes(of: { readonly network: () => NetworkView; readonly topics: () => readonly TopicView[] }): HttpRoutes {
  return (app) => {
    app.get('/v1/peers', async () => of.network());
    app.get('/v1/topics', async () => ({ topics: of.topics() }));
  };
}
