import type { Failure } from '../../protocol/failure.js';
import { isFailure } from '../../protocol/failure.js';
import type { Hash } from '../../protocol/names.js';
import type { Clock } from '../../protocol/ports.js';
import { chainFailure } from '../failures.js';
import type { ChainIdentity, RuntimeDescription } from '../ports.js';
import type { BlockRef } from '../snapshot.js';
import { openSession, type Session } from './session.js';
import { systemClock, withDeadline } from './timing.js';

export interface ChainLogger {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  debug(facts: object, message: string): void;
}

export interface ConnectionOptions {
  /** ws:// or wss:// addresses, tried in this order, round and round. */
  readonly endpoints: readonly string[];
  /** null: the first chain that answers is ours, and all later endpoints must serve the same one. */
  readonly genesis: Hash | null;
  readonly requestTimeoutMs?: number;
  readonly connectTimeoutMs?: number;
  /** Without a new head for this long the endpoint is left; default: five block times, at least `MIN_HEAD_TIMEOUT_MS`. */
  readonly headTimeoutMs?: number;
}

export interface ConnectionStatus {
  readonly connected: boolean;
  readonly endpoint: string | null;
  readonly head: BlockRef | null;
  readonly finalized: BlockRef | null;
  /** Sessions opened after the first. */
  readonly reconnects: number;
  /** JSON-RPC requests of the whole process so far. */
  readonly requests: number;
  readonly lastFailure: string | null;
}

export interface Connection {
  /** Resolves when connected. Errors: the last endpoint's failure, once all have been tried `START_ROUNDS` times. */
  start(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
  status(): ConnectionStatus;
  /** Of the chain last connected to. Errors: throws chain.stopped before the first connection. */
  identity(): ChainIdentity;
  /** Of the runtime last connected to. Errors: throws chain.stopped before the first connection. */
  runtime(): RuntimeDescription;
  /** The live session, waited for at most one request deadline. Errors: chain.unreachable, chain.stopped. */
  session(): Promise<Session>;
  /** Runs a read; if the session goes away beneath it, once more on the next one. */
  read<T>(work: (session: Session) => Promise<T>): Promise<T>;
  /** Survives reconnection; a head lower than one seen before is not passed on. */
  onFinalized(listener: (head: BlockRef) => void): () => void;
  onHead(listener: (head: BlockRef) => void): () => void;
  /** Ends the session and opens one anew on the same endpoint, with fresh metadata. */
  renew(session: Session, reason: Failure): Promise<Session>;
  /** Aborted when the connection is stopped. Errors: throws chain.stopped before it is started. */
  lifetime(): AbortSignal;
}

export const DEFAULT_REQUEST_TIMEOUT_MS = 20_000;
export const DEFAULT_CONNECT_TIMEOUT_MS = 15_000;
export const HEAD_TIMEOUT_BLOCKS = 5;
export const MIN_HEAD_TIMEOUT_MS = 15_000;
/** A chain that is really standing still must not be reconnected to every minute. */
export const MAX_HEAD_TIMEOUT_FACTOR = 16;
export const START_ROUNDS = 2;
export const BACKOFF_FIRST_MS = 250;
export const BACKOFF_MAX_MS = 30_000;
export const MAX_LISTENERS = 64;

/** One connection per process, to one of several endpoints at a time; keeps itself alive until stopped. */
export function createConnection(
  deps: { readonly clock?: Clock | undefined; readonly logger?: ChainLogger | undefined },
  options: ConnectionOptions,
): Connection {
  const clock = deps.clock ?? systemClock;
  const requestTimeoutMs = options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS;
  const connectTimeoutMs = options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS;
  const heads = createHeadFeed();
  const finals = createHeadFeed();
  let lifetime: AbortController | null = null;
  let running: Promise<void> | null = null;
  let current: Session | null = null;
  let lastIdentity: ChainIdentity | null = null;
  let lastRuntime: (() => RuntimeDescription) | null = null;
  let genesis = options.genesis;
  let opened = 0;
  let requestsBefore = 0;
  let lastFailure: Failure | null = null;
  let stallFactor = 1;
  const waiting = new Set<{ resolve: (session: Session) => void; reject: (error: unknown) => void }>();

  function settle(outcome: (waiter: { resolve: (session: Session) => void; reject: (error: unknown) => void }) => void): void {
    for (const waiter of waiting) outcome(waiter);
    waiting.clear();
  }

  async function open(endpoint: string): Promise<{ session: Session; upgraded: Promise<Failure> }> {
    let announce: (failure: Failure) => void = () => undefined;
    const upgraded = new Promise<Failure>((resolve) => {
      announce = resolve;
    });
    const session = await openSession(
      { clock },
      {
        endpoint,
        genesis,
        connectTimeoutMs,
        requestTimeoutMs,
        onRuntimeUpgrade: (specVersion) => announce(chainFailure('chain.runtime_upgraded', { endpoint, specVersion })),
      },
    );
    return { session, upgraded };
  }

  /** Follows the heads of a session until it ends; says why it did. */
  async function attend(session: Session, upgraded: Promise<Failure>, signal: AbortSignal): Promise<Failure> {
    const { endpoint, blockTimeMs } = session.identity;
    const done = new AbortController();
    let lastHeadAtMs = clock.nowMs();
    const timeoutMs = () =>
      (options.headTimeoutMs ?? Math.max(MIN_HEAD_TIMEOUT_MS, HEAD_TIMEOUT_BLOCKS * blockTimeMs)) *
      Math.min(stallFactor, MAX_HEAD_TIMEOUT_FACTOR);
    const ended = new Promise<Failure>((resolve) => {
      const end = () => resolve(isFailure(session.ended.reason) ? session.ended.reason : chainFailure('chain.disconnected', { endpoint }));
      if (session.ended.aborted) end();
      else session.ended.addEventListener('abort', end, { once: true });
    });
    const stopped = new Promise<Failure>((resolve) => {
      const end = () => resolve(chainFailure('chain.stopped'));
      if (signal.aborted) end();
      else signal.addEventListener('abort', end, { once: true, signal: done.signal });
    });
    const stalled = (async () => {
      for (;;) {
        const leftMs = lastHeadAtMs + timeoutMs() - clock.nowMs();
        if (leftMs <= 0) return chainFailure('chain.stalled', { endpoint, silentMs: clock.nowMs() - lastHeadAtMs });
        await clock.sleep(leftMs, done.signal);
      }
    })();
    stalled.catch(() => undefined);
    try {
      const head = (newest: BlockRef) => {
        lastHeadAtMs = clock.nowMs();
        if (newest.number > (heads.last()?.number ?? 0)) stallFactor = 1;
        heads.push(newest);
      };
      const refused = session.follow({ head, finalized: finals.push }).then(() => new Promise<never>(() => undefined));
      const reason = await Promise.race([ended, stopped, stalled, upgraded, refused]);
      if (reason.code === 'chain.stalled') stallFactor *= 2;
      return reason;
    } catch (error) {
      return isFailure(error) ? error : chainFailure('chain.disconnected', { endpoint }, error);
    } finally {
      done.abort();
    }
  }

  async function supervise(signal: AbortSignal, first: { resolve: () => void; reject: (error: unknown) => void }): Promise<void> {
    let index = 0;
    let failures = 0;
    while (!signal.aborted) {
      const endpoint = options.endpoints[index % options.endpoints.length] ?? '';
      try {
        const { session, upgraded } = await open(endpoint);
        if (signal.aborted) {
          await session.close();
          break;
        }
        failures = 0;
        opened += 1;
        genesis ??= session.identity.genesis;
        lastIdentity = session.identity;
        lastRuntime = session.description;
        current = session;
        deps.logger?.info({ endpoint, chain: session.identity.chain, spec: session.identity.specVersion }, 'connected to the chain');
        first.resolve();
        settle((waiter) => waiter.resolve(session));
        const reason = await attend(session, upgraded, signal);
        current = null;
        requestsBefore += session.requests();
        await session.close();
        if (signal.aborted) break;
        lastFailure = reason;
        deps.logger?.warn({ endpoint, code: reason.code, ...reason.facts }, 'chain connection is renewed');
        if (reason.code !== 'chain.runtime_upgraded') index += 1;
        await clock.sleep(BACKOFF_FIRST_MS * Math.random(), signal);
      } catch (error) {
        if (signal.aborted) break;
        const failure = isFailure(error) ? error : chainFailure('chain.unreachable', { endpoint, reason: String(error) }, error);
        lastFailure = failure;
        failures += 1;
        index += 1;
        deps.logger?.warn({ endpoint, code: failure.code, ...failure.facts }, 'chain endpoint failed');
        if (opened === 0 && failures >= START_ROUNDS * options.endpoints.length) {
          first.reject(failure);
          return;
        }
        const round = Math.floor(failures / options.endpoints.length);
        const ceilingMs = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** Math.min(round, 16));
        await clock.sleep(ceilingMs * (0.5 + Math.random() / 2), signal).catch(() => undefined);
      }
    }
    first.reject(chainFailure('chain.stopped'));
  }

  async function session(): Promise<Session> {
    if (lifetime === null || lifetime.signal.aborted) throw chainFailure('chain.stopped');
    if (current !== null && !current.ended.aborted) return current;
    let waiter: { resolve: (session: Session) => void; reject: (error: unknown) => void } | null = null;
    const next = new Promise<Session>((resolve, reject) => {
      waiter = { resolve, reject };
      waiting.add(waiter);
    });
    try {
      return await withDeadline(clock, next, requestTimeoutMs, () =>
        chainFailure(
          'chain.unreachable',
          { endpoint: options.endpoints.join(', '), reason: lastFailure?.message ?? 'not connected' },
          lastFailure ?? undefined,
        ),
      );
    } finally {
      if (waiter !== null) waiting.delete(waiter);
    }
  }

  return {
    start: async (signal) => {
      if (options.endpoints.length === 0)
        throw chainFailure('chain.unreachable', { endpoint: '(none)', reason: 'no endpoint is configured' });
      const own = new AbortController();
      lifetime = own;
      const abort = () => own.abort();
      signal.addEventListener('abort', abort, { once: true });
      let resolve: () => void = () => undefined;
      let reject: (error: unknown) => void = () => undefined;
      const ready = new Promise<void>((yes, no) => {
        resolve = yes;
        reject = no;
      });
      running = supervise(own.signal, { resolve, reject });
      running.catch(reject);
      if (signal.aborted) own.abort();
      try {
        await ready;
      } catch (error) {
        own.abort();
        await running.catch(() => undefined);
        throw error;
      } finally {
        signal.removeEventListener('abort', abort);
      }
    },
    stop: async () => {
      lifetime?.abort();
      settle((waiter) => waiter.reject(chainFailure('chain.stopped')));
      await running?.catch(() => undefined);
      running = null;
    },
    status: () => ({
      connected: current !== null && !current.ended.aborted,
      endpoint: current?.identity.endpoint ?? null,
      head: heads.last(),
      finalized: finals.last(),
      reconnects: Math.max(0, opened - 1),
      requests: requestsBefore + (current?.requests() ?? 0),
      lastFailure: lastFailure?.message ?? null,
    }),
    identity: () => {
      if (lastIdentity === null) throw chainFailure('chain.stopped');
      return lastIdentity;
    },
    runtime: () => {
      if (lastRuntime === null) throw chainFailure('chain.stopped');
      return lastRuntime();
    },
    session,
    read: async (work) => {
      const used = await session();
      try {
        return await work(used);
      } catch (error) {
        const lost = isFailure(error) && (error.code === 'chain.disconnected' || used.ended.aborted);
        if (!lost) throw error;
        return await work(await session());
      }
    },
    onFinalized: finals.listen,
    onHead: heads.listen,
    lifetime: () => {
      if (lifetime === null) throw chainFailure('chain.stopped');
      return lifetime.signal;
    },
    renew: async (stale, reason) => {
      if (current === stale) {
        deps.logger?.info({ code: reason.code, ...reason.facts }, 'chain session is renewed');
        await stale.close(reason);
      }
      return session();
    },
  };
}

interface HeadFeed {
  push(head: BlockRef): void;
  last(): BlockRef | null;
  listen(listener: (head: BlockRef) => void): () => void;
}

function createHeadFeed(): HeadFeed {
  const listeners = new Set<(head: BlockRef) => void>();
  let last: BlockRef | null = null;
  return {
    push: (head) => {
      if (last !== null && head.number <= last.number) return;
      last = head;
      for (const listener of [...listeners]) listener(head);
    },
    last: () => last,
    listen: (listener) => {
      if (listeners.size >= MAX_LISTENERS) throw new RangeError(`more than ${MAX_LISTENERS} listeners on one chain connection`);
      const own = (head: BlockRef) => listener(head);
      listeners.add(own);
      return () => {
        listeners.delete(own);
      };
    },
  };
}
