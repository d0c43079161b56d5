import { join } from 'node:path';
import { MESSAGE_KINDS } from '../protocol/kinds.js';
import { createHost } from '../protocol/libp2p/host.js';
import type { P2pHost } from '../protocol/libp2p/host-shape.js';
import type { NetworkMetrics } from '../protocol/libp2p/metrics.js';
import { loadOrCreatePeerKey } from '../protocol/libp2p/peer-key.js';
import type { Hash } from '../protocol/names.js';
import type { Clock, Signer, Verifier } from '../protocol/ports.js';
import { createPeerFile } from './files/peer-file.js';
import type { Lifecycle } from './lifecycle.js';
import type { Logger } from './logger.js';
import { dropReasonOf, type Metrics, refusalReasonOf } from './metrics.js';
import { tellPeers } from './network/directory.js';
import type { RegistryStore } from './ports.js';

export interface HostOptions {
  readonly listenIp: string;
  readonly port: number;
  readonly announceIp: string | null;
  readonly bootstrap: readonly string[];
  readonly maxConnections: number;
  readonly allowPrivateAddresses: boolean;
  /** Looks for peers on the local network. */
  readonly mdns: boolean;
  /** Opens no port. */
  readonly dialOnly: boolean;
  /** Null: as fast as it goes. */
  readonly uploadBytesPerSecond: number | null;
  readonly uploadBytesPerSecondPerPeer: number | null;
  readonly uploadBytesPerDayPerPeer: number;
  readonly downloadBytesPerSecond: number | null;
  readonly downloadBytesPerSecondPerPeer: number | null;
}

/** The libp2p host, not started yet. */
export async function composeHost(
  deps: { readonly signer: Signer; readonly verifier: Verifier; readonly clock: Clock; readonly logger: Logger; readonly metrics: Metrics },
  of: { readonly genesis: Hash; readonly netuid: number; readonly dataDir: string },
  { listenIp, port, announceIp, bootstrap, maxConnections, allowPrivateAddresses, mdns, dialOnly, ...rates }: HostOptions,
): Promise<P2pHost> {
  const multiaddr = (ip: string) => `/${ip.includes(':') ? 'ip6' : 'ip4'}/${ip}/tcp/${port}`;
  return createHost(
    {
      ...deps,
      metrics: countEvents(deps.metrics),
      peerKey: await loadOrCreatePeerKey(join(of.dataDir, 'identity', 'peer.key')),
      peerStore: createPeerFile({ log: deps.logger }, join(of.dataDir, 'peers.json')),
    },
    {
      genesis: of.genesis,
      netuid: of.netuid,
      listen: dialOnly ? [] : [multiaddr(listenIp)],
      announce: announceIp === null || dialOnly ? [] : [multiaddr(announceIp)],
      bootstrap,
      maxConnections,
      privateNetwork: allowPrivateAddresses,
      mdns,
      transfer: {
        uploads: {
          bytesPerSecond: rates.uploadBytesPerSecond,
          bytesPerSecondPerHotkey: rates.uploadBytesPerSecondPerPeer,
          bytesPerDayPerHotkey: rates.uploadBytesPerDayPerPeer,
        },
        downloadBytesPerSecond: rates.downloadBytesPerSecond,
        downloadBytesPerSecondPerPeer: rates.downloadBytesPerSecondPerPeer,
      },
    },
  );
}

/** The host with what is remembered of the subnet, started and owned. */
export async function startHost(
  deps: Parameters<typeof composeHost>[0] & {
    readonly own: Lifecycle['own'];
    readonly stores: { readonly registry: RegistryStore };
    readonly signal: AbortSignal;
  },
  of: Parameters<typeof composeHost>[1],
  options: HostOptions,
): Promise<P2pHost> {
  const host = await composeHost(deps, of, options);
  const last = await deps.stores.registry.latest(of.genesis, of.netuid);
  if (last !== null) tellPeers(host, last);
  await deps.own('p2p', host, (running) => running.stop()).start(deps.signal);
  return host;
}

export function countEvents(metrics: Metrics): NetworkMetrics {
  return {
    verdict(kind, action, reason) {
      metrics.count('voxd_gossip_messages_total', { kind, verdict: action });
      if (action !== 'accept') metrics.count('voxd_gossip_refusals_total', { kind, reason: refusalReasonOf(reason) });
    },
    transferBytes: (direction, bytes) => metrics.count('voxd_transfer_bytes_total', { direction }, bytes),
    providerDropped: (code) => metrics.count('voxd_transfer_providers_dropped_total', { reason: dropReasonOf(code) }),
    silent: () => metrics.count('voxd_p2p_silent_total', {}),
    uploadOffence: (offence) => metrics.count('voxd_transfer_offences_total', { offence }),
  };
}

export function takeGauges(metrics: Metrics, reconnects: number, host: Pick<P2pHost, 'peers' | 'neighbours'>): void {
  metrics.set('voxd_chain_reconnects', {}, reconnects);
  const peers = host.peers();
  for (const [label, direction] of [
    ['in', 'inbound'],
    ['out', 'outbound'],
  ] as const)
    metrics.set('voxd_p2p_peers', { direction: label }, peers.filter((peer) => peer.direction === direction).length);
  for (const kind of MESSAGE_KINDS) metrics.set('voxd_gossip_mesh_peers', { kind }, host.neighbours(kind));
}
