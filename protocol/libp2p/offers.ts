/** The `offers` stream: announcements are handed on, on request, to peers that were not there when they were made. */
import type { Connection, Stream } from '@libp2p/interface';
import { protocolFailures } from '../failures.js';
import type { Hotkey } from '../names.js';
import {
  decodeOffersAnswer,
  decodeOffersRequest,
  encodeOffersAnswer,
  encodeOffersRequest,
  endOfPage,
  OFFERS_BYTES_MAX,
  OFFERS_MAX,
  type OffersAnswer,
  pageOf,
} from '../offers.js';
import type { PeerId } from '../peer-id.js';
import type { Clock, Logger, OfferSource, Offers } from '../ports.js';
import { createRateLimiter } from '../rate.js';
import type { Verdict } from '../verdict.js';
import { answerOnce, askOnce } from './frames.js';

/** A hotkey, its tag and its length, and room for a field that is not known yet. */
export const OFFERS_REQUEST_BYTES_MAX = 64;
export const OFFERS_REPLY_BYTES_MAX = OFFERS_BYTES_MAX + OFFERS_MAX * 4 + 64;
export const OFFERS_TIMEOUT_MS = 10_000;
/** Pages asked of one peer: four are a full subnet. */
export const OFFERS_PAGES_MAX = 8;
/** Pages for one peer. */
export const OFFERS_RATE = { intervalMs: 60_000, burst: OFFERS_PAGES_MAX } as const;
const ASKERS_KEPT_MAX = 512;
/** Misbehaviour (P7) of handing on what no honest node keeps; as much as a frame of gossip that cannot be read. */
const FORGED_PENALTY = 10;

export interface OffersProtocol {
  readonly onStream: (data: { readonly stream: Stream; readonly connection: Connection }) => void;
  readonly serve: Offers['serveOffers'];
  readonly collect: Offers['collectOffers'];
}

export function createOffers(
  deps: {
    readonly isMember: (peer: string) => boolean;
    readonly connectionTo: (peer: string) => Connection;
    readonly penalize: (peer: string, by: number) => void;
    readonly clock: Clock;
    readonly logger: Logger;
  },
  protocol: string,
): OffersProtocol {
  const questions = createRateLimiter(OFFERS_RATE, ASKERS_KEPT_MAX);
  let source: OfferSource | null = null;

  async function answer(peer: string, question: Uint8Array): Promise<OffersAnswer> {
    if (!deps.isMember(peer)) return { outcome: 'refused', why: 'not_served' };
    const after = decodeOffersRequest(question);
    if (!after.ok) return { outcome: 'refused', why: 'malformed' };
    if (source === null || !questions.take(peer, deps.clock.nowMs())) return { outcome: 'refused', why: 'busy' };
    try {
      return { outcome: 'page', ...pageOf(await source(), after.value) };
    } catch (error) {
      deps.logger.warn({ err: error, peer }, 'announcements could not be read, and are not handed on');
      return { outcome: 'refused', why: 'busy' };
    }
  }

  async function hearAll(peer: PeerId, hear: (envelope: Uint8Array) => Promise<Verdict<unknown>>): Promise<number> {
    const limits = { answerSizeMax: OFFERS_REPLY_BYTES_MAX, timeoutMs: OFFERS_TIMEOUT_MS };
    let after: Hotkey | null = null;
    let accepted = 0;
    for (let page = 0; page < OFFERS_PAGES_MAX; page += 1) {
      const answered = decodeOffersAnswer(await askOnce(deps.connectionTo(peer), protocol, encodeOffersRequest(after), limits));
      if (!answered.ok) throw protocolFailures(answered.error, { peer, protocol: 'offers' });
      if (answered.value.outcome === 'refused') throw protocolFailures('p2p.peer_busy', { peer });
      const end = endOfPage(answered.value, after);
      if (!end.ok) throw protocolFailures(end.error, { peer, protocol: 'offers' });
      for (const envelope of answered.value.envelopes) {
        const { action } = await hear(envelope);
        if (action === 'reject') {
          deps.penalize(peer, FORGED_PENALTY);
          throw protocolFailures('p2p.protocol_violation', { peer, problem: 'it handed on an announcement that nobody made' });
        }
        if (action === 'accept') accepted += 1;
      }
      if (!answered.value.more) break;
      after = end.value;
    }
    return accepted;
  }

  return {
    onStream({ stream, connection }) {
      const peer = connection.remotePeer.toString();
      answerOnce(stream, { questionSizeMax: OFFERS_REQUEST_BYTES_MAX, timeoutMs: OFFERS_TIMEOUT_MS }, async (question) =>
        encodeOffersAnswer(await answer(peer, question)),
      ).catch((error: unknown) => deps.logger.debug({ err: error, peer }, 'a question for announcements failed'));
    },
    serve(next) {
      source = next;
    },
    async collect(peer, hear) {
      try {
        return await hearAll(peer, hear);
      } catch (cause) {
        throw protocolFailures('p2p.offers_failed', { peer }, cause);
      }
    },
  };
}
