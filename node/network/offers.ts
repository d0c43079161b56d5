import type { PeerId } from '../../protocol/peer-id.js';
import type { Clock, Offers, Peers } from '../../protocol/ports.js';
import type { Logger } from '../logger.js';
import type { AnnouncementStore } from '../ports.js';
import type { Inbox } from './inbox.js';

/** Peers whose announcements are asked for when the node begins: one may withhold some. */
export const OFFERS_WANTED = 4;
/** After them one more this often: gossip may have lost some. */
export const OFFERS_AGAIN_MS = 10 * 60_000;
/** A peer is not asked again before; also when it had no answer. */
export const SAME_PEER_REST_MS = 60 * 60_000;

/** Announcements made before this node was there: handed on to those who ask, and asked of peers. What comes is judged like gossip. */
export function createOfferExchange(deps: {
  readonly offers: Offers;
  readonly peers: Pick<Peers, 'peers'>;
  readonly announcements: Pick<AnnouncementStore, 'active'>;
  readonly hear: Inbox['hear'];
  readonly clock: Clock;
  readonly log: Logger;
}): { turn(signal: AbortSignal): Promise<void> } {
  const { offers, clock, log } = deps;
  const askedAtMs = new Map<PeerId, number>();
  let answers = 0;
  let answeredAtMs = Number.NEGATIVE_INFINITY;

  offers.serveOffers(() => deps.announcements.active(clock.nowMs()));

  const isDue = () => answers < OFFERS_WANTED || clock.nowMs() - answeredAtMs >= OFFERS_AGAIN_MS;

  async function ask(peer: PeerId): Promise<void> {
    askedAtMs.set(peer, clock.nowMs());
    try {
      const news = await offers.collectOffers(peer, (envelope) => deps.hear('announce', envelope, peer));
      answers += 1;
      answeredAtMs = clock.nowMs();
      log.debug({ peer, news }, 'a peer handed on what was announced before');
    } catch (error) {
      log.debug({ err: error, peer }, 'a peer hands on no announcements');
    }
  }

  return {
    async turn(signal) {
      for (const [peer, atMs] of askedAtMs) if (clock.nowMs() - atMs >= SAME_PEER_REST_MS) askedAtMs.delete(peer);
      for (const { peerId, hotkey } of deps.peers.peers()) {
        if (signal.aborted || !isDue()) return;
        if (hotkey !== null && !askedAtMs.has(peerId)) await ask(peerId);
      }
    },
  };
}
