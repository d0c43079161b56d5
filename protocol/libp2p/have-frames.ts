/** The frames by which one node asks another which of some models it holds (docs/wire.md, "Models"). */
import { fromHex, toHex } from '../digest.js';
import { type ModelDigest, parseModelDigest } from '../names.js';
import type { Holding } from '../ports.js';
import { err, ok, type Result } from '../result.js';
import { HaveReply, HaveRequest } from '../streams.pb.js';
import { STATUS } from './transfer.js';

/** Models in one question. */
export const HAVE_MODELS_MAX = 64;

/** The place in this list is the byte that stands for it. */
const HOLDINGS = ['none', 'part', 'whole'] as const satisfies readonly Holding[];
const REFUSALS = ['busy', 'notServed', 'badRequest'] as const;

export type HaveAnswer =
  | { readonly outcome: 'holdings'; readonly holdings: readonly Holding[] }
  | { readonly outcome: 'refused'; readonly why: (typeof REFUSALS)[number] };

/** Shape: at most HAVE_MODELS_MAX; further ones are not asked for. */
export function encodeHaveRequest(models: readonly ModelDigest[]): Uint8Array {
  return HaveRequest.encode({ models: models.slice(0, HAVE_MODELS_MAX).map(fromHex) });
}

/** Errors: not 1 to HAVE_MODELS_MAX digests of 32 bytes. */
export function decodeHaveRequest(bytes: Uint8Array): Result<readonly ModelDigest[], 'p2p.malformed_frame'> {
  try {
    const { models } = HaveRequest.decode(bytes, { limits: { models: HAVE_MODELS_MAX } });
    const parsed = models.map((model) => parseModelDigest(toHex(model)));
    return parsed.length > 0 && parsed.every((each) => each.ok) ? ok(parsed.map(({ value }) => value)) : err('p2p.malformed_frame');
  } catch {
    return err('p2p.malformed_frame');
  }
}

export function encodeHaveAnswer(answer: HaveAnswer): Uint8Array {
  return answer.outcome === 'holdings'
    ? HaveReply.encode({ status: STATUS.ok, holdings: Uint8Array.from(answer.holdings, (holding) => HOLDINGS.indexOf(holding)) })
    : HaveReply.encode({ status: STATUS[answer.why] });
}

/** Errors: another status, more holdings than can be asked for, one that there is not, or no such frame. */
export function decodeHaveAnswer(bytes: Uint8Array): Result<HaveAnswer, 'p2p.malformed_frame'> {
  try {
    const { status, holdings } = HaveReply.decode(bytes);
    if (status !== STATUS.ok) {
      const why = REFUSALS.find((each) => STATUS[each] === status);
      return why === undefined ? err('p2p.malformed_frame') : ok({ outcome: 'refused', why });
    }
    const known = [...holdings].flatMap((code) => HOLDINGS[code] ?? []);
    return holdings.length > HAVE_MODELS_MAX || known.length !== holdings.length
      ? err('p2p.malformed_frame')
      : ok({ outcome: 'holdings', holdings: known });
  } catch {
    return err('p2p.malformed_frame');
  }
}
