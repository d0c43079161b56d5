/** How models come to this node and go from it: the parts of node/network and node/files put together. */
import type { SubnetSnapshot } from '../chain/snapshot.js';
import type { Holders } from '../protocol/holders.js';
import type { ModelDigest } from '../protocol/names.js';
import type { ArtifactTransfer, Clock, Peers } from '../protocol/ports.js';
import { createArtifactSource } from './files/artifacts.js';
import { openPackagePart } from './files/package-part.js';
import type { FetchRoutesDeps } from './http/fetch-routes.js';
import type { Logger } from './logger.js';
import type { Metrics } from './metrics.js';
import type { ModelCache, PackagePart } from './model-cache.js';
import { type Bringer, createBringer } from './network/bringer.js';
import { createProviderFinder, type ProviderFinder } from './network/provider-finder.js';

export interface ModelTraffic {
  readonly finder: ProviderFinder;
  readonly bringer: Bringer;
  /** What people ask for; everybody who may have it is looked for. */
  onRequest(snapshot: () => SubnetSnapshot | null): FetchRoutesDeps;
}

/** Serves what is here to peers from now on, and brings what is not. */
export function composeModelTraffic(deps: {
  readonly host: Peers & ArtifactTransfer;
  readonly cache: ModelCache;
  readonly holders: Holders;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}): ModelTraffic {
  const { host, cache, holders, clock, log, metrics } = deps;
  // Bounded by the transfers of the bringer.
  const arriving = new Map<ModelDigest, { readonly manifest: Uint8Array; readonly part: PackagePart }>();
  host.serve(createArtifactSource(cache, arriving));
  const finder = createProviderFinder({ peers: host, transfer: host, holders, clock, log });
  const openPart = (place: Parameters<typeof openPackagePart>[0], of: Parameters<typeof openPackagePart>[1]) =>
    openPackagePart(place, of, { nowMs: clock.nowMs });
  const bringer = createBringer({ cache, openPart, arriving, finder, transfer: host, log, metrics });
  return {
    finder,
    bringer,
    onRequest: (snapshot) => ({
      running: bringer.running,
      fetch(model, signal, onProgress) {
        const wanted = { model, owner: null, named: [] };
        const validators = (snapshot()?.neurons ?? []).filter(({ validatorPermit }) => validatorPermit).map(({ hotkey }) => hotkey);
        return bringer.bring(wanted, { signal, onProgress, looking: finder.look([wanted], validators, signal) });
      },
    }),
  };
}
