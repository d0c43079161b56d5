/** The frames by which nodes tell each other of further nodes: signed records only, so that nobody has to be believed. */
import { PeersReply, PeersRequest } from './discovery.pb.js';
import { err, ok, type Result } from './result.js';

/** Records in one answer. */
export const EXCHANGE_RECORDS_MAX = 32;
const STATUS_OK = 1;
/** The place in this list plus 2 is the status of a refusal. */
const REFUSALS = ['busy', 'not_served', 'malformed'] as const;
export type ExchangeRefusal = (typeof REFUSALS)[number];

export type PeersAnswer =
  | { readonly outcome: 'records'; readonly records: readonly Uint8Array[] }
  | { readonly outcome: 'refused'; readonly why: ExchangeRefusal };

export function encodePeersRequest(max: number): Uint8Array {
  return PeersRequest.encode({ max });
}

/** Shape: frame → how many records are wanted, 1 to EXCHANGE_RECORDS_MAX. */
export function decodePeersRequest(bytes: Uint8Array): Result<number, 'p2p.malformed_frame'> {
  try {
    const { max } = PeersRequest.decode(bytes);
    return max < 1 ? err('p2p.malformed_frame') : ok(Math.min(max, EXCHANGE_RECORDS_MAX));
  } catch {
    return err('p2p.malformed_frame');
  }
}

export function encodePeersAnswer(answer: PeersAnswer): Uint8Array {
  return answer.outcome === 'records'
    ? PeersReply.encode({ status: STATUS_OK, bindings: [...answer.records] })
    : PeersReply.encode({ status: REFUSALS.indexOf(answer.why) + 2 });
}

/** The records are not looked at yet. Errors: more of them than one answer may have, or no such frame. */
export function decodePeersAnswer(bytes: Uint8Array): Result<PeersAnswer, 'p2p.malformed_frame'> {
  try {
    const { status, bindings } = PeersReply.decode(bytes, { limits: { bindings: EXCHANGE_RECORDS_MAX } });
    if (status === STATUS_OK) return ok({ outcome: 'records', records: bindings });
    const why = REFUSALS[status - 2];
    return why === undefined ? err('p2p.malformed_frame') : ok({ outcome: 'refused', why });
  } catch {
    return err('p2p.malformed_frame');
  }
}
