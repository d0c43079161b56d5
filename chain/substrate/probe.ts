import type { Hash } from '../../protocol/names.js';
import type { Clock } from '../../protocol/ports.js';
import { chainFailure } from '../failures.js';
import { fieldIn, toNumber } from './decode.js';
import { createEndpointProvider, type RpcProvider } from './provider.js';
import { toRequestFailure } from './refusals.js';
import { checkGenesis } from './session.js';

export interface Standing {
  /** Round trip of one small request. */
  readonly latencyMs: number;
  readonly finalized: number;
}

/** Two small requests. Errors: chain.timeout, chain.disconnected, chain.request_refused, chain.bad_answer. */
export async function standingOf(clock: Clock, rpc: RpcProvider, endpoint: string): Promise<Standing> {
  const fromMs = clock.nowMs();
  const hash = await rpc.send<unknown>('chain_getFinalizedHead', []);
  const latencyMs = clock.nowMs() - fromMs;
  const header = await rpc.send<unknown>('chain_getHeader', [hash]);
  try {
    return { latencyMs, finalized: toNumber(fieldIn(header, 'number')) };
  } catch (error) {
    throw chainFailure('chain.bad_answer', { method: 'chain_getHeader', endpoint, reason: 'no header of the finalized block' }, error);
  }
}

export interface Probe extends Standing {
  readonly requests: number;
}

/** Asks an endpoint that is not in use how it does, without loading anything of size: a socket and three small requests. Errors: as `openSession`. */
export async function probeEndpoint(
  { clock }: { readonly clock: Clock },
  options: {
    readonly endpoint: string;
    readonly genesis: Hash | null;
    readonly connectTimeoutMs: number;
    readonly requestTimeoutMs: number;
  },
  signal: AbortSignal,
): Promise<Probe> {
  const { endpoint } = options;
  signal.throwIfAborted();
  const ignore = () => undefined;
  const provider = createEndpointProvider({ clock }, options, { onClosed: ignore, onBroken: ignore });
  const abort = () => void provider.close();
  signal.addEventListener('abort', abort, { once: true });
  try {
    await provider.open();
    await checkGenesis(provider.rpc, endpoint, options.genesis);
    return { ...(await standingOf(clock, provider.rpc, endpoint)), requests: provider.requests() };
  } catch (error) {
    throw toRequestFailure(error, 'probe', endpoint);
  } finally {
    signal.removeEventListener('abort', abort);
    await provider.close();
  }
}
