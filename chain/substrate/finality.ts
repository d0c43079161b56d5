import { type Hash, parseHash } from '../../protocol/names.js';
import { chainFailure } from '../failures.js';
import type { BlockRef } from '../snapshot.js';
import { toNumber } from './decode.js';
import type { Session } from './session-shape.js';

/** The newest final block of that endpoint, in two requests. */
export async function finalizedHead(session: Session): Promise<BlockRef> {
  const hash = hashOf(await session.request('chain_getFinalizedHead'), session, 'chain_getFinalizedHead');
  const header = await session.request('chain_getHeader', hash);
  return { number: numberOf(header, session), hash };
}

function numberOf(header: unknown, session: Session): number {
  if (typeof header === 'object' && header !== null && 'number' in header) return toNumber(header.number);
  const { endpoint } = session.identity;
  throw chainFailure('chain.bad_answer', { method: 'chain_getHeader', endpoint, reason: 'no header' });
}

/** Errors: chain.bad_answer. */
export function hashOf(answer: unknown, session: Session, method: string): Hash {
  const hash = parseHash(String(answer));
  if (hash.ok) return hash.value;
  throw chainFailure('chain.bad_answer', { method, endpoint: session.identity.endpoint, reason: hash.error });
}
