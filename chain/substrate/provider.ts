import type { ApiOptions } from '@polkadot/api/types';
import { type Failure, isFailure } from '../../protocol/failure.js';
import type { Clock } from '../../protocol/ports.js';
import { chainFailure } from '../failures.js';
import { toRequestFailure } from './refusals.js';
import { createRpcSocket, type OnNotification } from './socket.js';
import { withDeadline } from './timing.js';

export type RpcProvider = NonNullable<ApiOptions['provider']>;

export interface EndpointProvider {
  /** What `ApiPromise` is given: every request has a deadline, nothing is cached, and failures are typed. */
  readonly rpc: RpcProvider;
  /** Opens the socket. Errors: chain.unreachable. */
  open(): Promise<void>;
  /** Requests sent so far. */
  requests(): number;
  close(): Promise<void>;
}

export interface EndpointProviderEvents {
  /** The socket is gone; called at most once, never before `open` has resolved. */
  readonly onClosed: () => void;
  /** The connection is of no use any more although the socket is open. */
  readonly onBroken: (failure: Failure) => void;
}

/** Requests without an answer in a row, after which nothing more is expected of the socket. */
export const TIMEOUTS_BEFORE_BROKEN = 3;

/**
 * One WebSocket to one endpoint, as the library wants it. Which endpoint is next, and when, is decided in connection.ts.
 *
 * The library is told that there are no subscriptions, so that it makes none of its own. The one it makes of the runtime version would
 * patch its registry in place in the middle of whatever is being encoded, end the process when the node refuses it, and outlive the
 * session by a timer of two seconds. attend.ts follows the heads and the runtime instead, and keeps the connection alive.
 */
export function createEndpointProvider(
  { clock }: { readonly clock: Clock },
  options: { readonly endpoint: string; readonly requestTimeoutMs: number; readonly connectTimeoutMs: number },
  events: EndpointProviderEvents,
): EndpointProvider {
  const { endpoint, requestTimeoutMs } = options;
  const socket = createRpcSocket(endpoint, () => chainFailure('chain.disconnected', { endpoint }), {
    onClosed: events.onClosed,
    onNonsense: (reason) => events.onBroken(chainFailure('chain.bad_answer', { method: '(any)', endpoint, reason })),
  });
  let requests = 0;
  let timeouts = 0;

  async function ask(method: string, params: readonly unknown[], onNotification?: OnNotification): Promise<unknown> {
    requests += 1;
    const { answer, forget } = socket.ask(method, params, onNotification);
    try {
      const result = await withDeadline(clock, answer, requestTimeoutMs, () =>
        chainFailure('chain.timeout', { method, endpoint, timeoutMs: requestTimeoutMs }),
      );
      timeouts = 0;
      return result;
    } catch (error) {
      const failure = toRequestFailure(error, method, endpoint);
      timeouts = failure.code === 'chain.timeout' ? timeouts + 1 : 0;
      if (timeouts >= TIMEOUTS_BEFORE_BROKEN) events.onBroken(failure);
      throw failure;
    } finally {
      forget();
    }
  }

  const rpc: RpcProvider = {
    hasSubscriptions: false,
    isClonable: false,
    get isConnected() {
      return socket.isOpen();
    },
    clone() {
      throw new TypeError('an endpoint provider belongs to one session');
    },
    connect: () => Promise.reject(new TypeError('the session opens the socket')),
    disconnect: () => Promise.resolve(),
    on: () => () => undefined,
    // Safety: the library states the type it expects; it checks what it decodes.
    send: async <T>(method: string, params: unknown[]) => (await ask(method, params)) as T,
    subscribe: async (_type, method, params, callback) => {
      const id = await ask(method, params, callback);
      return typeof id === 'number' ? id : String(id);
    },
    unsubscribe: async (_type, method, id) => {
      if (!socket.unlisten(String(id)) || !socket.isOpen()) return false;
      return (await ask(method, [id])) === true;
    },
  };

  return {
    rpc,
    open: async () => {
      const unreachable = (reason: string, cause?: unknown) => chainFailure('chain.unreachable', { endpoint, reason }, cause);
      try {
        await withDeadline(clock, socket.open(), options.connectTimeoutMs, () =>
          unreachable(`no answer within ${options.connectTimeoutMs} ms`),
        );
      } catch (error) {
        await socket.close();
        throw isFailure(error) ? error : unreachable(reasonOf(error), error);
      }
    },
    requests: () => requests,
    close: socket.close,
  };
}

export function specVersionOf(runtimeVersion: unknown): number | null {
  if (typeof runtimeVersion !== 'object' || runtimeVersion === null || !('specVersion' in runtimeVersion)) return null;
  return typeof runtimeVersion.specVersion === 'number' ? runtimeVersion.specVersion : null;
}

function reasonOf(error: unknown): string {
  return error instanceof Error && error.message !== '' ? error.message : 'the connection was refused';
}
