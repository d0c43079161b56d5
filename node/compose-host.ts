import { join } from 'node:path';
import { createHost, type P2pHost } from '../protocol/libp2p/host.js';
import { loadOrCreatePeerKey } from '../protocol/libp2p/peer-key.js';
import type { Hash } from '../protocol/names.js';
import type { Clock, Signer, Verifier } from '../protocol/ports.js';
import type { Logger } from './logger.js';

export interface HostOptions {
  readonly listenIp: string;
  readonly port: number;
  readonly announceIp: string | null;
  readonly bootstrap: readonly string[];
  readonly maxConnections: number;
  readonly allowPrivateAddresses: boolean;
}

/** The libp2p host, not started yet. */
export async function composeHost(
  deps: { readonly signer: Signer; readonly verifier: Verifier; readonly clock: Clock; readonly logger: Logger },
  of: { readonly genesis: Hash; readonly netuid: number; readonly dataDir: string },
  { listenIp, port, announceIp, bootstrap, maxConnections, allowPrivateAddresses }: HostOptions,
): Promise<P2pHost> {
  const multiaddr = (ip: string) => `/${ip.includes(':') ? 'ip6' : 'ip4'}/${ip}/tcp/${port}`;
  return createHost(
    { ...deps, peerKey: await loadOrCreatePeerKey(join(of.dataDir, 'identity', 'peer.key')) },
    {
      genesis: of.genesis,
      netuid: of.netuid,
      listen: [multiaddr(listenIp)],
      announce: announceIp === null ? [] : [multiaddr(announceIp)],
      bootstrap,
      maxConnections,
      privateNetwork: allowPrivateAddresses,
    },
  );
}
