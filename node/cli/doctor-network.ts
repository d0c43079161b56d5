/** What `voxd doctor` finds out about the network: from the running node where there is one, and by trying. */
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import type { Neuron } from '../../chain/snapshot.js';
import type { Config } from '../../config/schema.js';
import { isFailure } from '../../protocol/failure.js';
import { type Finding, fromFailure } from '../doctor/finding.js';
import { examineNetwork, type NetworkFacts, type PortState, type RunningNode } from '../doctor/network.js';
import { lockHolder } from '../files/data-dir.js';
import type { NetworkView } from '../http/network-routes.js';
import type { Reachability } from '../network/reachability.js';
import type { TopicView } from '../network/topic-view.js';
import { askNode } from './running-node.js';

/** Longer than a peer has for all phases of its dial. */
const PROBE_TIMEOUT_MS = 25_000;
/** Addresses on chain that are tried from here. */
const ADDRESSES_TRIED_MAX = 8;

/** The transport key of the data directory: 64 hex digits of its public part; null: none has been made. Errors: p2p.* for an unusable file. */
export async function ownPeerKey(dataDir: string): Promise<string | null> {
  const path = join(resolve(dataDir), 'identity', 'peer.key');
  if (!existsSync(path)) return null;
  const [{ loadOrCreatePeerKey, publicKeyOfSeed }, { toHex }] = await Promise.all([
    import('../../protocol/libp2p/peer-key.js'),
    import('../../protocol/digest.js'),
  ]);
  return toHex(publicKeyOfSeed(await loadOrCreatePeerKey(path)));
}

/** `quick`: peers are not asked to dial. `neurons`: of the chain; empty where it could not be read. */
export async function networkFindings(config: Config, neurons: readonly Neuron[], quick: boolean): Promise<readonly Finding[]> {
  try {
    return examineNetwork(await networkFacts(config, neurons, quick));
  } catch (error) {
    if (!isFailure(error)) throw error;
    return [fromFailure('peer key', 'fail', error)];
  }
}

async function networkFacts(config: Config, neurons: readonly Neuron[], quick: boolean): Promise<NetworkFacts> {
  const { p2p, http } = config;
  const [{ isPrivateIp }, { fromHex }, { peerIdFromKey }] = await Promise.all([
    import('../../protocol/libp2p/addresses.js'),
    import('../../protocol/digest.js'),
    import('../../protocol/peer-id.js'),
  ]);
  const key = await ownPeerKey(config.dataDir);
  const running = await runningNode(config, quick);
  const others = neurons.flatMap(({ axon }) => (axon === null || axon.peerKey === key ? [] : [axon]));
  const { ip, port } = { ip: p2p.listenIp, port: p2p.port };
  return {
    httpUrl: `http://${http.host}:${http.port}`,
    running,
    ownPeerId: key === null ? null : peerIdFromKey(fromHex(key)),
    listen: p2p.dialOnly ? null : { ip, port, state: await portState(ip, port, running !== null) },
    announced: p2p.announceIp === null ? null : { ip: p2p.announceIp, isPrivate: isPrivateIp(p2p.announceIp) },
    privateNetwork: p2p.allowPrivateAddresses,
    dialled: await tryAddresses(others.filter((axon) => p2p.allowPrivateAddresses || !isPrivateIp(axon.ip))),
    connectionsMax: p2p.maxConnections,
    openFilesMax: openFilesMax(lockHolder(resolve(config.dataDir))),
  };
}

/** Null: none answers. */
async function runningNode(config: Config, quick: boolean): Promise<RunningNode | null> {
  try {
    const [{ peerId, peers }, { topics }] = await Promise.all([
      askNode<NetworkView>(config, '/v1/peers'),
      askNode<{ readonly topics: readonly TopicView[] }>(config, '/v1/topics'),
    ]);
    const how = quick ? {} : { post: null, timeoutMs: PROBE_TIMEOUT_MS };
    const { reachability } = await askNode<{ readonly reachability: Reachability | null }>(config, '/probe', how);
    return { peerId, peers, topics, answers: reachability?.answers ?? null };
  } catch (error) {
    if (isFailure(error)) return null;
    throw error;
  }
}

async function portState(ip: string, port: number, isRunning: boolean): Promise<PortState> {
  const { tcpProblem } = await import('../../protocol/libp2p/reach.js');
  if (isRunning) return (await tcpProblem(dialableIp(ip), port)) === null ? 'accepts' : 'closed';
  return new Promise((settle) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => settle(STATE_OF_ERROR[error.code ?? ''] ?? 'taken'));
    server.listen({ host: ip, port, exclusive: true }, () => server.close(() => settle('free')));
  });
}

const STATE_OF_ERROR: Readonly<Record<string, PortState>> = { EACCES: 'not_allowed', EADDRNOTAVAIL: 'no_such_address' };

/** Where a node that listens everywhere is reached from here. */
function dialableIp(ip: string): string {
  return ip === '0.0.0.0' ? '127.0.0.1' : ip === '::' ? '::1' : ip;
}

async function tryAddresses(axons: readonly { readonly ip: string; readonly port: number }[]): Promise<NetworkFacts['dialled']> {
  const { tcpProblem } = await import('../../protocol/libp2p/reach.js');
  const tried = axons.filter(({ port }) => port > 0).slice(0, ADDRESSES_TRIED_MAX);
  const problems = await Promise.all(tried.map(({ ip, port }) => tcpProblem(ip, port)));
  return { tried: tried.length, accepting: problems.filter((problem) => problem === null).length };
}

/** Of the process that holds the data directory, else of this one: Node raises it as far as it may. Null where the system does not tell. */
function openFilesMax(pid: number | null): number | null {
  try {
    const [, soft] = /^Max open files\s+(\d+|unlimited)/m.exec(readFileSync(`/proc/${pid ?? 'self'}/limits`, 'utf8')) ?? [];
    return soft === undefined ? null : soft === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(soft);
  } catch {
    return null;
  }
}
