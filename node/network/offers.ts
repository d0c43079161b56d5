import type { PeerId } from '../../protocol/peer-id.js';
import type { Clock, Offers, Peers } from '../../protocol/ports.js';
import { createRateLimiter, type RateLimit } from '../../protocol/rate.js';
import type { Logger } from '../logger.js';
import type { AnnouncementStore } from '../ports.js';
import type { Inbox } from './inbox.js';

/** Peers whose announcements are asked for when the node begins: one may withhold some. */
export const OFFERS_WANTED = 4;
/** After them one more this often: gossip may have lost some. */
export const OFFERS_AGAIN_MS = 10 * 60_000;
/** A peer is not asked again before; also when it had no answer. */
export const SAME_PEER_REST_MS = 60 * 60_000;
/** A peer that was away for so long may have heard what we did not, and is asked when it is back… */
export const AWAY_MS_MIN = 10_000;
/** …this many at once, and one in this time in the long run: peers come and go. */
export const RETURNED: RateLimit = { intervalMs: 150_000, burst: 4 };

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
  /** Of those asked, who is not connected. */
  const awaySinceMs = new Map<PeerId, number>();
  const returns = createRateLimiter(RETURNED, 1);
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

  /** Peers that are back: after a partition each half has heard what the other has not. */
  function returned(here: readonly PeerId[], nowMs: number): readonly PeerId[] {
    for (const peer of askedAtMs.keys()) if (!here.includes(peer) && !awaySinceMs.has(peer)) awaySinceMs.set(peer, nowMs);
    const back: PeerId[] = [];
    for (const [peer, sinceMs] of awaySinceMs) {
      if (here.includes(peer)) {
        awaySinceMs.delete(peer);
        if (nowMs - sinceMs >= AWAY_MS_MIN && returns.take('all', nowMs)) back.push(peer);
      } else if (!askedAtMs.has(peer)) awaySinceMs.delete(peer);
    }
    return back;
  }

  return {
    async turn(signal) {
      const nowMs = clock.nowMs();
      for (const [peer, atMs] of askedAtMs) if (nowMs - atMs >= SAME_PEER_REST_MS) askedAtMs.delete(peer);
      const here = deps.peers.peers().flatMap(({ peerId, hotkey }) => (hotkey === null ? [] : [peerId]));
      for (const peer of returned(here, nowMs)) {
        if (signal.aborted) return;
        await ask(peer);
      }
      for (const peer of here) {
        if (signal.aborted || !isDue()) return;
        if (!askedAtMs.has(peer)) await ask(peer);
      }
    },
  };
}
