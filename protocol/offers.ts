/**
 * The frames by which nodes hand on announcements that were made before the asker was there: envelopes as they were signed, so that nobody has to be
 * believed. They come in the order of their hotkeys, one of each, a page at a time.
 */
import { openEnvelope } from './envelope.js';
import { KINDS } from './kinds.js';
import { type Hotkey, hotkeyFromPublicKey, publicKeyOf } from './names.js';
import { err, ok, type Result } from './result.js';
import { OffersReply, OffersRequest } from './streams.pb.js';

/** Envelopes in one answer… */
export const OFFERS_MAX = 64;
/** …and their bytes together. */
export const OFFERS_BYTES_MAX = 128 * 1024;
const HOTKEY_SIZE_BYTES = 32;
const STATUS_OK = 1;
/** The place in this list plus 2 is the status of a refusal. */
const REFUSALS = ['busy', 'not_served', 'malformed'] as const;
export type OffersRefusal = (typeof REFUSALS)[number];

export interface OffersPage {
  readonly envelopes: readonly Uint8Array[];
  /** There are further ones behind the last. */
  readonly more: boolean;
}

export type OffersAnswer = ({ readonly outcome: 'page' } & OffersPage) | { readonly outcome: 'refused'; readonly why: OffersRefusal };

/** An announcement as it is kept. */
export interface Offer {
  readonly hotkey: Hotkey;
  readonly sequence: bigint;
  readonly envelope: Uint8Array;
}

/** Shape: what is kept, in any order; behind which hotkey (null: from the first) → the newest of each hotkey that fit into one answer. */
export function pageOf(offers: readonly Offer[], after: Hotkey | null): OffersPage {
  const newest = new Map<Hotkey, Offer>();
  for (const offer of offers) {
    const known = newest.get(offer.hotkey);
    if ((after === null || offer.hotkey > after) && (known === undefined || known.sequence < offer.sequence))
      newest.set(offer.hotkey, offer);
  }
  const ordered = [...newest.values()].sort((a, b) => (a.hotkey < b.hotkey ? -1 : 1));
  const envelopes: Uint8Array[] = [];
  let sizeBytes = 0;
  for (const { envelope } of ordered) {
    sizeBytes += envelope.length;
    if (envelopes.length === OFFERS_MAX || sizeBytes > OFFERS_BYTES_MAX) break;
    envelopes.push(envelope);
  }
  return { envelopes, more: envelopes.length < ordered.length };
}

/** Shape: behind whom the next page begins. Errors: it is not in order behind `after`, holds what is no envelope, or is empty with more to come. */
export function endOfPage({ envelopes, more }: OffersPage, after: Hotkey | null): Result<Hotkey | null, 'p2p.malformed_frame'> {
  let last = after;
  for (const envelope of envelopes) {
    const opened = openEnvelope(envelope);
    if (!opened.ok || (last !== null && opened.value.body.hotkey <= last)) return err('p2p.malformed_frame');
    last = opened.value.body.hotkey;
  }
  return more && envelopes.length === 0 ? err('p2p.malformed_frame') : ok(last);
}

export function encodeOffersRequest(after: Hotkey | null): Uint8Array {
  return OffersRequest.encode({ after: after === null ? new Uint8Array() : publicKeyOf(after) });
}

/** Shape: frame → behind which hotkey; null: from the first. */
export function decodeOffersRequest(bytes: Uint8Array): Result<Hotkey | null, 'p2p.malformed_frame'> {
  try {
    const { after } = OffersRequest.decode(bytes);
    if (after.length === 0) return ok(null);
    return after.length === HOTKEY_SIZE_BYTES ? ok(hotkeyFromPublicKey(after)) : err('p2p.malformed_frame');
  } catch {
    return err('p2p.malformed_frame');
  }
}

export function encodeOffersAnswer(answer: OffersAnswer): Uint8Array {
  return answer.outcome === 'page'
    ? OffersReply.encode({ status: STATUS_OK, envelopes: [...answer.envelopes], more: answer.more })
    : OffersReply.encode({ status: REFUSALS.indexOf(answer.why) + 2 });
}

/** The envelopes are not looked at yet. Errors: more of them or larger ones than an answer may have, or no such frame. */
export function decodeOffersAnswer(bytes: Uint8Array): Result<OffersAnswer, 'p2p.malformed_frame'> {
  try {
    const { status, envelopes, more } = OffersReply.decode(bytes, { limits: { envelopes: OFFERS_MAX } });
    if (envelopes.some(({ length }) => length > KINDS.announce.sizeBytesMax)) return err('p2p.malformed_frame');
    if (status === STATUS_OK) return ok({ outcome: 'page', envelopes, more });
    const why = REFUSALS[status - 2];
    return why === undefined ? err('p2p.malformed_frame') : ok({ outcome: 'refused', why });
  } catch {
    return err('p2p.malformed_frame');
  }
}
