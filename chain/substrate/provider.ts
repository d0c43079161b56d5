import { WsProvider } from '@polkadot/api';
import type { ApiOptions } from '@polkadot/api/types';
import type { Failure } from '../../protocol/failure.js';
import type { Clock } from '../../protocol/ports.js';
import { chainFailure } from '../failures.js';
import { toRequestFailure } from './refusals.js';
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
  /** The node announced a runtime of another spec version than the first one it announced. */
  readonly onRuntimeUpgrade: (specVersion: number) => void;
  /** A keep-alive was answered after so long. */
  readonly onRoundTrip?: (latencyMs: number) => void;
}

/** Requests without an answer in a row, after which nothing more is expected of the socket. */
export const TIMEOUTS_BEFORE_BROKEN = 3;
const KEEP_ALIVE = 'system_health';
const RUNTIME_VERSION_TOPIC = 'state_runtimeVersion';

/**
 * One WebSocket to one endpoint. The library's own reconnecting is off: which endpoint is next, and when, is decided in connection.ts.
 *
 * A runtime upgrade is not passed on to the library. It would patch its registry in place from the oldest metadata format, in the
 * middle of whatever is being encoded; a fresh session is opened instead.
 */
export function createEndpointProvider(
  { clock }: { readonly clock: Clock },
  options: { readonly endpoint: string; readonly requestTimeoutMs: number; readonly connectTimeoutMs: number },
  events: EndpointProviderEvents,
): EndpointProvider {
  const { endpoint, requestTimeoutMs } = options;
  const ws = new WsProvider(endpoint, false, {}, requestTimeoutMs);
  let requests = 0;
  let opened = false;

  let timeouts = 0;
  const guard = async <T>(method: string, answer: Promise<T>): Promise<T> => {
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
    }
  };

  const rpc: RpcProvider = {
    hasSubscriptions: true,
    isClonable: false,
    get isConnected() {
      return ws.isConnected;
    },
    get stats() {
      return ws.stats;
    },
    clone() {
      throw new TypeError('an endpoint provider belongs to one session');
    },
    connect: () => ws.connect(),
    disconnect: () => ws.disconnect(),
    on: (type, listener) => ws.on(type, listener),
    send<T>(method: string, params: unknown[]): Promise<T> {
      requests += 1;
      const fromMs = clock.nowMs();
      const answer = guard(method, ws.send<T>(method, params, false));
      if (method !== KEEP_ALIVE) return answer;
      // The library sends it every ten seconds, reads nothing in the answer, and would only print the failure.
      answer.then(
        () => events.onRoundTrip?.(clock.nowMs() - fromMs),
        () => undefined,
      );
      return answer.catch(() => new Promise<never>(() => undefined));
    },
    subscribe(type, method, params, callback) {
      requests += 1;
      if (type !== RUNTIME_VERSION_TOPIC) return guard(method, ws.subscribe(type, method, params, callback));
      // The library makes this subscription by itself and handles no failure of it: one would end the whole process.
      return guard(method, ws.subscribe(type, method, params, firstRuntimeOnly(callback, events.onRuntimeUpgrade))).catch(
        (failure: Failure) => {
          events.onBroken(failure);
          return new Promise<never>(() => undefined);
        },
      );
    },
    unsubscribe(type, method, id) {
      return guard(method, ws.unsubscribe(type, method, id));
    },
  };

  return {
    rpc,
    open: async () => {
      const unreachable = (reason: string, cause?: unknown) => chainFailure('chain.unreachable', { endpoint, reason }, cause);
      const forget: (() => void)[] = [];
      const socket = new Promise<void>((resolve, reject) => {
        forget.push(ws.on('connected', () => resolve()));
        forget.push(ws.on('error', (event: unknown) => reject(unreachable(reasonOf(event), event))));
        forget.push(ws.on('disconnected', () => reject(unreachable('the node closed the connection'))));
        ws.connect().catch((error: unknown) => reject(unreachable(reasonOf(error), error)));
      });
      try {
        await withDeadline(clock, socket, options.connectTimeoutMs, () => unreachable(`no answer within ${options.connectTimeoutMs} ms`));
      } catch (error) {
        await ws.disconnect().catch(() => undefined);
        throw error;
      } finally {
        for (const off of forget) off();
      }
      opened = true;
      // The library throws on an 'error' event nobody listens to.
      ws.on('error', () => undefined);
      ws.on('disconnected', () => {
        if (!opened) return;
        opened = false;
        events.onClosed();
      });
    },
    requests: () => requests,
    close: async () => {
      opened = false;
      await ws.disconnect().catch(() => undefined);
    },
  };
}

type SubscriptionCallback = Parameters<RpcProvider['subscribe']>[3];

function firstRuntimeOnly(callback: SubscriptionCallback, onUpgrade: (specVersion: number) => void): SubscriptionCallback {
  let first: number | null = null;
  return (error, result: unknown) => {
    if (error !== null) return callback(error, result);
    const specVersion = specVersionOf(result);
    if (first === null) {
      first = specVersion;
      return callback(null, result);
    }
    if (specVersion !== null && specVersion !== first) onUpgrade(specVersion);
  };
}

export function specVersionOf(runtimeVersion: unknown): number | null {
  if (typeof runtimeVersion !== 'object' || runtimeVersion === null || !('specVersion' in runtimeVersion)) return null;
  return typeof runtimeVersion.specVersion === 'number' ? runtimeVersion.specVersion : null;
}

function reasonOf(event: unknown): string {
  if (typeof event === 'object' && event !== null && 'message' in event && typeof event.message === 'string' && event.message !== '') {
    return event.message;
  }
  return 'the connection was refused';
}
