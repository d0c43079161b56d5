/** Peers tell each other of further peers, on request and by signed records. */
import type { Connection, Stream } from '@libp2p/interface';
import { BINDING_SIZE_BYTES_MAX, type BindingError, bindingChecks, examineBinding, type PeerBinding } from '../binding.js';
import { protocolFailures } from '../failures.js';
import {
  decodePeersAnswer,
  decodePeersRequest,
  EXCHANGE_RECORDS_MAX,
  encodePeersAnswer,
  encodePeersRequest,
  type PeersAnswer,
} from '../peer-exchange.js';
import type { Clock, Logger, Verifier } from '../ports.js';
import { createRateLimiter } from '../rate.js';
import type { NodeRecord, RecordBook } from '../records.js';
import { type NetworkId, streamProtocolOf } from '../topics.js';
import { answerOnce, askOnce } from './frames.js';
import type { PeerBook } from './peer-book.js';

export const EXCHANGE_TIMEOUT_MS = 5_000;
export const PEERS_REQUEST_BYTES_MAX = 16;
export const PEERS_REPLY_BYTES_MAX = EXCHANGE_RECORDS_MAX * (BINDING_SIZE_BYTES_MAX + 8) + 16;
/** Answers to one peer. */
export const EXCHANGE_RATE = { intervalMs: 30_000, burst: 2 } as const;
export const EXCHANGE_PEERS_TRACKED_MAX = 512;

export interface PeerExchange {
  readonly protocol: string;
  readonly onStream: (data: { readonly stream: Stream; readonly connection: Connection }) => void;
  /** Resolves to the number of records that were news. Rejects with `p2p.exchange_failed`, also when the peer hands out what nobody signed. */
  ask(connection: Connection): Promise<number>;
}

export function createPeerExchange(
  deps: {
    readonly book: PeerBook;
    readonly records: RecordBook;
    readonly ownRecord: () => Promise<Uint8Array>;
    readonly verifier: Verifier;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly random: () => number;
    readonly onRecord: (record: NodeRecord) => void;
    /** It handed on what no honest node keeps. */
    readonly onLie: (peer: string) => void;
  },
  options: { readonly network: NetworkId },
): PeerExchange {
  const { book, records, clock, logger } = deps;
  const protocol = streamProtocolOf(options.network, 'peers');
  const answers = createRateLimiter(EXCHANGE_RATE, EXCHANGE_PEERS_TRACKED_MAX);

  async function answer(peer: string, question: Uint8Array): Promise<PeersAnswer> {
    if (!book.isMember(peer)) return { outcome: 'refused', why: 'not_served' };
    const max = decodePeersRequest(question);
    if (!max.ok) return { outcome: 'refused', why: 'malformed' };
    const nowMs = clock.nowMs();
    if (!answers.take(peer, nowMs)) return { outcome: 'refused', why: 'busy' };
    const asker = book.bound(peer)?.hotkey;
    const others = records
      .list(nowMs)
      .filter(({ binding }) => binding.hotkey !== asker && binding.addresses.length > 0)
      .map(({ bytes }) => ({ bytes, order: deps.random() }))
      .sort((a, b) => a.order - b.order)
      .map(({ bytes }) => bytes);
    return { outcome: 'records', records: [await deps.ownRecord(), ...others].slice(0, max.value) };
  }

  function forged(code: 'p2p.binding_bad_signature' | BindingError, peer: string): Error {
    logger.warn({ peer, hotkey: book.bound(peer)?.hotkey ?? null, code }, 'a peer names peers by records that nobody signed');
    deps.onLie(peer);
    return protocolFailures(code, { peer });
  }

  /** null: known already, or of no use now. Rejects when nobody signed it, or when that could not be found out. */
  async function examine(bytes: Uint8Array, peer: string): Promise<PeerBinding | null> {
    const facts = { network: options.network, nowMs: clock.nowMs(), connectedKey: null, chainKeyOf: book.chainKeyOf };
    const examined = examineBinding(bytes, facts);
    if (!examined.ok) {
      // Clocks and views of the chain differ between honest peers; forms do not.
      if (examined.error === 'p2p.binding_expired' || examined.error === 'p2p.binding_key_mismatch') return null;
      throw forged(examined.error, peer);
    }
    const { binding } = examined.value;
    if (!records.isNews(binding, clock.nowMs())) return null;
    if (!(await deps.verifier.verify(bindingChecks(examined.value)))) throw forged('p2p.binding_bad_signature', peer);
    return binding;
  }

  return {
    protocol,
    onStream({ stream, connection }) {
      const peer = connection.remotePeer.toString();
      answerOnce(stream, { questionSizeMax: PEERS_REQUEST_BYTES_MAX, timeoutMs: EXCHANGE_TIMEOUT_MS }, async (question) =>
        encodePeersAnswer(await answer(peer, question)),
      ).catch((error: unknown) => logger.debug({ err: error, peer }, 'a question for peers failed'));
    },
    async ask(connection) {
      const peer = connection.remotePeer.toString();
      try {
        const limits = { answerSizeMax: PEERS_REPLY_BYTES_MAX, timeoutMs: EXCHANGE_TIMEOUT_MS };
        const answered = decodePeersAnswer(await askOnce(connection, protocol, encodePeersRequest(EXCHANGE_RECORDS_MAX), limits));
        if (!answered.ok) throw protocolFailures('p2p.malformed_frame', { peer, protocol: 'peers' });
        if (answered.value.outcome === 'refused') throw protocolFailures('p2p.peer_busy', { peer });
        let news = 0;
        for (const bytes of answered.value.records) {
          const binding = await examine(bytes, peer);
          if (binding !== null && records.put({ binding, bytes: Uint8Array.from(bytes) }, clock.nowMs())) {
            deps.onRecord({ binding, bytes });
            news += 1;
          }
        }
        return news;
      } catch (cause) {
        throw protocolFailures('p2p.exchange_failed', { peer }, cause);
      }
    },
  };
}
