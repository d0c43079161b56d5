/** Which call of the connected runtime does what the writer is asked for, found by name in the metadata. */
import { chainFailure } from '../failures.js';
import type { AxonEndpoint, CommitTimelocked, CommitWeights, RevealWeights, SetWeights } from '../ports.js';
import type { Hotkey } from '../snapshot.js';
import { PEER_KEY_ALGORITHM, parseIp } from './decode.js';
import { type Call, callExists, callName } from './extrinsic.js';
import type { Session } from './session-shape.js';

const PALLET = 'subtensorModule';
export const MAX_COMMITMENT_BYTES = 128;

/** One operation under two names: for a subnet's only matrix, and with the number of a mechanism after the netuid. */
interface Variants {
  readonly plain: string;
  readonly mechanism: string;
}

const SET: Variants = { plain: 'setWeights', mechanism: 'setMechanismWeights' };
const COMMIT: Variants = { plain: 'commitWeights', mechanism: 'commitMechanismWeights' };
const REVEAL: Variants = { plain: 'revealWeights', mechanism: 'revealMechanismWeights' };
const TIMELOCKED: Variants = { plain: 'commitTimelockedWeights', mechanism: 'commitTimelockedMechanismWeights' };

interface Matrix {
  readonly netuid: number;
  readonly mechanism: number;
}

/** The plain variant for mechanism 0 where the runtime has it. Errors: chain.mechanism_missing, chain.missing_item. */
function variantOf(
  session: Session,
  { plain, mechanism: numbered }: Variants,
  { netuid, mechanism }: Matrix,
  rest: readonly unknown[],
): Call {
  const has = (method: string) => callExists(session, { pallet: PALLET, method });
  if (mechanism === 0 && has(plain)) return { pallet: PALLET, method: plain, args: [netuid, ...rest] };
  if (has(numbered)) return { pallet: PALLET, method: numbered, args: [netuid, mechanism, ...rest] };
  if (mechanism !== 0) throw chainFailure('chain.mechanism_missing', { netuid, mechanism });
  const { specVersion } = session.identity;
  throw chainFailure('chain.missing_item', { specVersion, item: `${PALLET}.${callName({ method: plain })}` });
}

export function weightsCall(session: Session, request: SetWeights): Call {
  return variantOf(session, SET, request, [request.uids, request.values, request.versionKey]);
}

export function commitCall(session: Session, request: CommitWeights): Call {
  return variantOf(session, COMMIT, request, [request.hash]);
}

export function revealCall(session: Session, request: RevealWeights): Call {
  return variantOf(session, REVEAL, request, [request.uids, request.values, request.salt, request.versionKey]);
}

export function timelockedCall(session: Session, request: CommitTimelocked): Call {
  return variantOf(session, TIMELOCKED, request, [hex(request.commit), request.round, request.version]);
}

/** Errors: chain.bad_axon. */
export function axonCall(session: Session, netuid: number, endpoint: AxonEndpoint): Call {
  const ip = parseIp(endpoint.ip);
  if (ip === null) throw chainFailure('chain.bad_axon', { error: `${endpoint.ip} is no IP address` });
  const args = [netuid, endpoint.version, ip.address, endpoint.port, ip.type, endpoint.protocol, 0, 0];
  if (endpoint.peerKey === null || !callExists(session, { pallet: PALLET, method: 'serveAxonTls' })) {
    return { pallet: PALLET, method: 'serveAxon', args };
  }
  const certificate = hex(Uint8Array.of(PEER_KEY_ALGORITHM, ...endpoint.peerKey));
  return { pallet: PALLET, method: 'serveAxonTls', args: [...args, certificate] };
}

/** One `Raw` field. Errors: throws a RangeError for more than MAX_COMMITMENT_BYTES. */
export function commitmentCall(netuid: number, data: Uint8Array): Call {
  if (data.length > MAX_COMMITMENT_BYTES)
    throw new RangeError(`a commitment has at most ${MAX_COMMITMENT_BYTES} bytes, not ${data.length}`);
  const field = { [`Raw${data.length}`]: hex(data) };
  return { pallet: 'commitments', method: 'setCommitment', args: [netuid, { fields: [field] }] };
}

/**
 * With a limit the chain itself refuses a higher price, where it can; else the price read just before decides.
 *
 * Errors: chain.price_above_limit.
 */
export async function registerCall(
  session: Session,
  netuid: number,
  hotkey: Hotkey,
  limit: { readonly rao: bigint; priceRao(): Promise<bigint> } | null,
): Promise<Call> {
  const plain = { pallet: PALLET, method: 'burnedRegister', args: [netuid, hotkey] };
  if (limit === null) return plain;
  if (callExists(session, { pallet: PALLET, method: 'registerLimit' })) {
    return { pallet: PALLET, method: 'registerLimit', args: [netuid, hotkey, limit.rao] };
  }
  const priceRao = await limit.priceRao();
  if (priceRao > limit.rao)
    throw chainFailure('chain.price_above_limit', { netuid, priceRao: String(priceRao), limitRao: String(limit.rao) });
  return plain;
}

export function stakeCall(netuid: number, hotkey: Hotkey, amountRao: bigint): Call {
  return { pallet: PALLET, method: 'addStake', args: [hotkey, netuid, amountRao] };
}

function hex(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes).toString('hex')}`;
}
