/** The stream by which a peer asks another to dial it back, and both ends of it. */
import type { Connection, Stream } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import { type PeerId, parsePeerId } from '../peer-id.js';
import type { Clock, Logger, Reached } from '../ports.js';
import {
  decodeProbeAnswer,
  decodeProbeRequest,
  encodeProbeAnswer,
  encodeProbeRequest,
  endpointOf,
  isAskersOwn,
  type ProbeAnswer,
} from '../probe.js';
import { createRateLimiter } from '../rate.js';
import { type NetworkId, streamProtocolOf } from '../topics.js';
import { mayDial } from './addresses.js';
import { answerOnce, askOnce } from './frames.js';
import type { PeerBook } from './peer-book.js';
import { reach } from './reach.js';

/** Longer than all phases of a dial together. */
export const PROBE_TIMEOUT_MS = 20_000;
export const PROBE_SIZE_BYTES_MAX = 256;
/** Dials for one peer, and for all of them. */
export const PROBE_RATE = { intervalMs: 30_000, burst: 4 } as const;
export const PROBE_RATE_ALL = { intervalMs: 1_000, burst: 16 } as const;
export const PROBES_AT_ONCE_MAX = 4;
export const PROBE_PEERS_TRACKED_MAX = 512;

export interface ProbeProtocol {
  readonly protocol: string;
  readonly onStream: (data: { readonly stream: Stream; readonly connection: Connection }) => void;
  /** Never rejects: no answer is an answer too. */
  ask(connection: Connection, address: string): Promise<Reached>;
}

export function createProbe(
  deps: {
    readonly book: PeerBook;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly dialAnew: (address: string, signal: AbortSignal) => Promise<Connection>;
    readonly greet: (connection: Connection) => Promise<void>;
  },
  options: { readonly network: NetworkId; readonly privateNetwork: boolean },
): ProbeProtocol {
  const { book, clock, logger } = deps;
  const protocol = streamProtocolOf(options.network, 'probe');
  const perPeer = createRateLimiter(PROBE_RATE, PROBE_PEERS_TRACKED_MAX);
  const all = createRateLimiter(PROBE_RATE_ALL, 1);
  let underWay = 0;

  async function answer(connection: Connection, question: Uint8Array): Promise<ProbeAnswer> {
    const peer = connection.remotePeer.toString();
    const observed = connection.remoteAddr.toString().replace(/\/p2p\/.*$/, '');
    const refuse = (why: 'busy' | 'not_served' | 'not_yours' | 'malformed'): ProbeAnswer => ({ outcome: 'refused', why, observed });
    const hotkey = book.bound(peer)?.hotkey;
    if (hotkey === undefined || !book.isMember(peer)) return refuse('not_served');
    const address = decodeProbeRequest(question);
    const asked = address.ok ? endpointOf(address.value) : null;
    if (!address.ok || asked === null) return refuse('malformed');
    const axon = book.directory().find((entry) => entry.hotkey === hotkey) ?? null;
    const target = multiaddr(address.value);
    if (!isAskersOwn(asked, endpointOf(observed)?.ip ?? null, axon) || !mayDial(target, options.privateNetwork)) return refuse('not_yours');
    const nowMs = clock.nowMs();
    if (underWay >= PROBES_AT_ONCE_MAX || !perPeer.take(peer, nowMs) || !all.take('', nowMs)) return refuse('busy');
    underWay += 1;
    try {
      const bare = address.value.replace(/\/p2p\/.*$/, '');
      const { failedAt, problem } = await reach({ ...asked, address: `${bare}/p2p/${peer}` }, { dial: deps.dialAnew, greet: deps.greet });
      logger.debug({ peer, address: bare, failedAt, problem }, 'dialled a peer back');
      return failedAt === null ? { outcome: 'reached', observed } : { outcome: 'failed', phase: failedAt, observed };
    } finally {
      underWay -= 1;
    }
  }

  return {
    protocol,
    onStream({ stream, connection }) {
      answerOnce(stream, { questionSizeMax: PROBE_SIZE_BYTES_MAX, timeoutMs: PROBE_TIMEOUT_MS }, async (question) =>
        encodeProbeAnswer(await answer(connection, question)),
      ).catch((error: unknown) => logger.debug({ err: error, peer: connection.remotePeer.toString() }, 'a probe failed'));
    },
    async ask(connection, address) {
      const peer = parsePeerId(connection.remotePeer.toString());
      // Safety: a connection of ours is with an Ed25519 key, the gater sees to it.
      const peerId = peer.ok ? peer.value : (connection.remotePeer.toString() as PeerId);
      const of = { peerId, hotkey: book.bound(peerId)?.hotkey ?? null, address };
      try {
        const limits = { answerSizeMax: PROBE_SIZE_BYTES_MAX, timeoutMs: PROBE_TIMEOUT_MS };
        const answered = decodeProbeAnswer(await askOnce(connection, protocol, encodeProbeRequest(address), limits));
        if (!answered.ok) return { ...of, outcome: 'no_answer', reason: answered.error, observed: '' };
        const { outcome, observed } = answered.value;
        if (outcome === 'reached') return { ...of, outcome, reason: null, observed };
        return { ...of, outcome, reason: outcome === 'failed' ? answered.value.phase : answered.value.why, observed };
      } catch (error) {
        logger.debug({ err: error, peer: peerId }, 'a peer did not answer a probe');
        return { ...of, outcome: 'no_answer', reason: error instanceof Error ? error.message : 'unknown', observed: '' };
      }
    },
  };
}
