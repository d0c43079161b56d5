/**
 * Being reached: a peer dials one of our addresses and says how far it came. So that nobody can have others knock at a third party's door, only the
 * address a peer is connected from, or the one the chain lists for it, is dialled.
 */
import { ProbeReply, ProbeRequest } from './discovery.pb.js';
import { err, ok, type Result } from './result.js';

export const PROBE_PHASES = ['dns', 'tcp', 'noise', 'mux', 'hello', 'binding'] as const;
/** How far a dial came before it failed. */
export type ProbePhase = (typeof PROBE_PHASES)[number];

export const PROBE_REFUSALS = ['busy', 'not_served', 'not_yours', 'malformed'] as const;
export type ProbeRefusal = (typeof PROBE_REFUSALS)[number];

/** Ports below this are dialled only where the chain lists them: behind a shared address they may be somebody else's. */
export const PROBE_PORT_MIN = 1_024;
export const PROBE_ADDRESS_LENGTH_MAX = 128;
const STATUS_REACHED = 1;
const STATUS_FAILED = 2;
const STATUS_REFUSED_FIRST = 3;

export type ProbeAnswer =
  | { readonly outcome: 'reached'; readonly observed: string }
  | { readonly outcome: 'failed'; readonly phase: ProbePhase; readonly observed: string }
  | { readonly outcome: 'refused'; readonly why: ProbeRefusal; readonly observed: string };

export interface IpAndPort {
  readonly ip: string;
  readonly port: number;
}

/** Shape: /ip4/203.0.113.7/tcp/4010, with or without /p2p/… → its parts; null for anything else. */
export function endpointOf(address: string): IpAndPort | null {
  const match = /^\/ip[46]\/([0-9a-fA-F.:]{2,45})\/tcp\/([1-9][0-9]{0,4})(\/p2p\/[A-Za-z0-9]{1,64})?$/.exec(address);
  const [, ip, digits] = match ?? [];
  const port = Number(digits);
  return ip === undefined || port > 0xffff ? null : { ip: ip.toLowerCase(), port };
}

/** May we dial this address for a peer that is connected from `connectedFrom` and listed on chain at `axon`? */
export function isAskersOwn(asked: IpAndPort, connectedFrom: string | null, axon: IpAndPort | null): boolean {
  if (axon !== null && axon.ip.toLowerCase() === asked.ip && axon.port === asked.port) return true;
  return connectedFrom?.toLowerCase() === asked.ip && asked.port >= PROBE_PORT_MIN;
}

export function encodeProbeRequest(address: string): Uint8Array {
  return ProbeRequest.encode({ address });
}

export function decodeProbeRequest(bytes: Uint8Array): Result<string, 'p2p.malformed_frame'> {
  try {
    const { address } = ProbeRequest.decode(bytes);
    return address.length > PROBE_ADDRESS_LENGTH_MAX ? err('p2p.malformed_frame') : ok(address);
  } catch {
    return err('p2p.malformed_frame');
  }
}

export function encodeProbeAnswer(answer: ProbeAnswer): Uint8Array {
  const { observed } = answer;
  if (answer.outcome === 'reached') return ProbeReply.encode({ status: STATUS_REACHED, observed });
  if (answer.outcome === 'failed')
    return ProbeReply.encode({ status: STATUS_FAILED, phase: PROBE_PHASES.indexOf(answer.phase) + 1, observed });
  return ProbeReply.encode({ status: PROBE_REFUSALS.indexOf(answer.why) + STATUS_REFUSED_FIRST, observed });
}

export function decodeProbeAnswer(bytes: Uint8Array): Result<ProbeAnswer, 'p2p.malformed_frame'> {
  try {
    const { status, phase, observed } = ProbeReply.decode(bytes);
    if (observed.length > PROBE_ADDRESS_LENGTH_MAX || !/^[0-9a-zA-Z.:/]*$/.test(observed)) return err('p2p.malformed_frame');
    if (status === STATUS_REACHED) return ok({ outcome: 'reached', observed });
    const failed = PROBE_PHASES[phase - 1];
    if (status === STATUS_FAILED && failed !== undefined) return ok({ outcome: 'failed', phase: failed, observed });
    const why = PROBE_REFUSALS[status - STATUS_REFUSED_FIRST];
    return why === undefined ? err('p2p.malformed_frame') : ok({ outcome: 'refused', why, observed });
  } catch {
    return err('p2p.malformed_frame');
  }
}
